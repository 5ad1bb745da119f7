"""Studies on marketplaces: opened, closed, paid, and ended for one of their people."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.enter_study import MAX_REASON, end_for
from annotation.actions.open_study import (
    MAX_NAME,
    MAX_REWARD,
    MAX_WANTED,
    move_study,
    open_study,
    set_reward,
)
from annotation.api.reports import campaign_of
from annotation.models import Participant, Study
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
from consonance.people.models import Role

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_FIRST_CAME: Final = Order(field="joined_at", tie="id")


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

    id = serializers.UUIDField(source="participant.pk")
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


class EndSent(serializers.Serializer[Any]):
    """How somebody's participation is to end."""

    outcome = serializers.ChoiceField(
        choices=Participant.Outcome.choices,
        help_text="Which code they get: `completed` or `screened_out`.",
    )
    reason = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_REASON, help_text="For the audit trail."
    )


class ParticipantsShown(PageShown):
    """A page of a study's people, in the order in which they came."""

    results = ParticipantShown(many=True)


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


class EndParticipantView(APIView):
    """Ending somebody's participation."""

    @extend_schema(
        operation_id="studies_end_participant",
        request=EndSent,
        responses={
            200: ParticipantShown,
            **problems(400, 403, 404, 409, on_409="It has ended already."),
        },
    )
    def post(self, request: Request, study_id: UUID, participant_id: UUID) -> Response:
        """End it in their place: they get a code now, and nothing more of this study to answer.

        What they have answered stays, counts and is owed to them.
        """
        study = _study(request, study_id)
        people = study.participants.select_related("study__campaign", "person")
        participant = people.filter(pk=participant_id).first()
        if participant is None:
            raise Http404
        end_for(participant=participant, actor=request.user, **body_of(request, EndSent))
        [account] = accounts_of(study, [participant])
        return Response(ParticipantShown(account).data)


def _study(request: Request, study_id: UUID) -> Study:
    study = get_object_or_404(Study.objects.select_related("campaign__collection"), pk=study_id)
    require(request.user, Role.CURATOR, *study.campaign.places)
    return study


def _site(request: Request) -> dict[str, str]:
    return {"site": request.build_absolute_uri("/").rstrip("/")}
