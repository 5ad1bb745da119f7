"""Collections in figures, for the front page and the collections' own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from consonance.catalog.licences import Licence, parse
from consonance.catalog.models import Clip, Collection, Track, TrackState
from consonance.catalog.wording import length


@dataclass(frozen=True, kw_only=True)
class LicenceShare:
    """How much of a collection stands under a licence."""

    licence: Licence
    tracks: int
    duration_ms: int

    @property
    def length(self) -> str:
        """Its recordings' length in words."""
        return length(self.duration_ms)


@dataclass(frozen=True, kw_only=True)
class CollectionOverview:
    """A collection in figures."""

    collection: Collection
    tracks: int = 0
    ready: int = 0
    quarantined: int = 0
    missing: int = 0
    ready_ms: int = 0
    clips: int = 0
    licences: list[LicenceShare] = field(default_factory=list)

    @property
    def length(self) -> str:
        """Length of the ready recordings in words."""
        return length(self.ready_ms)

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name

    @property
    def url(self) -> str:
        """The collection's page."""
        return self.collection.get_absolute_url()

    @property
    def cuttable(self) -> int:
        """Ready recordings of which excerpts may be published."""
        return sum(share.tracks for share in self.licences if share.licence.may_cut)


def collection_overviews(
    collections: Iterable[Collection] | None = None,
) -> list[CollectionOverview]:
    """Return collections in figures, by name; all of them when none are given.

    Four queries, however many collections there are.
    """
    chosen = list(Collection.objects.all() if collections is None else collections)
    tracks = Track.objects.filter(collection__in=chosen).order_by()
    ready = Q(state=TrackState.READY)
    counts: dict[UUID, Any] = {
        row["collection"]: row
        for row in tracks.values("collection").annotate(
            n=Count("pk"),
            ready=Count("pk", filter=ready),
            quarantined=Count("pk", filter=Q(state=TrackState.QUARANTINED)),
            missing=Count("pk", filter=Q(state=TrackState.MISSING)),
            ms=Sum("duration_ms", filter=ready),
        )
    }
    clips: Counter[object] = Counter()
    clip_rows = Clip.objects.filter(track__collection__in=chosen).order_by()
    for pk, n in clip_rows.values_list("track__collection").annotate(n=Count("pk")):
        clips[pk] = n
    shares: dict[object, list[LicenceShare]] = {}
    for row in (
        tracks.filter(ready)
        .values("collection", "licence_spdx")
        .annotate(n=Count("pk"), ms=Sum("duration_ms"))
        .order_by("-n", "licence_spdx")
    ):
        share = LicenceShare(
            licence=parse(row["licence_spdx"]), tracks=row["n"], duration_ms=row["ms"] or 0
        )
        shares.setdefault(row["collection"], []).append(share)
    found = []
    for collection in chosen:
        count = counts.get(collection.pk, {})
        found.append(
            CollectionOverview(
                collection=collection,
                tracks=count.get("n", 0),
                ready=count.get("ready", 0),
                quarantined=count.get("quarantined", 0),
                missing=count.get("missing", 0),
                ready_ms=count.get("ms") or 0,
                clips=clips[collection.pk],
                licences=shares.get(collection.pk, []),
            )
        )
    return found
