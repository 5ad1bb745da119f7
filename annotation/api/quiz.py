"""The quiz through the API: how one stands, begin, answer; each answer is explained at once."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.start_quiz import start_quiz
from annotation.api.reports import campaign_of
from annotation.api.serializers import ClassShown, ClipShown, GuidelineShown
from annotation.gold.quiz_standing import QuizStanding, latest_class, quiz_standing
from annotation.models import Campaign, GoldAnswer
from annotation.models.ratings import Answer
from annotation.presenting.quiz import present_items
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError
from consonance.ledger.asked import body_of, parameters_of, problems
from consonance.people.models import Role

#: `QuizStanding.stage`, and how an attempt ended.
STATES: Final = ("not_asked", "impossible", "due", "asking", "passed", "failed")
_CLASS: Final = "Name of the class it is about; without it, the one of the latest attempt."
_UNSEEN: Final = {"Cache-Control": "no-store"}


def _with_class(name: str, fields: type[serializers.Serializer[Any]], of: Any, about: str) -> Any:
    """Return a serializer with a field called `class`, which is a keyword."""
    return type(name, (fields,), {"__doc__": about, "__module__": __name__, "class": of})


QuizAsked = _with_class(
    "QuizAsked",
    serializers.Serializer,
    serializers.CharField(required=False, max_length=100, help_text=_CLASS),
    "Which quiz.",
)
QuizStarted = _with_class(
    "QuizStarted",
    serializers.Serializer,
    serializers.CharField(required=False, max_length=100, allow_null=True, help_text=_CLASS),
    "Which quiz is begun: `quiz.class` of a claim says which stands before the next question.",
)


class QuizAnswerSent(serializers.Serializer[Any]):
    """What one hears in the clip that is asked now."""

    item = serializers.UUIDField(help_text="Its `id`.")
    answer = serializers.ChoiceField(choices=Answer.choices, help_text="Unsure is never right.")


class _QuizItemFields(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    place = serializers.IntegerField(help_text="From 1.")
    prompt = serializers.CharField()
    guideline = GuidelineShown(allow_null=True)
    clip = ClipShown()


QuizItemShown = _with_class(
    "QuizItemShown", _QuizItemFields, ClassShown(), "A clip that waits for its answer."
)


class _ExplainedFields(_QuizItemFields):
    answer = serializers.ChoiceField(choices=Answer.choices, help_text="The one that stands.")
    is_right = serializers.BooleanField()
    truth = serializers.ChoiceField(choices=GoldAnswer.Truth.choices, help_text="As is known.")
    detail = serializers.CharField(help_text="What was said, what is known, and why: for people.")
    explanation = serializers.CharField(allow_blank=True, help_text="The curator's own words.")


QuizExplained = _with_class(
    "QuizExplained", _ExplainedFields, ClassShown(), "A clip that was answered, explained."
)


class _QuizFields(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="`not_asked`: nothing stands before you; `impossible`: there are too few known"
        " answers, and only a re-quiz waits for them; `due`: begin it; `asking`: answer `item`;"
        " `passed`, `failed`: how the latest attempt ended.",
    )
    is_due = serializers.BooleanField(help_text="A passed quiz comes before the next question.")
    attempt = serializers.IntegerField(help_text="Which one it is; 0 before the first.")
    asked = serializers.IntegerField(help_text="Clips of the attempt, or of the one to come.")
    needed = serializers.IntegerField(help_text="How many must be right.")
    answered = serializers.IntegerField()
    right = serializers.IntegerField()
    wait = serializers.CharField(
        allow_blank=True, help_text="Why the next attempt may not begin yet; else empty."
    )
    wait_until = serializers.DateTimeField(
        allow_null=True, help_text="When it may begin; null where it may now."
    )
    others = ClassShown(
        many=True,
        help_text="After a failed quiz of a class: others with questions for you, the next first."
        " Claim with `class`.",
    )
    item = QuizItemShown(allow_null=True, help_text="The clip that is asked now.")
    explained = QuizExplained(many=True, help_text="Those that were answered, in order.")


QuizShown = _with_class(
    "QuizStandShown",
    _QuizFields,
    ClassShown(allow_null=True, help_text="Null: all of the campaign's."),
    "How one stands with the quiz.",
)


class QuizAnswerShown(serializers.Serializer[Any]):
    """What the answer was worth, and how it goes on."""

    explained = QuizExplained()
    quiz = QuizShown()


class _QuizEndpoint(APIView):
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "ratings"


class QuizView(_QuizEndpoint):
    """One's quiz."""

    @extend_schema(
        operation_id="quiz_read",
        parameters=[QuizAsked],
        responses={200: QuizShown, **problems(400, 403, 404, 429)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return how the caller stands with the quiz, and what was explained to them so far."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        asked = parameters_of(request, QuizAsked)
        stand = quiz_standing(campaign, request.user, _class_of(request, campaign, asked))
        return Response(QuizShown(_standing(campaign, stand)).data, headers=_UNSEEN)

    @extend_schema(
        operation_id="quiz_start",
        request=QuizStarted,
        responses={
            200: QuizShown,
            **problems(
                400, 403, 404, 409, 429,
                on_409="Nobody asked the caller to take it, they have to wait, the campaign is"
                " closed, or there are too few known answers.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Begin the quiz, or go on with the attempt that is open; twice is once."""
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        target = _class_of(request, campaign, body_of(request, QuizStarted))
        start_quiz(campaign=campaign, person=request.user, target=target)
        stand = quiz_standing(campaign, request.user, target)
        return Response(QuizShown(_standing(campaign, stand)).data, headers=_UNSEEN)


class QuizAnswersView(_QuizEndpoint):
    """Answers to one's quiz."""

    @extend_schema(
        operation_id="quiz_answer",
        request=QuizAnswerSent,
        responses={
            200: QuizAnswerShown,
            **problems(400, 403, 404, 409, 429, on_409="An earlier clip has no answer yet."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Answer the clip that is asked, and be told what was right, and why.

        The first answer stands: sent again, or another one, it changes nothing. The last one
        decides the attempt.
        """
        campaign = campaign_of(request, campaign_id, Role.ANNOTATOR)
        sent = body_of(request, QuizAnswerSent)
        item = answer_quiz(
            campaign=campaign, person=request.user, item_id=sent["item"], answer=sent["answer"]
        )
        stand = quiz_standing(campaign, request.user, item.attempt.target)
        shown = {
            "explained": _item(present_items(campaign, [item])[0]),
            "quiz": _standing(campaign, stand),
        }
        return Response(QuizAnswerShown(shown).data, headers=_UNSEEN)


def _class_of(request: Request, campaign: Campaign, asked: dict[str, Any]) -> TaxonomyClass | None:
    name = asked.get("class")
    if not name:
        return latest_class(campaign, request.user)
    asks = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target"))
    found = asks.filter(name=name).first()
    if found is None:
        raise ParameterError(
            _("%(campaign)s does not ask about %(name)r.") % {"campaign": campaign, "name": name}
        )
    return found


def _standing(campaign: Campaign, stand: QuizStanding) -> dict[str, Any]:
    shown = [_item(row) for row in present_items(campaign, stand.items)]
    answered = stand.score.answered  # they are answered in order
    return {
        "state": _state(stand),
        "class": stand.target,
        "is_due": stand.is_due,
        "attempt": stand.number,
        "asked": stand.score.asked,
        "needed": stand.score.needed,
        "answered": stand.score.answered,
        "right": stand.score.right,
        "wait": stand.resting.told if stand.resting is not None else "",
        "wait_until": stand.resting.until if stand.resting is not None else None,
        "others": stand.others,
        "item": shown[answered] if answered < len(shown) else None,
        "explained": shown[:answered],
    }


def _state(stand: QuizStanding) -> str:
    if stand.stage == "result":
        return "passed" if stand.has_passed else "failed"
    return "due" if stand.stage == "intro" else stand.stage


def _item(shown: dict[str, Any]) -> dict[str, Any]:
    clip = shown["clip"]
    told = {
        "class": shown["target"],
        "clip": {
            "id": clip.pk,
            "duration_ms": clip.duration_ms,
            "audio_url": shown["audio_url"],
            "spectrogram_url": shown["spectrogram_url"],
            "peaks": clip.peaks,
        },
        **{name: shown[name] for name in ("id", "place", "prompt", "guideline")},
    }
    if "answer" in shown:
        told |= {name: shown[name] for name in ("answer", "is_right", "explanation")}
        told["truth"] = shown["known"]
        sentences = (shown[name] for name in ("said", "truth", "explanation"))
        told["detail"] = " ".join(str(one) for one in sentences if one)
    return told
