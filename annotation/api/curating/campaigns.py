"""Campaigns: list, open, read, change, and what is done with one as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.clone_campaign import clone_campaign
from annotation.actions.edit_campaign import edit_campaign
from annotation.actions.extend_campaign import extend_campaign
from annotation.actions.move_campaign import move_campaign
from annotation.actions.open_campaign import open_campaign
from annotation.actions.pilot_campaign import pilot_campaign
from annotation.api.curating.campaign_shapes import (
    CampaignEdited,
    CampaignInFull,
    CampaignsAsked,
    CampaignSent,
    CampaignShown,
    CampaignsShown,
    ExtensionSent,
    ExtensionShown,
    PilotSent,
    StateSent,
)
from annotation.api.matching import IF_MATCH, etag_of, require_match
from annotation.api.reports import campaign_of
from annotation.campaigns.rules import rules_of
from annotation.models import Campaign
from candidates.models import SamplingRound
from consonance.errors import ParameterError
from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import implied, roles
from consonance.people.models import Membership, Role, Scope

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_OPENED: Final = problems(
    400, 403, 404, 409, on_409="A round is not drawn yet, or the name is taken."
)


class CampaignsView(APIView):
    """Campaigns."""

    @extend_schema(
        operation_id="campaigns_list",
        parameters=[CampaignsAsked],
        responses={200: CampaignsShown, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Return the campaigns in which the caller holds a role, the newest first."""
        asked = parameters_of(request, CampaignsAsked)
        rows = _visible_to(request.user, asked.get("role")).select_related("collection")
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        if "collection" in asked:
            rows = rows.filter(collection__slug=asked["collection"])
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        shown = CampaignShown(found, many=True, context=_context(request, found))
        return Response({**links, "results": shown.data})

    @extend_schema(
        operation_id="campaigns_open",
        request=CampaignSent,
        responses={201: CampaignInFull, **_OPENED},
    )
    def post(self, request: Request) -> Response:
        """Open a campaign over drawn rounds of a collection that the caller curates."""
        sent = body_of(request, CampaignSent)
        made = open_campaign(
            actor=request.user, rounds=_rounds(sent.pop("rounds")), name=sent.pop("name"), **sent
        )
        return _created(request, made)


class CampaignView(APIView):
    """One campaign."""

    @extend_schema(
        operation_id="campaigns_read", responses={200: CampaignInFull, **problems(400, 403, 404)}
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return a campaign with its settings; `ETag` names them, for a change that follows."""
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        parameters_of(request, NothingAsked)
        return _shown(request, campaign)

    @extend_schema(
        operation_id="campaigns_edit",
        parameters=[IF_MATCH],
        request=CampaignEdited,
        responses={
            200: CampaignInFull,
            **problems(400, 403, 404, 409, 412, 428, on_409="A setting cannot change now."),
        },
    )
    def patch(self, request: Request, campaign_id: UUID) -> Response:
        """Change settings, all or none of those sent; the header `If-Match` says what was read."""
        campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, CampaignEdited, partial=True)
        with transaction.atomic():
            # The row is held between the comparison and the change.
            held = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
            require_match(request, _etag(held))
            edit_campaign(campaign_id=campaign_id, actor=request.user, **sent)
        return _shown(request, campaign_of(request, campaign_id, Role.CURATOR))


class CampaignStateView(APIView):
    """Pausing, resuming, closing."""

    @extend_schema(
        operation_id="campaigns_move",
        request=StateSent,
        responses={
            200: CampaignInFull,
            **problems(400, 403, 404, 409, on_409="It cannot go there from where it is."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Pause a campaign, resume it, or close it for good.

        What people have in hand stays theirs: answers to leased questions are taken in every state.
        """
        campaign_of(request, campaign_id, Role.CURATOR)
        to = Campaign.State(body_of(request, StateSent)["state"])
        move_campaign(campaign_id=campaign_id, to=to, actor=request.user)
        return _shown(request, campaign_of(request, campaign_id, Role.CURATOR))


class CampaignExtendView(APIView):
    """More rounds, or more answers a question."""

    @extend_schema(
        operation_id="campaigns_extend",
        request=ExtensionSent,
        responses={
            200: ExtensionShown,
            **problems(400, 403, 404, 409, on_409="It is closed, or nothing new would be asked."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Ask about further rounds, or ask more people; what is decided stays decided."""
        campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, ExtensionSent)
        added = extend_campaign(
            campaign_id=campaign_id,
            actor=request.user,
            rounds=_rounds(sent.pop("rounds")),
            **sent,
        )
        return Response(ExtensionShown(added).data)


class CampaignCloneView(APIView):
    """A campaign like another."""

    @extend_schema(
        operation_id="campaigns_clone",
        request=CampaignSent,
        responses={201: CampaignInFull, **_OPENED},
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Open a campaign with the settings and guidelines of another, over other rounds."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, CampaignSent)
        made = clone_campaign(
            campaign=campaign,
            actor=request.user,
            rounds=_rounds(sent.pop("rounds")),
            name=sent.pop("name"),
            **sent,
        )
        return _created(request, made)


class CampaignPilotView(APIView):
    """A campaign tried on a few questions."""

    @extend_schema(
        operation_id="campaigns_pilot",
        request=PilotSent,
        responses={
            201: CampaignInFull,
            **problems(
                400, 403, 404, 409, on_409="It is closed, is a pilot itself, or asks nothing."
            ),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Open a pilot: a campaign of its own over a few questions, by the same rules."""
        campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, PilotSent)
        made = pilot_campaign(campaign_id=campaign_id, actor=request.user, **sent)
        return _created(request, made)


def _visible_to(person: Any, role: str | None) -> QuerySet[Campaign]:
    if person.is_superuser:
        return Campaign.objects.all()
    held = Membership.objects.filter(person=person)
    if role is not None:
        held = held.filter(role__in=[one for one in Role if role in implied(one)])
    here = Q(scope=Scope.SITE) | Q(scope=Scope.CAMPAIGN, scope_id=OuterRef("pk"))
    here |= Q(scope=Scope.COLLECTION, scope_id=OuterRef("collection_id"))
    return Campaign.objects.filter(Exists(held.filter(here)))


def _context(request: Request, campaigns: Sequence[Campaign]) -> dict[str, Any]:
    """Return what tells the caller's roles in each campaign; one query for all of them."""
    places = {place for campaign in campaigns for place in campaign.places}
    scopes = {scope_id for _, scope_id in places}
    person: Any = request.user
    rows = person.memberships.filter(scope_id__in=scopes) if scopes else ()
    held: dict[Any, set[Role]] = {}
    for row in rows:
        held.setdefault((row.scope, row.scope_id), set()).update(implied(row.role))
    everywhere = roles(person)

    def of(campaign: Campaign) -> set[Role]:
        return everywhere.union(*(held.get(place, set()) for place in campaign.places))

    return {"roles": of}


def _rounds(wanted: Sequence[UUID]) -> list[SamplingRound]:
    known = SamplingRound.objects.select_related("score_set__collection").in_bulk(set(wanted))
    for pk in wanted:
        if pk not in known:
            raise ParameterError(f"There is no sampling round {pk}.")
    return [known[pk] for pk in dict.fromkeys(wanted)]


def _etag(campaign: Campaign) -> str:
    return etag_of({"name": campaign.name, "state": campaign.state, **rules_of(campaign)})


def _shown(request: Request, campaign: Campaign, **answer: Any) -> Response:
    found = Campaign.objects.select_related("collection").prefetch_related(
        "rounds", "tallies", "guidelines__target"
    )
    campaign = found.get(pk=campaign.pk)
    body = CampaignInFull(campaign, context=_context(request, [campaign])).data
    headers = {"ETag": _etag(campaign), **answer.pop("headers", {})}
    return Response(body, headers=headers, **answer)


def _created(request: Request, campaign: Campaign) -> Response:
    address = reverse("api:campaign", args=[campaign.pk])
    return _shown(request, campaign, status=201, headers={"Location": address})
