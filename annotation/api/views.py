"""The rating loop through the API: claim, answer, undo."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.actions.claim_questions import Claim, claim_questions
from annotation.actions.correct_rating import correct_rating
from annotation.actions.finish_welcome import finish_welcome
from annotation.actions.submit_ratings import Result, submit_ratings
from annotation.actions.undo_rating import undo_rating
from annotation.allocation.handing_out import present_questions
from annotation.allocation.progress import progress_of
from annotation.api.serializers import (
    ClaimRequest,
    ClaimResponse,
    CorrectionRequest,
    CorrectionResponse,
    ProblemShown,
    RatingsProblemShown,
    RatingsRequest,
    RatingsResponse,
    UndoRequest,
    UndoResponse,
    WelcomedShown,
)
from annotation.models import Campaign
from consonance.ledger.prepared import Prepared
from consonance.ledger.problems import TYPE, problem

_REFUSED = OpenApiResponse(ProblemShown, description="The request is malformed or too large.")
_STRANGER = OpenApiResponse(ProblemShown, description="Not signed in.")
_FORBIDDEN = OpenApiResponse(ProblemShown, description="No annotator here.")
_SLOWED = OpenApiResponse(
    ProblemShown, description="Asked too often: wait as long as `Retry-After` says."
)
_CAMPAIGN: Final = Prepared[Campaign](
    lambda campaign: Campaign.objects.filter(pk=campaign), campaign=UUID
)
_MISSING = OpenApiResponse(ProblemShown, description="There is no such campaign.")


class ClaimView(APIView):
    """Lease questions."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="questions_claim",
        request=ClaimRequest,
        responses={
            200: ClaimResponse,
            400: _REFUSED,
            401: _STRANGER,
            403: _FORBIDDEN,
            404: _MISSING,
            429: _SLOWED,
        },
    )
    def post(self, request: Request) -> Response:
        """Put questions into the caller's hands; those still in hand come first."""
        asked = ClaimRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wish: dict[str, Any] = asked.validated_data
        campaign = _CAMPAIGN.first(campaign=wish["campaign"])
        if campaign is None:
            raise Http404
        claim = claim_questions(
            campaign=campaign,
            person=request.user,
            count=wish["count"],
            holding=wish["holding"],
            mode=wish.get("mode", ""),
            class_name=wish.get("class", ""),
            checks_welcome=True,
        )
        progress = progress_of(campaign, request.user, timezone.now(), answered=claim.answered)
        answer: dict[str, Any] = {
            "questions": present_questions(campaign, claim.assignments),
            "progress": progress.as_dict(),
            "mode": claim.mode,
            **_told(claim),
        }
        return Response(answer)


def _told(claim: Claim) -> dict[str, Any]:
    """Return which class the questions are about, or why there are none."""
    told: dict[str, Any] = {}
    if claim.stand is not None:
        target = claim.stand.target
        told["class"] = {
            "name": target.name,
            "display_name": target.display_name,
            "article": target.article,
            "decided": claim.stand.decided,
            "positives": claim.stand.positives,
            "quota_labels": claim.stand.wanted_labels,
            "quota_positives": claim.stand.wanted_positives,
        }
    if claim.reason:
        told["reason"] = claim.reason
    if claim.detail:
        told["detail"] = claim.detail
    if claim.quiz is not None:
        name = claim.quiz.target.name if claim.quiz.target else None
        told["quiz"] = {"class": name, "url": claim.quiz.url}
    return told


class RatingsView(APIView):
    """Store answers."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="ratings_submit",
        request=RatingsRequest,
        responses={
            200: RatingsResponse,
            400: OpenApiResponse(
                RatingsProblemShown,
                description="The request is malformed or too large, or every answer of it was"
                " rejected: then `results` tells why, as with 200.",
            ),
            401: _STRANGER,
            403: _FORBIDDEN,
        },
    )
    def post(self, request: Request) -> Response:
        """Store answers, each once by its key, and tell what became of each.

        Where every answer was rejected that is a problem, with the same `results`.
        """
        sent = RatingsRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        results = submit_ratings(person=request.user, answers=sent.answers())
        shown = [
            {"key": str(result.key), "status": result.status}
            | ({"detail": result.detail} if result.detail else {})
            for result in results
        ]
        campaign = next((r.campaign for r in reversed(results) if r.campaign), None)
        if campaign is None:
            return Response(
                problem(400, _all_rejected(results), results=shown), status=400, content_type=TYPE
            )
        progress = progress_of(campaign, request.user, timezone.now())
        return Response({"results": shown, "progress": progress.as_dict()})


def _all_rejected(results: list[Result]) -> str:
    """Return what is wrong with a batch nothing of which was stored."""
    details = {result.detail for result in results}
    if len(details) == 1:
        return details.pop()
    return _("None of these %(count)s answers was stored: “results” tells why of each.") % {
        "count": len(results)
    }


class UndoView(APIView):
    """Take an answer back."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="ratings_undo",
        request=UndoRequest,
        responses={
            200: UndoResponse,
            400: _REFUSED,
            401: _STRANGER,
            403: _FORBIDDEN,
            429: _SLOWED,
        },
    )
    def post(self, request: Request) -> Response:
        """Take one of the caller's own answers back; its question can be answered again."""
        sent = UndoRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        wish: dict[str, Any] = sent.validated_data
        status = undo_rating(person=request.user, assignment=wish["assignment"], key=wish["key"])
        return Response({"status": status})


class CorrectView(APIView):
    """Correct an answer."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="ratings_correct",
        request=CorrectionRequest,
        responses={
            200: CorrectionResponse,
            400: _REFUSED,
            401: _STRANGER,
            409: OpenApiResponse(
                ProblemShown, description="The answer was taken back, or corrected since."
            ),
        },
    )
    def post(self, request: Request) -> Response:
        """Store another answer in the place of one's own, at any time; both rows stay."""
        sent = CorrectionRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        wish: dict[str, Any] = sent.validated_data
        new = correct_rating(
            person=request.user, rating_id=wish["rating"], answer=wish["answer"], key=wish["key"]
        )
        shown = {"rating": new.pk, "answer": new.answer, "created_at": new.created_at}
        return Response(CorrectionResponse(shown).data)


class WelcomeView(APIView):
    """The instructions, for whoever reads them elsewhere."""

    @extend_schema(
        operation_id="campaigns_welcome",
        request=None,
        responses={200: WelcomedShown, 401: _STRANGER, 403: _FORBIDDEN, 404: _MISSING},
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Say that the caller has read the campaign's instructions and can hear its clips.

        For programs that show them in their own way; the pages have a sound check. Twice is once.
        """
        campaign = get_object_or_404(Campaign, pk=campaign_id)
        work = finish_welcome(campaign=campaign, person=request.user)
        return Response(WelcomedShown({"welcomed_at": work.welcomed_at}).data)
