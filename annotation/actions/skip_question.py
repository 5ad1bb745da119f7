"""Pass a question on to others."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from annotation.models import Assignment, Question, Skip
from consonance.errors import ParameterError, StateError
from consonance.people.access import require
from consonance.people.models import Role

#: Whose hands are empty of a question gets this sentence.
NOT_IN_HAND: Final = _("This question is not in your hands. Load the page again for new ones.")


def skip_question(
    *, person: Any, assignment: UUID, reason: str
) -> Literal["skipped", "already_skipped"]:
    """Give a question back without an answer; the person is never asked it again.

    Its place goes to somebody else. Skipping twice is skipping once, and the first reason stays.

    Parameters
    ----------
    person
        Whose hands it is in.
    assignment
        The lease.
    reason
        A value of `Skip.Reason`.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here any more.
    ParameterError
        If the reason is none, or the question is not in the person's hands.
    StateError
        If the person has answered it.
    """
    if reason not in Skip.Reason.values:
        known = ", ".join(Skip.Reason.values)
        raise ParameterError(f"{reason!r} is no reason to skip. Use one of: {known}.")
    with transaction.atomic():
        # The question's row is the lock of everything about it, as when it is answered.
        question = (
            Question.objects.select_for_update(of=("self",))
            .select_related("campaign")
            .filter(assignments=assignment, assignments__person=person)
            .first()
        )
        if question is None:
            raise ParameterError(NOT_IN_HAND)
        require(person, Role.ANNOTATOR, *question.campaign.places)
        lease = Assignment.objects.get(pk=assignment)
        if lease.state == Assignment.State.SKIPPED:
            return "already_skipped"
        pass_on(question, lease)
        Skip.objects.create(assignment=lease, reason=reason)
    return "skipped"


def pass_on(question: Question, lease: Assignment) -> None:
    """Take a locked question out of somebody's hands: the lease ends as skipped.

    The row stays, so that the question never comes back to them. A lease that holds a place gives
    it back; one that ran out did so before, and a planted repeat never held any.

    Raises
    ------
    StateError
        If it was answered.
    """
    if lease.state == Assignment.State.ANSWERED:
        raise StateError(_("You have answered this question already. Undo that answer first."))
    if lease.state == Assignment.State.LEASED and lease.occasion == 0:
        question.free += 1
        question.save(update_fields=["free"])
    lease.state = Assignment.State.SKIPPED
    lease.save(update_fields=["state"])
