"""Put questions into somebody's hands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from annotation.actions.return_expired import return_expired
from annotation.measures import in_force
from annotation.models import Assignment, Campaign, Measure, Question
from annotation.people.participation import held_back
from annotation.quizzes import taught_questions
from annotation.repeats import is_due, lease_repeat
from consonance.errors import ParameterError
from consonance.people.access import require
from consonance.people.models import Role

MAX_CLAIM: Final = 20
#: Live leases of one person in one campaign; more would let one window empty it.
MAX_IN_HAND: Final = 40
_TRIES: Final = 5
_RELATED = ("clip__track", "track", "target")
#: Measures under which nobody is asked, the weightier first: why, and the sentence to say it.
_HELD_BACK: Final = (
    (Measure.Kind.PAUSE, "paused_you", "You are paused in this campaign."),
    (Measure.Kind.REQUIZ, "quiz", "Please take the quiz before you go on."),
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a person has in hand now.

    Attributes
    ----------
    assignments
        Each with its question, subject and class loaded; what was in hand before comes first.
    reason
        Why there is none: `nothing_left`, `hands_full`, `paused` or `closed` (the campaign),
        `paused_you` or `quiz` (a measure that holds for this person), `consent` (the terms have
        changed), `study_done` (a marketplace's study has all its answers); else empty.
    detail
        What holds the person back and why, for the person: measures, terms, studies.
    """

    assignments: list[Assignment] = field(default_factory=list)
    reason: str = ""
    detail: str = ""


def claim_questions(
    *, campaign: Campaign, person: Any, count: int, holding: Collection[UUID] = ()
) -> Claim:
    """Give a person up to `count` questions of a campaign, those still in hand first.

    Exact under concurrency: a question has never more live leases and answers than it wants, and
    is never given to one person twice. A reloaded page gets what was in hand again, with a fresh
    lease, so nothing is lost and nothing piles up.

    Now and then a question that the person answered some time ago comes once more, to see whether
    they agree with themselves (`annotation.repeats`). It holds no place and looks like any other.
    Whoever is paused or has to take the quiz first gets nothing; what they have in hand is taken.

    Parameters
    ----------
    campaign
        Where from.
    person
        An annotator of it.
    count
        How many the person wants, 1 to `MAX_CLAIM`.
    holding
        Assignments that the person's page has on screen or on their way to us: they are not
        returned. All together nobody has more than `MAX_IN_HAND`.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    ParameterError
        If `count` is out of range.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    if not 1 <= count <= MAX_CLAIM:
        raise ParameterError(f"Ask for 1 to {MAX_CLAIM} questions at a time, not {count}.")
    if campaign.state != Campaign.State.OPEN:
        return Claim(reason=campaign.state)
    waiting = _held_back(campaign, person)
    if waiting is not None:
        return waiting
    now = timezone.now()
    return_expired(now=now)
    held = _renew(campaign, person, now)
    given = [lease for lease in held if lease.pk not in set(holding)][:count]
    missing = min(count - len(given), MAX_IN_HAND - len(held))
    if missing > 0:
        taken = _take(campaign, person, missing, now)
        if len(held) + len(taken) < MAX_IN_HAND:
            taken += _repeat(campaign, person, taken)
        given = (given + taken)[:count]  # a repeat too many waits in hand for the next claim
    if given:
        return Claim(assignments=given)
    return Claim(reason="hands_full" if missing <= 0 else "nothing_left")


def _held_back(campaign: Campaign, person: Any) -> Claim | None:
    other = held_back(person, campaign)
    if other is not None:
        return Claim(reason=other.reason, detail=other.detail)
    found = {row.kind: row for row in in_force(campaign, person=person)}
    for kind, reason, told in _HELD_BACK:
        if kind in found:
            return Claim(reason=reason, detail=f"{told} The reason: {found[kind].reason}")
    return None


def _renew(campaign: Campaign, person: Any, now: datetime) -> list[Assignment]:
    until = now + timedelta(seconds=campaign.lease_seconds)
    with transaction.atomic():
        held = list(
            Assignment.objects.of(campaign)
            .in_hand(person, now)
            .select_related(*(f"question__{name}" for name in _RELATED))
            .select_for_update(of=("self",))
            .order_by("leased_at", "-question__answered", "question__priority")
        )
        if held:
            Assignment.objects.filter(pk__in=[lease.pk for lease in held]).update(lease_until=until)
    for lease in held:
        lease.lease_until = until
    return held


def _take(campaign: Campaign, person: Any, count: int, now: datetime) -> list[Assignment]:
    taught = taught_questions(campaign, person)
    for _ in range(_TRIES):
        try:
            taken = _take_once(campaign, person, count, now, taught, wait=False)
            # Nothing free, or only rows that others have locked this instant: the second look
            # waits for one of them, so that "nothing left" is never said too early.
            return taken or _take_once(campaign, person, 1, now, taught, wait=True)
        except (IntegrityError, _TakenMeanwhileError):
            continue  # this person's other window was faster
    return []


class _TakenMeanwhileError(Exception):
    """A place was gone between finding and taking it."""


def _repeat(campaign: Campaign, person: Any, taken: list[Assignment]) -> list[Assignment]:
    """Return a planted repeat where one of the questions just taken brings one; at most one."""
    due = [lease for lease in taken if is_due(campaign, person.pk, lease.question_id)]
    if not due:
        return []
    # After the transaction that took the questions, whose rows it held: inside, two people who
    # repeat each other's would wait for each other.
    repeat = lease_repeat(campaign, person, after=due[0].question_id, now=due[0].leased_at)
    return [repeat] if repeat is not None else []


def _take_once(
    campaign: Campaign,
    person: Any,
    count: int,
    now: datetime,
    taught: list[UUID],
    *,
    wait: bool,
) -> list[Assignment]:
    until = now + timedelta(seconds=campaign.lease_seconds)
    with transaction.atomic():
        found = list(
            Question.objects.of(campaign)
            .not_gold()
            .open()
            .not_asked_of(person)
            .exclude(pk__in=taught)
            .suitable_for(person)
            .select_related(*_RELATED)
            .by_priority()
            .select_for_update(of=("self",), skip_locked=not wait)[:count]
        )
        if not found:
            return []
        # The condition is the guarantee; the lock above only makes it rarely fail.
        took = (
            Question.objects.open()
            .filter(pk__in=[question.pk for question in found])
            .update(free=models.F("free") - 1)
        )
        if took != len(found):
            raise _TakenMeanwhileError
        return Assignment.objects.bulk_create(
            Assignment(question=question, person=person, leased_at=now, lease_until=until)
            for question in found
        )
