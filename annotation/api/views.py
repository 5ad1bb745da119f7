"""The rating loop through the API: claim, answer, undo."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.actions.claim_questions import claim_questions
from annotation.actions.submit_ratings import submit_ratings
from annotation.actions.undo_rating import undo_rating
from annotation.api.serializers import (
    ClaimRequest,
    ClaimResponse,
    ProblemShown,
    RatingsRequest,
    RatingsResponse,
    UndoRequest,
    UndoResponse,
)
from annotation.models import Campaign
from annotation.presentation import present_questions, progress_of

_REFUSED = OpenApiResponse(ProblemShown, description="The request is malformed or too large.")
_STRANGER = OpenApiResponse(ProblemShown, description="Not signed in.")
_FORBIDDEN = OpenApiResponse(ProblemShown, description="No annotator here.")
_MISSING = OpenApiResponse(ProblemShown, description="There is no such campaign.")


class ClaimView(APIView):
    """Lease questions."""

    @extend_schema(
        operation_id="questions_claim",
        request=ClaimRequest,
        responses={
            200: ClaimResponse,
            400: _REFUSED,
            401: _STRANGER,
            403: _FORBIDDEN,
            404: _MISSING,
        },
    )
    def post(self, request: Request) -> Response:
        """Put questions into the caller's hands; those still in hand come first."""
        asked = ClaimRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wish: dict[str, Any] = asked.validated_data
        campaign = get_object_or_404(Campaign, pk=wish["campaign"])
        claim = claim_questions(
            campaign=campaign, person=request.user, count=wish["count"], holding=wish["holding"]
        )
        answer: dict[str, Any] = {
            "questions": present_questions(campaign, claim.assignments),
            "progress": progress_of(campaign, request.user, timezone.now()).as_dict(),
        }
        if claim.reason:
            answer["reason"] = claim.reason
        if claim.detail:
            answer["detail"] = claim.detail
        return Response(answer)


class RatingsView(APIView):
    """Store answers."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="ratings_submit",
        request=RatingsRequest,
        responses={200: RatingsResponse, 400: _REFUSED, 401: _STRANGER, 403: _FORBIDDEN},
    )
    def post(self, request: Request) -> Response:
        """Store answers, each once by its key, and tell what became of each."""
        sent = RatingsRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        results = submit_ratings(person=request.user, answers=sent.answers())
        campaign = next((r.campaign for r in reversed(results) if r.campaign), None)
        progress = campaign and progress_of(campaign, request.user, timezone.now()).as_dict()
        shown = [
            {"key": str(result.key), "status": result.status}
            | ({"detail": result.detail} if result.detail else {})
            for result in results
        ]
        return Response({"results": shown, "progress": progress})


class UndoView(APIView):
    """Take an answer back."""

    @extend_schema(
        operation_id="ratings_undo",
        request=UndoRequest,
        responses={200: UndoResponse, 400: _REFUSED, 401: _STRANGER, 403: _FORBIDDEN},
    )
    def post(self, request: Request) -> Response:
        """Take one of the caller's own answers back; its question can be answered again."""
        sent = UndoRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        wish: dict[str, Any] = sent.validated_data
        status = undo_rating(person=request.user, assignment=wish["assignment"], key=wish["key"])
        return Response({"status": status})
