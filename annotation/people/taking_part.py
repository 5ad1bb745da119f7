"""Who has to do with a campaign: those who may answer, those who have, and those who run it."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.models import Campaign, Measure, Message, Rating
from consonance.people.access import roles
from consonance.people.models import Membership, Role, Scope


def takes_part(person: Any, campaign: Campaign) -> bool:
    """Return whether a person may answer in a campaign or has answered there."""
    if Role.ANNOTATOR in roles(person, *campaign.places):
        return True
    return Rating.objects.filter(question__campaign=campaign, person=person).exists()


def is_known(person: Any, campaign: Campaign) -> bool:
    """Return whether there is anything to tell of a person in a campaign.

    Whoever took part stays known when the role is gone: measures and messages stay, too.
    """
    return (
        takes_part(person, campaign)
        or Measure.objects.filter(campaign=campaign, person=person).exists()
        or Message.objects.filter(campaign=campaign, sender=person).exists()
        or Message.objects.filter(campaign=campaign, recipient=person).exists()
    )


def run_by(person: Any) -> QuerySet[Campaign]:
    """Return the campaigns that a person runs: where they are a curator or an admin."""
    if not person.is_authenticated or not person.is_active:
        return Campaign.objects.none()
    if person.is_superuser:
        return Campaign.objects.all()
    held = Membership.objects.filter(person=person, role__in=[Role.CURATOR, Role.ADMIN])
    here = Q(scope=Scope.SITE) | Q(scope=Scope.CAMPAIGN, scope_id=OuterRef("pk"))
    here |= Q(scope=Scope.COLLECTION, scope_id=OuterRef("collection_id"))
    return Campaign.objects.filter(Exists(held.filter(here)))
