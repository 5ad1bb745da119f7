"""Gold: what is known of clips, set, retired, promoted from agreement, and planted."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.plant_gold import plant_gold
from annotation.actions.promote_gold import MAX_PROMOTED, promote_gold
from annotation.actions.retire_gold import retire_gold
from annotation.actions.set_gold import set_gold
from annotation.api.reports import campaign_of
from annotation.gold.unanimous import proposals
from annotation.models import GoldAnswer
from consonance.catalog.models import Clip, TaxonomyClass
from consonance.errors import ParameterError
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

_OLDEST: Final = Order(field="created_at", tie="id")


# --- asked -------------------------------------------------------------------------------------
class GoldAsked(PageAsked):
    """Which gold."""

    class_name = serializers.CharField(required=False, max_length=100)
    truth = serializers.ChoiceField(choices=GoldAnswer.Truth.choices, required=False)
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=GoldAnswer.Source.choices, required=False
    )
    quiz = serializers.BooleanField(required=False, help_text="Clear enough to teach with.")
    retired = serializers.BooleanField(default=False, help_text="What counts no more instead.")
    clip = serializers.UUIDField(required=False)


class GoldSent(serializers.Serializer[Any]):
    """What is known of a clip and a class."""

    clip = serializers.UUIDField()
    class_name = serializers.CharField(max_length=100, help_text="A class of the campaign.")
    truth = serializers.ChoiceField(choices=GoldAnswer.Truth.choices)
    explanation = serializers.CharField(
        default="", allow_blank=True, max_length=500,
        help_text="What a quiz tells whoever gets it wrong.",
    )  # fmt: skip
    is_quiz = serializers.BooleanField(default=False, help_text="Clear enough to teach with.")


class RetirementSent(serializers.Serializer[Any]):
    """Why gold counts no more."""

    reason = serializers.CharField(default="", allow_blank=True, max_length=500)


class PromotionSent(serializers.Serializer[Any]):
    """Questions whose unanimous answer a curator has heard and confirms."""

    questions = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MAX_PROMOTED
    )


# --- sent --------------------------------------------------------------------------------------
class GoldShown(serializers.ModelSerializer[GoldAnswer]):
    """Somebody's word on a clip and a class."""

    class_name = serializers.CharField(source="target.name")
    sample_key = serializers.CharField(source="clip.sample_key")
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)

    class Meta:
        model = GoldAnswer
        fields = [
            "id", "clip", "sample_key", "class_name", "truth", "source", "explanation", "is_quiz",
            "created_by", "created_at", "retired_at",
        ]  # fmt: skip


class GoldPage(PageShown):
    """A page of gold."""

    results = GoldShown(many=True)


class GoldList(serializers.Serializer[Any]):
    """Gold that was set."""

    results = GoldShown(many=True)


class PlantedShown(serializers.Serializer[Any]):
    """What became of a campaign's gold: numbers of questions."""

    added = serializers.IntegerField(help_text="Made anew.")
    turned = serializers.IntegerField(help_text="Settled ones that are asked as gold from now on.")
    waiting = serializers.IntegerField(help_text="Still asked for their own sake.")


class ProposalShown(serializers.Serializer[Any]):
    """Something that could be gold."""

    question = serializers.UUIDField(source="question.pk")
    clip = serializers.UUIDField(source="question.clip_id")
    sample_key = serializers.CharField(source="question.clip.sample_key")
    class_name = serializers.CharField(source="question.target.name")
    truth = serializers.ChoiceField(choices=GoldAnswer.Truth.choices)
    answers = serializers.IntegerField(help_text="All alike.")
    posterior = serializers.FloatField(help_text="P(present) in the newest run.")
    difficulty = serializers.ChoiceField(
        choices=["clear", "near_miss"], allow_blank=True, help_text="Empty: nobody knows."
    )


class ProposalsShown(serializers.Serializer[Any]):
    """What could be gold; empty before the first run."""

    results = ProposalShown(many=True)


class GoldView(APIView):
    """A campaign's gold."""

    @extend_schema(
        operation_id="gold_list",
        parameters=[GoldAsked],
        responses={200: GoldPage, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the gold of the classes that a campaign asks about, the oldest first."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, GoldAsked)
        rows = GoldAnswer.objects.filter(
            collection=campaign.collection_id,
            target__in=campaign.guidelines.values("target"),
            retired_at__isnull=not asked["retired"],
        ).select_related("clip__track", "target", "created_by")
        for name, field in (
            ("class_name", "target__name"), ("truth", "truth"), ("source", "source"),
            ("quiz", "is_quiz"), ("clip", "clip"),
        ):  # fmt: skip
            if name in asked:
                rows = rows.filter(**{field: asked[name]})
        found, links = page_of(rows, order=_OLDEST, size=asked["page_size"], request=request)
        return Response({**links, "results": GoldShown(found, many=True).data})

    @extend_schema(
        operation_id="gold_set",
        request=GoldSent,
        responses={200: GoldShown, **problems(400, 403, 404, 409)},
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Say what is known of a clip and a class; needs a curator of the whole collection.

        Everybody has one word on each pair: another one retires the former, the same again is one.
        """
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        require(request.user, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
        sent = body_of(request, GoldSent)
        clip = (
            Clip.objects.filter(pk=sent.pop("clip"), track__collection=campaign.collection_id)
            .select_related("track__collection")
            .first()
        )
        if clip is None:
            raise ParameterError(f"{campaign.collection} has no such clip.")
        name = sent.pop("class_name")
        target = TaxonomyClass.objects.filter(
            pk__in=campaign.guidelines.values("target"), name=name
        ).first()
        if target is None:
            raise ParameterError(f"{campaign} does not ask about a class {name!r}.")
        return Response(
            GoldShown(set_gold(clip=clip, target=target, actor=request.user, **sent)).data
        )


class RetireGoldView(APIView):
    """Taking gold out of use."""

    @extend_schema(
        operation_id="gold_retire",
        request=RetirementSent,
        responses={200: GoldShown, **problems(400, 403, 404)},
    )
    def post(self, request: Request, gold_id: UUID) -> Response:
        """Let gold count no more; its row stays. Twice is once."""
        gold = get_object_or_404(
            GoldAnswer.objects.select_related("clip__track", "target", "created_by"), pk=gold_id
        )
        require(request.user, Role.CURATOR, (Scope.COLLECTION, gold.collection_id))
        sent = body_of(request, RetirementSent)
        gold.retired_at = retire_gold(gold=gold, actor=request.user, **sent).retired_at
        return Response(GoldShown(gold).data)


class PlantGoldView(APIView):
    """Asking what is known."""

    @extend_schema(
        operation_id="gold_plant",
        request=None,
        responses={200: PlantedShown, **problems(403, 404, 409, on_409="The campaign is closed.")},
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Make gold questions of all the campaign's gold that is none yet. Twice is once."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        done = plant_gold(campaign=campaign, actor=request.user)
        return Response({"added": done.added, "turned": done.turned, "waiting": done.waiting})


class PromoteGoldView(APIView):
    """Gold from agreement."""

    @extend_schema(
        operation_id="gold_proposals", responses={200: ProposalsShown, **problems(400, 403, 404)}
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return questions that everybody trusted answered alike, to be heard and confirmed."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        parameters_of(request, NothingAsked)
        return Response(ProposalsShown({"results": proposals(campaign)}).data)

    @extend_schema(
        operation_id="gold_promote",
        request=PromotionSent,
        responses={
            201: GoldList,
            **problems(
                400, 403, 404, 409,
                on_409="There is no run yet, or answers came that disagree. Nothing was stored.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Set gold for questions that a curator of the collection confirms: all or none."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        require(request.user, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
        sent = body_of(request, PromotionSent)
        made = promote_gold(campaign=campaign, actor=request.user, **sent)
        return Response({"results": GoldShown(made, many=True).data}, status=201)
