"""What campaigns and collections tell those who are invited to them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

from annotation.gold.quizzes import quizzed_classes
from annotation.models import Campaign
from consonance.catalog.models import Collection
from consonance.people.models import Membership, Scope, User
from consonance.people.places import Invited, tells_of

_CLOSED = _("This campaign is closed: it asks nobody any more.")
_MEMBERS = _(
    "This campaign takes only people to whom its curators give a role themselves."
    " Let it take invitations first."
)


def invitation_refusal(campaign: Campaign) -> str:
    """Return why nobody joins a campaign by invitation; empty where they do."""
    if campaign.state == Campaign.State.CLOSED:
        return str(_CLOSED)
    return str(_MEMBERS) if campaign.joining == Campaign.Joining.MEMBERS else ""


@tells_of(Scope.CAMPAIGN)
def campaign_place(campaign_id: UUID) -> Invited | None:
    """Tell a campaign to whoever is invited to it."""
    campaign = Campaign.objects.select_related("collection").filter(pk=campaign_id).first()
    if campaign is None:
        return None
    return Invited(
        name=campaign.name,
        about=campaign.description or _about(campaign),
        facts=facts_of(campaign),
        url=campaign.get_absolute_url(),
        places=campaign.places,
        refusal=invitation_refusal(campaign),
    )


@tells_of(Scope.COLLECTION)
def collection_place(collection_id: UUID) -> Invited | None:
    """Tell a collection to whoever is invited to it."""
    collection = Collection.objects.filter(pk=collection_id).first()
    if collection is None:
        return None
    return Invited(
        name=collection.name,
        about=gettext("You hear short clips of music and say which instruments sound in them."),
        url=reverse("annotation:campaigns"),
        places=((Scope.COLLECTION, collection.pk),),
    )


def _about(campaign: Campaign) -> str:
    return gettext(
        "You hear short clips from %(collection)s and say what sounds in them: yes, no or unsure."
        " You need a quiet place, and headphones are best."
    ) % {"collection": campaign.collection}


def facts_of(campaign: Campaign) -> list[tuple[str, str]]:
    """Return what somebody wants to know before they join: pay, the quiz, languages."""
    facts = [(gettext("Pay"), pay_text(campaign))]
    if campaign.requires_quiz and quizzed_classes(campaign):
        facts.append((gettext("First"), gettext("A short quiz with explained answers")))
    if campaign.checks_headphones:
        facts.append((gettext("You need"), gettext("Headphones; they are checked")))
    if campaign.languages:
        names = ", ".join(language_name(str(code)) for code in campaign.languages)
        facts.append((gettext("Languages"), names))
    return facts


def language_name(code: str) -> str:
    """Return what a language is called on this page: `German` for `de`; the code if unknown."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def pay_text(campaign: Campaign) -> str:
    """Return what an hour is paid, in words."""
    if campaign.pay_per_hour is None:
        return gettext("None: people take part as volunteers")
    return gettext("%(pay)s %(currency)s an hour") % {
        "pay": number_format(campaign.pay_per_hour, 2),
        "currency": campaign.pay_currency,
    }


def open_to(person: User) -> QuerySet[Campaign]:
    """Return open campaigns that anybody may join and this person has not, the newest first."""
    here = Membership.objects.filter(person=person, scope=Scope.CAMPAIGN, scope_id=OuterRef("pk"))
    return (
        Campaign.objects.filter(joining=Campaign.Joining.ANYBODY, state=Campaign.State.OPEN)
        .exclude(pk__in=Campaign.objects.answerable_by(person).values("pk"))
        .exclude(Exists(here))
        .select_related("collection")
    )
