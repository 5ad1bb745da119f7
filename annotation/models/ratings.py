"""Ratings: append-only."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.campaigns import Campaign, GuidelineVersion
from annotation.models.questions import Assignment, Question
from annotation.querysets import RatingQuerySet


class Answer(models.TextChoices):
    """What people can say about presence."""

    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNSURE = "unsure", _("Unsure")


class Rating(models.Model):
    """One person's answer to one question.

    Rows are added; what a person said stays. A correction is a new row that supersedes, an undo
    marks the row as withdrawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.UUIDField(help_text="The client's idempotency key.")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="ratings")
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        related_name="ratings",
        help_text="Its question's, so that a campaign's answers are read by an index.",
    )
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="ratings")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ratings"
    )
    answer = models.CharField(max_length=8, choices=Answer.choices)
    guideline = models.ForeignKey(
        GuidelineVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ui_version = models.CharField(max_length=32, blank=True)
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 a guess, 2 fairly sure, 3 certain; empty if not told."
    )
    detector = models.CharField(
        max_length=64, blank=True, help_text="Version of the detector that drew the question."
    )
    first_key_ms = models.PositiveIntegerField(
        null=True, help_text="From first sound to the first key or touch."
    )
    response_ms = models.PositiveIntegerField(null=True, help_text="From first sound to answer.")
    heard_ms = models.PositiveIntegerField(null=True)
    replays = models.PositiveSmallIntegerField(default=0)
    is_late = models.BooleanField(
        default=False, help_text="Came after its lease; counts for consensus, not for the target."
    )
    occasion = models.PositiveSmallIntegerField(
        default=0, help_text="As its assignment's: above 0 it counts for consistency only."
    )
    is_withdrawn = models.BooleanField(default=False, help_text="Taken back by its author.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="supersedes"
    )
    weight = models.FloatField(
        default=0.0, help_text="What it added to the question's log-odds, so that undo is exact."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "key"], name="rating_key_once"),
        ]
        indexes = [
            models.Index(fields=["question", "created_at"], name="rating_by_question"),
            models.Index(fields=["person", "-created_at"], name="rating_by_person"),
            models.Index(fields=["created_at"], name="rating_by_time"),
            models.Index(fields=["campaign", "created_at", "id"], name="rating_by_campaign"),
            models.Index(
                fields=["withdrawn_at"],
                condition=models.Q(withdrawn_at__isnull=False),
                name="rating_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer} to {self.question_id}"
