"""What this room adds to the pages of collections, rounds and taxonomies."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse

from annotation.models import Campaign, Question
from candidates.models import SamplingRound
from consonance.catalog.models import Collection, Taxonomy
from consonance.catalog.panels import Fact, Panel, register_panel

#: Campaigns that a panel of a taxonomy lists.
_LISTED: Final = 10


@register_panel("collection", order=30)
def campaigns(collection: Collection, person: Any) -> Panel:
    """Return the collection's campaigns and what has become of their questions."""
    facts = []
    for campaign in Campaign.objects.filter(collection=collection):
        questions = Question.objects.of(campaign).not_gold()
        left = questions.filter(state=Question.State.OPEN).count()
        told = f"{campaign.get_state_display()}, {left:,} of {questions.count():,} questions open"
        facts.append(Fact(campaign.name, told, reverse("annotation:campaign", args=[campaign.pk])))
    return Panel(
        title="Campaigns",
        facts=facts,
        note="" if facts else "A campaign puts a round's candidates to people.",
        url=reverse("annotation:campaign_new"),
        action="Open a campaign",
    )


@register_panel("round", order=30)
def campaigns_of_round(drawn: SamplingRound, person: Any) -> Panel | None:
    """Return the campaigns that ask about a round, or the way to open one."""
    if drawn.state != SamplingRound.State.DRAWN:
        return None
    facts = [
        Fact(
            campaign.name,
            campaign.get_state_display(),
            reverse("annotation:campaign", args=[campaign.pk]),
        )
        for campaign in drawn.campaigns.all()
    ]
    return Panel(
        title="Campaigns",
        facts=facts,
        note="" if facts else "Nobody is asked about these candidates yet.",
        url=reverse("annotation:campaign_new"),
        action="Open a campaign",
    )


@register_panel("taxonomy", order=30)
def campaigns_of_taxonomy(taxonomy: Taxonomy, person: Any) -> Panel | None:
    """Return the campaigns that ask about a taxonomy's classes."""
    if not taxonomy.is_published:
        return None
    asking = Campaign.objects.filter(guidelines__target__taxonomy=taxonomy).distinct()
    facts = [
        Fact(
            campaign.name,
            campaign.get_state_display(),
            reverse("annotation:campaign", args=[campaign.pk]),
        )
        for campaign in asking.order_by("-created_at", "name")[:_LISTED]
    ]
    more = asking.count() - len(facts)
    return Panel(
        title="Campaigns",
        facts=facts,
        note=(f"And {more:,} more." if more > 0 else "")
        if facts
        else "No campaign asks about it yet.",
    )
