"""Passing a question on through the API: skip it, or report its clip."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.actions.flag_clip import MAX_NOTE, flag_clip
from annotation.actions.skip_question import skip_question
from annotation.api.serializers import ProblemShown
from annotation.models import ClipFlag, Skip

_PROBLEMS = {
    400: OpenApiResponse(
        ProblemShown, description="The request is malformed, or the question not in hand."
    ),
    401: OpenApiResponse(ProblemShown, description="Not signed in."),
    403: OpenApiResponse(ProblemShown, description="No annotator here."),
    409: OpenApiResponse(ProblemShown, description="The question was answered."),
}


class SkipRequest(serializers.Serializer[Any]):
    """Pass a question on."""

    key = serializers.UUIDField(help_text="Made by the client; comes back with the answer.")
    assignment = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=Skip.Reason.choices)


class SkipResponse(serializers.Serializer[Any]):
    """What became of it; sent again, it is `already_skipped`."""

    key = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["skipped", "already_skipped"])


class FlagRequest(serializers.Serializer[Any]):
    """Report a clip; the question is passed on."""

    key = serializers.UUIDField(help_text="Made by the client; comes back with the answer.")
    assignment = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ClipFlag.Kind.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=MAX_NOTE)


class FlagResponse(serializers.Serializer[Any]):
    """What became of it; sent again, it is `already_flagged`."""

    key = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["flagged", "already_flagged"])


class SkipView(APIView):
    """Skip questions."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="questions_skip",
        request=SkipRequest,
        responses={200: SkipResponse, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Give a question back without an answer; the caller is never asked it again."""
        sent = SkipRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        wish: dict[str, Any] = sent.validated_data
        status = skip_question(
            person=request.user, assignment=wish["assignment"], reason=wish["reason"]
        )
        return Response({"key": str(wish["key"]), "status": status})


class FlagView(APIView):
    """Report clips."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"

    @extend_schema(
        operation_id="questions_flag",
        request=FlagRequest,
        responses={200: FlagResponse, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Say that something is wrong with a question's clip; the question goes back."""
        sent = FlagRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        wish: dict[str, Any] = sent.validated_data
        status = flag_clip(
            person=request.user,
            assignment=wish["assignment"],
            kind=wish["kind"],
            note=wish["note"],
        )
        return Response({"key": str(wish["key"]), "status": status})
