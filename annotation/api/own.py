"""One's own work and data through the API. Nothing here tells which questions were gold."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.models import Rating
from annotation.models.ratings import Answer
from annotation.people.correspondence import unread_by
from annotation.people.own_statistics import own_work
from consonance.ledger.asked import NothingAsked, PageAsked, PageShown, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people import consent
from consonance.people.account_views import export
from consonance.people.models import Membership

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)


class OwnAnswersAsked(PageAsked):
    """Which of one's own answers."""

    campaign = serializers.UUIDField(required=False)
    class_name = serializers.CharField(required=False, max_length=100)
    answer = serializers.ChoiceField(choices=Answer.choices, required=False)


class MembershipShown(serializers.ModelSerializer[Membership]):
    """A role, and where it holds."""

    class Meta:
        model = Membership
        fields = ["role", "scope", "scope_id"]


class OwnCampaign(serializers.Serializer[Any]):
    """One's work for a campaign."""

    campaign = serializers.UUIDField(source="campaign.pk")
    name = serializers.CharField(source="campaign.name")
    ratings = serializers.IntegerField(help_text="Answers in force.")
    seconds = serializers.FloatField(help_text="Time worked, pauses left out.")
    earned = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True, help_text="Null: volunteers."
    )
    currency = serializers.CharField(source="campaign.pay_currency")
    last_at = serializers.DateTimeField()
    may_go_on = serializers.BooleanField()


class OwnGold(serializers.Serializer[Any]):
    """How one does on known answers of a class, to the nearest five."""

    class_display_name = serializers.CharField(source="name")
    percent = serializers.IntegerField()


class MeShown(serializers.Serializer[Any]):
    """Oneself, with what one did."""

    id = serializers.UUIDField(source="person.pk")
    name = serializers.CharField(source="person.username")
    accepts_explicit = serializers.BooleanField(source="person.accepts_explicit")
    has_agreed = serializers.BooleanField(help_text="To the terms in force.")
    memberships = MembershipShown(source="person.memberships", many=True)
    unread_messages = serializers.IntegerField()
    ratings = serializers.IntegerField(source="work.ratings")
    gold_percent = serializers.IntegerField(
        source="work.gold_percent", allow_null=True, help_text="Null: too few to tell."
    )
    gold = OwnGold(source="work.gold", many=True)
    campaigns = OwnCampaign(source="work.campaigns", many=True)


class OwnAnswer(serializers.ModelSerializer[Rating]):
    """An answer of one's own that is in force."""

    class_name = serializers.CharField(source="question.target.name", allow_null=True, default=None)
    clip = serializers.UUIDField(source="question.clip_id", allow_null=True)

    class Meta:
        model = Rating
        fields = [
            "id", "campaign", "question", "clip", "class_name", "answer", "confidence",
            "created_at", "is_late",
        ]  # fmt: skip


class OwnAnswers(PageShown):
    """A page of one's own answers."""

    results = OwnAnswer(many=True)


class MeView(APIView):
    """Oneself."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "exports"

    @extend_schema(operation_id="me_read", responses={200: MeShown, **problems(400, 429)})
    def get(self, request: Request) -> Response:
        """Return the caller's account: roles, unread messages, work, pay, and how they do."""
        parameters_of(request, NothingAsked)
        person: Any = request.user
        shown = MeShown(
            {
                "person": person,
                "has_agreed": consent.is_given(person),
                "unread_messages": unread_by(person),
                "work": own_work(person),
            }
        )
        return Response(shown.data, headers={"Cache-Control": "no-store"})


class OwnAnswersView(APIView):
    """One's history."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "exports"

    @extend_schema(
        operation_id="me_answers",
        parameters=[OwnAnswersAsked],
        responses={200: OwnAnswers, **problems(400, 429)},
    )
    def get(self, request: Request) -> Response:
        """Return the caller's answers in force, the newest first; each can be corrected."""
        asked = parameters_of(request, OwnAnswersAsked)
        person: Any = request.user
        rows = Rating.objects.in_force().filter(person=person)
        for name, field in (
            ("campaign", "campaign"), ("class_name", "question__target__name"),
            ("answer", "answer"),
        ):  # fmt: skip
            if name in asked:
                rows = rows.filter(**{field: asked[name]})
        found, links = page_of(
            rows.select_related("question__target"),
            order=_NEWEST,
            size=asked["page_size"],
            request=request,
        )
        return Response({**links, "results": OwnAnswer(found, many=True).data})


class OwnExportView(APIView):
    """Everything that is stored about oneself."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "exports"

    @extend_schema(
        operation_id="me_export",
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, description="A section for each kind."),
            **problems(
                400, 403, 429,
                on_403="An account without a password is told this only in the browser that it"
                " began in.",
            ),
        },
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        """Return everything that is stored about the caller, written as it is read."""
        parameters_of(request, NothingAsked)
        return export(request._request)  # the page's own, with its own checks
