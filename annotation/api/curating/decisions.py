"""What waits for a curator's decision: disputed questions and reported clips."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.adjudicate import MAX_NOTE, adjudicate, withdraw_adjudication
from annotation.actions.resolve_flag import resolve_flags
from annotation.api.curating.questions import QuestionRow, QuestionsShown, shown_rows, with_decision
from annotation.api.reports import campaign_of
from annotation.models import Adjudication, ClipFlag, Question
from consonance.catalog.models import Clip
from consonance.ledger.asked import PageAsked, PageShown, body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role, Scope

_WAITING: Final = "waiting"
_LONGEST_WAITING: Final = Order(field="stopped_at", tie="id")
_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)
_DECIDED: Final = (ClipFlag.Resolution.KEPT, ClipFlag.Resolution.WITHDRAWN)


# --- asked -------------------------------------------------------------------------------------
class DisputedAsked(PageAsked):
    """Which disputed questions."""

    class_name = serializers.CharField(required=False, max_length=100)


class AdjudicationSent(serializers.Serializer[Any]):
    """A decision."""

    decision = serializers.ChoiceField(choices=Adjudication.Decision.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=MAX_NOTE)


class FlagsAsked(PageAsked):
    """Which reports."""

    state = serializers.ChoiceField(
        choices=(_WAITING, *(one.value for one in _DECIDED)), required=False
    )
    kind = serializers.ChoiceField(choices=ClipFlag.Kind.choices, required=False)
    clip = serializers.UUIDField(required=False)


class ResolutionSent(serializers.Serializer[Any]):
    """What becomes of a reported clip."""

    resolution = serializers.ChoiceField(choices=[(one.value, one.label) for one in _DECIDED])


# --- sent --------------------------------------------------------------------------------------
class AdjudicationShown(serializers.ModelSerializer[Adjudication]):
    """A curator's decision."""

    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)

    class Meta:
        model = Adjudication
        fields = ["id", "question", "decision", "note", "decided_by", "decided_at", "withdrawn_at"]


class ClipFlagShown(serializers.ModelSerializer[ClipFlag]):
    """A report about a clip; of one from another campaign only what holds for the clip."""

    sample_key = serializers.CharField(source="clip.sample_key")
    person = serializers.CharField(
        source="person.username", allow_null=True, help_text="Null: in another campaign."
    )
    question = serializers.UUIDField(
        source="question_id", allow_null=True, help_text="Null: of another campaign."
    )
    note = serializers.CharField(allow_null=True, help_text="Null: in another campaign.")
    resolution = serializers.ChoiceField(
        choices=ClipFlag.Resolution.choices, allow_blank=True, help_text="Empty: it waits."
    )

    class Meta:
        model = ClipFlag
        fields = [
            "id", "clip", "sample_key", "question", "person", "kind", "note", "created_at",
            "resolution", "resolved_at",
        ]  # fmt: skip

    def to_representation(self, flag: ClipFlag) -> dict[str, Any]:
        """Return a report; who said what elsewhere is for the curators there."""
        shown: dict[str, Any] = super().to_representation(flag)
        if flag.question.campaign_id != self.context["campaign"].pk:
            shown |= {"question": None, "person": None, "note": None}
        return shown


class ClipFlagsShown(PageShown):
    """A page of reports."""

    results = ClipFlagShown(many=True)


class ResolutionShown(serializers.Serializer[Any]):
    """What a decision about a clip changed."""

    reports = serializers.IntegerField()
    questions = serializers.IntegerField(help_text="Set aside, or asked again.")
    gold = serializers.IntegerField(help_text="Retired, or set again.")


class DisputedView(APIView):
    """Disputed questions."""

    @extend_schema(
        operation_id="disputed_list",
        parameters=[DisputedAsked],
        responses={200: QuestionsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the questions that wait for a curator, those that wait longest first."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, DisputedAsked)
        rows = Question.objects.of(campaign).filter(state=Question.State.DISPUTED)
        if "class_name" in asked:
            rows = rows.filter(target__name=asked["class_name"])
        found, links = page_of(
            with_decision(rows.select_related("clip__track", "target").defer("clip__peaks")),
            order=_LONGEST_WAITING,
            size=asked["page_size"],
            request=request,
        )
        return Response({**links, "results": shown_rows(found)})


class AdjudicateView(APIView):
    """Deciding."""

    @extend_schema(
        operation_id="questions_adjudicate",
        request=AdjudicationSent,
        responses={
            200: AdjudicationShown,
            **problems(400, 403, 404, 409, on_409="The question is not disputed."),
        },
    )
    def post(self, request: Request, question_id: UUID) -> Response:
        """Decide a disputed question; a later decision takes the place of an earlier one."""
        question = get_object_or_404(Question.objects.select_related("campaign"), pk=question_id)
        require(request.user, Role.CURATOR, *question.campaign.places)
        sent = body_of(request, AdjudicationSent)
        row = adjudicate(question_id=question.pk, actor=request.user, **sent)
        return Response(AdjudicationShown(row).data)


class WithdrawView(APIView):
    """Taking a decision back."""

    @extend_schema(
        operation_id="adjudications_withdraw",
        request=None,
        responses={200: QuestionRow, **problems(403, 404)},
    )
    def post(self, request: Request, adjudication_id: UUID) -> Response:
        """Take a decision back: its question is disputed again. Twice is once."""
        row = get_object_or_404(
            Adjudication.objects.select_related("question__campaign"), pk=adjudication_id
        )
        require(request.user, Role.CURATOR, *row.question.campaign.places)
        question = withdraw_adjudication(adjudication_id=row.pk, actor=request.user)
        return Response(shown_rows([question])[0])


class FlagsView(APIView):
    """Reports about clips."""

    @extend_schema(
        operation_id="flags_list",
        parameters=[FlagsAsked],
        responses={200: ClipFlagsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return reports about clips that the campaign asks about, the newest first.

        A clip is the same everywhere, so reports from other campaigns are among them, without who
        made them and what they wrote.
        """
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, FlagsAsked)
        clips = Question.objects.of(campaign).filter(clip__isnull=False).values("clip")
        rows = ClipFlag.objects.filter(clip__in=clips).select_related(
            "clip__track", "person", "question"
        )
        if "state" in asked:
            state = "" if asked["state"] == _WAITING else asked["state"]
            rows = rows.filter(resolution=state)
        for name in ("kind", "clip"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        shown = ClipFlagShown(found, many=True, context={"campaign": campaign})
        return Response({**links, "results": shown.data})


class FlagView(APIView):
    """One reported clip."""

    @extend_schema(
        operation_id="flags_resolve",
        request=ResolutionSent,
        responses={
            200: ResolutionShown,
            **problems(
                400, 403, 404, 409,
                on_409="Nobody reported the clip, or it was withdrawn for another reason.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID, clip_id: UUID) -> Response:
        """Keep a clip or withdraw it, for all of its collection; the other can be said later."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        require(request.user, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
        clip = get_object_or_404(Clip, pk=clip_id, track__collection=campaign.collection_id)
        sent = body_of(request, ResolutionSent)
        done = resolve_flags(clip_id=clip.pk, actor=request.user, **sent)
        return Response({"reports": done.reports, "questions": done.questions, "gold": done.gold})
