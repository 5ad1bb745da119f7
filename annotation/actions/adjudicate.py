"""Decide a question that people could not decide, or take such a decision back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from annotation.allocation.tallies import Moved, standing, tally
from annotation.models import Adjudication, Question
from annotation.people.wording import one_line
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: What the column holds.
MAX_NOTE: Final = 500
_State, _Reason = Question.State, Question.StopReason


def adjudicate(
    *, question_id: UUID, decision: str, note: str = "", actor: Any = None
) -> Adjudication:
    """Store a curator's decision about a disputed question.

    It decides the question's label from the next run on; every answer stays, and so does the
    crowd's own posterior. A later decision takes the place of an earlier one, whose row stays. The
    same decision twice is one.

    Parameters
    ----------
    question_id
        Which; disputed, or decided by a curator before.
    decision
        A value of `Adjudication.Decision`.
    note
        Why, up to `MAX_NOTE` characters; may be empty.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If there is no such question or decision, or the note is too long.
    StateError
        If the question is not disputed.
    """
    if decision not in Adjudication.Decision.values:
        known = ", ".join(Adjudication.Decision.values)
        raise ParameterError(f"{decision!r} is no decision. Use one of: {known}.")
    note = one_line(note, longest=MAX_NOTE, what="note") if note.strip() else ""
    with transaction.atomic():
        question = _locked(question_id, actor)
        if question.state not in {_State.DISPUTED, _State.ADJUDICATED}:
            raise StateError(
                f"Only a disputed question is decided by a curator; this one is"
                f" {question.get_state_display().lower()}. Load the page again."
            )
        now = timezone.now()
        before = standing(question)
        former = question.adjudications.filter(withdrawn_at__isnull=True).first()
        if former is not None:
            if (former.decision, former.note) == (decision, note):
                return former
            former.withdrawn_at = now
            former.save(update_fields=["withdrawn_at"])
        row = Adjudication.objects.create(
            question=question, decision=decision, note=note, decided_by=actor
        )
        question.state, question.stop_reason = _State.ADJUDICATED, _Reason.CURATOR
        question.stopped_at = now
        question.save(update_fields=["state", "stop_reason", "stopped_at"])
        after = standing(question, decision)
        tally(question.campaign_id, [Moved(question.target_id, before, after)])
        record(
            "adjudicate",
            target=question,
            actor=actor,
            adjudication=str(row.pk),
            decision=decision,
            note=note,
            replaced=former.decision if former is not None else "",
        )
    return row


def withdraw_adjudication(*, adjudication_id: UUID, actor: Any = None) -> Question:
    """Take a curator's decision back: the question is disputed again. Twice is once.

    Parameters
    ----------
    adjudication_id
        Which.
    actor
        A curator; None for the command line.

    Returns
    -------
    Question
        As it stands now.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If there is no such decision.
    """
    found = Adjudication.objects.filter(pk=adjudication_id).values_list("question_id", flat=True)
    question_id = found.first()
    if question_id is None:
        raise ParameterError("There is no such decision. Load the page again.")
    with transaction.atomic():
        question = _locked(question_id, actor)
        row = Adjudication.objects.get(pk=adjudication_id)
        if row.withdrawn_at is not None:
            return question
        before = standing(question, row.decision)
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        if question.state == _State.ADJUDICATED:  # a clip may have been withdrawn since
            question.state, question.stop_reason = _State.DISPUTED, _Reason.MAXIMUM
            question.stopped_at = _last_answer(question) or row.withdrawn_at
            question.save(update_fields=["state", "stop_reason", "stopped_at"])
            after = standing(question)
            tally(question.campaign_id, [Moved(question.target_id, before, after)])
        record(
            "withdraw_adjudication",
            target=question,
            actor=actor,
            adjudication=str(row.pk),
            decision=row.decision,
        )
    return question


def _locked(question_id: UUID, actor: Any) -> Question:
    # The question's row is the lock of everything about it, as when it is answered.
    question = (
        Question.objects.select_for_update(of=("self",))
        .select_related("campaign", "target")
        .filter(pk=question_id)
        .first()
    )
    if question is None:
        raise ParameterError("There is no such question. Load the page again.")
    if actor is not None:
        require(actor, Role.CURATOR, *question.campaign.places)
    return question


def _last_answer(question: Question) -> datetime | None:
    """Return when the answer came with which asking stopped."""
    in_time = question.ratings.in_force().filter(is_late=False, occasion=0)
    at: datetime | None = in_time.aggregate(at=Max("created_at"))["at"]
    return at
