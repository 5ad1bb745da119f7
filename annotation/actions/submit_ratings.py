"""Store answers, each once, and decide whether their questions are asked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.actions.update_trust import note_answer
from annotation.allocation.provenance import Guidelines, detector_of
from annotation.allocation.settling import decide, store
from annotation.allocation.skills import PersonWeights
from annotation.allocation.tallies import standing
from annotation.allocation.workloads import count_answer
from annotation.models import Assignment, Campaign, GuidelineVersion, Question, Rating
from annotation.models.ratings import Answer
from consonance.errors import NotAllowedError, ParameterError
from consonance.ledger.prepared import Prepared, PreparedUpdate
from consonance.people.access import require
from consonance.people.models import Role

MAX_BATCH: Final = 100
#: The longest time that is told of an answer, in ms: an hour. A page that lay open over night tells
#: nothing of a clip of seconds, and would spoil every mean.
MAX_MS: Final = 3_600_000
#: How sure one can say one is.
CONFIDENCES: Final = range(1, 4)
MAX_REPLAYS: Final = 32_767
_OTHER_USE: Final = gettext_lazy(
    "This answer's key was used for another answer. Nothing was stored."
)
_QUESTION: Final = Prepared[Question](
    lambda assignment, person: (
        Question.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .filter(assignments=assignment, assignments__person=person)
    ),
    assignment=UUID,
    person=UUID,
)
_LEASE: Final = Prepared[Assignment](
    lambda assignment: Assignment.objects.filter(pk=assignment), assignment=UUID
)
_ANSWERED: Final = PreparedUpdate(
    lambda assignment: (
        Assignment.objects.filter(pk=assignment),
        {"state": Assignment.State.ANSWERED},
    ),
    assignment=UUID,
)
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
    confidence
        1 a guess, 2 fairly sure, 3 certain; None where the person does not say.
    guideline
        Id of the version that was shown; None for what was in force when the lease began.
    first_key_ms, response_ms, heard_ms, replays
        Time to the first key and to the answer, sound heard, and how often it was started again.
        Times above `MAX_MS` are stored as that.
    ui_version
        The page's version.
    """

    key: UUID
    assignment: UUID
    answer: str
    confidence: int | None = None
    guideline: UUID | None = None
    first_key_ms: int | None = None
    response_ms: int | None = None
    heard_ms: int | None = None
    replays: int = 0
    ui_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an answer; `detail` says why it was rejected, or what was changed in it.

    `campaign` is that of the answer's question, and None where it was rejected.
    """

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
        self._guidelines = Guidelines()

    def take(self, given: GivenAnswer) -> Result:
        """Store one answer."""
        try:
            _check(given)
            with transaction.atomic():
                return self._store(given, timezone.now())
        except _Refusal as refusal:
            return Result(key=given.key, status="rejected", detail=str(refusal))
        except IntegrityError:
            # The key is there already: the same answer sent again, or another one's.
            return self._known(given) or Result(
                key=given.key, status="rejected", detail=str(_OTHER_USE)
            )

    def _store(self, given: GivenAnswer, now: datetime) -> Result:
        # The question's row is the lock; everything read after it stays true until we are done.
        question = _QUESTION.first(assignment=given.assignment, person=self._person.pk)
        lease = _LEASE.first(assignment=given.assignment) if question is not None else None
        if question is None or lease is None or lease.state == Assignment.State.ANSWERED:
            known = self._known(given)
            if known is not None:
                return known
        if question is None or lease is None:
            raise _Refusal(
                _("This question is not in your hands. Load the page again for new ones.")
            )
        self._check_role(question.campaign)
        if lease.state == Assignment.State.ANSWERED:
            raise _Refusal(_("You have answered this question already. Undo that answer first."))
        is_repeat = lease.occasion > 0
        in_time = (
            lease.state == Assignment.State.LEASED
            and lease.lease_until > now
            # A repeat is not needed for the label: it may be decided long since.
            and (is_repeat or question.state == Question.State.OPEN)
        )
        # Looked up for repeats, too, as is all else: they must not be quicker than other answers.
        weight = self._weight(question, given.answer)
        if is_repeat:
            weight = 0.0
        times, detail = _times(given)
        Rating.objects.create(
            key=given.key,
            question=question,
            campaign=question.campaign,
            assignment=lease,
            person=self._person,
            answer=given.answer,
            guideline=self._guideline(question, lease, given.guideline),
            ui_version=given.ui_version,
            confidence=given.confidence,
            detector=detector_of(question),
            **times,
            replays=given.replays,
            is_late=not in_time,
            occasion=lease.occasion,
            weight=weight,
        )
        was_leased = lease.state == Assignment.State.LEASED
        lease.state = Assignment.State.ANSWERED
        _ANSWERED.run(assignment=lease.pk)
        before = standing(question)
        if not is_repeat:
            question.log_odds += weight
            if in_time:
                question.answered += 1
            elif was_leased:
                question.free += 1  # it ran out or was not needed any more, and held its place
            decide(question, now)
        note_answer(question, self._person, given.answer, occasion=lease.occasion)
        store(question, before)
        count_answer(question, self._person, lease.occasion, 1)
        return Result(
            key=given.key,
            status="stored" if in_time else "late",
            detail=detail,
            campaign=question.campaign,
        )

    def _known(self, given: GivenAnswer) -> Result | None:
        """Return what became of an answer whose key is there already; None if it is not."""
        known = (
            Rating.objects.filter(person=self._person, key=given.key)
            .select_related("campaign")
            .first()
        )
        if known is None:
            return None
        if known.assignment_id != given.assignment or known.answer != given.answer:
            return Result(key=given.key, status="rejected", detail=str(_OTHER_USE))
        return Result(key=given.key, status="already_stored", campaign=known.campaign)

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
            raise _Refusal(
                _("You no longer take part in %(campaign)s.") % {"campaign": campaign.name}
            )

    def _guideline(
        self, question: Question, lease: Assignment, shown: UUID | None
    ) -> GuidelineVersion | None:
        if shown is None:
            return self._guidelines.newest(question, lease.leased_at)
        found = self._guidelines.shown(question, shown)
        if found is None:
            raise _Refusal(
                _(
                    "The guideline that this answer names is not one of its question's. Load the"
                    " page again."
                )
            )
        return found


def _check(given: GivenAnswer) -> None:
    """Refuse what the columns cannot hold or nobody can have meant."""
    if given.answer not in Answer.values:
        raise _Refusal(
            _("%(answer)r is no answer. Use yes, no or unsure.") % {"answer": given.answer}
        )
    if given.confidence is not None and given.confidence not in CONFIDENCES:
        raise _Refusal(
            _("Confidence is 1, 2 or 3 (a guess, fairly sure, certain), not %(confidence)r.")
            % {"confidence": given.confidence}
        )
    if not 0 <= given.replays <= MAX_REPLAYS:
        raise _Refusal(
            _("A clip is replayed 0 to %(most)s times, not %(replays)s.")
            % {"most": MAX_REPLAYS, "replays": given.replays}
        )
    for name in _TIMES:
        time = getattr(given, name)
        if time is not None and time < 0:
            raise _Refusal(
                _("%(name)s is a time and cannot be %(time)s.") % {"name": name, "time": time}
            )


_TIMES: Final = ("first_key_ms", "response_ms", "heard_ms")


def _times(given: GivenAnswer) -> tuple[dict[str, int | None], str]:
    """Return the times as they are stored, and a sentence if that is not as they were sent."""
    sent: dict[str, int | None] = {name: getattr(given, name) for name in _TIMES}
    long = [name for name, time in sent.items() if time is not None and time > MAX_MS]
    kept = {name: time if time is None else min(time, MAX_MS) for name, time in sent.items()}
    if not long:
        return kept, ""
    told = _("Longer than an hour, and stored as an hour: %(names)s.")
    return kept, told % {"names": ", ".join(long)}
