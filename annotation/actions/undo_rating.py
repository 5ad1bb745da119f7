"""Take an own answer back, so that the question can be answered again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.actions.update_trust import take_back_answer
from annotation.allocation.settling import store
from annotation.allocation.tallies import standing
from annotation.allocation.workloads import count_answer
from annotation.models import Assignment, Campaign, Question, Rating
from consonance.errors import ParameterError

#: How long an answer can be taken back.
UNDO_WITHIN: Final = timedelta(minutes=10)


def undo_rating(*, person: Any, assignment: UUID, key: UUID) -> Literal["undone", "too_late"]:
    """Withdraw an answer; the row stays, its weight and its place are given back.

    The assignment is the person's again with a fresh lease, and a question that the answer had
    stopped is asked on, unless its campaign is closed. Undoing twice is undoing once. The answer
    to a planted repeat goes back like any other; its question was not touched by it. A correction
    can be taken back as long as what it corrects could be.

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
        `undone`, or `too_late` when more than `UNDO_WITHIN` has passed since the answer was first
        given, however often it was corrected since.

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
            raise ParameterError(_("There is no answer of yours with this key to undo."))
        if rating.is_withdrawn:
            return "undone"
        if rating.superseded_by_id or now - _given_at(rating) > UNDO_WITHIN:
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
        take_back_answer(question, person, rating.answer, occasion=rating.occasion)
        _take_from(question, rating)
        count_answer(question, person, rating.occasion, -1)
    return "undone"


def _given_at(rating: Rating) -> datetime:
    """Return when the answer was given that this row is, or that it corrects in the end."""
    rows = Rating.objects.filter(assignment=rating.assignment_id, superseded_by__isnull=False)
    corrected = {row.superseded_by_id: row for row in rows}
    while rating.pk in corrected:
        rating = corrected[rating.pk]
    return rating.created_at


def _take_from(question: Question, rating: Rating) -> None:
    before = standing(question)
    question.log_odds -= rating.weight  # nothing for a repeat, which is stored all the same
    if not rating.is_late and rating.occasion == 0:
        question.answered -= 1  # the place goes to the lease, which is the person's again
        # What a curator decided, or set aside, does not come back by an undo; nor is anything asked
        # on in a closed campaign, where it would stay open for ever.
        by_answers = question.state in {Question.State.DECIDED, Question.State.DISPUTED}
        if by_answers and question.campaign.state != Campaign.State.CLOSED:
            question.state = Question.State.OPEN
            question.stop_reason, question.stopped_at = Question.StopReason.NONE, None
    store(question, before)
