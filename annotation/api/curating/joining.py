"""How people come to a campaign: links and an open door."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.join_campaign import join_campaign
from annotation.api.reports import campaign_of
from annotation.models import Campaign
from consonance.ledger.asked import (
    PageAsked,
    PageShown,
    body_of,
    parameters_of,
    problems,
)
from consonance.ledger.keyset import Order, page_of
from consonance.people.actions.create_invitation import (
    MAX_DAYS,
    MAX_NOTE,
    MAX_USES,
    create_invitation,
)
from consonance.people.actions.revoke_invitation import revoke_invitation
from consonance.people.invitations import state_of
from consonance.people.models import Invitation, Role, Scope

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_STATES: Final = ("open", "used", "expired", "revoked")


# --- asked -------------------------------------------------------------------------------------
class InvitationSent(serializers.Serializer[Any]):
    """For how many people a link is, and for how long."""

    note = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_NOTE, help_text="Only curators see it."
    )
    max_uses = serializers.IntegerField(default=1, min_value=1, max_value=MAX_USES)
    days = serializers.IntegerField(default=14, min_value=1, max_value=MAX_DAYS)


class InvitationShown(serializers.ModelSerializer[Invitation]):
    """A link by which people join; its address is shown once, when it is made."""

    state = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)

    class Meta:
        model = Invitation
        fields = [
            "id", "role", "note", "max_uses", "uses", "state", "expires_at", "created_by",
            "created_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=_STATES))
    def get_state(self, invitation: Invitation) -> str:
        """Return whether it may be used, or why not."""
        return state_of(invitation, timezone.now())


class InvitationMade(InvitationShown):
    """A new link."""

    url = serializers.SerializerMethodField(help_text="To be sent to people; never shown again.")

    class Meta(InvitationShown.Meta):
        fields = [*InvitationShown.Meta.fields, "url"]

    @extend_schema_field(serializers.URLField())
    def get_url(self, invitation: Invitation) -> str:
        """Return its address."""
        address: str = self.context["url"]
        return address


class InvitationsShown(PageShown):
    """A page of links."""

    results = InvitationShown(many=True)


class JoinedShown(serializers.Serializer[Any]):
    """Whether the caller is new there."""

    is_new = serializers.BooleanField()


class InvitationsView(APIView):
    """Links of a campaign."""

    @extend_schema(
        operation_id="invitations_list",
        parameters=[PageAsked],
        responses={200: InvitationsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the links by which annotators join a campaign, the newest first."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, PageAsked)
        rows = _links(campaign).select_related("created_by")
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": InvitationShown(found, many=True).data})

    @extend_schema(
        operation_id="invitations_create",
        request=InvitationSent,
        responses={
            201: InvitationMade,
            **problems(400, 403, 404, 409, on_409="Nobody joins there by invitation."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Make a link; its address is in this answer and nowhere else."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, InvitationSent)
        made, token = create_invitation(
            scope=Scope.CAMPAIGN, scope_id=campaign.pk, actor=request.user, **sent
        )
        url = request.build_absolute_uri(reverse("people:join", args=[token]))
        shown = InvitationMade(made, context={"url": url}).data
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})


class RevokeInvitationView(APIView):
    """Ending a link."""

    @extend_schema(
        operation_id="invitations_revoke",
        request=None,
        responses={200: InvitationShown, **problems(403, 404)},
    )
    def post(self, request: Request, campaign_id: UUID, invitation_id: UUID) -> Response:
        """Make a link useless; whoever joined by it stays. Twice is once."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        invitation = _links(campaign).filter(pk=invitation_id).first()
        if invitation is None:
            raise Http404
        revoke_invitation(invitation=invitation, actor=request.user)
        invitation.refresh_from_db()
        return Response(InvitationShown(invitation).data)


class JoinView(APIView):
    """The open door."""

    @extend_schema(
        operation_id="campaigns_join",
        request=None,
        responses={
            200: JoinedShown,
            **problems(
                403, 404, 409,
                on_403="The campaign takes members or invited people, or the caller has not agreed"
                " to the terms yet.",
                on_409="The campaign is not open.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Become an annotator of a campaign that anybody may join. Twice is once."""
        campaign = get_object_or_404(Campaign, pk=campaign_id)
        return Response({"is_new": join_campaign(campaign=campaign, person=request.user)})


def _links(campaign: Campaign) -> Any:
    return Invitation.objects.filter(scope=Scope.CAMPAIGN, scope_id=campaign.pk)
