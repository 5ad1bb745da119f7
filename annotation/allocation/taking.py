"""Put questions that were found into somebody's hands: exact, whoever takes at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, models, transaction

from annotation.allocation.chance import chance
from annotation.allocation.gold_mixing import (
    brings_gold,
    comes_first,
    gold_for,
    remember_brought,
)
from annotation.allocation.queues import Reader, Waiting
from annotation.gold.quizzes import first_quiz_is_due
from annotation.models import Assignment, Campaign, Question, Workload
from consonance.ledger.prepared import Prepared, PreparedUpdate, Several

_RELATED: Final = ("clip__track", "target")
_ALL: Final = 10_000


def _open(keys: Any) -> Any:
    return Question.objects.open().filter(pk__in=keys).select_related(*_RELATED)


_HELD: Final = Prepared[Question](
    lambda keys: _open(keys).select_for_update(of=("self",), skip_locked=True),
    keys=Several(UUID),
)
#: Held in the order in which everybody holds several.
_HELD_IN_TURN: Final = Prepared[Question](
    lambda keys: _open(keys).select_for_update(of=("self",)).order_by("pk"),
    keys=Several(UUID),
)
_IN_TURN: Final = PreparedUpdate(
    lambda workload, target: (Workload.objects.filter(pk=workload), {"target": target}),
    workload=int,
    target=UUID,
)
_IN_HAND: Final = Prepared(
    lambda campaign, person, now: (
        Assignment.objects.of(campaign).in_hand(person, now).values_list("pk")
    ),
    campaign=UUID,
    person=UUID,
    now=datetime,
)
_TAKE: Final = PreparedUpdate(
    lambda keys: (Question.objects.open().filter(pk__in=keys), {"free": models.F("free") - 1}),
    keys=Several(UUID),
)


@cache
def _foremost(number: int) -> Prepared[Question]:
    """Return what holds the first `number` of some questions, as they are handed out."""
    return Prepared(
        lambda keys: (
            _open(keys).select_for_update(of=("self",), skip_locked=True).by_priority()[:number]
        ),
        keys=Several(UUID),
    )


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be taken.

    Attributes
    ----------
    groups
        Questions in the order in which they are wanted, those of one group all or none: one each
        where a class is asked about, a clip's where clips are.
    number
        Questions wanted, gold apart; the last group may bring more.
    room
        Questions in hand that the person may have after it, gold included. What comes too many is
        left out from the end, whatever it is: else whoever fills their hands would have no gold.
    target_id
        The class in turn from now on.
    clip_classes
        Where clips are passed: most questions about one clip, gold among them; else 0.
    """

    groups: Sequence[Sequence[Waiting]]
    number: int
    room: int
    target_id: UUID | None
    clip_classes: int = 0


class TakenMeanwhileError(Exception):
    """What was found is in other hands by now; look again."""


def take(
    reader: Reader, workload: Workload, wish: Wish, now: datetime, *, wait: bool
) -> list[Assignment]:
    """Take what is wished for as far as it is still there, and the gold that comes with it.

    Rows are held in one order everywhere: questions, then tallies, then workloads. Questions are
    never waited for while anything else is held, so that nobody waits in a ring.

    Parameters
    ----------
    reader
        The person's view of the campaign's queues.
    workload
        The person's counters.
    wish
        What is wanted.
    now
        When the leases begin.
    wait
        Whether to wait for questions that others have hold of this instant; else they are passed
        over.

    Returns
    -------
    list of Assignment
        In the order in which they are asked, with question, subject and class loaded. Empty where
        there is no room.

    Raises
    ------
    TakenMeanwhileError
        If nothing of it is there any more, or another window of the same person took some of it.
    """
    try:
        with transaction.atomic():
            groups = _held(wish, wait=wait)
            if not groups:
                raise TakenMeanwhileError
            brought: dict[UUID, UUID] = {}
            sequence = _with_gold(reader, groups, wish.clip_classes, brought)
            # A person's windows take one after the other: what is counted now stays so.
            _IN_TURN.run(workload=workload.pk, target=wish.target_id)
            held = len(
                _IN_HAND.values(campaign=reader.campaign.pk, person=reader.person.pk, now=now)
            )
            questions = _fitting(sequence, wish.room, held, is_by_clip=wish.clip_classes > 0)
            leases = _lease(reader.campaign, reader.person, questions, now)
            taken = {question.pk for question in questions}
            waiting = (pk for gold, pk in brought.items() if gold in taken and pk not in taken)
            remember_brought(reader.person.pk, waiting)
            return leases
    except IntegrityError:  # the other window has one of them
        raise TakenMeanwhileError from None


def _held(wish: Wish, *, wait: bool) -> list[list[Question]]:
    """Lock what is wished for, and return the groups that are enough of it."""
    wanted = [row.pk for group in wish.groups for row in group]
    if wait:
        rows = _HELD_IN_TURN.rows(keys=wanted)
    elif len(wanted) == len(wish.groups):
        # No more than are used: the others are for whoever comes at the same moment.
        rows = _foremost(wish.number).rows(keys=wanted)
    else:
        rows = _HELD.rows(keys=wanted)
    found = {row.pk: row for row in rows}
    groups: list[list[Question]] = []
    number = 0
    for group in wish.groups:
        held = [found[row.pk] for row in group if row.pk in found]
        if held and number < wish.number:
            groups.append(held)
            number += len(held)
    return groups


def _with_gold(
    reader: Reader, groups: list[list[Question]], clip_classes: int, brought: dict[UUID, UUID]
) -> list[Question]:
    """Return the questions and the gold that comes with them, in the order they are asked.

    In `brought` stands by each gold the question that it comes with.
    """
    campaign, person = reader.campaign, reader.person
    quiz_first = cache(partial(first_quiz_is_due, campaign, person))
    sequence: list[Question] = []
    chosen = {question.pk for group in groups for question in group}
    clips = {question.clip_id for group in groups for question in group}
    for group in groups:
        before: list[Question] = []
        after: list[Question] = []
        for question in group:
            if not brings_gold(campaign, person.pk, question.pk):
                continue
            gold = _gold_beside(reader, question, chosen, clips)
            if gold is None:
                continue
            brought[gold.pk] = question.pk
            chosen.add(gold.pk)
            clips.add(gold.clip_id)
            is_first = comes_first(campaign, person.pk, question.pk)
            (before if is_first else after).extend(_pass_of(reader, gold, clip_classes, quiz_first))
        sequence += [*before, *group, *after]
    return sequence


def _gold_beside(
    reader: Reader, question: Question, chosen: set[UUID], clips: set[UUID | None]
) -> Question | None:
    """Lock and return the gold that comes with a question; None where there is none left."""
    if question.target_id is None:
        return None
    campaign, person = reader.campaign, reader.person
    left = gold_for(campaign, person, question.target_id, reader.taught, leave_out=chosen)
    for row in left:
        # A second question about a clip that is asked just now would stand out.
        if row.clip_id not in clips:
            found = _locked([row.pk])
            if found:
                return found[0]
    return None


def _pass_of(
    reader: Reader, gold: Question, clip_classes: int, quiz_first: Callable[[UUID], bool]
) -> list[Question]:
    """Return gold with what else is asked about its clip, where clips are passed."""
    if clip_classes < 2 or gold.clip_id is None:
        return [gold]
    # One of each class: all that is asked about a clip are a few dozen.
    about = reader.passes([gold.clip_id], _ALL).get(gold.clip_id, [])
    beside: list[Waiting] = []
    for row in about:
        if len(beside) == clip_classes - 1:
            break
        # Nobody is asked about a class before its quiz, nor sent to it in the middle of a clip.
        if row.target_id is None or not quiz_first(row.target_id):
            beside.append(row)
    found = {row.pk: row for row in _locked([row.pk for row in beside])}
    clip_pass = [found[row.pk] for row in beside if row.pk in found]
    place = chance("gold:place", reader.campaign.seed, reader.person.pk, gold.pk)
    clip_pass.insert(int(place * (len(clip_pass) + 1)), gold)
    return clip_pass


def _locked(keys: Sequence[UUID]) -> list[Question]:
    return _HELD.rows(keys=list(keys))


def _fitting(sequence: list[Question], room: int, held: int, *, is_by_clip: bool) -> list[Question]:
    """Leave out the end of what is asked where there is no room, whole clips where they pass.

    A clip that alone is too much for empty hands is cut: else it would never come.
    """
    room = max(0, room - held)
    if not is_by_clip or len(sequence) <= room:
        return sequence[:room]
    fitting: list[Question] = []
    for _, questions in groupby(sequence, key=lambda question: question.clip_id):
        clip_pass = list(questions)
        if len(fitting) + len(clip_pass) > room:
            break
        fitting += clip_pass
    return fitting if fitting or held else sequence[:room]


def _lease(
    campaign: Campaign, person: Any, questions: list[Question], now: datetime
) -> list[Assignment]:
    until = now + timedelta(seconds=campaign.lease_seconds)
    # The condition is the guarantee; the rows are ours, so it never fails.
    if _TAKE.run(keys=[question.pk for question in questions]) != len(questions):
        raise TakenMeanwhileError
    return Assignment.objects.bulk_create(
        Assignment(
            question=question,
            person=person,
            # A breath apart, so that a reloaded page asks in the same order.
            leased_at=now + timedelta(microseconds=place),
            lease_until=until,
        )
        for place, question in enumerate(questions)
    )
