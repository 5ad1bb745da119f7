"""What a search may vary, and how people write it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candidates.detector.heads import HeadRecipe
from candidates.search.space import DEFAULT_GRID, DEFAULT_SPACE, SETTINGS, Choices, Range, Space
from candidates.search.words import in_words, space_of
from consonance.errors import ParameterError


def test_the_allow_list_names_settings_of_a_head_and_nothing_else() -> None:
    known = {field.name for field in fields(HeadRecipe)}
    assert set(SETTINGS) == known - {"epochs", "seed"}, "those two are the search's own"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_allowed_end_makes_a_head_and_has_a_sentence(setting: Any) -> None:
    ends = setting.choices or (setting.low, setting.high)
    for value in ends:
        HeadRecipe(**{setting.name: setting.checked(value)})
    assert setting.sentence.endswith(".")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "names one setting or more"),
        ([], "names one setting or more"),
        ({"epochs": [3]}, "knows no epochs"),
        ({"__class__": ["x"]}, "knows no __class__"),
        ({"kind": ["median"]}, "attention or mean, not 'median'"),
        ({"hidden": [64.5]}, "0 to 2048"),
        ({"hidden": [True]}, "not True"),
        ({"hidden": [4096]}, "0 to 2048"),
        ({"hidden": []}, "a list of values"),
        ({"hidden": "64"}, "a list of values"),
        ({"hidden": [64, 64]}, "stands twice"),
        ({"dropout": [float("nan")]}, "0 to 0.9"),
        ({"dropout": {"low": 0.5, "high": 0.1}}, "is no range"),
        ({"dropout": {"low": 0.0, "high": 0.5, "log": True}}, "begins above 0"),
        ({"dropout": {"low": 0.1, "high": 0.5, "log": "yes"}}, "true or false"),
        ({"dropout": {"low": 0.1}}, "low and high"),
        ({"dropout": {"low": 0.1, "high": 0.2, "step": 1}}, "low and high"),
        ({"kind": {"low": 0, "high": 1}}, "give a list of these"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(content: Any, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        Space.from_json(content)


def test_a_space_survives_being_stored() -> None:
    for space in (DEFAULT_SPACE, DEFAULT_GRID):
        assert Space.from_json(space.as_json()) == space
    assert DEFAULT_GRID.size == 24
    assert DEFAULT_SPACE.size is None


@given(
    st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=5, unique_by=lambda value: f"{value:.4g}"),
)
def test_words_say_what_a_list_holds(values: list[float]) -> None:
    rounded = [min(1.0, max(1e-6, float(f"{value:.4g}"))) for value in values]
    part = Choices(values=tuple(rounded))
    assert space_of({"learning_rate": in_words(part)}).of["learning_rate"] == part


def test_words_are_lists_or_ranges() -> None:
    space = space_of(
        {"kind": " attention ,mean", "hidden": "0, 64", "learning_rate": "1e-4 to 0.01 log",
         "dropout": "0 to 0.5", "mixup": "  "}
    )  # fmt: skip
    assert space.of == {
        "kind": Choices(values=("attention", "mean")),
        "hidden": Choices(values=(0, 64)),
        "learning_rate": Range(low=1e-4, high=0.01, log=True),
        "dropout": Range(low=0.0, high=0.5),
    }
    assert in_words(space.of["learning_rate"]) == "0.0001 to 0.01 log"


@pytest.mark.parametrize("text", ["many", "1 to", "1 to x", "1,,2", "1 to 2 linear"])
def test_words_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        space_of({"hidden": text})
