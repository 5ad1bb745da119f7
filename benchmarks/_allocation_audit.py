"""Whether a database kept what allocation promises: from its rows, knowing nothing of the code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

#: So many of a kind are told.
TOLD: Final = 20
_ANSWERED, _LEASED = "answered", "leased"


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """A question that is asked for its own sake: its counters."""

    id: str
    free: int
    wanted: int
    answered: int
    most: int


@dataclass(frozen=True, kw_only=True)
class LeaseRow:
    """A question that somebody had in hand."""

    id: str
    question: str
    person: str
    occasion: int
    state: str
    leased_at: datetime
    lease_until: datetime


@dataclass(frozen=True, kw_only=True)
class RatingRow:
    """An answer in force."""

    key: str
    question: str
    person: str
    occasion: int
    lease: str
    is_late: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was promised and not kept: a sentence for each.

    Attributes
    ----------
    over_assigned
        More live leases and answers in time than a question wants, at any moment.
    repeats
        The same person twice with one question on one occasion, or one key stored twice.
    lost
        Answers that were acknowledged and are not stored, or stored and never sent.
    miscounted
        Counters that are not what the rows add up to.
    """

    over_assigned: list[str] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many there are of each."""
        return {name: len(found) for name, found in vars(self).items()}

    def told(self) -> list[str]:
        """Return the first sentences of each kind."""
        return [words for found in vars(self).values() for words in found[:TOLD]]


def audit(
    questions: Iterable[QuestionRow],
    leases: Collection[LeaseRow],
    ratings: Collection[RatingRow],
    *,
    acknowledged: Collection[str],
    sent: Collection[str],
    slack: timedelta = timedelta(),
) -> Findings:
    """Return what a crowd's rows show to have gone wrong.

    Parameters
    ----------
    questions
        Those that are counted; gold wants everybody.
    leases, ratings
        All of those questions' and of gold's.
    acknowledged
        Keys that a client was told are stored.
    sent
        Keys that clients sent.
    slack
        How long a claim may take: a lease tells when its claim began, and takes its place later.
    """
    by_question: dict[str, list[LeaseRow]] = defaultdict(list)
    for lease in leases:
        if lease.occasion == 0:  # a planted repeat holds no place
            by_question[lease.question].append(lease)
    in_time = {row.lease: row for row in ratings if row.occasion == 0 and not row.is_late}
    over, wrong = [], []
    for question in questions:
        held = by_question[question.id]
        given = sum(lease.id in in_time for lease in held)
        live = sum(lease.state == _LEASED for lease in held)
        most = _most_at_once(held, in_time, slack)
        if most > question.wanted:
            over.append(
                f"{question.id}: {most} leases and answers at once, {question.wanted} wanted"
            )
        elif given > question.most:
            over.append(f"{question.id}: {given} answers in time, at most {question.most} allowed")
        if given != question.answered:
            wrong.append(f"{question.id}: {given} answers in time, counted {question.answered}")
        if question.free + live + given != question.wanted:
            wrong.append(
                f"{question.id}: {question.free} free, {live} in hand and {given} answered are not"
                f" the {question.wanted} wanted"
            )
    return Findings(
        over_assigned=over,
        repeats=_repeats(leases, ratings),
        lost=_lost(Counter(row.key for row in ratings), acknowledged, sent),
        miscounted=wrong,
    )


def over_now(counts: Mapping[str, tuple[int, int, int]]) -> list[str]:
    """Return what is over-assigned in one consistent look at the database.

    Parameters
    ----------
    counts
        By question: leases in hand, answers in time, answers wanted.
    """
    return [
        f"{question}: {held} in hand and {answered} answered, {wanted} wanted"
        for question, (held, answered, wanted) in counts.items()
        if held + answered > wanted
    ]


def _most_at_once(
    leases: Iterable[LeaseRow], in_time: Mapping[str, RatingRow], slack: timedelta
) -> int:
    """Return the most places of one question that were taken at any moment."""
    steps: list[tuple[datetime, int]] = []
    for lease in leases:
        begun = lease.leased_at + slack
        rating = in_time.get(lease.id)
        if rating is not None:
            steps.append((min(begun, rating.created_at), 1))  # an answer keeps its place
        elif begun < lease.lease_until:
            steps += [(begun, 1), (lease.lease_until, -1)]
    taken = most = 0
    for _, change in sorted(steps):  # at the same moment places are given back first
        taken += change
        most = max(most, taken)
    return most


def _repeats(leases: Iterable[LeaseRow], ratings: Collection[RatingRow]) -> list[str]:
    had = Counter((row.question, row.person, row.occasion) for row in leases)
    said = Counter((row.question, row.person, row.occasion) for row in ratings)
    keys = Counter((row.person, row.key) for row in ratings)
    return [
        *(f"{question} was {number} times in the hands of {person}"
          for (question, person, _), number in had.items() if number > 1),
        *(f"{question} was answered {number} times by {person}"
          for (question, person, _), number in said.items() if number > 1),
        *(f"{key} of {person} is stored {number} times"
          for (person, key), number in keys.items() if number > 1),
    ]  # fmt: skip


def _lost(stored: Counter[str], acknowledged: Collection[str], sent: Collection[str]) -> list[str]:
    gone = [f"{key} was acknowledged and is not stored" for key in set(acknowledged) - set(stored)]
    known = set(sent)
    return gone + [f"{key} is stored and was never sent" for key in stored if key not in known]
