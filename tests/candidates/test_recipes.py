"""A round's recipe is stored and read back as the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from candidates.recipes import RoundRecipe
from consonance.errors import ParameterError


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"per_class": 7, "classes": ("banjo",), "seed": 3},
        {"strata": "top_decile", "max_per_track": None, "max_per_artist": 2},
        {"strata": (("low", 0.0, 0.2, 0.4), ("any", 0.0, 1.0, 0.6)), "exclude_similar": 0.9},
        {"exclude_asked": False, "min_seconds": 30.0, "max_seconds": 600.0},
    ],
)
def test_what_is_stored_reads_back(fields: dict[str, Any]) -> None:
    recipe = RoundRecipe(**fields)
    stored = json.loads(json.dumps(recipe.as_json()))
    assert RoundRecipe.from_json({**stored, "scores": "ab", "after": []}) == recipe


def test_a_recipe_without_later_fields_is_stored_as_it_always_was() -> None:
    assert set(RoundRecipe().as_json()) == {
        "per_class", "low", "high", "share_high", "max_per_track", "classes", "licences",
        "explicit", "seed",
    }  # fmt: skip


@pytest.mark.parametrize("stored", [{"per_class": "many"}, {"strata": [["a", 0.1]]}, {"seed": []}])
def test_what_is_no_recipe_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        RoundRecipe.from_json(stored)
