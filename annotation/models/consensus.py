"""Consensus runs: versioned, with frozen input and output."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign
from consonance.catalog.models import FrozenTableRow, TaxonomyClass


class ConsensusRun(models.Model):
    """One aggregation of a campaign's ratings into labels."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    method = models.CharField(max_length=32)
    parameters = models.JSONField(default=dict)
    cutoff = models.DateTimeField(
        null=True, help_text="Ratings up to here were read; empty in runs before cut-offs."
    )
    uses_prior = models.BooleanField(
        default=False, help_text="Whether a second posterior with the detector was computed."
    )
    exclusions = models.JSONField(
        default=list, help_text="Who was left out: pseudonym, reason, rule, ratings."
    )
    calibration = models.JSONField(
        default=dict, help_text="Temperature, and reliability on gold before and after."
    )
    summary = models.JSONField(default=dict, help_text="Convergence, counts of labels, shortage.")
    ratings = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    labels = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    skills = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="run_number_once")
        ]

    def __str__(self) -> str:
        return f"Run {self.number} of {self.campaign}"


class SkillSnapshot(models.Model):
    """How far a person is to be believed, as of a run; `target` is empty for all classes.

    The weights are what one answer adds to a question's log-odds.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ConsensusRun, on_delete=models.CASCADE, related_name="skill_rows")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="skills"
    )
    target = models.ForeignKey(
        TaxonomyClass, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    support = models.PositiveIntegerField(help_text="Ratings it is based on.")
    trust = models.FloatField()
    weight_yes = models.FloatField()
    weight_no = models.FloatField()
    weight_unsure = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "person", "target"],
                condition=models.Q(target__isnull=False),
                name="skill_of_class_once",
            ),
            models.UniqueConstraint(
                fields=["run", "person"],
                condition=models.Q(target__isnull=True),
                name="skill_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.trust:.2f}"
