"""What two rooms that do not know each other have to tell together."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from consonance.catalog.panels import Fact, Panel, register_panel
from consonance.people.access import roles
from consonance.people.models import Role, Scope
from consonance.web.completing import opened_for
from splits.completing import PARTITION, classes_of
from splits.models import Release


@register_panel("release", order=30)
def exhaustive_test_set(release: Release, person: Any) -> Panel | None:
    """Tell curators how far the test partition is labelled, and lead to what completes it."""
    if Role.CURATOR not in roles(person, (Scope.COLLECTION, release.collection_id)):
        return None
    clips = release.figures["partitions"].get(PARTITION, 0)
    whole = clips * len(classes_of(release))
    if not whole:
        return None
    labelled = sum(
        sum(entry["by_partition"].get(PARTITION, (0, 0)))
        for entry in release.figures["classes"].values()
    )
    facts = [Fact("Labels there", f"{labelled:,} of {whole:,}")]
    campaign = opened_for(release)
    if campaign is not None:
        url = reverse("annotation:campaign", args=[campaign.pk])
        facts.append(Fact("Campaign", campaign.name, url))
        return Panel(title="Exhaustive test set", facts=facts, url=url, action="To the campaign")
    if labelled >= whole:
        return Panel(title="Exhaustive test set", facts=facts, note="Every class is labelled.")
    return Panel(
        title="Exhaustive test set",
        facts=facts,
        note="A campaign can ask the rest: every class of every clip of the test partition.",
        url=reverse("complete_test_set", args=[release.name, release.version]),
        action="Complete it",
    )
