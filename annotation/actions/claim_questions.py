"""Put questions into somebody's hands."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext

from annotation.actions.return_expired import return_expired
from annotation.allocation.classes import ClassStand, as_shown, classes_by_need
from annotation.allocation.queues import SPARE, Reader, Waiting, clips_of
from annotation.allocation.repeats import lease_repeat, repeat_is_due
from annotation.allocation.taking import TakenMeanwhileError, Wish, take
from annotation.allocation.threshold import Arrival, arrive, owed, stop_before
from annotation.gold.quizzes import Taught, first_quiz_is_due, taught_to
from annotation.models import Assignment, Campaign
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError
from consonance.ledger.prepared import Prepared
from consonance.people.access import require
from consonance.people.models import Role

MAX_CLAIM: Final = 20
#: Live leases of one person in one campaign; more would let one window empty it.
MAX_IN_HAND: Final = 40
_TRIES: Final = 5
#: Who comes first in a second gives back the places of leases that ran out, for all who come in it.
_SWEEP_SECONDS: Final = 1
SWEPT: Final = "annotation.swept"
_Asks = Campaign.Asks
#: What is in hand beside what is returned is leased anew after this share of its time.
_STALE: Final = 0.25
_RELATED: Final = ("question__clip__track", "question__target")
_IN_HAND: Final = Prepared(
    lambda campaign, person, now: (
        Assignment.objects.of(campaign)
        .in_hand(person, now)
        .order_by("leased_at", "pk")
        .values_list("pk", "lease_until", "question__clip_id", "question__target_id")
    ),
    campaign=UUID,
    person=UUID,
    now=datetime,
)


@dataclass(frozen=True, kw_only=True)
class QuizFirst:
    """A quiz that stands before a class.

    Attributes
    ----------
    target
        The class; None for a quiz about all of the campaign's.
    url
        The page.
    """

    target: TaxonomyClass | None
    url: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a person has in hand now.

    Attributes
    ----------
    assignments
        Each with its question, subject and class loaded; what was in hand before comes first.
    mode
        How they are asked: `class` or `clip`.
    stand
        The class they are about, and how far it was up to ten minutes ago; None where clips are
        passed or nothing came.
    reason
        Why there is none: `nothing_left`, `hands_full`, `paused` or `closed` (the campaign),
        `paused_you` (a measure that holds for this person), `consent` (the terms have changed),
        `study_done` (a marketplace's study has all its answers), `welcome` or `headphones` (what
        comes before the first question), `quiz`; else empty.
    detail
        What holds the person back and why, for the person: measures, terms, studies.
    quiz
        Which quiz, with the reason `quiz`.
    answered
        Answers that the person has given here; None where nobody looked.
    """

    assignments: list[Assignment] = field(default_factory=list)
    mode: str = ""
    stand: ClassStand | None = None
    reason: str = ""
    detail: str = ""
    quiz: QuizFirst | None = None
    answered: int | None = None


def claim_questions(
    *,
    campaign: Campaign,
    person: Any,
    count: int,
    holding: Collection[UUID] = (),
    mode: str = "",
    class_name: str = "",
    checks_welcome: bool = False,
) -> Claim:
    """Give a person up to `count` questions of a campaign, those still in hand first.

    Exact under concurrency: a question has never more live leases and answers than it wants, and
    is never given to one person twice. A reloaded page gets what was in hand again, with a fresh
    lease, so nothing is lost and nothing piles up.

    In class mode all are about one class: the one in turn while it has questions for the person
    and has not met its quotas, then the one furthest from them. Within that class the questions
    that are begun come first, those nearest to their end before others; begun ones of other
    classes wait until theirs is in turn. In clip mode the clips of begun questions come first, of
    whatever class. A clip's questions come together, those the detector is least sure of, and are
    never split over claims.

    Now and then gold comes beside a question (`annotation.allocation.gold_mixing`), or one that
    the person answered some time ago comes once more (`annotation.allocation.repeats`). They look
    like any other, and what comes too many waits in hand for the next claim. Whoever is held back
    gets nothing; what they have in hand is taken.

    Parameters
    ----------
    campaign
        Where from.
    person
        An annotator of it.
    count
        How many the person wants, 1 to `MAX_CLAIM`. A clip pass may bring more, by the rest of
        its last clip.
    holding
        Assignments that the person's page has on screen or on their way to us: they are not
        returned. All together nobody has more than `MAX_IN_HAND`.
    mode
        `class` or `clip`, as the campaign allows; empty for the campaign's own way.
    class_name
        The class that the person wants to be asked about, in class mode; empty for the one in turn.
    checks_welcome
        Whether whoever has not read the instructions here is sent to them first.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    ParameterError
        If `count` is out of range, the campaign does not ask in this mode, or does not ask about
        this class.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    if not 1 <= count <= MAX_CLAIM:
        raise ParameterError(f"Ask for 1 to {MAX_CLAIM} questions at a time, not {count}.")
    mode = mode_of(campaign, mode)
    if class_name and mode != _Asks.CLASS_BATCH:
        raise ParameterError("A class is chosen where one class is asked at a time, not for clips.")
    if campaign.state != Campaign.State.OPEN:
        return Claim(mode=mode, reason=campaign.state)
    now = timezone.now()
    arrival = arrive(campaign, person, now)
    stop = stop_before(campaign, person, arrival, checks_welcome=checks_welcome)
    if stop is not None:
        quiz = _quiz_page(campaign, None) if stop.reason == "quiz" else None
        return Claim(mode=mode, reason=stop.reason, detail=stop.detail, quiz=quiz)
    if arrival.leases_ran_out and cache.add(SWEPT, 1, _SWEEP_SECONDS):
        return_expired(now=now)

    def served() -> Claim:
        return _Clerk(campaign, person, arrival, now).serve(
            count=count, holding=frozenset(holding), mode=mode, class_name=class_name
        )

    claim = served()
    if claim.reason == "nothing_left" and arrival.leases_ran_out:
        # Places that others let go of are given back before that is said.
        while claim.reason == "nothing_left" and return_expired(now=now, campaign=campaign):
            claim = served()
    return replace(claim, answered=arrival.workload.answered)


def mode_of(campaign: Campaign, mode: str) -> str:
    """Return how somebody is asked.

    Raises
    ------
    ParameterError
        If the campaign does not ask in this mode.
    """
    own = _Asks.CLIP_PASS if campaign.asks == _Asks.CLIP_PASS else _Asks.CLASS_BATCH
    if mode in ("", own):
        return own.value
    if mode not in {_Asks.CLASS_BATCH, _Asks.CLIP_PASS}:
        raise ParameterError(f"{mode!r} is no mode. Use class or clip.")
    if campaign.asks != _Asks.BOTH:
        raise ParameterError(f"{campaign} asks {campaign.get_asks_display().lower()} only.")
    return mode


def _quiz_page(campaign: Campaign, target: TaxonomyClass | None) -> QuizFirst:
    url = reverse("annotation:quiz", args=[campaign.pk])
    if target is not None:
        url += f"?{urlencode({'class': target.name})}"
    return QuizFirst(target=target, url=url)


class _Held(NamedTuple):
    """A lease in hand, as far as it decides what else is."""

    pk: UUID
    lease_until: datetime
    clip_id: UUID | None
    target_id: UUID | None


class _QuizFirstError(Exception):
    """A quiz stands before the class whose turn it is."""

    def __init__(self, target: TaxonomyClass) -> None:
        super().__init__(target.name)
        self.target = target


class _Clerk:
    """Serves one claim."""

    def __init__(self, campaign: Campaign, person: Any, arrival: Arrival, now: datetime) -> None:
        self._campaign = campaign
        self._person = person
        self._arrival = arrival
        self._now = now
        taught = taught_to(campaign, person) if arrival.was_quizzed else Taught()
        self._reader = Reader(campaign, person, taught)
        self._stands: dict[UUID, ClassStand] = {}
        self._lacked_room = False

    def serve(self, *, count: int, holding: frozenset[UUID], mode: str, class_name: str) -> Claim:
        """Return what was in hand and what comes new."""
        is_by_class = mode == _Asks.CLASS_BATCH
        held = self._in_hand()
        waiting = [lease for lease in held if lease.pk not in holding]
        self._stands = self._stands_of()
        wanted = self._chosen(class_name) if class_name else None
        if is_by_class and waiting:
            # One claim, one class: what waits decides which, unless the person does.
            wanted = wanted or waiting[0].target_id
            waiting = [lease for lease in waiting if lease.target_id == wanted]
        given = self._again(_first(waiting, count, None if is_by_class else _clip_held))
        room = MAX_IN_HAND
        if self._arrival.is_participant:
            room = min(room, owed(self._campaign, self._person))
        room_anew = room
        if self._campaign.repeat_share > 0 and room > 1:
            # The last place is a repeat's: else whoever fills their hands would have none.
            room_anew -= 1
        missing = min(count - len(given), room_anew - len(held))
        if given and missing <= 0:
            # Gold leaves something in hand more often than chance does: what is there takes as
            # long as what is taken, so that nobody tells it by a claim's time. Nothing is taken.
            missing, room_anew = count, 0
        taken: list[Assignment] = []
        try:
            if missing > 0:
                taken = (
                    self._take_of_class(missing, room_anew, wanted, has_chosen=bool(class_name))
                    if is_by_class
                    else self._take_clips(missing, room_anew, held)
                )
                if taken and len(held) + len(taken) < room:
                    taken += self._repeat(taken, is_by_class=is_by_class)
        except _QuizFirstError as first:
            if not given:
                return Claim(
                    mode=mode, reason="quiz", quiz=_quiz_page(self._campaign, first.target),
                    detail=gettext("Before %(class)s comes a short quiz.")
                    % {"class": first.target.display_name},
                )  # fmt: skip
        # What is too many waits in hand for the next claim.
        given += _first(taken, count - len(given), None if is_by_class else _clip_taken)
        self._renew(held, given)
        if given:
            target_id = given[0].question.target_id
            stand = self._stands.get(target_id) if is_by_class and target_id else None
            if stand is not None:
                stand = as_shown(self._campaign, stand, self._stands.values())
            return Claim(assignments=given, mode=mode, stand=stand)
        is_full = missing <= 0 or self._lacked_room
        return Claim(mode=mode, reason="hands_full" if is_full else "nothing_left")

    # --- what is there already ---------------------------------------------------------------
    def _in_hand(self) -> list[_Held]:
        rows = _IN_HAND.values(campaign=self._campaign.pk, person=self._person.pk, now=self._now)
        return [_Held(*row) for row in rows]

    def _again(self, held: list[_Held]) -> list[Assignment]:
        """Return leases that are given once more, with their questions."""
        if not held:
            return []
        found = Assignment.objects.select_related(*_RELATED).in_bulk([row.pk for row in held])
        return [found[row.pk] for row in held if row.pk in found]

    def _renew(self, held: list[_Held], given: list[Assignment]) -> None:
        """Lease what is given anew, and what the page holds in time before it runs out."""
        until = self._now + timedelta(seconds=self._campaign.lease_seconds)
        soon = until - timedelta(seconds=_STALE * self._campaign.lease_seconds)
        returned = {lease.pk for lease in given}
        stale = [row.pk for row in held if row.pk in returned or row.lease_until < soon]
        if stale:
            leased = Assignment.objects.filter(pk__in=stale, state=Assignment.State.LEASED)
            leased.update(lease_until=until)
        for lease in given:
            lease.lease_until = until

    def _stands_of(self) -> dict[UUID, ClassStand]:
        in_turn = self._arrival.workload.target_id
        stands = classes_by_need(self._campaign, self._person, in_turn)
        return {stand.target.pk: stand for stand in stands}

    def _chosen(self, class_name: str) -> UUID:
        for target_id, stand in self._stands.items():
            if stand.target.name == class_name:
                return target_id
        names = ", ".join(sorted(stand.target.name for stand in self._stands.values()))
        raise ParameterError(
            f"{self._campaign} does not ask about {class_name!r}. Its classes are: {names or '-'}."
        )

    # --- what comes new ----------------------------------------------------------------------
    def _take_of_class(
        self, number: int, room: int, wanted: UUID | None, *, has_chosen: bool
    ) -> list[Assignment]:
        for attempt in range(_TRIES):
            rows = self._of_one_class(number, wanted, has_chosen=has_chosen)
            if not rows:
                return []
            target_id = rows[0].target_id
            self._check_quiz(target_id)
            # The last look waits, so that "nothing left" is never said too early.
            wait = attempt == _TRIES - 1
            groups = [[row] for row in rows[: 1 if wait else None]]
            try:
                return self._take(
                    Wish(groups=groups, number=number, room=room, target_id=target_id), wait=wait
                )
            except TakenMeanwhileError:
                continue
        return []

    def _of_one_class(self, number: int, wanted: UUID | None, *, has_chosen: bool) -> list[Waiting]:
        """Return questions of the class in turn, or of the next that has any."""
        for target_id in [wanted] if wanted is not None else self._stands:
            rows = self._reader.begun(number, target_id)
            if len(rows) < number:
                rows += self._reader.new(target_id, number + SPARE)
            if rows:
                return rows
        if has_chosen:
            return self._reader.anything(number + SPARE, wanted)
        left = self._reader.anything(MAX_IN_HAND) if wanted is None else []
        return [row for row in left if row.target_id == left[0].target_id]

    def _take_clips(self, number: int, room: int, held: list[_Held]) -> list[Assignment]:
        most = self._campaign.clip_classes
        in_hand = {lease.clip_id for lease in held if lease.clip_id is not None}
        for attempt in range(_TRIES):
            wait = attempt == _TRIES - 1
            clips = self._clips(1 if wait else number + SPARE, in_hand)
            passes = self._reader.passes(clips, most)
            groups = [passes[clip] for clip in clips if clip in passes][: 1 if wait else number]
            if not groups:
                return []
            for target_id in {row.target_id for group in groups for row in group}:
                self._check_quiz(target_id)
            wish = Wish(
                groups=groups,
                number=number,
                room=room,
                target_id=self._arrival.workload.target_id,
                clip_classes=most,
            )
            try:
                return self._take(wish, wait=wait)
            except TakenMeanwhileError:
                continue
        return []

    def _take(self, wish: Wish, *, wait: bool) -> list[Assignment]:
        taken = take(self._reader, self._arrival.workload, wish, self._now, wait=wait)
        self._lacked_room = not taken
        return taken

    def _clips(self, number: int, in_hand: Collection[UUID]) -> list[UUID]:
        clips = clips_of(self._reader.begun(number), in_hand)
        for target_id in self._stands:
            if len(clips) >= number:
                break
            new = clips_of(self._reader.new(target_id, number), in_hand)
            clips += [clip for clip in new if clip not in clips]
        return (clips or clips_of(self._reader.anything(MAX_IN_HAND), in_hand))[:number]

    def _check_quiz(self, target_id: UUID | None) -> None:
        if target_id is None or not self._campaign.requires_quiz:
            return
        if first_quiz_is_due(self._campaign, self._person, target_id):
            raise _QuizFirstError(TaxonomyClass.objects.get(pk=target_id))

    def _repeat(self, taken: list[Assignment], *, is_by_class: bool) -> list[Assignment]:
        """Return a planted repeat where one of the questions just taken brings one; at most one."""
        person = self._person.pk
        due = [lease for lease in taken if repeat_is_due(self._campaign, person, lease.question_id)]
        if not due:
            return []
        # After the transaction that took the questions, whose rows it held: inside, two people who
        # repeat each other's would wait for each other.
        repeat = lease_repeat(
            self._campaign,
            self._person,
            self._reader.taught,
            after=due[0].question_id,
            target_id=due[0].question.target_id if is_by_class else None,
            now=taken[-1].leased_at,
        )
        return [repeat] if repeat is not None else []


_Lease = TypeVar("_Lease")


def _first(
    leases: list[_Lease], count: int, clip_of: Callable[[_Lease], UUID | None] | None
) -> list[_Lease]:
    """Return the first leases of some; all about one clip where `clip_of` tells them apart."""
    if clip_of is None:
        return leases[: max(0, count)]
    first: list[_Lease] = []
    for _, of_clip in groupby(leases, key=clip_of):
        if len(first) >= count:
            break
        first += of_clip
    return first


def _clip_held(lease: _Held) -> UUID | None:
    return lease.clip_id


def _clip_taken(lease: Assignment) -> UUID | None:
    return lease.question.clip_id
