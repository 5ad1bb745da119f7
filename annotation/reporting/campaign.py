"""The part of a report that speaks of the campaign: pace, cost, and what early stopping saves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.aggregation.codes import N_TRUTHS, FloatArray, IntArray
from annotation.aggregation.judging import PRESENT, UNDECIDED
from annotation.aggregation.questions import STATES
from annotation.aggregation.weights import log_ratio_weights, tempering
from annotation.agreement import (
    LabelCost,
    NotEnoughData,
    label_cost,
    ratings_per_day,
    savings,
    wilson_many,
)
from annotation.allocation.deciding import policy_of
from annotation.models import Question
from annotation.reporting.observed import Observed
from annotation.reporting.shape import CampaignSection, Day, Estimate
from annotation.reporting.values import ShareRows, day_name, days_of, nothing, number

#: States of questions that were asked to their end; those set aside were not.
_STOPPED = [
    STATES.index(state)
    for state in (Question.State.DECIDED, Question.State.DISPUTED, Question.State.ADJUDICATED)
]
#: Coverage is listed up to so many definite answers; the last entry holds questions with more.
_MOST_COVERED = 50


def campaign_section(seen: Observed) -> CampaignSection:
    """Return pace, cost and savings of a campaign."""
    campaign, said = seen.campaign, seen.all_said
    cost = _cost(seen)
    saved = _saved(seen)
    audit = _audit(seen)
    measured = said.response_ms[np.isfinite(said.response_ms)]
    of_label = cost if isinstance(cost, LabelCost) else None
    hours = cost.hours if isinstance(cost, LabelCost) else _hours(seen)
    pay = None if campaign.pay_per_hour is None else float(campaign.pay_per_hour)
    return {
        "days": _days(seen),
        "seconds_per_rating": number(float(np.median(measured)) / 1000) if len(measured) else None,
        "seconds_per_label": number(of_label.seconds_per_label) if of_label else None,
        "hours": round(hours, 3),
        "cost": None if pay is None else number(hours * pay),
        "cost_per_label": number(of_label.cost_per_label) if of_label else None,
        "currency": campaign.pay_currency,
        "ratings_per_label": number(of_label.answers_per_label) if of_label else None,
        "fixed_ratings": saved.fixed,
        "used_ratings": saved.used,
        "saved_ratings": saved.fixed - saved.used,
        "saved_share": number(saved.share),
        "audit_saved_share": number(audit.saved_share),
        "audit_agreement": audit.agreement,
        "coverage": _coverage(seen),
        "note": (
            f"{len(said):,} answers were given: {len(seen.collected.answers):,} count, "
            f"{len(seen.collected.left_out):,} are of excluded people and "
            f"{len(seen.collected.repeats):,} are planted repeats."
        ),
    }


def _days(seen: Observed) -> list[Day]:
    said = seen.all_said
    day = days_of(said.answered_us)
    series = ratings_per_day(day)
    if isinstance(series, NotEnoughData):
        return []
    pairs = np.unique(day * max(1, seen.n_people) + said.rater)
    people = np.bincount(pairs // max(1, seen.n_people) - series.day[0], minlength=len(series.day))
    return [
        {"day": day_name(each), "ratings": count, "people": present}
        for each, count, present in zip(
            series.day.tolist(), series.number.tolist(), people.tolist(), strict=True
        )
    ]


def _cost(seen: Observed) -> LabelCost | NotEnoughData:
    pay = seen.campaign.pay_per_hour
    return label_cost(
        seen.all_said.response_ms,
        int((seen.judgement.decision != UNDECIDED).sum()),
        pay_per_hour=None if pay is None else float(pay),
    )


def _hours(seen: Observed) -> float:
    # Without a label there is no cost of one, but time was spent all the same.
    spent = label_cost(seen.all_said.response_ms, 1)
    return spent.hours if isinstance(spent, LabelCost) else 0.0


@dataclass(frozen=True, kw_only=True)
class _Saved:
    fixed: int
    used: int
    share: float | None


def _saved(seen: Observed) -> _Saved:
    """Return what early stopping saved: stopped questions against the campaign's maximum."""
    questions = seen.collected.questions
    given = np.bincount(seen.said.question, minlength=len(questions))
    stopped = np.isin(questions.state, _STOPPED) & ~questions.is_audit
    found = savings(given[stopped].astype(np.int64), fixed=seen.campaign.max_ratings)
    if isinstance(found, NotEnoughData):
        return _Saved(fixed=0, used=0, share=None)
    return _Saved(fixed=found.n_fixed, used=found.n_answers, share=found.share)


@dataclass(frozen=True, kw_only=True)
class _Audit:
    saved_share: float | None
    agreement: Estimate


def _audit(seen: Observed) -> _Audit:
    """Return what early stopping would have done on the slice that is asked in full.

    The answers are taken in the order in which they came, with the skills of this report, under
    the campaign's rule; what the question's label would have been then is held against the one
    that all its answers give.
    """
    collected, campaign = seen.collected, seen.campaign
    questions = collected.questions
    full = questions.is_audit & np.isin(questions.state, _STOPPED)
    mine = collected.answers.only(full[collected.answers.question])
    if not len(mine):
        return _Audit(saved_share=None, agreement=nothing("no question was asked in full yet"))
    order = np.lexsort((mine.answered_us, mine.task))
    task, rater, answer = mine.task[order], mine.rater[order], mine.answer[order]
    context = questions.context[mine.question[order]]
    weights = log_ratio_weights(seen.class_confusion[rater, context])[
        np.arange(len(answer)), answer
    ]
    begins = np.flatnonzero(np.append(True, task[1:] != task[:-1]))
    place = np.arange(len(task)) - np.repeat(begins, np.diff(np.append(begins, len(task))))
    prior = questions.prior_log_odds[mine.question[order]]
    told = _running(weights, begins)
    policy = policy_of(campaign)
    temperature = tempering(collected, seen.judgement)
    known = seen.number[rater] >= policy.min_support
    calibrated = prior + told / temperature
    stops = policy.is_sure(
        place + 1,
        _running(known.astype(np.float64), begins),
        _likeliest(calibrated),
        _likeliest(prior + told),
    )
    last = np.append(begins[1:], len(task)) - 1
    first = np.minimum.reduceat(np.where(stops, np.arange(len(task)), len(task)), begins)
    early = np.minimum(first, last)
    decision = seen.judgement.decision[task[begins]]
    decided = (decision != UNDECIDED) & (first <= last)
    same = (calibrated[early] > 0) == (decision == PRESENT)
    agreement = ShareRows(
        wilson_many(
            np.array([int((same & decided).sum())]),
            np.array([int(decided.sum())]),
            what="questions of the audit slice decided early and in full",
        ),
        "questions of the audit slice decided early and in full",
    )
    used = place[early] + 1
    return _Audit(
        saved_share=1 - float(used.sum()) / float((place[last] + 1).sum()),
        agreement=agreement.of(0),
    )


def _running(values: FloatArray, begins: IntArray) -> FloatArray:
    """Return sums within groups that begin at some places."""
    total = np.cumsum(values)
    before = np.where(begins > 0, total[begins - 1], 0.0)
    sizes = np.diff(np.append(begins, len(values)))
    return np.asarray(total - np.repeat(before, sizes), dtype=np.float64)


def _likeliest(log_odds: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.abs(log_odds))), dtype=np.float64)


def _coverage(seen: Observed) -> list[list[int]]:
    """Return how many questions have how many definite answers, from 0 up."""
    collected = seen.collected
    definite = np.zeros(len(collected.questions), np.int64)
    definite[collected.questions_of_tasks] = collected.counts[:, :N_TRUTHS].sum(axis=1)
    found = np.bincount(np.minimum(definite, _MOST_COVERED)).tolist()
    return [[answers, questions] for answers, questions in enumerate(found)]
