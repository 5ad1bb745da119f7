"""A round's recipe is stored and read back as the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from candidates.rounds.recipes import RoundRecipe
from consonance.errors import ParameterError


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"per_class": 7, "classes": ("banjo",), "seed": 3},
        {"strata": "top_decile", "max_per_track": None, "max_per_artist": 2},
        {"strata": (("low", 0.0, 0.2, 0.4), ("any", 0.0, 1.0, 0.6)), "exclude_similar": 0.9},
        {"exclude_asked": False, "min_seconds": 30.0, "max_seconds": 600.0},
        {
            "by_class": (
                ("banjo", 5, (("any", 0.0, 1.0, 1.0),)),
                ("cello", 0, (("any", 0.1, 1.0, 1.0),)),
            )
        },
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


def test_each_class_may_have_its_own_number_and_strata() -> None:
    recipe = RoundRecipe(
        by_class=(("banjo", 5, (("top", 0.9, 1.0, 1.0),)), ("cello", 3, (("top", 0.8, 1.0, 1.0),)))
    )
    assert recipe.names == ("banjo", "cello")
    assert recipe.wanted(("cello", "banjo")) == [3, 5]
    assert [design[0].low for design in recipe.designs(("cello", "banjo"))] == [0.8, 0.9]
    assert RoundRecipe(per_class=7).wanted(("a", "b")) == [7, 7]


_TOP = (("top", 0.9, 1.0, 1.0),)


@pytest.mark.parametrize("fields", [
        {"by_class": (("a", 1, _TOP), ("a", 2, _TOP))}, {"by_class": (("a", 0, _TOP),)},
        {"by_class": (("a", -1, _TOP),)}, {"by_class": (("a", 1, _TOP),), "classes": ("b",)},
        {"by_class": (("a", 1, _TOP),), "strata": "uniform"},
        {"by_class": (("a", 1, _TOP), ("b", 1, (("other", 0.9, 1.0, 1.0),)))},
        {"by_class": (("a", 1, (("top", 0.9, 1.0, 0.5),)),)},
    ],
)  # fmt: skip
def test_strata_of_classes_that_contradict_something_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        RoundRecipe(**fields)


@pytest.mark.parametrize(
    "stored",
    [
        {"per_class": "many"}, {"strata": [["a", 0.1]]}, {"seed": []}, {"by_class": [["a", 1]]},
        {"by_class": [["a", 1, [["top", 0.9]]]]},
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        RoundRecipe.from_json(stored)
