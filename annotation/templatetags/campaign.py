"""`{% load campaign %}`: what waits for a campaign's curator."""

from __future__ import annotations

from django import template
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from annotation.models import Campaign, ClipFlag, Question

register = template.Library()


@register.simple_tag
def waiting_in(campaign: Campaign) -> dict[str, int]:
    """Return how many questions and reported clips wait for a decision; one query.

    Returns
    -------
    dict
        `disputed` and `reported`.
    """
    of_campaign = Question.objects.filter(campaign=OuterRef("pk"), state=Question.State.DISPUTED)
    disputed = of_campaign.order_by().values("campaign").annotate(n=Count("pk")).values("n")
    # Reports wait where their clip is asked about, in whichever campaign they were made.
    asked = Question.objects.of(campaign).filter(clip__isnull=False).values("clip")
    reported = (
        ClipFlag.objects.filter(Q(resolution=ClipFlag.Resolution.NONE), clip__in=asked)
        .order_by()
        .values("resolution")
        .annotate(n=Count("clip", distinct=True))
        .values("n")
    )
    found = (
        Campaign.objects.filter(pk=campaign.pk)
        .values(disputed=Coalesce(Subquery(disputed), 0), reported=Coalesce(Subquery(reported), 0))
        .get()
    )
    return {"disputed": found["disputed"], "reported": found["reported"]}
