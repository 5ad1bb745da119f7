"""What this room adds to the pages of collections, labels and taxonomies."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from consonance.catalog.models import Collection, Taxonomy
from consonance.catalog.panels import Fact, Panel, register_panel
from splits.models import DuplicateScan, Release, ReleaseClip
from splits.reporting.queue import open_in


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
    waiting = open_in(collection)
    if facts:
        told = f"{waiting:,} open" if waiting else "none open"
        queue = f"{reverse('splits:report_queue')}?collection={collection.slug}"
        facts.append(Fact("Reported labels", told, queue))
    return Panel(
        title="Releases",
        facts=facts,
        note="" if facts else "Nothing is published yet.",
        url=reverse("splits:build"),
        action="Build a release",
    )


@register_panel("collection", order=35)
def duplicates(collection: Collection, person: Any) -> Panel:
    """Return what the newest search for duplicates found."""
    scan = DuplicateScan.objects.filter(collection=collection).first()
    if scan is None:
        return Panel(
            title="Duplicates",
            note="Its clips were not compared yet.",
            url=reverse("splits:duplicates"),
            action="Look for duplicates",
        )
    doubtful = scan.facts["pairs"] - scan.facts["verified"]
    url = reverse("splits:duplicate_pairs", args=[scan.pk])
    return Panel(
        title="Duplicates",
        facts=[
            Fact("Clips compared", f"{scan.clips:,}", url),
            Fact("Verified pairs", f"{scan.facts['verified']:,}", url),
            Fact("Doubtful pairs", f"{doubtful:,}", url),
        ],
        url=reverse("splits:duplicate_review", args=[scan.pk]) if doubtful else url,
        action="Hear doubtful pairs" if doubtful else "See the pairs",
    )


@register_panel("label", order=40)
def releases_with(label: Any, person: Any) -> Panel:
    """Return the releases that a label is in.

    Parameters
    ----------
    label
        Has `clip_id` and `target`, the class.
    person
        Who looks; releases are everybody's.
    """
    facts = []
    rows = ReleaseClip.objects.filter(clip=label.clip_id).select_related("release")
    for row in rows.order_by("-release__published_at", "release__name"):
        said = [word for word in ("present", "absent") if label.target.name in getattr(row, word)]
        told = (
            f"{said[0]}, in {row.partition}" if said else f"the clip, unlabelled, {row.partition}"
        )
        release = row.release
        name = f"{release.name} {release.version}"
        facts.append(Fact(name, told, release.get_absolute_url()))
    return Panel(
        title="Releases",
        facts=facts,
        note="" if facts else "No release has this clip.",
        url=reverse("splits:releases"),
        action="All releases",
    )


@register_panel("taxonomy", order=40)
def releases_of_taxonomy(taxonomy: Taxonomy, person: Any) -> Panel | None:
    """Return the releases whose clips were drawn by a taxonomy: their manifests name it."""
    if not taxonomy.is_published:
        return None
    facts = [
        Fact(
            f"{release.name} {release.version}",
            f"{release.figures.get('clips', 0):,} clips",
            release.get_absolute_url(),
        )
        for release in Release.objects.filter(
            manifest__provenance__detector__taxonomy=taxonomy.name,
            manifest__provenance__detector__taxonomy_version=taxonomy.version,
        )
    ]
    return Panel(
        title="Releases",
        facts=facts,
        note="" if facts else "No release is made of it yet.",
    )
