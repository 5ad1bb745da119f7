"""What admins do about people, and what both sides write to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.lift_measure import lift_measure
from annotation.actions.read_messages import read_messages
from annotation.actions.send_message import MAX_TEXT, send_message
from annotation.actions.take_measure import MAX_PEOPLE, MAX_REASON, take_measures
from annotation.api.curating.questions import PersonNamed
from annotation.api.reports import campaign_of
from annotation.models import Campaign, Measure, Message
from annotation.people.correspondence import thread
from annotation.people.taking_part import is_known
from consonance.errors import NotAllowedError, ParameterError
from consonance.ledger.asked import PageAsked, PageShown, body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role, User

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_LATEST: Final = Order(field="sent_at", tie="id", is_descending=True)


# --- asked -------------------------------------------------------------------------------------
class MeasuresAsked(PageAsked):
    """Which measures."""

    person = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=Measure.Kind.choices, required=False)
    in_force = serializers.BooleanField(required=False, help_text="Not lifted, or lifted.")


class MeasuresSent(serializers.Serializer[Any]):
    """Something that shall hold for people until it is lifted."""

    people = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MAX_PEOPLE,
        help_text="Ids of accounts that take part in the campaign.",
    )  # fmt: skip
    kind = serializers.ChoiceField(choices=Measure.Kind.choices)
    reason = serializers.CharField(max_length=MAX_REASON, help_text="Shown to the person.")
    rule = serializers.RegexField(
        r"^[a-z0-9_]*$", default="", allow_blank=True, max_length=64,
        help_text="Code of the flag that led to it; empty when decided by hand.",
    )  # fmt: skip


class LiftSent(serializers.Serializer[Any]):
    """Why a measure ends."""

    reason = serializers.CharField(max_length=MAX_REASON)


class MessagesAsked(PageAsked):
    """Whose conversation."""

    person = serializers.UUIDField(
        required=False, help_text="Curators only; without it one's own with whoever runs it."
    )


class MessageSent(serializers.Serializer[Any]):
    """A message."""

    text = serializers.CharField(max_length=MAX_TEXT)
    person = serializers.UUIDField(
        required=False, allow_null=True, help_text="Curators only; without it to whoever runs it."
    )


class MessagesReadSent(serializers.Serializer[Any]):
    """Whose messages were read."""

    person = serializers.UUIDField(required=False, allow_null=True, help_text="Admins only.")


# --- sent --------------------------------------------------------------------------------------
class MeasureInFull(serializers.ModelSerializer[Measure]):
    """Something that holds for a person, or held."""

    person = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)

    class Meta:
        model = Measure
        fields = [
            "id", "person", "kind", "reason", "rule", "created_by", "created_at", "lifted_at",
            "lift_reason",
        ]  # fmt: skip

    @extend_schema_field(PersonNamed)
    def get_person(self, measure: Measure) -> dict[str, str]:
        """Return whom it holds for."""
        return {"id": str(measure.person_id), "name": str(measure.person)}


class MeasuresShown(PageShown):
    """A page of measures."""

    results = MeasureInFull(many=True)


class MeasuresTaken(serializers.Serializer[Any]):
    """New measures; whom one held for already is left out."""

    results = MeasureInFull(many=True)


class MessageShown(serializers.ModelSerializer[Message]):
    """A message; `to_person` is null where it went to whoever runs the campaign."""

    sender = serializers.CharField(source="sender.username", allow_null=True, default=None)
    to_person = serializers.UUIDField(source="recipient_id", allow_null=True)

    class Meta:
        model = Message
        fields = ["id", "sender", "to_person", "text", "sent_at", "read_at"]


class MessagesShown(PageShown):
    """A page of a conversation, the newest first."""

    results = MessageShown(many=True)


class MessagesReadShown(serializers.Serializer[Any]):
    """How many were new."""

    read = serializers.IntegerField()


class MeasuresView(APIView):
    """Measures of a campaign."""

    @extend_schema(
        operation_id="measures_list",
        parameters=[MeasuresAsked],
        responses={200: MeasuresShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return who is or was paused, asked for the quiz, or left out, the newest first."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, MeasuresAsked)
        rows = campaign.measures.select_related("person", "created_by")
        for name in ("person", "kind"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        if "in_force" in asked:
            rows = rows.filter(lifted_at__isnull=asked["in_force"])
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": MeasureInFull(found, many=True).data})

    @extend_schema(
        operation_id="measures_take",
        request=MeasuresSent,
        responses={
            201: MeasuresTaken,
            **problems(400, 403, 404, 409, on_409="It holds for all of them already."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Pause people, ask them to take the quiz again, or leave them out of consensus.

        Nothing is deleted, and lifting it undoes it.
        """
        campaign = campaign_of(request, campaign_id)
        sent = body_of(request, MeasuresSent)
        people = _people(campaign, sent.pop("people"))
        taken = take_measures(campaign=campaign, people=people, actor=request.user, **sent)
        return Response({"results": MeasureInFull(taken, many=True).data}, status=201)


class LiftMeasureView(APIView):
    """Ending a measure."""

    @extend_schema(
        operation_id="measures_lift",
        request=LiftSent,
        responses={
            200: MeasureInFull,
            **problems(400, 403, 404, 409, on_409="It was lifted before."),
        },
    )
    def post(self, request: Request, campaign_id: UUID, measure_id: UUID) -> Response:
        """End a measure, with a reason."""
        campaign = campaign_of(request, campaign_id)
        measure = get_object_or_404(Measure, pk=measure_id, campaign=campaign)
        sent = body_of(request, LiftSent)
        lifted = lift_measure(measure_id=measure.pk, actor=request.user, **sent)
        return Response(MeasureInFull(lifted).data)


class MessagesView(APIView):
    """Messages of a campaign."""

    @extend_schema(
        operation_id="messages_list",
        parameters=[MessagesAsked],
        responses={200: MessagesShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return a conversation, the newest message first; reading marks nothing as read."""
        campaign = _campaign(campaign_id)
        asked = parameters_of(request, MessagesAsked)
        person = _party(request, campaign, asked.get("person"))
        found, links = page_of(
            thread(campaign, person), order=_LATEST, size=asked["page_size"], request=request
        )
        return Response({**links, "results": MessageShown(found, many=True).data})

    @extend_schema(
        operation_id="messages_send",
        request=MessageSent,
        responses={
            201: MessageShown,
            **problems(400, 403, 404, 409, on_409="Too many wait unread."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Write to whoever runs a campaign or, as its curator, to somebody who takes part."""
        campaign = _campaign(campaign_id)
        sent = body_of(request, MessageSent)
        person = _party(request, campaign, sent.get("person"))
        recipient = person if sent.get("person") else None
        message = send_message(
            campaign=campaign, sender=request.user, recipient=recipient, text=sent["text"]
        )
        return Response(MessageShown(message).data, status=201)


class MessagesReadView(APIView):
    """Marking messages as read."""

    @extend_schema(
        operation_id="messages_read",
        request=MessagesReadSent,
        responses={200: MessagesReadShown, **problems(400, 403, 404)},
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Mark messages to oneself as read or, as a curator, those that a person wrote."""
        campaign = _campaign(campaign_id)
        sent = body_of(request, MessagesReadSent)
        person = _party(request, campaign, sent.get("person"))
        named = person if sent.get("person") else None
        read = read_messages(campaign=campaign, reader=request.user, person=named)
        return Response({"read": read})


def _campaign(campaign_id: UUID) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)


def _party(request: Request, campaign: Campaign, person_id: UUID | None) -> User:
    """Return whose conversation is meant, if the caller may read it."""
    caller: Any = request.user
    if person_id is None:
        if not is_known(caller, campaign):
            raise NotAllowedError(f"You have no part in {campaign}.")
        found: User = caller
        return found
    require(caller, Role.CURATOR, *campaign.places)
    person = get_object_or_404(User, pk=person_id)
    if not is_known(person, campaign):
        raise Http404  # an id alone must not be told a name
    return person


def _people(campaign: Campaign, wanted: Sequence[UUID]) -> list[User]:
    known = User.objects.in_bulk(set(wanted))
    for pk in wanted:
        if pk not in known or not is_known(known[pk], campaign):
            raise ParameterError(f"Nobody who takes part in {campaign} has the id {pk}.")
    return [known[pk] for pk in dict.fromkeys(wanted)]
