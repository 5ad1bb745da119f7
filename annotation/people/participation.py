"""Where people from marketplaces stand, what holds them back, and what they are owed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.urls import reverse

from annotation.measures import in_force
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
)
from annotation.people.working_time import working_times
from annotation.quizzes import taught_questions
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
            detail="The terms of publication have changed. Load this page again to read them.",
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
        detail=f"You have given all answers that this study asks for. Your code is at {address}",
        url=address,
    )


def given_by(participant: Participant) -> int:
    """Return how many answers of a participant count for their study."""
    return (
        Rating.objects.in_force()
        .filter(
            person=participant.person_id,
            question__campaign=participant.study.campaign_id,
            created_at__gte=participant.joined_at,
        )
        .count()
    )


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
    attempts = QuizAttempt.objects.filter(
        campaign=campaign, person=person, started_at__gte=participant.joined_at
    )
    latest = attempts.order_by("-started_at").first()
    return latest is not None and latest.has_passed is False


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a participant did and is owed.

    Attributes
    ----------
    ratings
        Answers in force since they came.
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
    for person, at in found.values_list("person_id", "created_at").iterator():
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
    """

    reward: Decimal
    median: Decimal | None
    below: int | None
    people: int


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
    done = [
        account.seconds
        for account in accounts
        if account.participant.outcome == _Outcome.COMPLETED and account.seconds > 0
    ]
    hourly = [reward * _HOUR / Decimal(str(round(seconds, 3))) for seconds in done]
    promised = study.campaign.pay_per_hour
    return Hourly(
        reward=reward,
        median=statistics.median(hourly).quantize(_CENT, ROUND_HALF_UP) if hourly else None,
        below=None if promised is None else sum(pay < promised for pay in hourly),
        people=len(done),
    )


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
