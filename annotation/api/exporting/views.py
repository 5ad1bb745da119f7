"""Downloads of a campaign's ratings, questions and labels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.api.exporting.streaming import CSV, FormatNegotiation, JSONLines, file_response
from annotation.api.exporting.tables import (
    QUESTION_COLUMNS,
    RATING_COLUMNS,
    Chunk,
    label_chunks,
    label_columns,
    question_chunks,
    rating_chunks,
)
from annotation.api.reports import campaign_of, run_of
from annotation.models import Campaign
from consonance.errors import ParameterError, StateError
from consonance.ledger.asked import parameters_of, problems
from consonance.people.access import roles
from consonance.people.models import Role

#: Tells as of when a file is, so that the same can be asked for again.
CUTOFF: Final = "Consonance-Cutoff"
_LARGEST: Final = 2_147_483_647
_FORMATS: Final = OpenApiParameter(
    "format",
    OpenApiTypes.STR,
    enum=["ndjson", "csv"],
    description="Or by the header `Accept`; JSON lines by default.",
)


class _Asked(serializers.Serializer[Any]):
    format = serializers.CharField(required=False)
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=_LARGEST, help_text="Rows at most."
    )


class RatingsExportAsked(_Asked):
    """Which ratings."""

    cutoff = serializers.DateTimeField(
        required=False,
        help_text="As of when; now by default. The header `Consonance-Cutoff` tells it.",
    )
    after = serializers.UUIDField(
        required=False, help_text="Go on after this rating: the last whole row that was received."
    )


class QuestionsExportAsked(_Asked):
    """Which questions."""

    after = serializers.UUIDField(
        required=False, help_text="Go on after this question: the last whole row received."
    )


class LabelsExportAsked(_Asked):
    """Which labels."""

    run = serializers.IntegerField(
        required=False, min_value=1, max_value=_LARGEST, help_text="Number; the newest by default."
    )
    after = serializers.IntegerField(
        default=0, min_value=0, max_value=_LARGEST, help_text="Go on after this `row`."
    )


def _documented(asked: type[_Asked], operation: str, what: str, *statuses: int, **said: str) -> Any:
    file = OpenApiResponse(OpenApiTypes.STR, description=what)
    return extend_schema(
        operation_id=operation,
        parameters=[asked, _FORMATS],
        responses={
            (200, "application/x-ndjson"): file,
            (200, "text/csv"): file,
            **problems(400, 403, 404, 429, *statuses, **said),
        },
    )


class _ExportView(APIView):
    renderer_classes = [JSONLines, CSV]
    content_negotiation_class = FormatNegotiation
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "exports"


class RatingsExportView(_ExportView):
    """Ratings as a file."""

    @_documented(
        RatingsExportAsked, "ratings_export",
        f"One rating a row: {', '.join(RATING_COLUMNS)}.",
    )  # fmt: skip
    def get(self, request: Request, campaign_id: UUID) -> HttpResponseBase:
        """Download all answers of a campaign by pseudonym, the oldest first.

        Written while it is read, and as of one moment: what is said, taken back or corrected
        meanwhile is not in it. Whoever loses the connection goes on with the same `cutoff` and
        `after` the last whole row they have. Answers to gold are for curators alone.
        """
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        asked = parameters_of(request, RatingsExportAsked)
        cutoff: datetime = asked.get("cutoff") or timezone.now()
        if cutoff > timezone.now():
            raise ParameterError(f"The cut-off {cutoff.isoformat()} has not come yet.")
        chunks = rating_chunks(
            campaign, cutoff=cutoff, after=asked.get("after"), limit=asked.get("limit"),
            with_gold=Role.CURATOR in roles(request.user, *campaign.places),
        )  # fmt: skip
        return _sent(
            request, campaign, "ratings", RATING_COLUMNS, chunks, {CUTOFF: cutoff.isoformat()}
        )


class QuestionsExportView(_ExportView):
    """Questions as a file."""

    @_documented(
        QuestionsExportAsked, "questions_export",
        f"One question a row: {', '.join(QUESTION_COLUMNS)}.",
    )  # fmt: skip
    def get(self, request: Request, campaign_id: UUID) -> HttpResponseBase:
        """Download what a campaign asks, in the order of ids; gold is not among it."""
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        asked = parameters_of(request, QuestionsExportAsked)
        chunks = question_chunks(campaign, after=asked.get("after"), limit=asked.get("limit"))
        return _sent(request, campaign, "questions", QUESTION_COLUMNS, chunks, {})


class LabelsExportView(_ExportView):
    """Labels as a file."""

    @_documented(
        LabelsExportAsked, "labels_export",
        "One label a row: `row`, then the columns of the frozen table, as docs/data-model.md"
        " tells them.",
        409,
        on_409="There is no run yet, or its table is not on this server.",
    )  # fmt: skip
    def get(self, request: Request, campaign_id: UUID) -> HttpResponseBase:
        """Download the labels of a run: frozen, so that the same run gives the same bytes.

        Labels of gold are for curators alone.
        """
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        asked = parameters_of(request, LabelsExportAsked)
        if "run" in asked:
            run = run_of(campaign, asked["run"])
        else:
            newest = campaign.runs.select_related("labels").order_by("-number").first()
            if newest is None:
                raise StateError(f"{campaign} has no run yet. Aggregate its ratings first.")
            run = newest
        chunks = label_chunks(
            run, after=asked["after"], limit=asked.get("limit"),
            with_gold=Role.CURATOR in roles(request.user, *campaign.places),
        )  # fmt: skip
        headers = {"Consonance-Run": str(run.number)}
        return _sent(
            request, campaign, f"labels-run{run.number}", label_columns(run), chunks, headers
        )


def _sent(
    request: Request,
    campaign: Campaign,
    what: str,
    columns: Any,
    chunks: Iterator[Chunk],
    headers: dict[str, str],
) -> HttpResponseBase:
    # What cannot be read is told before the first byte is sent.
    first = next(chunks, None)
    whole = chunks if first is None else chain([first], chunks)
    return file_response(
        request, name=f"{campaign.pk}-{what}", columns=columns, chunks=whole, headers=headers
    )
