"""What a choice of strata would give, told from histograms alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from candidates.loop.calibration import calibrate, uncalibrated
from candidates.sampling.forecast import counts_by_stratum, expected_positives, quota_forecast
from candidates.sampling.source import coded
from candidates.sampling.strata import PRESETS, Stratum, tails
from candidates.scoring.histograms import fine_histograms
from consonance.errors import ParameterError


def figures_of(logits: NDArray[np.float64], name: str = "banjo") -> dict[str, dict[str, Any]]:
    counts = np.bincount(coded(logits.astype(np.float16)), minlength=1 << 16)
    return fine_histograms(counts[None], [name])


def archive(n: int = 20_000, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(-3, 2.5, n)


quantiles = st.integers(0, 100).map(lambda percent: percent / 100)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3000), st.tuples(quantiles, quantiles).filter(lambda q: q[0] < q[1]))
def test_a_stratum_holds_as_many_as_its_places_say(n: int, ends: tuple[float, float]) -> None:
    stratum = Stratum(name="some", low=ends[0], high=ends[1], share=1.0)
    held = counts_by_stratum(figures_of(archive(n)), [stratum])["banjo"]["some"]
    first, after = stratum.places(n)
    assert held == after - first


def test_positives_expected_of_a_stratum_are_the_mean_of_the_curve_over_its_excerpts() -> None:
    logits = archive()
    found = expected_positives(figures_of(logits), tails(), 200, uncalibrated())["banjo"]
    p = np.sort(1 / (1 + np.exp(-logits)))
    assert found.by_stratum["high"][0] == 100
    assert found.by_stratum["high"][1] == pytest.approx(100 * p[-2000:].mean(), abs=1.0)
    assert found.by_stratum["low"][1] == pytest.approx(100 * p[:2000].mean(), abs=0.1)
    assert found.positives == pytest.approx(sum(part for _, part in found.by_stratum.values()))
    assert found.basis == "detector"


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 500),
    st.integers(0, 800),
    st.sampled_from([tails(), tails(0.3, 0.6), *PRESETS.values()]),
    st.lists(st.tuples(st.floats(-9, 6), st.sampled_from([-1, 0, 1])), max_size=40),
)
def test_no_more_is_expected_than_is_asked_nor_asked_than_there_is(
    n: int, wanted: int, strata: tuple[Stratum, ...], labels: list[tuple[float, int]]
) -> None:
    logit, truth = np.array(labels, float).reshape(-1, 2).T
    known = calibrate(np.zeros(logit.size, int), logit, truth.astype(int), classes=["banjo"])
    figures = figures_of(archive(n))
    one = expected_positives(figures, strata, wanted, known)["banjo"]
    held = counts_by_stratum(figures, strata)["banjo"]
    assert 0 <= one.low <= one.positives <= one.high <= one.questions <= wanted
    assert all(asked <= held[name] for name, (asked, _) in one.by_stratum.items())


def test_what_is_found_lies_in_the_interval_as_often_as_it_says() -> None:
    rng, logits = np.random.default_rng(1), archive()
    chance = 1 / (1 + np.exp(-(0.6 * logits - 0.5)))  # what people will say, unknown to us
    high = np.argsort(logits)[-2000:]
    figures = figures_of(logits)
    strata = PRESETS["top_decile"]
    hit = []
    for _ in range(150):
        asked = rng.choice(logits.size, 60, replace=False)
        said = (rng.random(60) < chance[asked]).astype(int)
        known = calibrate(np.zeros(60, int), logits[asked], said, classes=["banjo"])
        one = expected_positives(figures, strata, 80, known)["banjo"]
        found = (rng.random(80) < chance[rng.choice(high, 80, replace=False)]).sum()
        hit.append(one.low <= found <= one.high)
    assert 0.88 < np.mean(hit) <= 1


def test_a_quota_needs_as_many_questions_as_its_rate_says() -> None:
    rng, logits = np.random.default_rng(2), archive()
    said = (rng.random(3000) < 0.25).astype(int)  # one in four, wherever
    known = calibrate(np.zeros(3000, int), rng.choice(logits, 3000), said, classes=["banjo"])
    figures = figures_of(logits)
    need = quota_forecast(
        figures, tails(), known, have={"banjo": (40, 100)}, positives=140, labels=300
    )["banjo"]
    assert need.for_what == "positives"
    assert 300 < need.questions < 520
    assert need.low < 400 < need.high
    assert need.is_enough
    assert need.supply == 4000


@pytest.mark.parametrize(("have", "questions", "what"), [
        ((500, 1500), 0, ""), ((600, 9999), 0, ""), ((500, 1490), 10, "labels"),
    ],
)  # fmt: skip
def test_a_quota_that_is_met_needs_nothing(
    have: tuple[int, int], questions: int, what: str
) -> None:
    need = quota_forecast(
        figures_of(archive()), tails(), uncalibrated(), have={"banjo": have}, positives=500,
        labels=1500,
    )["banjo"]  # fmt: skip
    assert (need.questions, need.for_what) == (questions, what)


def test_strata_that_hold_too_few_for_a_quota_are_told() -> None:
    need = quota_forecast(
        figures_of(archive(300)), tails(), uncalibrated(), have={}, positives=500
    )["banjo"]
    assert not need.is_enough
    assert need.supply == 60
    assert need.questions >= 500


def test_undecided_questions_make_a_quota_dearer() -> None:
    logit = np.zeros(400)
    half = np.where(np.arange(400) % 2 == 0, np.arange(400) // 2 % 2, -1)
    sure = calibrate(np.zeros(200, int), logit[:200], half[half >= 0], classes=["banjo"])
    unsure = calibrate(np.zeros(400, int), logit, half, classes=["banjo"])
    needs = [
        quota_forecast(figures_of(archive()), tails(), known, have={}, positives=50)["banjo"]
        for known in (sure, unsure)
    ]
    assert needs[1].questions == pytest.approx(2 * needs[0].questions, rel=0.02)


def test_numbers_below_zero_are_refused() -> None:
    figures = figures_of(archive(10))
    with pytest.raises(ParameterError, match="use 0 or more"):
        expected_positives(figures, tails(), -1, uncalibrated())
    with pytest.raises(ParameterError, match="use 0 or more"):
        quota_forecast(figures, tails(), uncalibrated(), have={}, positives=-1)
