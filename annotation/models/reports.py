"""Consistency reports, computed by jobs so that pages only read."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign
from annotation.models.consensus import ConsensusRun


class ConsistencyReport(models.Model):
    """What ratings say about classes, people and clips, as of a moment.

    Each run has one that stays as it is. A campaign has one more without a run, which follows the
    answers: it is refreshed in place.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="reports")
    run = models.OneToOneField(
        ConsensusRun, null=True, blank=True, on_delete=models.CASCADE, related_name="consistency"
    )
    cutoff = models.DateTimeField(help_text="Ratings up to here are in it.")
    ratings = models.PositiveIntegerField(help_text="How many are in it.")
    data = models.JSONField(
        default=dict, help_text="Everything but people; see annotation.reporting.shape."
    )
    computed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], condition=models.Q(run__isnull=True), name="report_live_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Consistency of {self.campaign}"


class PersonReport(models.Model):
    """One person's part of a report. What people are sorted by has columns of its own."""

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(ConsistencyReport, on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    rater = models.CharField(max_length=32, help_text="Pseudonym, as in the frozen tables.")
    is_simulated = models.BooleanField(default=False)
    ratings = models.PositiveIntegerField()
    trust = models.FloatField(null=True)
    sensitivity = models.FloatField(null=True)
    specificity = models.FloatField(null=True)
    gold_accuracy = models.FloatField(null=True)
    agreement = models.FloatField(null=True, help_text="With a consensus without their own vote.")
    spammer_score = models.FloatField(null=True, help_text="1 informative, 0 says nothing.")
    unsure_share = models.FloatField()
    median_response_ms = models.PositiveIntegerField(null=True)
    flag_count = models.PositiveSmallIntegerField(default=0)
    data = models.JSONField(default=dict, help_text="See annotation.reporting.shape.PersonDetail.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "rater"], name="person_report_once"),
        ]
        indexes = [
            models.Index(fields=["report", "-flag_count", "-ratings"], name="person_report_order"),
        ]

    def __str__(self) -> str:
        return f"{self.rater}: {self.ratings} ratings"
