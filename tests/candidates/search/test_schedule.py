"""Which configurations are tried, and which go on."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidates.detector.heads import HeadRecipe
from candidates.search.recipe import SearchRecipe
from candidates.search.schedule import DEFAULT, configurations, going_on, optuna_version
from candidates.search.space import DEFAULT_GRID, Space


@pytest.mark.parametrize("scheduler", ["halving", "random"])
def test_the_same_recipe_gives_the_same_configurations_the_default_first(scheduler: str) -> None:
    recipe = SearchRecipe(scheduler=scheduler, trials=30, seed=5)
    found = configurations(recipe)
    assert found == configurations(recipe)
    assert len(found) == 31
    assert found[DEFAULT] == {}
    assert found != configurations(SearchRecipe(scheduler=scheduler, trials=30, seed=6))


def test_more_trials_begin_with_the_same_ones() -> None:
    few = configurations(SearchRecipe(trials=5, seed=1))
    assert configurations(SearchRecipe(trials=9, seed=1))[: len(few)] == few


def test_every_configuration_is_one_that_the_space_allows_and_stands_once() -> None:
    recipe = SearchRecipe(trials=60)
    heads = [HeadRecipe(**parameters) for parameters in configurations(recipe)]
    assert len(set(heads)) == len(heads)
    for head in heads[1:]:
        assert head.hidden in (0, 64, 128, 256)
        assert 1e-4 <= head.learning_rate <= 1e-2
        assert type(head.hidden) is int


def test_a_grid_is_tried_whole_and_without_the_default_twice() -> None:
    grid = configurations(SearchRecipe(scheduler="grid", space=DEFAULT_GRID, trials=None))
    assert len(grid) == 25
    with_default = Space.from_json({"kind": ["attention", "mean"], "hidden": [128]})
    found = configurations(SearchRecipe(scheduler="grid", space=with_default, trials=None))
    assert found == ({}, {"hidden": 128, "kind": "mean"})


def test_a_small_space_ends_the_drawing() -> None:
    space = Space.from_json({"kind": ["attention", "mean"], "hidden": [8, 16]})
    found = configurations(SearchRecipe(scheduler="random", space=space, trials=100))
    assert len(found) == 5


values = st.dictionaries(
    st.integers(0, 200), st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.9]) | st.floats(0, 1),
    min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(values, st.integers(2, 5), st.randoms())
def test_who_goes_on_depends_on_results_and_never_on_their_order(
    found: dict[int, float], reduction: int, chance: object
) -> None:
    shuffled = list(found.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    on = going_on(found, reduction)
    assert going_on(dict(shuffled), reduction) == on
    kept = math.ceil(len(found) / reduction)
    best = sorted(found, key=lambda number: (-found[number], number))[:kept]
    assert set(on) == set(best) | ({DEFAULT} & set(found))
    assert list(on) == sorted(on)


def test_nobody_goes_on_where_nobody_was_trained() -> None:
    assert going_on({}, 3) == ()


def test_optuna_says_its_version_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    assert optuna_version()[0].isdigit()
    configurations(SearchRecipe(trials=2))
    going_on({0: 0.1, 1: 0.2}, 2)
    assert capfd.readouterr() == ("", "")
