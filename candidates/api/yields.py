"""Positives per hundred questions, round by round, against the first detector."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from candidates.api.started import ScoreSetJob, start
from candidates.learning.suggestions import RECALIBRATE
from candidates.learning.yields import yields_of
from consonance.catalog.models import Collection
from consonance.errors import StateError
from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.people.access import require
from consonance.people.models import Role, Scope


class YieldsAsked(serializers.Serializer[Any]):
    """Which rounds."""

    detector = serializers.CharField(
        required=False, max_length=120, help_text="Only rounds drawn by this one: name or version."
    )
    score_set = serializers.UUIDField(required=False, help_text="Only rounds of these scores.")


class RateShown(serializers.Serializer[Any]):
    """A number per hundred questions with a 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class RoundYieldShown(serializers.Serializer[Any]):
    """What one round's questions gave."""

    round = serializers.UUIDField()
    number = serializers.IntegerField()
    score_set = serializers.UUIDField()
    detector = serializers.CharField()
    drawn = serializers.IntegerField(help_text="Candidates.")
    questions = serializers.IntegerField(help_text="Candidates with a settled label.")
    positives = serializers.IntegerField()
    found = RateShown(allow_null=True, help_text="Null before there are labels.")
    first = RateShown(
        allow_null=True,
        help_text="What the first detector would have given for as many questions of the same"
        " classes; null before labels calibrate it.",
    )


class YieldsShown(serializers.Serializer[Any]):
    """What a collection's rounds have found."""

    collection = serializers.SlugField()
    made_at = serializers.DateTimeField(allow_null=True, help_text="Null before it was computed.")
    is_current = serializers.BooleanField(
        help_text="Whether no labels, rounds or scores have come since."
    )
    rounds = RoundYieldShown(many=True)


class YieldsView(APIView):
    """What rounds have found."""

    @extend_schema(
        operation_id="yields_read",
        parameters=[YieldsAsked],
        responses={200: YieldsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the rounds' yields as they were last computed, oldest first."""
        collection = _curated(request, slug)
        asked = parameters_of(request, YieldsAsked)
        told = yields_of(collection.pk)
        rounds = [asdict(one) for one in told.rounds]
        if "detector" in asked:
            rounds = [one for one in rounds if asked["detector"] in one["detector"].split()]
        if "score_set" in asked:
            rounds = [one for one in rounds if one["score_set"] == str(asked["score_set"])]
        shown = {
            "collection": collection.slug,
            "made_at": told.made_at,
            "is_current": told.is_current if told.made_at else not told.is_answered,
            "rounds": rounds,
        }
        return Response(YieldsShown(shown).data)

    @extend_schema(
        operation_id="yields_compute",
        request=None,
        responses={
            202: ScoreSetJob,
            **problems(400, 403, 404, 409, on_409="It is being computed, or nothing is scored."),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Calibrate by all answers and count what rounds have found, as a job."""
        collection = _curated(request, slug)
        body_of(request, NothingAsked)
        score_set = yields_of(collection.pk).score_set
        if score_set is None:
            raise StateError("Nothing of this collection is scored yet.")
        return start(
            request,
            RECALIBRATE,
            score_set,
            title=f"Calibrate {score_set.detector.name} on {collection.name}",
        )


def _curated(request: Request, slug: str) -> Collection:
    collection = get_object_or_404(Collection, slug=slug)
    require(request.user, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    return collection
