"""What a full campaign will take, by its pilot. Plain arithmetic: pages may import it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from annotation.models import Campaign, Question, Rating
from annotation.models.ratings import Answer

#: Fewer say too little to multiply by a thousand.
MIN_ANSWERS: Final = 20
MIN_FINISHED: Final = 5
#: From one answer until the first sound of the next clip (ms), as `annotation.agreement.costs` has
#: it.
OVERHEAD_MS: Final = 2_000
#: Times beyond this are somebody gone for a coffee, and are counted as this (ms).
LONGEST_ANSWER_MS: Final = 120_000
_Z: Final = 1.959964  # 95 %, two-sided


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number with its 95 % interval; None where too little is known for one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a pilot found, and what the full campaign takes by it.

    Attributes
    ----------
    answers, finished, questions
        The pilot's answers, its questions that are no longer asked, and all of them.
    full_questions
        Questions of the full campaign.
    seconds
        Median time of an answer, from first sound to answer (s).
    ratings_per_label
        Answers that a finished question took.
    unsure, disputed
        Shares of answers and of finished questions.
    ratings, hours
        Of the full campaign: answers, and hours of work with loading between clips.
    cost
        In the campaign's currency; None for volunteers.
    days
        At the pilot's pace; None where it lasted less than a day's end.
    """

    answers: int
    finished: int
    questions: int
    full_questions: int
    seconds: Range
    ratings_per_label: Range
    unsure: Range
    disputed: Range
    ratings: Range
    hours: Range
    cost: Range | None
    days: Range | None


@dataclass(frozen=True, kw_only=True)
class TooFew:
    """A pilot that says too little yet; `told` is the sentence to show."""

    told: str


def forecast(pilot: Campaign, full: Campaign) -> Forecast | TooFew:
    """Return what the full campaign will take, judged by its pilot.

    Intervals of medians are by order statistics, of means by the normal approximation, of shares
    by Wilson (1927); products take the sum of squared relative errors (delta method). They tell
    the error of drawing few questions, not whether other people will answer as these did.

    Parameters
    ----------
    pilot
        With its answers; simulated people's count as anybody's.
    full
        Whose questions and pay are multiplied by.
    """
    by_state = dict(
        Question.objects.of(pilot)
        .filter(is_gold=False)
        .exclude(state=Question.State.SET_ASIDE)
        .values_list("state")
        .annotate(Count("pk"))
    )
    finished = sum(number for state, number in by_state.items() if state != Question.State.OPEN)
    given = Rating.objects.for_consensus(pilot)
    counted = given.aggregate(all=Count("pk"), unsure=Count("pk", filter=Q(answer=Answer.UNSURE)))
    measured = [
        ms for ms in given.values_list("response_ms", flat=True).iterator() if ms is not None
    ]
    if counted["all"] < MIN_ANSWERS or finished < MIN_FINISHED or len(measured) < MIN_ANSWERS:
        return TooFew(
            told=f"The pilot has {counted['all']} answers ({len(measured)} with a time) and"
            f" {finished} finished questions. A forecast needs {MIN_ANSWERS} and {MIN_FINISHED}."
        )
    took = list(
        Question.objects.of(pilot)
        .filter(is_gold=False)
        .exclude(state__in=[Question.State.OPEN, Question.State.SET_ASIDE])
        .values_list("answered", flat=True)
    )
    per_label = mean(took)
    disputed = by_state.get(Question.State.DISPUTED, 0)
    full_questions = Question.objects.of(full).filter(is_gold=False).count()
    each = mean([min(ms, LONGEST_ANSWER_MS) + OVERHEAD_MS for ms in measured])
    # What is asked beside: gold and planted repeats take time, too, and make no label.
    beside = 1 / (1 - full.gold_share) * (1 + full.repeat_share)
    ratings = scaled(per_label, full_questions * beside)
    hours = scaled(times(ratings, each), 1 / 3_600_000)
    pay = full.pay_per_hour
    days = list(
        given.annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(number=Count("pk"))
        .order_by("day")
        .values_list("number", flat=True)
    )
    return Forecast(
        answers=counted["all"],
        finished=finished,
        questions=sum(by_state.values()),
        full_questions=full_questions,
        seconds=scaled(median(measured), 1 / 1_000),
        ratings_per_label=per_label,
        unsure=share(counted["unsure"], counted["all"]),
        disputed=share(disputed, finished),
        ratings=ratings,
        hours=hours,
        cost=None if pay is None else scaled(hours, float(pay)),
        days=over(ratings, mean(days)) if len(days) > 1 else None,
    )


def mean(values: Sequence[float]) -> Range:
    """Return the mean of at least one value; no interval for fewer than two."""
    middle = statistics.fmean(values)
    if len(values) < 2:
        return Range(value=middle, low=None, high=None)
    error = _Z * statistics.stdev(values) / math.sqrt(len(values))
    return Range(value=middle, low=max(0.0, middle - error), high=middle + error)


def median(values: Sequence[float]) -> Range:
    """Return the median of at least one value, its interval between two of them in order."""
    ordered = sorted(values)
    number = len(ordered)
    half_width = _Z * math.sqrt(number) / 2
    low = max(0, math.floor(number / 2 - half_width))
    high = min(number - 1, math.ceil(number / 2 + half_width))
    return Range(
        value=float(statistics.median(ordered)), low=float(ordered[low]), high=float(ordered[high])
    )


def share(part: int, whole: int) -> Range:
    """Return a share of at least one, with Wilson's interval."""
    value, z2 = part / whole, _Z**2
    middle = (value + z2 / (2 * whole)) / (1 + z2 / whole)
    spread = value * (1 - value) / whole + z2 / (4 * whole**2)
    error = _Z / (1 + z2 / whole) * math.sqrt(spread)
    # Rounding must not put a share of none or of all outside its interval.
    return Range(
        value=value,
        low=min(value, max(0.0, middle - error)),
        high=max(value, min(1.0, middle + error)),
    )


def scaled(one: Range, factor: float) -> Range:
    """Return a range times a known number above zero."""
    return Range(
        value=one.value * factor,
        low=None if one.low is None else one.low * factor,
        high=None if one.high is None else one.high * factor,
    )


def times(one: Range, other: Range) -> Range:
    """Return the product of two independent estimates."""
    return _joined(one.value * other.value, one, other)


def over(one: Range, other: Range) -> Range:
    """Return the quotient of two independent estimates, the second above zero."""
    return _joined(one.value / other.value, one, other)


def _joined(value: float, one: Range, other: Range) -> Range:
    errors = []
    for part in (one, other):
        if part.low is None or part.high is None:
            return Range(value=value, low=None, high=None)
        errors.append((part.high - part.low) / (2 * part.value) if part.value else 0.0)
    # On the scale of logarithms, so that what is counted never falls below nothing.
    spread = math.exp(math.hypot(*errors))
    return Range(value=value, low=value / spread, high=value * spread)
