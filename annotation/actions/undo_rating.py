"""Take an own answer back, so that the question can be answered again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.actions.update_trust import take_back_gold_answer
from annotation.models import Assignment, Question, Rating
from consonance.errors import ParameterError

#: How long an answer can be taken back.
UNDO_WITHIN: Final = timedelta(minutes=10)


def undo_rating(*, person: Any, assignment: UUID, key: UUID) -> Literal["undone", "too_late"]:
    """Withdraw an answer; the row stays, its weight and its place are given back.

    The assignment is the person's again with a fresh lease, and a question that the answer had
    stopped is asked on. Undoing twice is undoing once. The answer to a planted repeat goes back
    like any other; its question was not touched by it.

    Parameters
    ----------
    person
        Who answered.
    assignment
        The lease that was answered.
    key
        The answer's idempotency key.

    Returns
    -------
    str
        `undone`, or `too_late` after `UNDO_WITHIN`.

    Raises
    ------
    ParameterError
        If the person gave no such answer.
    """
    now = timezone.now()
    with transaction.atomic():
        question = (
            Question.objects.select_for_update(of=("self",))
            .select_related("campaign")
            .filter(assignments=assignment, assignments__person=person)
            .first()
        )
        rating = Rating.objects.filter(person=person, key=key, assignment=assignment).first()
        if question is None or rating is None:
            raise ParameterError("There is no answer of yours with this key to undo.")
        if rating.is_withdrawn:
            return "undone"
        if rating.superseded_by_id or now - rating.created_at > UNDO_WITHIN:
            return "too_late"
        rating.is_withdrawn, rating.withdrawn_at = True, now
        rating.save(update_fields=["is_withdrawn", "withdrawn_at"])
        lease = Assignment.objects.get(pk=assignment)
        if rating.is_late:
            # It never had a place; answered again, it is late again.
            lease.state = Assignment.State.EXPIRED
        else:
            lease.state = Assignment.State.LEASED
            lease.lease_until = now + timedelta(seconds=question.campaign.lease_seconds)
        lease.save(update_fields=["state", "lease_until"])
        if rating.occasion == 0:
            _take_from(question, rating)
            take_back_gold_answer(question, person, rating.answer)
    return "undone"


def _take_from(question: Question, rating: Rating) -> None:
    question.log_odds -= rating.weight
    if not rating.is_late:
        question.answered -= 1  # the place goes to the lease, which is the person's again
        if question.state in {Question.State.DECIDED, Question.State.DISPUTED}:
            # What a curator decided, or set aside, does not come back by an undo.
            question.state = Question.State.OPEN
            question.stop_reason, question.stopped_at = Question.StopReason.NONE, None
    question.save(update_fields=["log_odds", "answered", "state", "stop_reason", "stopped_at"])
