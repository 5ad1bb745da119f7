"""What decides a search."""

from __future__ import annotations

from typing import Any

import pytest

from candidates.search.recipe import SearchRecipe
from candidates.search.space import DEFAULT_GRID, Space
from consonance.errors import ParameterError


def test_a_recipe_survives_being_stored_and_its_hash_tells_it_from_others() -> None:
    recipe = SearchRecipe(data={"labels_sha256": "ab"}, trials=30, seed=3)
    again = SearchRecipe.from_json(recipe.as_json())
    assert again == recipe
    assert again.sha256 == recipe.sha256
    assert SearchRecipe(data={"labels_sha256": "ab"}, trials=30, seed=4).sha256 != recipe.sha256


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scheduler": "bayes"}, "halving, random, grid"),
        ({"groups": "album"}, "by artist or by track"),
        ({"scheduler": "grid", "trials": None}, "dropout, learning_rate, weight_decay has a range"),
        ({"trials": None}, "how many configurations"),
        ({"trials": 0}, "trials is 0"),
        ({"seeds": 0}, "seeds is 0"),
        ({"reduction": 1}, "reduction is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"epochs": 8}, "cannot be divided"),
        ({"validation_share": 0}, "validation needs some"),
        ({"validation_share": 0.6, "held_out_share": 0.4}, "something must be left"),
        ({"budget_epochs": 100}, "more than its budget of 100"),
        ({"trials": 90_000}, "more than the 100,000"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        SearchRecipe(**changes)


def test_a_stored_recipe_of_another_kind_is_refused() -> None:
    stored = SearchRecipe().as_json()
    with pytest.raises(ParameterError, match="knows no teacher"):
        SearchRecipe.from_json(stored | {"teacher": "mn04"})
    with pytest.raises(ParameterError):
        SearchRecipe.from_json(stored | {"space": {}})


def test_rungs_divide_the_passes_and_the_cost_is_known_before_anything_is_trained() -> None:
    recipe = SearchRecipe(trials=24, seeds=2, epochs=60, rungs=3, reduction=3)
    assert recipe.rung_epochs == (6, 20, 60)
    # 25 with the default, then a third of them and the default, then a third of those.
    assert recipe.cost().trainings == 2 * (25 + 10 + 5)
    assert recipe.cost().epochs == 2 * (25 * 6 + 10 * 20 + 5 * 60)
    assert SearchRecipe(scheduler="random", trials=24).rung_epochs == (60,)


def test_a_grid_is_as_large_as_its_lists() -> None:
    grid = SearchRecipe(scheduler="grid", space=DEFAULT_GRID, trials=None)
    assert grid.planned == 24
    assert SearchRecipe(scheduler="grid", space=DEFAULT_GRID, trials=7).planned == 7
    small = Space.from_json({"kind": ["attention", "mean"]})
    assert SearchRecipe(scheduler="random", space=small, trials=50).planned == 2


def test_all_configurations_are_trained_with_the_same_seeds() -> None:
    assert SearchRecipe(seeds=3, seed=2).training_seeds == (2000, 2001, 2002)
