"""Where people from marketplaces stand, what holds them back, and what they are owed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.gold.quizzes import taught_questions
from annotation.models import (
    Assignment,
    Campaign,
    GoldTrust,
    Measure,
    Participant,
    Question,
    QuizAttempt,
    Rating,
    Study,
    Workload,
)
from annotation.people.measures import in_force
from annotation.people.working_time import working_times
from annotation.welcome.tries import open_try
from consonance.people import consent

_Outcome = Participant.Outcome
_CENT: Final = Decimal("0.01")
_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """Why somebody is handed nothing.

    Attributes
    ----------
    reason
        A code for programs.
    detail
        A sentence for the person.
    url
        The page that a rating page gives way to; empty where it stays.
    """

    reason: str
    detail: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """How far a participant is.

    Attributes
    ----------
    given, wanted
        Answers.
    outcome
        A value of `Participant.Outcome`: how it ended, or would if it ended now.
    may_leave
        Whether they cannot go on, and get the code for people screened out.
    """

    given: int
    wanted: int
    outcome: str
    may_leave: bool


def held_back(person: Any, campaign: Campaign) -> HeldBack | None:
    """Return why a person gets no questions here; None where nothing stands against it.

    Asked before each claim: one query for everybody, a second for people from a marketplace.
    """
    if consent.is_outdated(person):
        return HeldBack(
            reason="consent",
            detail=_("The terms of publication have changed. Load this page again to read them."),
        )
    rows = list(
        Participant.objects.filter(person=person, study__campaign=campaign).select_related("study")
    )
    if not rows:
        return None
    working = [row for row in rows if row.outcome == _Outcome.WORKING]
    if any(given_by(row) < row.study.ratings_wanted for row in working):
        return None
    row = (working or rows)[-1]
    address = reverse("annotation:study_end", args=[row.study_id])
    return HeldBack(
        reason="study_done",
        detail=_("You have given all answers that this study asks for. Your code is at %(address)s")
        % {"address": address},
        url=address,
    )


def given_by(participant: Participant) -> int:
    """Return how many answers of a participant count for their study.

    What they had answered before they came is not work for it, however often it is corrected since.
    """
    return (
        Rating.objects.in_force()
        .annotate(first_at=_first_answered())
        .filter(
            person=participant.person_id,
            question__campaign=participant.study.campaign_id,
            created_at__gte=participant.joined_at,
            first_at__gte=participant.joined_at,
        )
        .count()
    )


def _first_answered() -> Subquery:
    """Return when a rating's lease was first answered: a correction is written later."""
    same = Rating.objects.filter(assignment=OuterRef("assignment"))
    return Subquery(same.order_by("created_at").values("created_at")[:1])


def stand_of(participant: Participant) -> Stand:
    """Return how far a participant is."""
    study = participant.study
    given = given_by(participant)
    may_leave = False
    outcome = participant.outcome
    if outcome == _Outcome.WORKING:
        campaign = study.campaign
        if given >= study.ratings_wanted or _has_answered_all(participant, given):
            outcome = _Outcome.COMPLETED
        else:
            may_leave = _cannot_go_on(campaign, participant)
    return Stand(given=given, wanted=study.ratings_wanted, outcome=outcome, may_leave=may_leave)


def _has_answered_all(participant: Participant, given: int) -> bool:
    """Return whether somebody is done because nothing is left, rather than passed it on.

    What was skipped or reported is not used up: with more of it than answers, the participation
    stays open, until the person leaves without the code or the campaign is closed.
    """
    campaign = participant.study.campaign
    if given == 0 or not _is_over(campaign, participant.person):
        return False
    if campaign.state == Campaign.State.CLOSED:
        return True
    passed_on = Assignment.objects.of(campaign).filter(
        person=participant.person_id,
        state=Assignment.State.SKIPPED,  # as those are that were reported
        leased_at__gte=participant.joined_at,
    )
    return given > passed_on.count()


def _is_over(campaign: Campaign, person: Any) -> bool:
    """Return whether nothing is left to ask of a person, now or when leases run out."""
    if campaign.state == Campaign.State.CLOSED:
        return True
    if Assignment.objects.of(campaign).filter(person=person, state="leased").exists():
        return False
    left = (
        Question.objects.of(campaign)
        .filter(state=Question.State.OPEN)
        .exclude(pk__in=taught_questions(campaign, person))
        .not_asked_of(person)
        .suitable_for(person)
    )
    return not left.exists()


def _cannot_go_on(campaign: Campaign, participant: Participant) -> bool:
    person = participant.person
    held = {row.kind for row in in_force(campaign, person=person)}
    if held & {Measure.Kind.PAUSE, Measure.Kind.EXCLUDE} or _is_over(campaign, person):
        return True
    return _failed_quiz(campaign, participant) or _failed_headphones(campaign, person)


def _failed_quiz(campaign: Campaign, participant: Participant) -> bool:
    attempts = QuizAttempt.objects.filter(
        campaign=campaign, person=participant.person, started_at__gte=participant.joined_at
    )
    latest = attempts.order_by("-started_at").first()
    return latest is not None and latest.has_passed is False


def _failed_headphones(campaign: Campaign, person: Any) -> bool:
    """Return whether the headphones that are needed were not heard, and no try is open."""
    if not campaign.checks_headphones:
        return False
    work = Workload.objects.filter(campaign=campaign, person=person).first()
    if work is None or not work.headphone_tries or work.headphones_at is not None:
        return False
    return open_try(work) is None


def way_out(person: Any, campaign: Campaign) -> str:
    """Return the page where somebody from a marketplace who cannot go on gets a code.

    Empty for everybody else.
    """
    working = Participant.objects.filter(
        person=person, study__campaign=campaign, outcome=_Outcome.WORKING
    ).select_related("study__campaign", "person")
    for row in working:
        if _cannot_go_on(campaign, row):
            return reverse("annotation:study_end", args=[row.study_id])
    return ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a participant did and is owed.

    Attributes
    ----------
    ratings
        Answers in force to what they first answered since they came.
    seconds
        Time they worked.
    gold_right, gold_answered
        Definite answers to gold, anywhere in the collection.
    owed
        Pay for the time at the campaign's rate; None for volunteers.
    """

    participant: Participant
    ratings: int
    seconds: float
    gold_right: int
    gold_answered: int
    owed: Decimal | None

    @property
    def minutes(self) -> float:
        """Time they worked."""
        return self.seconds / 60


def accounts_of(study: Study, participants: Sequence[Participant]) -> list[Account]:
    """Return what some participants of a study did; a handful of queries for all of them."""
    people = [row.person_id for row in participants]
    campaign = study.campaign
    joined = {row.person_id: row.joined_at for row in participants}
    seconds = working_times(campaign, people, since=joined)
    given: dict[UUID, int] = dict.fromkeys(people, 0)
    found = Rating.objects.in_force().filter(question__campaign=campaign, person__in=people)
    found = found.annotate(first_at=_first_answered())
    for person, at in found.values_list("person_id", "first_at").iterator():
        given[person] += at >= joined[person]
    gold = {
        row["person"]: (row["right"], row["wrong"])
        for row in GoldTrust.objects.filter(person__in=people, collection=campaign.collection_id)
        .order_by()
        .values("person")
        .annotate(right=Sum("right"), wrong=Sum("wrong"))
    }
    accounts = []
    for row in participants:
        right, wrong = gold.get(row.person_id, (0, 0))
        worked = seconds[row.person_id]
        accounts.append(
            Account(
                participant=row,
                ratings=given[row.person_id],
                seconds=worked,
                gold_right=right,
                gold_answered=right + wrong,
                owed=pay_for(campaign, worked),
            )
        )
    return accounts


def pay_for(campaign: Campaign, seconds: float) -> Decimal | None:
    """Return what some working time is paid at a campaign's rate; None for volunteers."""
    if campaign.pay_per_hour is None:
        return None
    exact = campaign.pay_per_hour * Decimal(round(seconds * 1000)) / (_HOUR * 1000)
    return exact.quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, kw_only=True)
class Hourly:
    """What a fixed reward comes to, an hour.

    Attributes
    ----------
    reward
        Paid to each who completed.
    median
        Of the hourly pay of those who completed; None before anybody did.
    below
        How many of them got less than the campaign promises; None where it promises nothing.
    people
        How many completed with any working time.
    paid
        What the reward comes to for everybody who completed.
    owed
        What their time comes to at the campaign's rate; None for volunteers.
    promised
        The campaign's rate.
    """

    reward: Decimal
    median: Decimal | None
    below: int | None
    people: int
    paid: Decimal
    owed: Decimal | None
    promised: Decimal | None

    @property
    def is_too_little(self) -> bool:
        """Whether the median is below what the campaign promises."""
        return None not in (self.median, self.promised) and self.median < self.promised  # type: ignore[operator]


def hourly_pay(study: Study, accounts: Iterable[Account], reward: Decimal) -> Hourly:
    """Return what a reward comes to, an hour, for those who completed.

    Parameters
    ----------
    study
        Whose campaign's promise is compared with.
    accounts
        Of its participants.
    reward
        What each of them gets.
    """
    completed = [one for one in accounts if one.participant.outcome == _Outcome.COMPLETED]
    hourly = [pay for one in completed if (pay := an_hour(one, reward)) is not None]
    promised = study.campaign.pay_per_hour
    return Hourly(
        reward=reward,
        median=statistics.median(hourly).quantize(_CENT, ROUND_HALF_UP) if hourly else None,
        below=None if promised is None else sum(pay < promised for pay in hourly),
        people=len(hourly),
        paid=reward * len(completed),
        owed=None
        if promised is None
        else sum((one.owed for one in completed if one.owed is not None), Decimal(0)),
        promised=promised,
    )


def an_hour(account: Account, reward: Decimal) -> Decimal | None:
    """Return what a reward comes to an hour for somebody who completed; None without a time."""
    if account.participant.outcome != _Outcome.COMPLETED or account.seconds <= 0:
        return None
    return reward * _HOUR / Decimal(str(round(account.seconds, 3)))


def median_seconds(accounts: Iterable[Account]) -> float | None:
    """Return the median working time of those who completed; None before anybody did."""
    done = [
        account.seconds
        for account in accounts
        if account.participant.outcome == _Outcome.COMPLETED and account.seconds > 0
    ]
    return statistics.median(done) if done else None


def outcomes_of(study: Study) -> dict[str, int]:
    """Return how many participants there are in all and of each outcome."""
    counts = {f"is_{value}": Count("pk", filter=Q(outcome=value)) for value in _Outcome.values}
    found = study.participants.aggregate(all=Count("pk"), **counts)
    return {name.removeprefix("is_"): number for name, number in found.items()}
