"""The part of a report that speaks of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.aggregation.codes import CODES, N_TRUTHS, NO, UNSURE, YES, IntArray
from annotation.aggregation.judging import PRESENT, UNDECIDED
from annotation.aggregation.questions import STATES
from annotation.agreement import (
    Forecast,
    by_class,
    forecast_classes,
    wilson_many,
)
from annotation.models import Question
from annotation.reporting.detector import detector_sections
from annotation.reporting.observed import Observed
from annotation.reporting.shape import ClassRow, Quota
from annotation.reporting.values import (
    ShareRows,
    coefficient,
    confusions,
    days_of,
    decisions,
    histogram,
    number,
    share,
)

#: Days by which the pace is judged: four weeks hold weekends and are recent enough.
RECENT_DAYS: Final = 28

_OPEN = STATES.index(Question.State.OPEN)
_DECIDED = STATES.index(Question.State.DECIDED)
_ADJUDICATED = STATES.index(Question.State.ADJUDICATED)
_DISPUTED = STATES.index(Question.State.DISPUTED)


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """What is counted of each class [shape=(n_classes,) or (n_classes, …)]."""

    states: IntArray  # questions by state
    answers: IntArray  # ratings by answer
    rated: IntArray
    positives: IntArray
    labels: IntArray


def class_rows(seen: Observed) -> list[ClassRow]:
    """Return a row for every class asked about, in the taxonomy's order."""
    collected, judgement = seen.collected, seen.judgement
    figures = _figures(seen)
    agreement = by_class(
        collected.counts,
        collected.context,
        n_classes=seen.n_classes,
        n_truths=N_TRUTHS,
        n_bootstrap=seen.settings.alpha_samples,
        seed=seen.settings.seed,
    )
    finished = figures.states.sum(axis=1) - figures.states[:, _OPEN]
    disputed = ShareRows(
        wilson_many(figures.states[:, _DISPUTED], finished, what="questions no longer asked"),
        "questions no longer asked",
    )
    gold = ShareRows(seen.gold.classes, "definite answers on gold")
    quotas = _quotas(seen, figures)
    detectors = detector_sections(seen)
    counts = seen.answers_by_truth[: len(collected.raters)].sum(axis=0)
    rows: list[ClassRow] = []
    for index, target in enumerate(collected.targets):
        here = collected.context == index
        asked, given = figures.states[index].tolist(), figures.answers[index].tolist()
        rows.append(
            {
                "name": target.name,
                "display_name": target.display_name,
                "questions": sum(asked),
                "open": asked[_OPEN],
                "decided": asked[_DECIDED] + asked[_ADJUDICATED],
                "disputed": asked[_DISPUTED],
                "rated": int(figures.rated[index]),
                "ratings": sum(given),
                "yes": given[YES],
                "no": given[NO],
                "unsure": given[UNSURE],
                "labels": decisions(judgement.decision[here]),
                "alpha": coefficient(agreement[index].alpha),
                "fleiss": coefficient(agreement[index].fleiss),
                "ac1": coefficient(agreement[index].ac1),
                "agreement": coefficient(agreement[index].raw),
                "unsure_rate": share(agreement[index].unsure, "answers"),
                "disputed_rate": disputed.of(index),
                "gold_accuracy": gold.of(index),
                "quota": quotas[index],
                "detector": detectors[index],
                "posteriors": histogram(judgement.posterior[here]),
                "confusion": _rates(counts[index]),
            }
        )
    return rows


def _rates(counts: np.ndarray) -> list[list[float]] | None:
    total = counts.sum(axis=1, keepdims=True)
    if not (total > 0).all():
        return None
    return confusions(counts / total)


def _figures(seen: Observed) -> _Figures:
    collected, judgement = seen.collected, seen.judgement
    questions, n_classes = collected.questions, seen.n_classes
    answers = collected.answers
    # What is asked only to see how people do is none of what a campaign wants to know.
    asked = ~questions.is_gold
    wanted = asked[collected.questions_of_tasks]
    decided = judgement.decision != UNDECIDED

    def per_class(context: IntArray) -> IntArray:
        return np.bincount(context, minlength=n_classes).astype(np.int64)

    def table(context: IntArray, column: IntArray, width: int) -> IntArray:
        cell = np.bincount(context * width + column, minlength=n_classes * width)
        return cell.reshape(n_classes, width).astype(np.int64)

    return _Figures(
        states=table(questions.context[asked], questions.state[asked], len(STATES)),
        answers=table(questions.context[answers.question], answers.answer, len(CODES)),
        rated=per_class(collected.context[wanted]),
        positives=per_class(collected.context[wanted & (judgement.decision == PRESENT)]),
        labels=per_class(collected.context[wanted & decided]),
    )


def _quotas(seen: Observed, figures: _Figures) -> list[Quota]:
    campaign = seen.campaign
    forecasts = forecast_classes(
        _recent(seen),
        positives=figures.positives,
        labels=figures.labels,
        finished=figures.states.sum(axis=1) - figures.states[:, _OPEN],
        n_answers=figures.answers.sum(axis=1),
        open_questions=figures.states[:, _OPEN],
        quota_positives=campaign.quota_positives,
        quota_labels=campaign.quota_labels,
    )
    return [
        {
            "positives": int(figures.positives[index]),
            "positives_wanted": campaign.quota_positives,
            "labels": int(figures.labels[index]),
            "labels_wanted": campaign.quota_labels,
            "days": number(found.days),
            "days_low": number(found.low),
            "days_high": number(found.high),
            "questions_short": found.questions_short,
            "note": _told(found),
        }
        for index, found in enumerate(forecasts)
    ]


def _told(found: Forecast) -> str:
    if found.is_met:
        return "met"
    if found.reason:
        return found.reason
    return f"about {found.answers_needed or 0:,} more answers at the pace of recent days"


def _recent(seen: Observed) -> IntArray:
    """Return answers in each class on recent days [shape=(n_classes, n_days)]; not today's."""
    day = days_of(seen.collected.answers.answered_us)
    if not len(day):
        return np.zeros((seen.n_classes, 0), np.int64)
    today = int(seen.collected.cutoff.timestamp() // 86_400)
    first = max(int(day.min()), today - RECENT_DAYS)
    width = max(0, today - first)
    context = seen.collected.questions.context[seen.collected.answers.question]
    recent = (day >= first) & (day < today)
    cell = context[recent] * width + (day[recent] - first)
    found = np.bincount(cell, minlength=seen.n_classes * width)
    return found.reshape(seen.n_classes, width).astype(np.int64)
