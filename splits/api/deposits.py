"""A release's DOI and deposits: for curators of its collection."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.ledger.asked import PageAsked, body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.actions.deposit_release import start_deposit
from splits.actions.record_doi import record_doi
from splits.api import shapes
from splits.api.views import release_of
from splits.models import Release

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)


class DoiView(APIView):
    """A release's DOI."""

    @extend_schema(
        operation_id="releases_doi",
        request=shapes.DoiSent,
        responses={200: shapes.ReleaseSerializer, **problems(400, 401, 403, 404)},
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """Write down the DOI that the release was given; an empty one takes it away."""
        release = _curated(request.user, name, version)
        sent = body_of(request, shapes.DoiSent)
        changed = record_doi(release=release, doi=sent["doi"], actor=request.user)
        return Response(shapes.ReleaseSerializer(changed).data)


class DepositsView(APIView):
    """Deposits of a release."""

    @extend_schema(
        operation_id="releases_deposits",
        parameters=[PageAsked],
        responses={200: shapes.DepositsShown, **problems(400, 401, 403, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return the release's deposits, the newest first."""
        asked = parameters_of(request, PageAsked)
        rows = _curated(request.user, name, version).deposits.all()
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": shapes.DepositShown(found, many=True).data})

    @extend_schema(
        operation_id="releases_deposit",
        request=shapes.DepositSent,
        responses={202: shapes.DepositStarted, **problems(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """Deposit the release at the service of the settings, or go on with a deposit."""
        release = _curated(request.user, name, version)
        sent = body_of(request, shapes.DepositSent)
        job = start_deposit(release=release, publish=sent["publish"], actor=request.user)
        url = request.build_absolute_uri(reverse("api:job", args=[job.pk]))
        return Response({"job": job.pk, "url": url}, status=202)


def _curated(person: Any, name: str, version: str) -> Release:
    release = release_of(name, version)
    require(person, Role.CURATOR, (Scope.COLLECTION, release.collection_id))
    return release
