"""Reads of campaigns, questions, assignments and ratings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from consonance.people.models import Membership, Role, Scope

if TYPE_CHECKING:
    from annotation.models import Campaign

#: Roles that let a person answer; see `consonance.people.access` for what implies what.
_ANSWERING = (Role.ANNOTATOR, Role.CURATOR, Role.ADMIN)


class CampaignQuerySet(models.QuerySet[Any]):
    """Chainable reads of campaigns."""

    def answerable_by(self, person: Any) -> Self:
        """Return campaigns in which this person may answer, by a role there or everywhere."""
        if person.is_superuser:
            return self
        held = Membership.objects.filter(person=person, role__in=_ANSWERING)
        here = Q(scope=Scope.SITE) | Q(scope=Scope.CAMPAIGN, scope_id=OuterRef("pk"))
        here |= Q(scope=Scope.COLLECTION, scope_id=OuterRef("collection_id"))
        return self.filter(Exists(held.filter(here)))


class QuestionQuerySet(models.QuerySet[Any]):
    """Chainable reads of questions."""

    def of(self, campaign: Campaign | UUID) -> Self:
        """Return one campaign's questions."""
        return self.filter(campaign=campaign)

    def open(self) -> Self:
        """Return questions with a free place: more answers wanted than given and leased."""
        return self.filter(state="open", free__gt=0)

    def gold(self) -> Self:
        """Return questions whose answer is known: they are asked to see how people do."""
        return self.filter(is_gold=True)

    def not_gold(self) -> Self:
        """Return what a campaign wants to know: the questions that are counted."""
        return self.filter(is_gold=False)

    def not_asked_of(self, person: Any) -> Self:
        """Return questions that this person never had in hand."""
        return self.exclude(assignments__person=person)

    def suitable_for(self, person: Any) -> Self:
        """Return questions that may be played to this person: explicit ones only by consent."""
        fit = self.exclude(clip__is_withdrawn=True)
        if person.accepts_explicit:
            return fit
        return fit.exclude(clip__track__is_explicit=True).exclude(track__is_explicit=True)

    def begun(self) -> Self:
        """Return those that somebody has answered, nearest to their end first."""
        return self.filter(answered__gt=0).order_by("-answered", "priority")

    def new_of(self, target_id: UUID) -> Self:
        """Return those of a class that nobody has answered, in their seeded order."""
        return self.filter(answered=0, target=target_id).order_by("priority")

    def by_priority(self) -> Self:
        """Order as questions are handed out: begun ones first, then by the seeded order."""
        return self.order_by("-answered", "priority")


class AssignmentQuerySet(models.QuerySet[Any]):
    """Chainable reads of assignments."""

    def of(self, campaign: Campaign | UUID) -> Self:
        """Return one campaign's assignments."""
        return self.filter(question__campaign=campaign)

    def in_hand(self, person: Any, now: datetime) -> Self:
        """Return what this person has in hand and may still answer in time.

        A planted repeat (`occasion` above 0) is asked whether its question is decided or not.
        """
        return self.filter(self.is_in_hand(now), person=person)

    def is_in_hand(self, now: datetime) -> Q:
        """Return the condition on a lease that can still be answered in time."""
        still_asked = Q(question__state="open") | Q(occasion__gt=0)
        return still_asked & Q(state="leased", lease_until__gt=now)

    def run_out(self, now: datetime) -> Self:
        """Return leases that ran out and were not ended yet."""
        return self.filter(state="leased", lease_until__lte=now)


class RatingQuerySet(models.QuerySet[Any]):
    """Chainable reads of ratings."""

    def in_force(self) -> Self:
        """Return ratings that no later row supersedes or takes back."""
        return self.filter(superseded_by__isnull=True, is_withdrawn=False)

    def in_force_at(self, moment: datetime) -> Self:
        """Return ratings that were in force at a moment, whatever became of them since."""
        is_given = Q(is_withdrawn=False) | Q(withdrawn_at__gt=moment)
        is_last = Q(superseded_by__isnull=True) | Q(superseded_by__created_at__gt=moment)
        return self.filter(is_given, is_last, created_at__lte=moment)

    def for_consensus(self, campaign: Campaign) -> Self:
        """Return what a consensus run of this campaign may use: planted repeats tell of people."""
        return self.in_force().filter(campaign=campaign, occasion=0)
