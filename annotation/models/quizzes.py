"""Quizzes: gold clips with explained answers, before real questions or after a re-quiz."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign
from annotation.models.gold import GoldAnswer
from annotation.models.ratings import Answer
from consonance.catalog.models import TaxonomyClass


class QuizAttempt(models.Model):
    """One person's go at a campaign's quiz."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="quiz_attempts")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quiz_attempts"
    )
    target = models.ForeignKey(
        TaxonomyClass,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The class it teaches; all of the campaign's if empty.",
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    has_passed = models.BooleanField(null=True, help_text="Empty until it is finished.")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "person"],
                condition=models.Q(finished_at__isnull=True),
                name="quiz_attempt_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Quiz of {self.campaign} by {self.person_id}"


class QuizItem(models.Model):
    """One clip of an attempt, in order; answered once, then explained."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(QuizAttempt, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveSmallIntegerField()
    gold = models.ForeignKey(GoldAnswer, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "place"], name="quiz_item_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.place} of {self.attempt_id}"
