"""What this room adds to a collection's page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from candidates.models import SamplingRound, ScoreSet
from consonance.catalog.models import Collection
from consonance.catalog.panels import Fact, Panel, register_panel


@register_panel("collection", order=10)
def scores(collection: Collection, person: Any) -> Panel:
    """Return what detectors have scored."""
    found = ScoreSet.objects.filter(collection=collection).select_related("detector")
    facts = [
        Fact(
            str(scored.detector),
            f"{scored.excerpts:,} excerpts of {scored.tracks:,} tracks"
            if scored.is_complete
            else "not complete",
        )
        for scored in found
    ]
    if facts:
        return Panel(title="Scores", facts=facts)
    return Panel(
        title="Scores",
        note="No detector has heard these recordings yet.",
        command=f"./consonance score --collection {collection.slug}",
    )


@register_panel("collection", order=20)
def rounds(collection: Collection, person: Any) -> Panel | None:
    """Return the rounds drawn from the scores."""
    if not ScoreSet.objects.filter(collection=collection, is_complete=True).exists():
        return None
    found = SamplingRound.objects.filter(score_set__collection=collection)
    facts = [
        Fact(
            f"Round {drawn.number}",
            f"{drawn.candidates.count():,} candidates",
            drawn.get_absolute_url(),
        )
        for drawn in found
    ]
    return Panel(
        title="Rounds",
        facts=facts,
        note="" if facts else "A round draws the clips that are worth asking about.",
        url=reverse("candidates:draw"),
        action="Draw a round",
    )
