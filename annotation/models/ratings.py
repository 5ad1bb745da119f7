"""Ratings: append-only."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import GuidelineVersion
from annotation.models.questions import Assignment, Question
from annotation.querysets import RatingQuerySet


class Answer(models.TextChoices):
    """What people can say about presence."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNSURE = "unsure", "Unsure"


class Rating(models.Model):
    """One person's answer to one question.

    Rows are added; what a person said stays. A correction is a new row that supersedes, an undo
    marks the row as withdrawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.UUIDField(help_text="The client's idempotency key.")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="ratings")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="ratings")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ratings"
    )
    answer = models.CharField(max_length=8, choices=Answer.choices)
    guideline = models.ForeignKey(
        GuidelineVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ui_version = models.CharField(max_length=32, blank=True)
    response_ms = models.PositiveIntegerField(null=True, help_text="From first sound to answer.")
    heard_ms = models.PositiveIntegerField(null=True)
    replays = models.PositiveSmallIntegerField(default=0)
    is_late = models.BooleanField(
        default=False, help_text="Came after its lease; counts for consensus, not for the target."
    )
    is_withdrawn = models.BooleanField(default=False, help_text="Taken back by its author.")
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
        ]

    def __str__(self) -> str:
        return f"{self.answer} to {self.question_id}"
