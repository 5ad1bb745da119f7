"""The next round, as the last suggestion has it, and a new one as a job."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from candidates.api.started import ScoreSetJob, start
from candidates.learning.suggestions import SUGGEST, newest_suggestion
from candidates.loop.suggestion import DESIGNS, Aim
from candidates.models import ScoreSet
from consonance.errors import ParameterError, StateError
from consonance.ledger.asked import body_of, parameters_of, problems
from consonance.people.access import require
from consonance.people.models import Role, Scope

_USUAL: Final = Aim()
_MOST: Final = 10_000_000


class SuggestionAsked(serializers.Serializer[Any]):
    """Which part of a suggestion."""

    name = serializers.CharField(required=False, max_length=64, help_text="Only this class.")


class AimSent(serializers.Serializer[Any]):
    """What is wanted of all rounds together, and of the next one."""

    positives = serializers.IntegerField(default=_USUAL.positives, min_value=0, max_value=_MOST)
    labels = serializers.IntegerField(default=_USUAL.labels, min_value=0, max_value=_MOST)
    questions = serializers.IntegerField(default=_USUAL.questions, min_value=1, max_value=_MOST)
    design = serializers.ChoiceField(
        choices=list(DESIGNS), required=False, help_text="In place of the two shares."
    )
    uncertain = serializers.FloatField(
        required=False, min_value=0, max_value=1,
        help_text=f"Share of the excerpts hardest to foretell; {_USUAL.uncertain:g}.",
    )  # fmt: skip
    coverage = serializers.FloatField(
        required=False, min_value=0, max_value=1,
        help_text=f"Share of all excerpts alike; {_USUAL.coverage:g}.",
    )  # fmt: skip
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)


class AimShown(serializers.Serializer[Any]):
    """What a suggestion was asked for."""

    positives = serializers.IntegerField()
    labels = serializers.IntegerField()
    questions = serializers.IntegerField()
    uncertain = serializers.FloatField()
    coverage = serializers.FloatField()


class ExpectedPositives(serializers.Serializer[Any]):
    """Positives among a class's questions, with a 95 % interval."""

    positives = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    basis = serializers.ChoiceField(choices=["detector", "other_classes", "labels"])


class NeededQuestions(serializers.Serializer[Any]):
    """Questions until a class's quotas are met, with a 95 % interval."""

    questions = serializers.IntegerField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()
    is_enough = serializers.BooleanField(help_text="Whether the strata hold so many excerpts.")
    for_what = serializers.CharField(help_text="Which quota asks for most.")


class SuggestedClass(serializers.Serializer[Any]):
    """What the round should ask of one class."""

    name = serializers.CharField()
    questions = serializers.IntegerField()
    strata = serializers.ListField(
        child=serializers.ListField(), help_text="Each a name, low and high quantile, and a share."
    )
    expected = ExpectedPositives(allow_null=True)
    needed = NeededQuestions(allow_null=True)


class SuggestionShown(serializers.Serializer[Any]):
    """A suggested round."""

    job = serializers.UUIDField()
    made_at = serializers.DateTimeField()
    is_current = serializers.BooleanField(
        help_text="Whether no labels, rounds or scores have come since."
    )
    score_set = serializers.UUIDField()
    detector = serializers.CharField()
    is_calibrated = serializers.BooleanField(help_text="Whether anybody's labels are in it.")
    labels_used = serializers.IntegerField()
    aim = AimShown()
    seed = serializers.IntegerField()
    classes = SuggestedClass(many=True)
    recipe = serializers.DictField(allow_null=True, help_text="For a draw; null if nothing lacks.")


class SuggestionView(APIView):
    """The next round of a score set."""

    @extend_schema(
        operation_id="suggestion_read",
        parameters=[SuggestionAsked],
        responses={
            200: SuggestionShown,
            **problems(400, 403, 404, 409, on_409="No round was suggested yet."),
        },
    )
    def get(self, request: Request, score_set_id: UUID) -> Response:
        """Return the newest suggestion."""
        score_set = _curated(request, score_set_id)
        asked = parameters_of(request, SuggestionAsked)
        found = newest_suggestion(score_set)
        if found is None:
            raise StateError("No round was suggested yet. Ask for one by POST.")
        result = found.result
        classes = result["classes"]
        if "name" in asked:
            classes = [row for row in classes if row["name"] == asked["name"]]
        shown = {
            "job": found.job.pk,
            "made_at": found.job.finished_at,
            "is_current": found.is_current,
            "score_set": score_set.pk,
            "detector": result["detector"],
            "is_calibrated": result["is_calibrated"],
            "labels_used": result["labels"],
            "aim": asdict(found.aim),
            "seed": found.seed,
            "classes": classes,
            "recipe": result["recipe"],
        }
        return Response(SuggestionShown(shown).data)

    @extend_schema(
        operation_id="suggestion_make",
        request=AimSent,
        responses={
            202: ScoreSetJob,
            **problems(400, 403, 404, 409, on_409="One is being computed already."),
        },
    )
    def post(self, request: Request, score_set_id: UUID) -> Response:
        """Calibrate by all answers and suggest the next round, as a job."""
        score_set = _curated(request, score_set_id)
        sent = body_of(request, AimSent)
        seed = sent.pop("seed")
        return start(
            request,
            SUGGEST,
            score_set,
            title=f"Suggest the next round of {score_set.collection.name}",
            aim=asdict(_aim(sent)),
            seed=seed,
        )


def _aim(sent: dict[str, Any]) -> Aim:
    design = sent.pop("design", None)
    if design is None:
        return Aim(**sent)
    if {"uncertain", "coverage"} & set(sent):
        raise ParameterError("Give either a design or the two shares.")
    uncertain, coverage = DESIGNS[design]
    return Aim(**sent, uncertain=uncertain, coverage=coverage)


def _curated(request: Request, score_set_id: UUID) -> ScoreSet:
    score_set = get_object_or_404(
        ScoreSet.objects.select_related("collection", "detector"), pk=score_set_id, is_complete=True
    )
    require(request.user, Role.CURATOR, (Scope.COLLECTION, score_set.collection_id))
    return score_set
