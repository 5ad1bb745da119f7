"""Searches for duplicates through the API: for curators of the collection, as the pages are."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.catalog.models import Collection
from consonance.ledger.asked import (
    NothingAsked,
    PageAsked,
    PageShown,
    body_of,
    parameters_of,
    problems,
)
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.actions.decide_pair import decide_pair
from splits.actions.find_duplicates import ask_for_duplicates
from splits.copies.pairs import KINDS, STATES, narrowed, pairs_of, scan_of
from splits.models import DuplicatePair, DuplicateScan, DuplicateVerdict

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_LIKEST: Final = Order(field="score", tie="id", is_descending=True)


class PairsAsked(PageAsked):
    """Which pairs."""

    state = serializers.ChoiceField(choices=list(STATES), default="all")
    kind = serializers.ChoiceField(choices=list(KINDS), required=False)


class SearchSent(serializers.Serializer[Any]):
    """How to look."""

    recordings = serializers.BooleanField(
        default=False, help_text="Compare whole recordings, too, where their files are at hand."
    )
    expected_false_edges = serializers.FloatField(
        default=None, allow_null=True, min_value=0.001, max_value=1,
        help_text="Strangers taken for copies among all pairs; 0.1 without it.",
    )  # fmt: skip


class VerdictSent(serializers.Serializer[Any]):
    """What was heard."""

    says = serializers.ChoiceField(choices=DuplicateVerdict.Says.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=500)


class SearchStarted(serializers.Serializer[Any]):
    """The search's job, whose id the scan will have."""

    job = serializers.UUIDField()


class ScanShown(serializers.ModelSerializer[DuplicateScan]):
    """A search, and how well it saw."""

    collection = serializers.CharField(source="collection.slug")

    class Meta:
        model = DuplicateScan
        fields = ["id", "collection", "clips", "asked", "facts", "created_at"]


class ScanPage(PageShown):
    """A page of searches."""

    results = ScanShown(many=True)


class PairShown(serializers.ModelSerializer[DuplicatePair]):
    """Two clips, what was measured, and the newest verdict."""

    first_key = serializers.CharField(source="first.sample_key")
    second_key = serializers.CharField(source="second.sample_key")
    says = serializers.ChoiceField(choices=DuplicateVerdict.Says.choices, allow_null=True)

    class Meta:
        model = DuplicatePair
        fields = [
            "id", "first", "second", "first_key", "second_key", "kind", "score", "lag_s", "overlap",
            "is_verified", "facts", "says",
        ]  # fmt: skip


class PairPage(PageShown):
    """A page of pairs."""

    results = PairShown(many=True)


class VerdictShown(serializers.ModelSerializer[DuplicateVerdict]):
    """Somebody's word on two clips."""

    person = serializers.CharField(source="person.username", allow_null=True, default=None)

    class Meta:
        model = DuplicateVerdict
        fields = ["id", "first", "second", "says", "note", "person", "created_at"]


def _collection(request: Request, slug: str) -> Collection:
    found = Collection.objects.filter(slug=slug).first()
    require(request.user, Role.CURATOR, *([(Scope.COLLECTION, found.pk)] if found else []))
    return get_object_or_404(Collection, slug=slug) if found is None else found


class SearchesView(APIView):
    """A collection's searches."""

    @extend_schema(
        operation_id="duplicates_searches",
        parameters=[PageAsked],
        responses={200: ScanPage, **problems(400, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the searches in a collection, newest first."""
        collection = _collection(request, slug)
        asked = parameters_of(request, PageAsked)
        rows = DuplicateScan.objects.filter(collection=collection).select_related("collection")
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": ScanShown(found, many=True).data})

    @extend_schema(
        operation_id="duplicates_find",
        request=SearchSent,
        responses={
            202: SearchStarted,
            **problems(400, 403, 404, 409, on_409="The collection has no clip yet."),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Start a search in the background; its scan appears when it is done."""
        collection = _collection(request, slug)
        sent = body_of(request, SearchSent)
        job = ask_for_duplicates(collection=collection, actor=request.user, **sent)
        return Response({"job": str(job.pk)}, status=202)


class ScanView(APIView):
    """One search."""

    @extend_schema(
        operation_id="duplicates_scan", responses={200: ScanShown, **problems(400, 403, 404)}
    )
    def get(self, request: Request, scan_id: UUID) -> Response:
        """Return a search with its thresholds, the strangers' curve, recall and counts."""
        scan = scan_of(request.user, scan_id)
        parameters_of(request, NothingAsked)
        return Response(ScanShown(scan).data)


class PairsView(APIView):
    """What a search found."""

    @extend_schema(
        operation_id="duplicates_pairs",
        parameters=[PairsAsked],
        responses={200: PairPage, **problems(400, 403, 404)},
    )
    def get(self, request: Request, scan_id: UUID) -> Response:
        """Return pairs, the likest first."""
        scan = scan_of(request.user, scan_id)
        asked = parameters_of(request, PairsAsked)
        rows: QuerySet[Any] = narrowed(
            pairs_of(scan), state=asked["state"], kind=asked.get("kind", "")
        )
        found, links = page_of(rows, order=_LIKEST, size=asked["page_size"], request=request)
        return Response({**links, "results": PairShown(found, many=True).data})


class VerdictView(APIView):
    """Saying what two clips are."""

    @extend_schema(
        operation_id="duplicates_decide",
        request=VerdictSent,
        responses={200: VerdictShown, **problems(400, 403, 404)},
    )
    def post(self, request: Request, scan_id: UUID, pair_id: int) -> Response:
        """Add a verdict on a pair: the newest holds, in every later search and release."""
        scan = scan_of(request.user, scan_id)
        pair = get_object_or_404(
            DuplicatePair.objects.select_related("scan__collection"), pk=pair_id, scan=scan
        )
        sent = body_of(request, VerdictSent)
        return Response(VerdictShown(decide_pair(pair=pair, actor=request.user, **sent)).data)
