"""The headphone test through the API: how one stands, begin a try, hear it, answer it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.actions.screen_headphones import begin_headphones, screen_headphones
from annotation.api.reports import campaign_of
from annotation.models import Campaign, Workload
from annotation.welcome.screening import INTERVALS, PASS_MARK, TRIALS
from annotation.welcome.sounds import headphone_trial
from annotation.welcome.tries import open_try, rests_until, trials_of
from annotation.welcome.wav_response import WAV, wav_response
from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.people.models import Role

_MOST_TRIES: Final = 2_147_483_647
_UNSEEN: Final = {"Cache-Control": "no-store"}


class WavRenderer(JSONRenderer):
    """A sound; what is wrong is told as a problem."""

    media_type = WAV
    format = "wav"
    charset = None

    def render(self, data: Any, *_arguments: Any, **_named: Any) -> bytes:
        """Return a problem as JSON."""
        written: bytes = super().render(data)
        return written


class HeadphonesShown(serializers.Serializer[Any]):
    """How one stands with the headphone test; nothing tells which tone is right."""

    is_needed = serializers.BooleanField(help_text="The campaign wants it passed first.")
    has_passed = serializers.BooleanField()
    tries = serializers.IntegerField(help_text="Begun so far.")
    open_try = serializers.IntegerField(allow_null=True, help_text="Begun and not answered yet.")
    rests_until = serializers.DateTimeField(
        allow_null=True, help_text="When the next try may begin; null: now."
    )
    asked = serializers.IntegerField(help_text="Sounds of a try.")
    needed = serializers.IntegerField(help_text="How many must be right.")
    tones = serializers.IntegerField(help_text="Of each sound; one of them is the quietest.")
    sounds = serializers.ListField(
        child=serializers.URLField(), help_text="Addresses of the open try's sounds, in order."
    )


class HeadphonesSent(serializers.Serializer[Any]):
    """Answers to all sounds of a try."""

    number = serializers.IntegerField(
        min_value=1, max_value=_MOST_TRIES, help_text="Of the try: `open_try`."
    )
    answers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=INTERVALS),
        min_length=TRIALS,
        max_length=TRIALS,
        help_text="Which tone is the quietest, from 1, for each sound.",
    )


class HeadphonesJudged(serializers.Serializer[Any]):
    """How a try went."""

    right = serializers.IntegerField()
    asked = serializers.IntegerField()
    has_passed = serializers.BooleanField()


class _HeadphonesEndpoint(APIView):
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"


class HeadphonesView(_HeadphonesEndpoint):
    """One's headphone test."""

    @extend_schema(
        operation_id="headphones_read",
        responses={200: HeadphonesShown, **problems(400, 403, 404, 429)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return how the caller stands with the headphone test."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        parameters_of(request, NothingAsked)
        return Response(_standing(request, campaign), headers=_UNSEEN)

    @extend_schema(
        operation_id="headphones_begin",
        request=None,
        responses={
            200: HeadphonesShown,
            **problems(
                403, 404, 409, 429,
                on_409="They have passed, or a break comes before their next try.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Begin a try, or go on with the one that is open. A try that begins is counted."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        begin_headphones(campaign=campaign, person=request.user)
        return Response(_standing(request, campaign), headers=_UNSEEN)


class HeadphoneAnswersView(_HeadphonesEndpoint):
    """Answers to one's headphone test."""

    @extend_schema(
        operation_id="headphones_answer",
        request=HeadphonesSent,
        responses={
            200: HeadphonesJudged,
            **problems(400, 403, 404, 409, 429, on_409="The try is not open."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Answer all sounds of a try; it is told how many were right, and not which."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        sent = body_of(request, HeadphonesSent)
        result = screen_headphones(
            campaign=campaign,
            person=request.user,
            number=sent["number"],
            answers=[said - 1 for said in sent["answers"]],
        )
        return Response(HeadphonesJudged(result).data, headers=_UNSEEN)


class HeadphoneSoundView(_HeadphonesEndpoint):
    """A sound of one's headphone test."""

    renderer_classes = [WavRenderer]

    @extend_schema(
        operation_id="headphones_sound",
        responses={
            (200, WAV): OpenApiResponse(OpenApiTypes.BINARY, description="Three tones."),
            **problems(400, 403, 404, 429, on_404="No try is open, or it has no such sound."),
        },
    )
    def get(self, request: Request, campaign_id: UUID, place: int) -> HttpResponseBase:
        """Return a sound of the open try, whole or in parts."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        parameters_of(request, NothingAsked)
        number = open_try(_work(request, campaign))
        if number is None or not 1 <= place <= TRIALS:
            raise Http404
        trial = trials_of(campaign, request.user, number)[place - 1]
        response = wav_response(request._request, headphone_trial(*trial))
        response["Cache-Control"] = "no-store"
        return response


def _work(request: Request, campaign: Campaign) -> Workload | None:
    person: Any = request.user
    return Workload.objects.filter(campaign=campaign, person=person).first()


def _standing(request: Request, campaign: Campaign) -> dict[str, Any]:
    work = _work(request, campaign)
    number = open_try(work)
    sounds = [
        request.build_absolute_uri(reverse("api:headphones_sound", args=[campaign.pk, place]))
        for place in range(1, TRIALS + 1)
    ]
    shown = {
        "is_needed": campaign.checks_headphones,
        "has_passed": work is not None and work.headphones_at is not None,
        "tries": work.headphone_tries if work is not None else 0,
        "open_try": number,
        "rests_until": rests_until(work),
        "asked": TRIALS,
        "needed": PASS_MARK,
        "tones": INTERVALS,
        "sounds": sounds if number is not None else [],
    }
    return dict(HeadphonesShown(shown).data)
