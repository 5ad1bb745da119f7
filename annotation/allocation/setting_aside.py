"""Questions about a clip that was reported: asked no more for now, or asked again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from annotation.allocation.deciding import verdict
from annotation.allocation.tallies import NOTHING, Moved, standing, tally
from annotation.models import Question

_State, _Reason = Question.State, Question.StopReason
#: What is still to be settled; a decided question keeps its label, and its clip is not released
#: once it is withdrawn.
UNSETTLED: Final = frozenset({_State.OPEN, _State.DISPUTED})
_FIELDS: Final = ["state", "stop_reason", "stopped_at", "wanted", "free"]


def locked(clip_id: UUID) -> list[Question]:
    """Return all questions about a clip, whose rows are ours until the transaction ends.

    Always in one order, so that two who take them wait for each other instead of for ever.
    """
    found = Question.objects.filter(clip=clip_id).select_related("campaign").order_by("pk")
    return list(found.select_for_update(of=("self",)))


def set_aside(questions: Collection[Question], now: datetime) -> list[Question]:
    """Stop asking what is unsettled of some locked questions, and return it.

    Leases stay in people's hands: what they answer is stored as a late answer.
    """
    stopped = [question for question in questions if question.state in UNSETTLED]
    for question in stopped:
        question.state, question.stop_reason = _State.SET_ASIDE, _Reason.FLAGGED
        if not question.is_gold:  # whose own moment tells what it was before
            question.stopped_at = now
    Question.objects.bulk_update(stopped, _FIELDS)
    return stopped


def ask_again(questions: Collection[Question], now: datetime) -> list[Question]:
    """Undo `set_aside` of some locked questions, and return them.

    How each stands follows from its answers, late ones included: it may be decided or disputed.
    """
    back = [
        question
        for question in questions
        if (question.state, question.stop_reason) == (_State.SET_ASIDE, _Reason.FLAGGED)
    ]
    for question in back:
        question.state, question.stop_reason = verdict(question)
        is_open = question.state == _State.OPEN
        if not question.is_gold:
            question.stopped_at = None if is_open else now
        if is_open and question.answered >= question.wanted:
            question.wanted += 1
            question.free += 1
    Question.objects.bulk_update(back, _FIELDS)
    # None was decided while it was set aside; several campaigns may ask about one clip.
    for campaign_id in sorted({question.campaign_id for question in back}):
        tally(
            campaign_id,
            [
                Moved(question.target_id, NOTHING, standing(question))
                for question in back
                if question.campaign_id == campaign_id
            ],
        )
    return back
