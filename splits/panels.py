"""What this room adds to a collection's page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from consonance.catalog.models import Collection
from consonance.catalog.panels import Fact, Panel, register_panel
from splits.models import Release


@register_panel("collection", order=40)
def releases(collection: Collection, person: Any) -> Panel:
    """Return what was published from a collection."""
    facts = [
        Fact(
            f"{release.name} {release.version}",
            f"{release.figures['clips']:,} clips",
            release.get_absolute_url(),
        )
        for release in Release.objects.filter(collection=collection)
    ]
    return Panel(
        title="Releases",
        facts=facts,
        note="" if facts else "Nothing is published yet.",
        url=reverse("splits:build"),
        action="Build a release",
    )
