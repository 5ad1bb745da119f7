"""Store answers, each once, and decide whether their questions are asked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.update_trust import note_gold_answer
from annotation.deciding import verdict
from annotation.models import Assignment, Campaign, GuidelineVersion, Question, Rating
from annotation.models.ratings import Answer
from annotation.skills import PersonWeights
from consonance.errors import NotAllowedError, ParameterError
from consonance.people.access import require
from consonance.people.models import Role

MAX_BATCH: Final = 100
_OTHER_USE: Final = "This answer's key was used for another answer. Nothing was stored."
Status = Literal["stored", "already_stored", "late", "rejected"]


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """One answer as a client sends it.

    Attributes
    ----------
    key
        The client's idempotency key: the same key is stored once, however often it is sent.
    assignment
        The lease it answers.
    answer
        A value of `Answer`; anything else is rejected with a sentence.
    response_ms, heard_ms, replays
        Time to answer, sound heard, and how often it was started again.
    ui_version
        The page's version.
    """

    key: UUID
    assignment: UUID
    answer: str
    response_ms: int | None = None
    heard_ms: int | None = None
    replays: int = 0
    ui_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an answer; `detail` says why it was rejected."""

    key: UUID
    status: Status
    detail: str = ""
    campaign: Campaign | None = None


def submit_ratings(*, person: Any, answers: Sequence[GivenAnswer]) -> list[Result]:
    """Store a batch of answers, one transaction each, and return what became of each, in order.

    What a person has in hand is taken whatever measures hold for them: nothing that was heard and
    answered is lost. The answer to a planted repeat is kept and changes nothing of its question.

    Parameters
    ----------
    person
        Who answers.
    answers
        Up to `MAX_BATCH`.

    Raises
    ------
    ParameterError
        If there are more.
    """
    if len(answers) > MAX_BATCH:
        raise ParameterError(f"Send at most {MAX_BATCH} answers at a time, not {len(answers)}.")
    desk = _Desk(person)
    return [desk.take(answer) for answer in answers]


class _Refusal(Exception):
    """Nothing is stored; the message is for the person."""


class _Desk:
    """Takes one person's answers; what is the same for the whole batch is looked up once."""

    def __init__(self, person: Any) -> None:
        self._person = person
        self._weights = PersonWeights(person)
        self._allowed: dict[UUID, bool] = {}
        self._guidelines: dict[tuple[UUID, UUID | None], GuidelineVersion | None] = {}

    def take(self, given: GivenAnswer) -> Result:
        """Store one answer."""
        try:
            if given.answer not in Answer.values:
                raise _Refusal(f"{given.answer!r} is no answer. Use yes, no or unsure.")
            with transaction.atomic():
                return self._store(given, timezone.now())
        except _Refusal as refusal:
            return Result(key=given.key, status="rejected", detail=str(refusal))
        except IntegrityError:
            # The same key arrived for another question at the same moment.
            return Result(key=given.key, status="rejected", detail=_OTHER_USE)

    def _store(self, given: GivenAnswer, now: datetime) -> Result:
        # The question's row is the lock; everything read after it stays true until we are done.
        question = (
            Question.objects.select_for_update(of=("self",))
            .select_related("campaign")
            .filter(assignments=given.assignment, assignments__person=self._person)
            .first()
        )
        known = Rating.objects.filter(person=self._person, key=given.key).first()
        if known is not None:
            if known.assignment_id != given.assignment or known.answer != given.answer:
                raise _Refusal(_OTHER_USE)
            campaign = question.campaign if question else None
            return Result(key=given.key, status="already_stored", campaign=campaign)
        if question is None:
            raise _Refusal("This question is not in your hands. Load the page again for new ones.")
        self._check_role(question.campaign)
        lease = Assignment.objects.get(pk=given.assignment)
        if lease.state == Assignment.State.ANSWERED:
            raise _Refusal("You have answered this question already. Undo that answer first.")
        is_repeat = lease.occasion > 0
        in_time = (
            lease.state == Assignment.State.LEASED
            and lease.lease_until > now
            # A repeat is not needed for the label: it may be decided long since.
            and (is_repeat or question.state == Question.State.OPEN)
        )
        weight = 0.0 if is_repeat else self._weight(question, given.answer)
        Rating.objects.create(
            key=given.key,
            question=question,
            campaign=question.campaign,
            assignment=lease,
            person=self._person,
            answer=given.answer,
            guideline=self._guideline(question),
            ui_version=given.ui_version,
            response_ms=given.response_ms,
            heard_ms=given.heard_ms,
            replays=given.replays,
            is_late=not in_time,
            occasion=lease.occasion,
            weight=weight,
        )
        if not is_repeat:
            question.log_odds += weight
            if in_time:
                question.answered += 1
            elif lease.state == Assignment.State.LEASED:
                question.free += 1  # it ran out or was not needed any more, and held its place
            _decide(question, now)
            note_gold_answer(question, self._person, given.answer)
        lease.state = Assignment.State.ANSWERED
        lease.save(update_fields=["state"])
        return Result(
            key=given.key, status="stored" if in_time else "late", campaign=question.campaign
        )

    def _weight(self, question: Question, answer: str) -> float:
        return self._weights.of(question.campaign, question.target_id).of(answer)

    def _check_role(self, campaign: Campaign) -> None:
        if campaign.pk not in self._allowed:
            try:
                require(self._person, Role.ANNOTATOR, *campaign.places)
            except NotAllowedError:
                self._allowed[campaign.pk] = False
            else:
                self._allowed[campaign.pk] = True
        if not self._allowed[campaign.pk]:
            raise _Refusal(f"You no longer take part in {campaign.name}.")

    def _guideline(self, question: Question) -> GuidelineVersion | None:
        place = (question.campaign_id, question.target_id)
        if place not in self._guidelines:
            self._guidelines[place] = (
                GuidelineVersion.objects.filter(campaign=place[0], target=place[1])
                .order_by("-version")
                .first()
            )
        return self._guidelines[place]


def _decide(question: Question, now: datetime) -> None:
    if question.state == Question.State.OPEN:
        question.state, question.stop_reason = verdict(question)
        if question.state != Question.State.OPEN:
            question.stopped_at = now
        elif question.answered >= question.wanted:
            question.wanted += 1
            question.free += 1
    question.save(
        update_fields=[
            "log_odds", "answered", "free", "wanted", "state", "stop_reason", "stopped_at",
        ]
    )  # fmt: skip
