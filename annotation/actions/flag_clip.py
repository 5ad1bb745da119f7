"""Report that something is wrong with a clip."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.actions.skip_question import NOT_IN_HAND, pass_on
from annotation.allocation.setting_aside import locked, set_aside
from annotation.models import Assignment, Campaign, ClipFlag, Measure, Question
from annotation.people.measures import has_measure
from annotation.people.wording import one_line
from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: What the column holds.
MAX_NOTE: Final = 500
#: People who must report a clip before it is asked about no more. Silence and damage are found
#: when a clip is cut, so one report is more often a browser or a cable than the clip; two people
#: who do not know of each other seldom have the same trouble. A curator looks at every report, and
#: needs no second one.
ENOUGH: Final = 2


def flag_clip(
    *, person: Any, assignment: UUID, kind: str, note: str = ""
) -> Literal["flagged", "already_flagged"]:
    """Report the clip of a question in hand; the question goes back as if skipped.

    When `ENOUGH` people have reported a clip, whatever they were asked about it, its unsettled
    questions are set aside in all campaigns until a curator has listened. Reports of people who
    are left out of consensus are kept and not counted. Reporting twice is reporting once.

    Parameters
    ----------
    person
        Whose hands the question is in.
    assignment
        The lease.
    kind
        A value of `ClipFlag.Kind`.
    note
        What is wrong, up to `MAX_NOTE` characters; may be empty.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here any more.
    ParameterError
        If the kind is none, the note is too long, or the question is not in the person's hands or
        not about a clip.
    StateError
        If the person has answered it.
    """
    if kind not in ClipFlag.Kind.values:
        known = ", ".join(ClipFlag.Kind.values)
        raise ParameterError(f"{kind!r} is nothing to report. Use one of: {known}.")
    note = one_line(note, longest=MAX_NOTE, what="note") if note.strip() else ""
    asked = Question.objects.filter(assignments=assignment, assignments__person=person)
    clip_id = asked.values_list("clip_id", flat=True).first()
    if clip_id is None:
        raise ParameterError(NOT_IN_HAND)
    with transaction.atomic():
        questions = locked(clip_id)
        lease = Assignment.objects.get(pk=assignment)
        question = next(row for row in questions if row.pk == lease.question_id)
        require(person, Role.ANNOTATOR, *question.campaign.places)
        if ClipFlag.objects.filter(question=question, person=person).exists():
            return "already_flagged"
        if lease.state != Assignment.State.SKIPPED:  # a reason can be added to a skip
            pass_on(question, lease)
        flag = ClipFlag.objects.create(
            clip_id=clip_id, question=question, person=person, kind=kind, note=note
        )
        stopped: list[Question] = []
        if _reporters(clip_id, question.campaign) >= ENOUGH:
            stopped = set_aside(questions, timezone.now())
        record(
            "flag_clip",
            target=flag,
            actor=person,
            clip=str(clip_id),
            kind=kind,
            set_aside=len(stopped),
        )
    return "flagged"


def _reporters(clip_id: UUID, campaign: Campaign) -> int:
    """Return how many people wait for a curator to listen to a clip."""
    waiting = ClipFlag.objects.filter(clip=clip_id, resolution=ClipFlag.Resolution.NONE)
    counted = waiting.exclude(has_measure(campaign, Measure.Kind.EXCLUDE))
    return counted.order_by().values("person").distinct().count()
