"""Put questions that were found into somebody's hands: exact, whoever takes at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import groupby, islice
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, models, transaction

from annotation.allocation.chance import chance
from annotation.allocation.gold_mixing import Shelf, brings_gold, comes_first, remember_brought
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
#: Looked at as long as holding would take.
_SEEN: Final = Prepared[Question](_open, keys=Several(UUID))
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
    coming = _gold_coming(reader, groups, clip_classes) if campaign.gold_share else {}
    sequence: list[Question] = []
    for group in groups:
        before: list[Question] = []
        after: list[Question] = []
        for question in group:
            if question.pk in coming:
                gold_id, clip_pass = coming[question.pk]
                brought[gold_id] = question.pk
                is_first = comes_first(campaign, person.pk, question.pk)
                (before if is_first else after).extend(clip_pass)
        sequence += [*before, *group, *after]
    return sequence


def _gold_coming(
    reader: Reader, groups: list[list[Question]], clip_classes: int
) -> dict[UUID, tuple[UUID, list[Question]]]:
    """Lock the gold that comes with some questions.

    What is asked of the database is the same whether gold comes or not: nobody can tell it by a
    claim's time.

    Returns
    -------
    dict
        Question → its gold, and what is asked about the gold's clip, the gold among it.
    """
    campaign, person = reader.campaign, reader.person
    asked = {
        question.pk: question.target_id
        for group in groups
        for question in group
        if question.target_id is not None
    }
    if not asked:
        return {}
    shelf = Shelf(campaign, person, reader.taught, asked.values())
    quiz_first = cache(partial(first_quiz_is_due, campaign, person))
    # A second question about a clip that is asked just now would stand out.
    clips = {question.clip_id for group in groups for question in group}
    waiting = [pk for pk in asked if brings_gold(campaign, person.pk, pk)]
    if not waiting:
        row = shelf.take(next(iter(asked.values())), clips)
        _looked_at([] if row is None else [row], reader, clip_classes, quiz_first, _SEEN)
    coming: dict[UUID, tuple[UUID, list[Question]]] = {}
    while waiting:
        picked: dict[UUID, Waiting] = {}
        for pk in waiting:
            gold = shelf.take(asked[pk], clips)
            if gold is not None:
                picked[pk] = gold
                clips.add(gold.clip_id)
        held = _looked_at(list(picked.values()), reader, clip_classes, quiz_first, _HELD)
        for pk, gold in picked.items():
            if gold.pk in held:
                coming[pk] = (gold.pk, held[gold.pk])
        # Others hold the gold this instant: what comes after it on the shelf.
        waiting = [pk for pk, gold in picked.items() if gold.pk not in held]
    return coming


def _looked_at(
    golds: list[Waiting],
    reader: Reader,
    clip_classes: int,
    quiz_first: Callable[[UUID], bool],
    query: Prepared[Question],
) -> dict[UUID, list[Question]]:
    """Return, by gold, what is asked about its clip; nothing for gold that the query left out."""
    beside: dict[UUID, list[Waiting]] = {gold.pk: [] for gold in golds}
    if clip_classes > 1 and golds:
        # One of each class: all that is asked about a clip are a few dozen.
        about = reader.passes([gold.clip_id for gold in golds if gold.clip_id], _ALL)
        for gold in golds:
            # Nobody is asked about a class before its quiz, nor sent to it in the middle of a clip.
            fit = (
                row
                for row in (about.get(gold.clip_id, []) if gold.clip_id else [])
                if row.target_id is None or not quiz_first(row.target_id)
            )
            beside[gold.pk] = list(islice(fit, clip_classes - 1))
    keys = [*beside, *(row.pk for rows in beside.values() for row in rows)]
    found = {row.pk: row for row in query.rows(keys=keys)}
    passes: dict[UUID, list[Question]] = {}
    for pk, rows in beside.items():
        if pk in found:
            clip_pass = [found[row.pk] for row in rows if row.pk in found]
            place = chance("gold:place", reader.campaign.seed, reader.person.pk, pk)
            clip_pass.insert(int(place * (len(clip_pass) + 1)), found[pk])
            passes[pk] = clip_pass
    return passes


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
