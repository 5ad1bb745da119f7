"""Scans and their pairs, as curators ask for them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from consonance.catalog.models import Collection
from consonance.people.access import require, roles
from consonance.people.models import Membership, Role, Scope
from splits.models import DuplicatePair, DuplicateScan, DuplicateVerdict

#: What a list of pairs can be narrowed to.
STATES: Final = {
    "waiting": "To be heard",
    "decided": "Decided",
    "verified": "Verified by measure",
    "all": "All",
}
KINDS: Final = {
    "bytes": "Same file",
    "pcm": "Same samples",
    "near": "Alike when aligned",
    "said": "By a curator’s word",
}


def curated(person: Any) -> QuerySet[Collection]:
    """Return the collections that a person is a curator of."""
    if Role.CURATOR in roles(person):
        return Collection.objects.all()
    held = Membership.objects.filter(
        person=person, scope=Scope.COLLECTION, role__in=[Role.CURATOR, Role.ADMIN]
    )
    return Collection.objects.filter(pk__in=held.values("scope_id"))


def scan_of(person: Any, scan_id: UUID) -> DuplicateScan:
    """Return a scan to a curator of its collection.

    Raises
    ------
    NotAllowedError
        If the person is no curator there; asked first, so that nobody learns what exists.
    Http404
        If there is none.
    """
    scan = DuplicateScan.objects.select_related("collection", "created_by").filter(pk=scan_id)
    found = scan.first()
    require(person, Role.CURATOR, *([(Scope.COLLECTION, found.collection_id)] if found else []))
    if found is None:
        raise Http404("There is no such scan.")
    return found


def pairs_of(scan: DuplicateScan) -> QuerySet[DuplicatePair]:
    """Return a scan's pairs with the newest verdict of each in `says` (none: null)."""
    newest = DuplicateVerdict.objects.filter(
        collection=scan.collection_id, first=OuterRef("first"), second=OuterRef("second")
    ).order_by("-pk")
    return (
        DuplicatePair.objects.filter(scan=scan)
        .select_related("first__track", "second__track")
        .annotate(says=Subquery(newest.values("says")[:1]))
    )


def narrowed(pairs: QuerySet[Any], *, state: str = "all", kind: str = "") -> QuerySet[Any]:
    """Return those in a state, and of a kind."""
    if state == "waiting":
        pairs = pairs.filter(is_verified=False, says__isnull=True)
    elif state == "decided":
        pairs = pairs.filter(says__isnull=False)
    elif state == "verified":
        pairs = pairs.filter(is_verified=True, says__isnull=True)
    return pairs.filter(kind=kind) if kind in KINDS else pairs


def naming(pairs: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Return pairs of which one clip's title, artist or number has these words."""
    if not words:
        return pairs
    asked = Q()
    for side in ("first", "second"):
        asked |= Q(**{f"{side}__track__title__icontains": words})
        asked |= Q(**{f"{side}__track__artist__icontains": words})
        if words.isdecimal() and len(words) < 10:
            asked |= Q(**{f"{side}__track__track_no": int(words)})
    return pairs.filter(asked)


def doubtful_first(pairs: QuerySet[Any]) -> QuerySet[Any]:
    """Return pairs in the order in which one looks at them: undecided doubts, then the likest."""
    return pairs.order_by(F("says").asc(nulls_first=True), "is_verified", "-score", "pk")


def beside(pairs: QuerySet[Any], pair: DuplicatePair, *, after: bool) -> DuplicatePair | None:
    """Return the next pair by likeness, or the one before; round the end to the other."""
    pairs = pairs.exclude(pk=pair.pk)
    if after:
        further = pairs.filter(Q(score__lt=pair.score) | Q(score=pair.score, pk__gt=pair.pk))
        order: tuple[str, ...] = ("-score", "pk")
    else:
        further = pairs.filter(Q(score__gt=pair.score) | Q(score=pair.score, pk__lt=pair.pk))
        order = ("score", "-pk")
    return further.order_by(*order).first() or pairs.order_by(*order).first()
