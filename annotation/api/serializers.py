"""Shapes of what the rating loop sends and is sent."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from annotation.actions.claim_questions import MAX_CLAIM
from annotation.actions.submit_ratings import CONFIDENCES, MAX_BATCH, MAX_REPLAYS, GivenAnswer
from annotation.models import Campaign, GuidelineExample
from annotation.models.ratings import Answer

_MAX_INTEGER: Final = 2_147_483_647  # what the column holds; in ms, 24 days
_MAX_HOLDING: Final = 1_000  # an outbox that was offline for long


#: How questions are put, in one claim.
_MODES: Final = [
    (Campaign.Asks.CLASS_BATCH.value, "one class, clip after clip"),
    (Campaign.Asks.CLIP_PASS.value, "one clip, a few classes each"),
]
#: Why a claim brings no questions.
REASONS: Final = (
    "nothing_left", "hands_full", "paused", "closed", "paused_you", "quiz", "consent",
    "study_done", "welcome", "headphones",
)  # fmt: skip


class _ClaimFields(serializers.Serializer[Any]):
    campaign = serializers.UUIDField()
    count = serializers.IntegerField(
        default=1, min_value=1, max_value=MAX_CLAIM, help_text="How many more are wanted."
    )
    holding = serializers.ListField(
        child=serializers.UUIDField(),
        default=list,
        max_length=_MAX_HOLDING,
        help_text="Assignments that the client has already; they are not returned again.",
    )
    mode = serializers.ChoiceField(
        choices=_MODES, required=False, help_text="How to be asked, where the campaign lets one."
    )


# `class` is a keyword, so the field is added by name.
ClaimRequest = type(
    "ClaimRequest",
    (_ClaimFields,),
    {
        "__doc__": "Ask for questions.",
        "__module__": __name__,
        "class": serializers.CharField(
            required=False,
            max_length=100,
            help_text="Name of the class to be asked about; without it, the one in turn.",
        ),
    },
)


class ClassShown(serializers.Serializer[Any]):
    """A class as it is asked about."""

    name = serializers.SlugField()
    display_name = serializers.CharField()
    article = serializers.CharField(allow_blank=True)


class ExampleShown(serializers.Serializer[Any]):
    """A clip that shows what counts, or what only seems to."""

    kind = serializers.ChoiceField(choices=GuidelineExample.Kind.choices)
    caption = serializers.CharField(allow_blank=True)
    audio_url = serializers.CharField()
    duration_ms = serializers.IntegerField()


class GuidelineShown(serializers.Serializer[Any]):
    """What to listen for."""

    version = serializers.IntegerField()
    question = serializers.CharField()
    text = serializers.CharField()
    examples = ExampleShown(many=True)


class ClipShown(serializers.Serializer[Any]):
    """The sound and its pictures."""

    id = serializers.UUIDField()
    duration_ms = serializers.IntegerField()
    audio_url = serializers.CharField()
    spectrogram_url = serializers.CharField()
    peaks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="[[low, high], …] in -127..127.",
    )


class _QuestionFields(serializers.Serializer[Any]):
    assignment = serializers.UUIDField()
    lease_until = serializers.DateTimeField()
    question = serializers.UUIDField()
    prompt = serializers.CharField()
    guideline = GuidelineShown(allow_null=True)
    clip = ClipShown()


QuestionShown = type(
    "QuestionShown",
    (_QuestionFields,),
    {"__doc__": "A question in the person's hands.", "__module__": __name__, "class": ClassShown()},
)


class ProgressShown(serializers.Serializer[Any]):
    """How far the person is in the campaign."""

    answered_by_you = serializers.IntegerField()
    remaining_for_you = serializers.IntegerField()


class ClassStandShown(ClassShown):
    """The class a claim is about, and how far it is."""

    decided = serializers.IntegerField(help_text="Questions decided either way, gold apart.")
    positives = serializers.IntegerField(help_text="Those of them decided for present.")
    quota_labels = serializers.IntegerField()
    quota_positives = serializers.IntegerField()


class _QuizFields(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="The quiz's page.")


QuizShown = type(
    "QuizShown",
    (_QuizFields,),
    {
        "__doc__": "A quiz that comes first.",
        "__module__": __name__,
        "class": serializers.CharField(
            allow_null=True, help_text="The class it is about; null for all of them."
        ),
    },
)


class _ClaimAnswerFields(serializers.Serializer[Any]):
    questions = QuestionShown(many=True)
    progress = ProgressShown()
    mode = serializers.ChoiceField(choices=_MODES)
    reason = serializers.ChoiceField(
        choices=REASONS,
        required=False,
        help_text="Only without questions. All from `paused_you` on hold for the caller alone.",
    )
    detail = serializers.CharField(
        required=False, help_text="What the reason means, for the person."
    )
    quiz = QuizShown(required=False, help_text="With the reason `quiz`.")


ClaimResponse = type(
    "ClaimResponse",
    (_ClaimAnswerFields,),
    {
        "__doc__": "Questions, or why there are none.",
        "__module__": __name__,
        "class": ClassStandShown(
            required=False, help_text="The class that the questions are about, in class mode."
        ),
    },
)


class RatingSent(serializers.Serializer[Any]):
    """One answer."""

    key = serializers.UUIDField(help_text="Made by the client; the same key is stored once.")
    assignment = serializers.UUIDField()
    answer = serializers.CharField(max_length=32, help_text="yes, no or unsure")
    confidence = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=CONFIDENCES[0],
        max_value=CONFIDENCES[-1],
        help_text="1 a guess, 2 fairly sure, 3 certain.",
    )
    guideline = serializers.UUIDField(
        required=False, allow_null=True, help_text="Id of the guideline that was shown."
    )
    first_key_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=_MAX_INTEGER
    )
    response_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=_MAX_INTEGER
    )
    heard_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=_MAX_INTEGER
    )
    replays = serializers.IntegerField(default=0, min_value=0, max_value=MAX_REPLAYS)
    ui_version = serializers.CharField(default="", allow_blank=True, max_length=32)


class RatingsRequest(serializers.Serializer[Any]):
    """A batch of answers."""

    ratings = serializers.ListField(child=RatingSent(), min_length=1, max_length=MAX_BATCH)

    def answers(self) -> list[GivenAnswer]:
        """Return the validated answers."""
        sent: list[dict[str, Any]] = self.validated_data["ratings"]
        return [GivenAnswer(**rating) for rating in sent]


class ResultShown(serializers.Serializer[Any]):
    """What became of an answer."""

    key = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["stored", "already_stored", "late", "rejected"])
    detail = serializers.CharField(
        required=False, help_text="Why it was rejected, or what was changed in it."
    )


class RatingsResponse(serializers.Serializer[Any]):
    """What became of each answer, in order."""

    results = ResultShown(many=True)
    progress = ProgressShown(help_text="In the campaign of the last answer that was understood.")


class UndoRequest(serializers.Serializer[Any]):
    """Take an answer back."""

    assignment = serializers.UUIDField()
    key = serializers.UUIDField()


class UndoResponse(serializers.Serializer[Any]):
    """Whether it was taken back."""

    status = serializers.ChoiceField(choices=["undone", "too_late"])


class CorrectionRequest(serializers.Serializer[Any]):
    """Put another answer in the place of one's own."""

    rating = serializers.UUIDField(help_text="The answer that is in force.")
    answer = serializers.ChoiceField(choices=Answer.choices)
    key = serializers.UUIDField(help_text="Made by the client; the same key is one correction.")


class CorrectionResponse(serializers.Serializer[Any]):
    """The new answer."""

    rating = serializers.UUIDField(help_text="Its id, which the next correction names.")
    answer = serializers.ChoiceField(choices=Answer.choices)
    created_at = serializers.DateTimeField()


class WelcomedShown(serializers.Serializer[Any]):
    """That the instructions were read and the sound was checked."""

    welcomed_at = serializers.DateTimeField()


class ProblemShown(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class RatingsProblemShown(ProblemShown):
    """Nothing of a batch was stored."""

    results = ResultShown(
        many=True, required=False, help_text="Where every answer was rejected: why, in order."
    )
