"""The part of a report that says how far posteriors may be read as probabilities."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotation.aggregation.codes import N_TRUTHS, YES, FloatArray, IntArray
from annotation.aggregation.judging import engine_of
from annotation.agreement import NotEnoughData, wilson_many
from annotation.consensus import create
from annotation.consensus.calibration import (
    Calibration,
    fit_temperature,
    folds,
    reliability,
)
from annotation.reporting.observed import Observed
from annotation.reporting.shape import CalibrationSection, Reliability, ReliabilityBin
from annotation.reporting.values import number

_BINS: Final = 10
_SMALLEST: Final = 1e-12


def calibration_section(seen: Observed) -> CalibrationSection:
    """Return calibration on gold, judged by a consensus that knew no gold."""
    collected, crowd = seen.collected, seen.judgement.crowd
    gold = int((collected.gold >= 0).sum())
    known: CalibrationSection = {
        "gold": gold,
        "gold_contradicting": collected.questions.contradicting,
        "temperature": None,
        "before": None,
        "after": None,
        "note": "",
    }
    if not isinstance(crowd.calibration_, Calibration):
        return {**known, "note": str(crowd.calibration_ or "not calibrated")}
    definite = collected.counts[:, :N_TRUTHS].sum(axis=1)
    judged = np.flatnonzero((collected.gold >= 0) & (definite > 0))
    truth = collected.gold[judged]
    blind = _blind(seen)[judged]
    return {
        **known,
        "temperature": number(crowd.temperature_),
        "before": _reliability(blind, truth),
        "after": _reliability(_repaired(blind, truth), truth),
        "note": (
            f"{len(judged):,} gold questions, judged by a consensus that knew no gold; “after”: "
            "repaired by what the other gold shows, a fifth left out at a time"
        ),
    }


def _blind(seen: Observed) -> FloatArray:
    """Return posteriors by ratings alone [shape=(n_tasks, 2)]."""
    answers = seen.collected.answers
    without_gold = create(engine_of(seen.settings)).fit(
        answers.task,
        answers.rater,
        answers.answer,
        n_truths=N_TRUTHS,
        context=seen.collected.context,
    )
    return without_gold.posterior_


def _repaired(posterior: FloatArray, truth: IntArray) -> FloatArray:
    """Return posteriors repaired by the temperature that gold of other folds asks for."""
    log_posterior = np.log(np.maximum(posterior, _SMALLEST))
    fold = folds(log_posterior, truth)
    repaired = np.empty_like(posterior)
    for one in np.unique(fold):
        held = fold == one
        scale = fit_temperature(log_posterior[~held], truth[~held])
        odds = np.exp(log_posterior[held] / scale.temperature + scale.offset)
        repaired[held] = odds / odds.sum(axis=1, keepdims=True)
    return repaired


def _reliability(posterior: FloatArray, truth: IntArray) -> Reliability | None:
    measured = reliability(posterior, truth)
    if isinstance(measured, NotEnoughData):
        return None
    present = posterior[:, YES]
    # By the edges and not by present * _BINS, whose rounding differs from theirs.
    edges = np.linspace(0, 1, _BINS + 1)
    place = np.clip(np.searchsorted(edges, present, side="right") - 1, 0, _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    predicted = np.bincount(place, weights=present, minlength=_BINS) / np.maximum(count, 1)
    observed = wilson_many(np.bincount(place[truth == YES], minlength=_BINS), count)
    bins: list[ReliabilityBin] = []
    for index in range(_BINS):
        known = bool(count[index])
        bins.append(
            {
                "low": round(float(edges[index]), 6),
                "high": round(float(edges[index + 1]), 6),
                "predicted": number(predicted[index]) if known else None,
                "observed": number(observed.value[index]) if known else None,
                "observed_low": number(observed.low[index]) if known else None,
                "observed_high": number(observed.high[index]) if known else None,
                "number": int(count[index]),
            }
        )
    return {
        "ece": number(measured.ece),
        "brier": number(measured.brier),
        "nll": number(measured.nll),
        "bins": bins,
    }
