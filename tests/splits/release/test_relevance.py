from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.errors import ParameterError
from splits.release import legacy_relevance
from splits.release.relevance import relevance_of_trust

trusts = st.floats(0.01, 1.0)


def test_openmics_clarinet_example_is_reproduced_to_the_last_digit():
    value = legacy_relevance([0, 1, 0], [0.7692, 0.8, 0.7692])
    assert value == 0.17104999999999998
    assert repr(value) == "0.17104999999999998"


@pytest.mark.realdata
def test_the_real_responses_give_the_real_relevances(test_data):
    real = test_data / "openmic" / "mirdata-sample"
    with (real / "openmic-2018-individual-responses.csv").open() as file:
        responses = list(csv.DictReader(file))
    with (real / "openmic-2018-aggregated-labels.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(published) == 3
    for row in published:
        mine = [r for r in responses if r["instrument"] == row["instrument"]]
        value = legacy_relevance(
            [int(float(r["response"])) for r in mine], [float(r["worker_trust"]) for r in mine]
        )
        assert repr(value) == row["relevance"]


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), trusts), min_size=1, max_size=8))
def test_the_band_between_a_quarter_and_three_quarters_is_empty(votes):
    answers, weights = zip(*votes, strict=True)
    value = legacy_relevance(answers, weights)
    if set(answers) == {2}:
        assert value is None
    else:
        assert value == 0.5 or 0 <= value <= 0.25 or 0.75 <= value <= 1


@given(st.lists(st.tuples(st.sampled_from([0, 1]), trusts), min_size=1, max_size=8), trusts)
def test_an_unsure_answer_changes_nothing(votes, weight):
    answers, weights = zip(*votes, strict=True)
    assert legacy_relevance([*answers, 2], [*weights, weight]) == legacy_relevance(answers, weights)


@given(st.floats(0.01, 5), st.floats(0.01, 5))
def test_turning_every_answer_round_mirrors_the_number(yes, no):
    forth, back = relevance_of_trust([yes, no], [no, yes])
    assert forth + back == pytest.approx(1)


def test_a_tie_says_neither_and_no_trust_says_nothing():
    values = relevance_of_trust([1.0, 0.0], [1.0, 0.0])
    assert values[0] == 0.5
    assert np.isnan(values[1])


@pytest.mark.parametrize(
    ("answers", "weights", "words"),
    [
        ([0, 1], [0.5], "one trust"),
        ([3], [0.5], "Answers"),
        ([1], [0.0], "above 0"),
        ([1], [float("nan")], "above 0"),
    ],
)
def test_ill_formed_votes_are_refused(answers, weights, words):
    with pytest.raises(ParameterError, match=words):
        legacy_relevance(answers, weights)
