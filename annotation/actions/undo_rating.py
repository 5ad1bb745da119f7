"""Take an own answer back, so that the question can be answered again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.models import Assignment, Question, Rating
from consonance.errors import ParameterError

#: How long an answer can be taken back.
UNDO_WITHIN: Final = timedelta(minutes=10)


def undo_rating(*, person: Any, assignment: UUID, key: UUID) -> Literal["undone", "too_late"]:
    """Withdraw an answer; the row stays, its weight and its place are given back.

    The assignment is the person's again with a fresh lease, and a question that the answer had
    stopped is asked on. Undoing twice is undoing once.

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
        rating.is_withdrawn = True
        rating.save(update_fields=["is_withdrawn"])
        question.log_odds -= rating.weight
        lease = Assignment.objects.get(pk=assignment)
        if rating.is_late:
            # It never had a place; answered again, it is late again.
            lease.state = Assignment.State.EXPIRED
        else:
            question.answered -= 1  # the place goes to the lease, which is the person's again
            question.state = Question.State.OPEN
            question.stop_reason, question.stopped_at = Question.StopReason.NONE, None
            lease.state = Assignment.State.LEASED
            lease.lease_until = now + timedelta(seconds=question.campaign.lease_seconds)
        lease.save(update_fields=["state", "lease_until"])
        question.save(update_fields=["log_odds", "answered", "state", "stop_reason", "stopped_at"])
    return "undone"
