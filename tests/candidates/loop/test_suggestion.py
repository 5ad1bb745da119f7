"""The next round asks what quotas lack, what a detector cannot tell, and a little of everything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidates.loop.calibration import Calibration, calibrate, uncalibrated
from candidates.loop.suggestion import NAMES, Aim, Suggested, suggest
from candidates.loop.yields import baseline, observed
from candidates.sampling import draw, tails
from candidates.sampling.source import coded
from candidates.scoring.histograms import fine_histograms
from consonance.errors import ParameterError

LOGITS = np.random.default_rng(0).normal([-4, -1, 1], 2.0, (5000, 3))
CLASSES = ("banjo", "cello", "voice")


def figures() -> dict[str, dict[str, Any]]:
    counts = [np.bincount(coded(x.astype(np.float16)), minlength=1 << 16) for x in LOGITS.T]
    return fine_histograms(np.array(counts), CLASSES)


def known(n: int = 300, seed: int = 1) -> Calibration:
    rng = np.random.default_rng(seed)
    index = rng.integers(0, 3, n)
    logit = LOGITS[rng.integers(0, 5000, n), index]
    truth = (rng.random(n) < 1 / (1 + np.exp(-(logit - 0.5)))).astype(int)
    return calibrate(index, logit, truth, classes=CLASSES)


FIGURES, KNOWN = figures(), known()


def of(found: tuple[Suggested, ...], name: str) -> Suggested:
    return next(one for one in found if one.name == name)


@settings(deadline=None, max_examples=40)
@given(
    st.fixed_dictionaries(
        {name: st.tuples(st.integers(0, 600), st.integers(0, 1600)) for name in CLASSES}
    ),
    st.integers(1, 5000),
    st.sampled_from([KNOWN, uncalibrated()]),
)
def test_a_suggestion_can_be_drawn_and_keeps_to_its_size(
    have: dict[str, tuple[int, int]], questions: int, calibration: Calibration
) -> None:
    aim = Aim(questions=questions, positives=200, labels=600)
    found = suggest(FIGURES, calibration, have=have, aim=aim)
    assert sum(one.questions for one in found) <= questions
    for one in found:
        assert tuple(stratum.name for stratum in one.strata) == NAMES
        assert sum(stratum.share for stratum in one.strata) == pytest.approx(1)
        assert of(found, one.name).strata[-1].share > 0, "every excerpt has a chance"
        assert one.expected is not None
        assert one.expected.questions <= one.questions
    met = {name for name, (p, n) in have.items() if p >= 200 and n >= 600}
    assert {one.name for one in found} == set(CLASSES) - met


def test_the_uncertain_stratum_is_where_answers_are_hardest_to_foretell() -> None:
    for name, column in zip(CLASSES, LOGITS.T, strict=True):
        stratum = of(suggest(FIGURES, KNOWN, have={}, aim=Aim()), name).strata[1]
        rank = column.argsort().argsort() / (column.size - 1)
        p = KNOWN.of(name).present(column)
        doubt = p * (1 - p)
        inside = (rank >= stratum.low) & (rank <= stratum.high)
        for start in np.arange(0, 0.91, 0.05):
            other = (rank >= start) & (rank <= start + 0.1)
            assert doubt[inside].mean() >= doubt[other].mean() - 0.01


def test_who_lacks_positives_is_asked_about_the_likely_and_who_lacks_negatives_the_unlikely() -> (
    None
):
    aim = Aim(positives=100, labels=300)
    found = suggest(FIGURES, KNOWN, have={"banjo": (0, 250), "voice": (100, 110)}, aim=aim)
    banjo, voice = (of(found, name).strata for name in ("banjo", "voice"))
    assert banjo[2].share > banjo[0].share
    assert voice[0].share > voice[2].share


def test_a_class_far_from_its_quota_gets_more_of_a_small_round() -> None:
    found = suggest(FIGURES, KNOWN, have={"cello": (490, 1490)}, aim=Aim(questions=300))
    assert of(found, "cello").questions < of(found, "voice").questions


def test_before_anybody_has_answered_no_excerpt_is_called_uncertain() -> None:
    found = suggest(FIGURES, uncalibrated(), have={}, aim=Aim())
    assert all(one.strata[1].share == 0 for one in found)


def test_a_class_without_a_detector_is_asked_about_everywhere() -> None:
    found = suggest(FIGURES, KNOWN, have={}, aim=Aim(questions=900), silent=["zither"])
    zither = of(found, "zither")
    assert [stratum.share for stratum in zither.strata] == [0, 0, 0, 1]
    assert zither.needed is None
    assert zither.questions > 0


def test_a_suggestion_is_what_the_draw_takes() -> None:
    found = suggest(FIGURES, KNOWN, have={}, aim=Aim(questions=120))
    drawn = draw(
        LOGITS, np.arange(5000), per_class=[one.questions for one in found],
        strata=[one.strata for one in found], seed=0,
    )  # fmt: skip
    assert drawn.excerpt.size == 120
    assert not drawn.shortfall.any()


@pytest.mark.parametrize(
    "fields",
    [{"questions": 0}, {"positives": -1}, {"coverage": 0.0}, {"coverage": 0.6, "uncertain": 0.6}],
)
def test_aims_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Aim(**fields)


# --- yields ---------------------------------------------------------------------------
def test_a_rate_has_wilson_s_interval() -> None:
    # Wilson's interval of 8 in 10 by the formula as printed in textbooks: 0.490 to 0.943.
    rate = observed(8, 10)
    assert rate is not None
    assert (rate.value, round(rate.low, 1), round(rate.high, 1)) == (80.0, 49.0, 94.3)
    assert observed(0, 0) is None
    nothing = observed(0, 20)
    assert nothing is not None
    assert nothing.low == 0


def test_the_first_detector_is_judged_by_the_classes_that_were_asked() -> None:
    strata = dict.fromkeys(CLASSES, tails())
    rare = baseline({"banjo": 100}, FIGURES, strata, KNOWN)
    common = baseline({"voice": 100}, FIGURES, strata, KNOWN)
    assert rare is not None
    assert common is not None
    assert rare.high < common.value
    p = KNOWN.of("voice").present(np.sort(LOGITS[:, 2]))
    assert common.value == pytest.approx(50 * (p[:500].mean() + p[-500:].mean()), abs=2)
    assert baseline({"zither": 5}, FIGURES, strata, KNOWN) is None
