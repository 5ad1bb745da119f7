"""Reads of campaigns, questions, assignments and ratings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

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

    def with_latest_run(self) -> Self:
        """Add `latest_run`, the id of the newest consensus run; None before the first."""
        runs = apps.get_model("annotation", "ConsensusRun").objects.filter(campaign=OuterRef("pk"))
        return self.annotate(latest_run=Subquery(runs.order_by("-number").values("pk")[:1]))


class QuestionQuerySet(models.QuerySet[Any]):
    """Chainable reads of questions."""

    def of(self, campaign: Campaign) -> Self:
        """Return one campaign's questions."""
        return self.filter(campaign=campaign)

    def open(self) -> Self:
        """Return questions with a free place: more answers wanted than given and leased."""
        return self.filter(state="open", free__gt=0)

    def not_asked_of(self, person: Any) -> Self:
        """Return questions that this person never had in hand."""
        return self.exclude(assignments__person=person)

    def suitable_for(self, person: Any) -> Self:
        """Return questions that may be played to this person: explicit ones only by consent."""
        fit = self.exclude(clip__is_withdrawn=True)
        if person.accepts_explicit:
            return fit
        return fit.exclude(clip__track__is_explicit=True).exclude(track__is_explicit=True)

    def by_priority(self) -> Self:
        """Order as questions are handed out: begun ones first, then by the seeded order."""
        return self.order_by("-answered", "priority")


class AssignmentQuerySet(models.QuerySet[Any]):
    """Chainable reads of assignments."""

    def of(self, campaign: Campaign) -> Self:
        """Return one campaign's assignments."""
        return self.filter(question__campaign=campaign)

    def in_hand(self, person: Any, now: datetime) -> Self:
        """Return what this person has in hand and may still answer in time."""
        return self.filter(
            person=person, state="leased", lease_until__gt=now, question__state="open"
        )

    def run_out(self, now: datetime) -> Self:
        """Return leases that ran out and still hold their place."""
        return self.filter(state="leased", lease_until__lte=now)


class RatingQuerySet(models.QuerySet[Any]):
    """Chainable reads of ratings."""

    def in_force(self) -> Self:
        """Return ratings that no later row supersedes or takes back."""
        return self.filter(superseded_by__isnull=True, is_withdrawn=False)

    def for_consensus(self, campaign: Campaign) -> Self:
        """Return what a consensus run of this campaign may use."""
        return self.in_force().filter(question__campaign=campaign)
