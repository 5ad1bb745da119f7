"""Shapes of what the rating loop sends and is sent."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from annotation.actions.claim_questions import MAX_CLAIM
from annotation.actions.submit_ratings import MAX_BATCH, GivenAnswer
from annotation.models import GuidelineExample

_MAX_INTEGER: Final = 2_147_483_647  # what the column holds; in ms, 24 days
_MAX_REPLAYS: Final = 32_767
_MAX_HOLDING: Final = 1_000  # an outbox that was offline for long


class ClaimRequest(serializers.Serializer[Any]):
    """Ask for questions."""

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


# `class` is a keyword, so the field is added by name.
QuestionShown = type(
    "QuestionShown",
    (_QuestionFields,),
    {"__doc__": "A question in the person's hands.", "__module__": __name__, "class": ClassShown()},
)


class ProgressShown(serializers.Serializer[Any]):
    """How far the person is in the campaign."""

    answered_by_you = serializers.IntegerField()
    remaining_for_you = serializers.IntegerField()


class ClaimResponse(serializers.Serializer[Any]):
    """Questions, or why there are none."""

    questions = QuestionShown(many=True)
    progress = ProgressShown()
    reason = serializers.ChoiceField(
        choices=["nothing_left", "hands_full", "paused", "closed", "paused_you", "quiz"],
        required=False,
        help_text="Only without questions. `paused_you` and `quiz` hold for the caller alone.",
    )
    detail = serializers.CharField(
        required=False, help_text="With `paused_you` and `quiz`: the reason, for the person."
    )


class RatingSent(serializers.Serializer[Any]):
    """One answer."""

    key = serializers.UUIDField(help_text="Made by the client; the same key is stored once.")
    assignment = serializers.UUIDField()
    answer = serializers.CharField(max_length=32, help_text="yes, no or unsure")
    response_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=_MAX_INTEGER
    )
    heard_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=_MAX_INTEGER
    )
    replays = serializers.IntegerField(default=0, min_value=0, max_value=_MAX_REPLAYS)
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
    detail = serializers.CharField(required=False, help_text="Why it was rejected.")


class RatingsResponse(serializers.Serializer[Any]):
    """What became of each answer, in order."""

    results = ResultShown(many=True)
    progress = ProgressShown(
        allow_null=True, help_text="In the campaign of the last answer that was understood."
    )


class UndoRequest(serializers.Serializer[Any]):
    """Take an answer back."""

    assignment = serializers.UUIDField()
    key = serializers.UUIDField()


class UndoResponse(serializers.Serializer[Any]):
    """Whether it was taken back."""

    status = serializers.ChoiceField(choices=["undone", "too_late"])


class ProblemShown(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]
