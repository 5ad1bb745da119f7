"""How people come to a campaign: links, studies on marketplaces, an open door."""

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
from annotation.actions.open_study import (
    MAX_NAME,
    MAX_REWARD,
    MAX_WANTED,
    move_study,
    open_study,
    set_reward,
)
from annotation.api.reports import campaign_of
from annotation.models import Campaign, Participant, Study
from annotation.people.participation import accounts_of, outcomes_of
from annotation.people.studies import link_to_paste
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
_FIRST_CAME: Final = Order(field="joined_at", tie="id")
_STATES: Final = ("open", "used", "expired", "revoked")


# --- asked -------------------------------------------------------------------------------------
class InvitationSent(serializers.Serializer[Any]):
    """For how many people a link is, and for how long."""

    note = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_NOTE, help_text="Only curators see it."
    )
    max_uses = serializers.IntegerField(default=1, min_value=1, max_value=MAX_USES)
    days = serializers.IntegerField(default=14, min_value=1, max_value=MAX_DAYS)


class StudySent(serializers.Serializer[Any]):
    """A study on a marketplace."""

    provider = serializers.ChoiceField(choices=Study.Provider.choices)
    name = serializers.CharField(max_length=MAX_NAME)
    ratings_wanted = serializers.IntegerField(
        default=50, min_value=1, max_value=MAX_WANTED, help_text="Of each person."
    )
    reward = serializers.DecimalField(
        max_digits=8, decimal_places=2, min_value=0, max_value=MAX_REWARD, required=False,
        allow_null=True, help_text="What the marketplace pays each person; null if not told.",
    )  # fmt: skip
    external_id = serializers.RegexField(
        r"^[A-Za-z0-9_.:-]{0,200}$", default="", allow_blank=True,
        help_text="The marketplace's id; links of other studies are refused if given.",
    )  # fmt: skip
    completion_code = serializers.RegexField(
        r"^([A-Za-z0-9_-]{4,64})?$", default="", allow_blank=True, help_text="Empty: drawn."
    )
    screened_out_code = serializers.RegexField(
        r"^([A-Za-z0-9_-]{4,64})?$", default="", allow_blank=True, help_text="Empty: drawn."
    )


class RewardSent(serializers.Serializer[Any]):
    """What the marketplace pays each person, in the campaign's currency; null if not told."""

    reward = serializers.DecimalField(
        max_digits=8, decimal_places=2, min_value=0, max_value=MAX_REWARD, allow_null=True
    )


class StudyStateSent(serializers.Serializer[Any]):
    """Whether new people are let in; whoever works goes on."""

    is_open = serializers.BooleanField()


# --- sent --------------------------------------------------------------------------------------
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


class OutcomesShown(serializers.Serializer[Any]):
    """How many people came, and how it ended for them."""

    all = serializers.IntegerField()
    working = serializers.IntegerField()
    completed = serializers.IntegerField()
    screened_out = serializers.IntegerField()


class StudyShown(serializers.ModelSerializer[Study]):
    """A study on a marketplace."""

    people = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="To be pasted into the marketplace.")

    class Meta:
        model = Study
        fields = [
            "id", "campaign", "provider", "name", "external_id", "ratings_wanted", "reward",
            "completion_code", "screened_out_code", "is_open", "created_at", "people", "url",
        ]  # fmt: skip

    @extend_schema_field(OutcomesShown)
    def get_people(self, study: Study) -> dict[str, int]:
        """Return how many came."""
        return outcomes_of(study)

    def get_url(self, study: Study) -> str:
        """Return the link with the marketplace's placeholders."""
        return link_to_paste(study, self.context["site"])


class StudiesShown(PageShown):
    """A page of studies."""

    results = StudyShown(many=True)


class ParticipantShown(serializers.Serializer[Any]):
    """Somebody from a marketplace, what they did, and what they are owed."""

    external_id = serializers.CharField(
        source="participant.external_id", allow_blank=True, help_text="Empty: erased."
    )
    session_id = serializers.CharField(source="participant.session_id", allow_blank=True)
    outcome = serializers.ChoiceField(
        choices=Participant.Outcome.choices, source="participant.outcome"
    )
    joined_at = serializers.DateTimeField(source="participant.joined_at")
    ended_at = serializers.DateTimeField(source="participant.ended_at", allow_null=True)
    ratings = serializers.IntegerField()
    gold_right = serializers.IntegerField()
    gold_answered = serializers.IntegerField()
    seconds = serializers.FloatField(help_text="Time worked, pauses left out.")
    owed = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True, help_text="Null: volunteers."
    )


class ParticipantsShown(PageShown):
    """A page of a study's people, in the order in which they came."""

    results = ParticipantShown(many=True)


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


class StudiesView(APIView):
    """Studies of a campaign."""

    @extend_schema(
        operation_id="studies_list",
        parameters=[PageAsked],
        responses={200: StudiesShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return a campaign's studies on marketplaces, the newest first."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, PageAsked)
        found, links = page_of(
            campaign.studies.all(), order=_NEWEST, size=asked["page_size"], request=request
        )
        shown = StudyShown(found, many=True, context=_site(request))
        return Response({**links, "results": shown.data})

    @extend_schema(
        operation_id="studies_open",
        request=StudySent,
        responses={
            201: StudyShown,
            **problems(400, 403, 404, 409, on_409="The campaign is closed, or the name taken."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Open a study: its link goes to the marketplace, its codes come back from people."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        sent = body_of(request, StudySent)
        made = open_study(campaign=campaign, actor=request.user, **sent)
        return Response(StudyShown(made, context=_site(request)).data, status=201)


class StudyView(APIView):
    """One study."""

    @extend_schema(
        operation_id="studies_read", responses={200: StudyShown, **problems(400, 403, 404)}
    )
    def get(self, request: Request, study_id: UUID) -> Response:
        """Return a study with how many people came and how it ended for them."""
        study = _study(request, study_id)
        parameters_of(request, NothingAsked)
        return Response(StudyShown(study, context=_site(request)).data)


class StudyStateView(APIView):
    """Opening and closing a study."""

    @extend_schema(
        operation_id="studies_move",
        request=StudyStateSent,
        responses={200: StudyShown, **problems(400, 403, 404)},
    )
    def post(self, request: Request, study_id: UUID) -> Response:
        """Let new people in, or no more of them; whoever works goes on."""
        study = _study(request, study_id)
        move_study(study=study, actor=request.user, **body_of(request, StudyStateSent))
        study.refresh_from_db()
        return Response(StudyShown(study, context=_site(request)).data)


class StudyRewardView(APIView):
    """What people of a study are paid."""

    @extend_schema(
        operation_id="studies_reward",
        request=RewardSent,
        responses={200: StudyShown, **problems(400, 403, 404)},
    )
    def post(self, request: Request, study_id: UUID) -> Response:
        """Write down what the marketplace pays each person, so that hourly pay can be told."""
        study = _study(request, study_id)
        set_reward(study=study, actor=request.user, **body_of(request, RewardSent))
        study.refresh_from_db()
        return Response(StudyShown(study, context=_site(request)).data)


class ParticipantsView(APIView):
    """A study's people."""

    @extend_schema(
        operation_id="studies_participants",
        parameters=[PageAsked],
        responses={200: ParticipantsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, study_id: UUID) -> Response:
        """Return a study's people by external id: answers, gold, time, and what they are owed."""
        study = _study(request, study_id)
        asked = parameters_of(request, PageAsked)
        found, links = page_of(
            study.participants.all(), order=_FIRST_CAME, size=asked["page_size"], request=request
        )
        shown = ParticipantShown(accounts_of(study, found), many=True)
        return Response({**links, "results": shown.data})


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


def _study(request: Request, study_id: UUID) -> Study:
    study = get_object_or_404(Study.objects.select_related("campaign__collection"), pk=study_id)
    require(request.user, Role.CURATOR, *study.campaign.places)
    return study


def _site(request: Request) -> dict[str, str]:
    return {"site": request.build_absolute_uri("/").rstrip("/")}
