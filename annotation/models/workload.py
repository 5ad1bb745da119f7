"""Counters kept with each claim and answer: how far a person is, and how far a class."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign
from consonance.catalog.models import TaxonomyClass


class Workload(models.Model):
    """One person's work in one campaign: counters kept with each claim and answer.

    They are what the rows of assignments and ratings add up to; counting those on every claim
    would cost the more the longer somebody has worked.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="workloads")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="workloads"
    )
    answered = models.PositiveIntegerField(
        default=0, help_text="Answers in force, those to gold and repeats among them."
    )
    answered_gold = models.PositiveIntegerField(
        default=0, help_text="How many of them were to gold and to repeats."
    )
    target = models.ForeignKey(
        TaxonomyClass,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The class in turn, where one class is asked at a time.",
    )
    welcomed_at = models.DateTimeField(
        null=True, blank=True, help_text="When instructions were read and the sound was checked."
    )
    headphones_at = models.DateTimeField(
        null=True, blank=True, help_text="When the screening for headphones was passed."
    )
    headphone_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "person"], name="workload_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.answered} in {self.campaign_id}"


class ClassTally(models.Model):
    """How far a class is towards its quota in one campaign."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="tallies")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    decided = models.PositiveIntegerField(
        default=0, help_text="Questions decided either way, gold apart."
    )
    positives = models.PositiveIntegerField(default=0, help_text="Those decided for present.")
    counted_at = models.DateTimeField(help_text="When all of them were last counted.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "target"], name="class_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id}: {self.positives} of {self.decided}"
