"""Questions of a campaign, and one with everything that was said about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.allocation.deciding import posterior
from annotation.api.reports import campaign_of
from annotation.models import Adjudication, Campaign, Question, Rating
from annotation.people.pseudonyms import Pseudonyms
from annotation.querysets import QuestionQuerySet
from consonance.errors import NotAllowedError
from consonance.ledger.asked import NothingAsked, PageAsked, PageShown, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require, roles
from consonance.people.models import Role

_State = Question.State
_ORDER: Final = Order(field="id", tie="id")
#: What asking came to: of a question that stopped, on which side its posterior lies.
DECISIONS: Final = ("present", "absent", "undecided")
_RELATED: Final = ("campaign", "clip__track", "target")


class QuestionsAsked(PageAsked):
    """Which questions."""

    state = serializers.ChoiceField(choices=_State.choices, required=False)
    class_name = serializers.CharField(required=False, max_length=100)
    decision = serializers.ChoiceField(
        choices=DECISIONS,
        required=False,
        help_text="What answers or a curator decided so far; a run's labels are in its export.",
    )
    gold = serializers.BooleanField(
        required=False, help_text="Asked because its answer is known. Curators only."
    )
    audit = serializers.BooleanField(
        required=False, help_text="In the random slice that is asked in full."
    )
    clip = serializers.UUIDField(required=False)


class QuestionClipShown(serializers.Serializer[Any]):
    """What a question is about."""

    id = serializers.UUIDField()
    sample_key = serializers.CharField()
    duration_ms = serializers.IntegerField()
    is_withdrawn = serializers.BooleanField()


class QuestionRow(serializers.ModelSerializer[Question]):
    """A question in a list; `is_gold` is null for whoever is no curator."""

    class_name = serializers.CharField(source="target.name", allow_null=True, default=None)
    clip = QuestionClipShown(allow_null=True)
    posterior = serializers.SerializerMethodField(help_text="P(present), running.")
    decision = serializers.SerializerMethodField()
    is_gold = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = [
            "id", "campaign", "class_name", "clip", "state", "stop_reason", "stopped_at",
            "decision", "posterior", "answered", "wanted", "free", "is_audit", "is_gold",
        ]  # fmt: skip

    def get_posterior(self, question: Question) -> float:
        """Return the running posterior in [0, 1]."""
        return posterior(question.log_odds)

    @extend_schema_field(serializers.ChoiceField(choices=DECISIONS))
    def get_decision(self, question: Question) -> str:
        """Return what was decided so far."""
        if question.state == _State.ADJUDICATED:
            decided: str = getattr(question, "adjudicated", "")
            return decided if decided in DECISIONS else "undecided"
        if question.state != _State.DECIDED:
            return "undecided"
        return "present" if question.log_odds > 0 else "absent"

    def get_is_gold(self, question: Question) -> bool | None:
        """Return whether its answer is known, to curators."""
        return question.is_gold if self.context.get("is_curator") else None


class QuestionsShown(PageShown):
    """A page of questions."""

    results = QuestionRow(many=True)


class PersonNamed(serializers.Serializer[Any]):
    """Somebody, to curators."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class QuestionRating(serializers.ModelSerializer[Rating]):
    """An answer to a question; corrected and withdrawn ones are shown, too."""

    rater = serializers.SerializerMethodField(help_text="Pseudonym in this collection.")
    person = serializers.SerializerMethodField(help_text="Null for whoever is no curator.")
    guideline_version = serializers.IntegerField(
        source="guideline.version", allow_null=True, default=None
    )
    is_superseded = serializers.SerializerMethodField(help_text="Corrected by a later answer.")

    class Meta:
        model = Rating
        fields = [
            "id", "rater", "person", "answer", "confidence", "created_at", "occasion", "is_late",
            "is_withdrawn", "is_superseded", "weight", "response_ms", "heard_ms", "replays",
            "guideline_version",
        ]  # fmt: skip

    def get_rater(self, rating: Rating) -> str:
        """Return the pseudonym."""
        name: str = self.context["names"][rating.person_id]
        return name

    @extend_schema_field(PersonNamed(allow_null=True))
    def get_person(self, rating: Rating) -> dict[str, str] | None:
        """Return who it was, to curators."""
        if not self.context["is_curator"]:
            return None
        return {"id": str(rating.person_id), "name": str(rating.person)}

    def get_is_superseded(self, rating: Rating) -> bool:
        """Return whether a later row took its place."""
        return rating.superseded_by_id is not None


class QuestionInFull(QuestionRow):
    """A question with every answer to it, the oldest first."""

    ratings = serializers.SerializerMethodField()

    class Meta(QuestionRow.Meta):
        fields = [*QuestionRow.Meta.fields, "ratings"]

    @extend_schema_field(QuestionRating(many=True))
    def get_ratings(self, question: Question) -> Any:
        """Return its answers."""
        found = list(
            question.ratings.select_related("person", "guideline").order_by("created_at", "pk")
        )
        names = Pseudonyms(question.campaign.collection_id).of_all(row.person_id for row in found)
        return QuestionRating(found, many=True, context={**self.context, "names": names}).data


class QuestionsView(APIView):
    """Questions of a campaign."""

    @extend_schema(
        operation_id="questions_list",
        parameters=[QuestionsAsked],
        responses={200: QuestionsShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return questions page by page; researchers see none of those that are gold."""
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        asked = parameters_of(request, QuestionsAsked)
        is_curator = Role.CURATOR in roles(request.user, *campaign.places)
        if "gold" in asked and not is_curator:
            raise NotAllowedError("Only curators are told which questions are gold.")
        rows = _narrowed(campaign, asked, is_curator=is_curator)
        found, links = page_of(rows, order=_ORDER, size=asked["page_size"], request=request)
        shown = QuestionRow(found, many=True, context={"is_curator": is_curator})
        return Response({**links, "results": shown.data})


class QuestionView(APIView):
    """One question."""

    @extend_schema(
        operation_id="questions_read", responses={200: QuestionInFull, **problems(400, 403, 404)}
    )
    def get(self, request: Request, question_id: UUID) -> Response:
        """Return a question with its answers: by name to curators, by pseudonym to researchers."""
        question: Question = get_object_or_404(
            with_decision(Question.objects.select_related(*_RELATED)), pk=question_id
        )
        campaign = question.campaign
        require(request.user, Role.RESEARCHER, *campaign.places)
        parameters_of(request, NothingAsked)
        is_curator = Role.CURATOR in roles(request.user, *campaign.places)
        if question.is_gold and not is_curator:
            raise Http404  # as any that is not there: a refusal would tell that it is gold
        return Response(QuestionInFull(question, context={"is_curator": is_curator}).data)


def with_decision(rows: QuestionQuerySet) -> QuestionQuerySet:
    """Add `adjudicated`: what a curator decided of each question; None where nobody did."""
    held = Adjudication.objects.filter(question=OuterRef("pk"), withdrawn_at__isnull=True)
    return rows.annotate(adjudicated=held.order_by().values("decision")[:1])


def shown_rows(questions: Sequence[Question]) -> Any:
    """Return questions as rows of a list, to a curator."""
    return QuestionRow(questions, many=True, context={"is_curator": True}).data


def _narrowed(campaign: Campaign, asked: dict[str, Any], *, is_curator: bool) -> QuerySet[Question]:
    rows = with_decision(Question.objects.of(campaign)).select_related(*_RELATED)
    rows = rows.defer("clip__peaks")  # 400 pairs of numbers each
    if not is_curator:
        rows = rows.not_gold()
    for name, field in (
        ("state", "state"), ("class_name", "target__name"), ("gold", "is_gold"),
        ("audit", "is_audit"), ("clip", "clip"),
    ):  # fmt: skip
        if name in asked:
            rows = rows.filter(**{field: asked[name]})
    return _decided(rows, asked["decision"]) if "decision" in asked else rows


def _decided(rows: QuerySet[Question], decision: str) -> QuerySet[Question]:
    by_curator = Exists(
        Adjudication.objects.filter(
            question=OuterRef("pk"), withdrawn_at__isnull=True, decision__in=("present", "absent")
        )
    )
    if decision == "undecided":
        decided = rows.filter(state=_State.ADJUDICATED).filter(by_curator).values("pk")
        return rows.exclude(state=_State.DECIDED).exclude(pk__in=decided)
    side = {"log_odds__gt": 0} if decision == "present" else {"log_odds__lte": 0}
    by_crowd = rows.filter(state=_State.DECIDED, **side)
    said = Adjudication.objects.filter(
        question=OuterRef("pk"), withdrawn_at__isnull=True, decision=decision
    )
    return by_crowd | rows.filter(state=_State.ADJUDICATED).filter(Exists(said))
