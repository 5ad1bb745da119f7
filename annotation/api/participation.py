"""One's own participation in a marketplace's study: how far it is, and its end."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.enter_study import end_participation
from annotation.models import Participant
from annotation.people.participation import Stand, stand_of
from annotation.people.studies import completion_url
from consonance.ledger.asked import body_of, problems

_UNSEEN: Final = {"Cache-Control": "no-store"}
_Outcome = Participant.Outcome


class LeavingSent(serializers.Serializer[Any]):
    """Whether one leaves without having finished."""

    leaves = serializers.BooleanField(
        default=False, help_text="With the code for people screened out, where `may_leave`."
    )


class ParticipationShown(serializers.Serializer[Any]):
    """How far one is, and at the end one's code."""

    outcome = serializers.ChoiceField(choices=_Outcome.choices)
    given = serializers.IntegerField(help_text="Answers that count for the study.")
    wanted = serializers.IntegerField()
    may_leave = serializers.BooleanField(help_text="You cannot go on, and may end it.")
    code = serializers.CharField(
        allow_blank=True, help_text="To be handed in at the marketplace; empty before the end."
    )
    return_url = serializers.CharField(
        allow_blank=True, help_text="Where the marketplace takes the code from; empty without one."
    )


class ParticipationView(APIView):
    """One's own part in a study."""

    @extend_schema(
        operation_id="participation_read",
        responses={200: ParticipationShown, **problems(403, 404)},
    )
    def get(self, request: Request, study_id: UUID) -> Response:
        """Return how far the caller is; without a code before the end is written down."""
        participant = _own(request, study_id)
        stand = stand_of(participant)
        is_over = participant.outcome != _Outcome.WORKING
        return Response(_shown(participant, stand, is_over=is_over), headers=_UNSEEN)

    @extend_schema(
        operation_id="participation_end",
        request=LeavingSent,
        responses={
            200: ParticipationShown,
            **problems(400, 403, 404, 409, on_409="You are not screened out: it goes on."),
        },
    )
    def post(self, request: Request, study_id: UUID) -> Response:
        """End it, if all is answered or the caller leaves, and return the code. Twice is once."""
        participant = _own(request, study_id)
        stand = end_participation(participant=participant, **body_of(request, LeavingSent))
        return Response(_shown(participant, stand, is_over=True), headers=_UNSEEN)


def _own(request: Request, study_id: UUID) -> Participant:
    found = Participant.objects.filter(study=study_id, person=request.user.pk)
    participant = found.select_related("study__campaign", "person").first()
    if participant is None:
        raise Http404("You take no part in such a study.")
    return participant


def _shown(participant: Participant, stand: Stand, *, is_over: bool) -> dict[str, Any]:
    study = participant.study
    codes = {
        _Outcome.COMPLETED: study.completion_code,
        _Outcome.SCREENED_OUT: study.screened_out_code,
    }
    code = codes.get(_Outcome(stand.outcome), "") if is_over else ""
    shown = {
        "outcome": stand.outcome,
        "given": stand.given,
        "wanted": stand.wanted,
        "may_leave": stand.may_leave,
        "code": code,
        "return_url": completion_url(study, code) if code else "",
    }
    return dict(ParticipationShown(shown).data)
