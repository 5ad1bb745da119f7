"""Which reports there are, for whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from consonance.catalog.models import Collection
from consonance.people.access import roles
from consonance.people.models import Role, Scope
from splits.models import LabelReport, Release

_State = LabelReport.State


def curated_by(person: Any) -> list[Collection]:
    """Return the collections whose reports a person decides about."""
    found = Collection.objects.all()
    if Role.CURATOR in roles(person):
        return list(found)
    return [row for row in found if Role.CURATOR in roles(person, (Scope.COLLECTION, row.pk))]


def public_reports(release: Release) -> QuerySet[LabelReport]:
    """Return what everybody may read: reports of a release without spam, the newest first."""
    return LabelReport.objects.filter(release=release).exclude(state=_State.SPAM)


def reports_of(collections: Iterable[UUID]) -> QuerySet[LabelReport]:
    """Return all reports of these collections' releases."""
    return LabelReport.objects.filter(release__collection__in=list(collections))


def counts_of(reports: QuerySet[LabelReport]) -> dict[str, int]:
    """Return how many reports there are in each state."""
    rows = reports.order_by().values_list("state").annotate(number=Count("pk"))
    return {**dict.fromkeys(_State.values, 0), **dict(rows)}


def open_in(collection: Collection) -> int:
    """Return how many reports of a collection's releases wait for a curator."""
    return LabelReport.objects.filter(release__collection=collection, state=_State.OPEN).count()


def for_next_version(collections: Iterable[UUID] | None = None) -> QuerySet[LabelReport]:
    """Return accepted reports that no later version has answered, by release and clip."""
    accepted = LabelReport.objects.filter(state=_State.ACCEPTED)
    if collections is not None:
        accepted = accepted.filter(release__collection__in=list(collections))
    return (
        accepted.filter(Q(release__later__isnull=True))
        .select_related("release", "release_clip")
        .order_by("release__name", "release__version", "release_clip__sample_key", "class_name")
    )
