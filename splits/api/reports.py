"""Reports of wrong labels: anybody makes and reads them, curators decide."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.errors import NotAllowedError
from consonance.ledger.asked import body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from splits.actions.decide_reports import decide_reports
from splits.actions.report_label import report_label
from splits.api import shapes
from splits.api.views import clip_of, release_of
from splits.reporting.limits import seconds_to_wait
from splits.reporting.queue import curated_by, public_reports, reports_of

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)


class ReportListView(APIView):
    """Reports of a release."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_reports",
        parameters=[shapes.ReportsAsked],
        responses={200: shapes.ReportsShown, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return reports with what came of them, the newest first; spam is left out."""
        asked = parameters_of(request, shapes.ReportsAsked)
        rows = public_reports(release_of(name, version)).select_related("release_clip")
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": shapes.ReportShown(found, many=True).data})


class ReportView(APIView):
    """Report a label."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_report",
        request=shapes.ReportSent,
        responses={201: shapes.ReportTaken, **problems(400, 404, 409, 429)},
    )
    def post(self, request: Request, name: str, version: str, key: str) -> Response:
        """Say that a label of this clip is wrong; no account is needed."""
        row = clip_of(name, version, key)
        sent = body_of(request, shapes.ReportSent)
        wait = seconds_to_wait(request._request, request.user)
        if wait:
            raise Throttled(wait=wait)
        report = report_label(release_clip=row, reporter=request.user, **sent)
        return Response({"id": report.pk, "state": report.state}, status=201)


class QueueView(APIView):
    """Reports that wait for the caller."""

    @extend_schema(
        operation_id="reports_list",
        parameters=[shapes.QueueAsked],
        responses={200: shapes.QueueShown, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return reports of the collections that the caller curates, the newest first."""
        asked = parameters_of(request, shapes.QueueAsked)
        rows = reports_of(row.pk for row in _curated(request.user))
        rows = rows.filter(state=asked["state"]).select_related("release", "release_clip")
        found, links = page_of(
            rows.defer("release__manifest"),
            order=_NEWEST,
            size=asked["page_size"],
            request=request,
        )
        return Response({**links, "results": shapes.QueuedReport(found, many=True).data})


class DecideView(APIView):
    """Decide about reports."""

    @extend_schema(
        operation_id="reports_decide",
        request=shapes.DecisionSent,
        responses={200: shapes.DecisionShown, **problems(400, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        """Accept, reject or put aside reports, or take that back: all of them, or none."""
        _curated(request.user)
        sent = body_of(request, shapes.DecisionSent)
        changed = decide_reports(
            ids=sent["reports"],
            state=sent["state"],
            reply=sent.get("reply", ""),
            actor=request.user,
        )
        return Response({"changed": len(changed)})


def _curated(person: Any) -> list[Any]:
    found = curated_by(person)
    if not found:
        raise NotAllowedError("You need to be a curator here.")
    return found
