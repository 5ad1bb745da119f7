"""Make gold something that people are asked, and end it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.allocation.deciding import verdict
from annotation.allocation.tallies import recount
from annotation.gold.known import known
from annotation.models import Assignment, Campaign, Question
from consonance.catalog.models import Clip
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: Places of a gold question: everybody is asked it once, so it never runs out.
PLACES: Final = 30_000
_BATCH: Final = 500
_State, _Reason = Question.State, Question.StopReason
_FIELDS: Final = ["is_gold", "state", "stop_reason", "stopped_at", "wanted", "free"]


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What became of a campaign's gold: numbers of questions.

    Attributes
    ----------
    added
        Made anew: nobody was asked about the pair here.
    turned
        Questions of the campaign that were settled; from now on they are asked as gold.
    waiting
        Questions that are still asked for their own sake: their gold waits until they are settled.
    """

    added: int
    turned: int
    waiting: int


def plant_gold(*, campaign: Campaign, actor: Any = None) -> Planted:
    """Make gold questions of all the campaign's gold that is none yet.

    A gold question looks like any other, is asked of everybody once, never stops, and is part of
    no count of what the campaign wants to know. A settled question whose answer is known becomes
    one; its answers stay. Planting twice is planting once.

    Parameters
    ----------
    campaign
        Where; gold of the classes it asks about.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    StateError
        If the campaign is closed.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *campaign.places)
    if campaign.state == Campaign.State.CLOSED:
        raise StateError(f"{campaign} is closed: nobody is asked anything there.")
    targets = set(campaign.guidelines.values_list("target_id", flat=True))
    pairs = {pair for pair in known(campaign.collection_id).present if pair[1] in targets}
    clips = Clip.objects.filter(pk__in=[clip for clip, _ in pairs], is_withdrawn=False)
    served = set(clips.values_list("pk", flat=True))
    pairs = {pair for pair in pairs if pair[0] in served}
    with transaction.atomic():
        # The campaign's row keeps two curators from planting the same pair.
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        asked = _asked(campaign, {clip for clip, _ in pairs})
        fresh = [_new(campaign, *pair) for pair in sorted(pairs - asked.keys())]
        turned = [question for pair, question in asked.items() if pair in pairs and _turn(question)]
        Question.objects.bulk_create(fresh, batch_size=_BATCH)
        Question.objects.bulk_update(turned, _FIELDS, batch_size=_BATCH)
        if turned:
            # What is known counts towards no quota.
            transaction.on_commit(partial(recount, campaign))
        waiting = sum(not question.is_gold and pair in pairs for pair, question in asked.items())
        done = Planted(added=len(fresh), turned=len(turned), waiting=waiting)
        if fresh or turned:
            record("plant_gold", target=campaign, actor=actor, added=done.added, turned=done.turned)
    return done


def uproot(clip_id: UUID, target_id: UUID) -> int:
    """End gold questions about a pair that is known no more; return how many.

    To be called in a transaction. One that was asked for its own sake before stands by its answers
    again; one that was made for gold is set aside.
    """
    questions = list(
        Question.objects.gold()
        .filter(clip=clip_id, target=target_id)
        .select_related("campaign")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    for question in questions:
        if question.stopped_at is None:
            question.state, question.stop_reason = _State.SET_ASIDE, _Reason.CURATOR
        else:
            _turn_back(question)
    Question.objects.bulk_update(questions, _FIELDS)
    # Afterwards: whoever sets much gold at once goes on to other questions, and those are held
    # before tallies.
    for campaign in {question.campaign for question in questions}:
        transaction.on_commit(partial(recount, campaign))
    return len(questions)


def _turn_back(question: Question) -> None:
    question.is_gold = False
    if question.state == _State.OPEN:  # else its clip was reported, and it waits for a curator
        if question.adjudications.filter(withdrawn_at__isnull=True).exists():
            question.state, question.stop_reason = _State.ADJUDICATED, _Reason.CURATOR
        else:
            question.state, question.stop_reason = verdict(question)
    is_open = question.state == _State.OPEN
    question.free = 1 if is_open else 0
    question.wanted = question.answered + _in_hand(question) + question.free
    if is_open:
        question.stopped_at = None


def _asked(campaign: Campaign, clips: set[UUID]) -> dict[tuple[UUID, UUID], Question]:
    found = Question.objects.of(campaign).filter(clip__in=clips, task_kind="presence")
    locked = found.select_for_update(of=("self",)).order_by("pk")
    return {
        (row.clip_id, row.target_id): row
        for row in locked
        if row.clip_id is not None and row.target_id is not None
    }


def _turn(question: Question) -> bool:
    """Make gold of a settled question, or of what was gold before; say whether it changed."""
    if question.is_gold:
        if (question.state, question.stop_reason) != (_State.SET_ASIDE, _Reason.CURATOR):
            return False
    elif question.state not in {_State.DECIDED, _State.ADJUDICATED}:
        return False
    else:
        # That it once stopped shows that it was asked for its own sake; see `uproot`.
        question.stopped_at = question.stopped_at or timezone.now()
    question.is_gold = True
    question.state, question.stop_reason = _State.OPEN, _Reason.NONE
    question.wanted = PLACES
    question.free = PLACES - question.answered - _in_hand(question)
    return True


def _in_hand(question: Question) -> int:
    held = question.assignments.filter(state=Assignment.State.LEASED, occasion=0)
    return held.count()


def _new(campaign: Campaign, clip: UUID, target: UUID) -> Question:
    text = f"consonance.gold:{campaign.seed}:{clip}:{target}"
    digest = hashlib.sha256(text.encode()).digest()
    return Question(
        campaign=campaign,
        clip_id=clip,
        target_id=target,
        is_gold=True,
        wanted=PLACES,
        free=PLACES,
        priority=int.from_bytes(digest[:4], "big") >> 1,
    )
