"""People who come from crowd marketplaces, and what they are owed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.campaigns import Campaign


class Study(models.Model):
    """One study on a marketplace that sends people to a campaign."""

    class Provider(models.TextChoices):
        """Where people come from."""

        PROLIFIC = "prolific", "Prolific"
        MTURK = "mturk", "Mechanical Turk"
        OTHER = "other", _("Somewhere else")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="studies")
    provider = models.CharField(max_length=16, choices=Provider.choices)
    name = models.CharField(max_length=200)
    external_id = models.CharField(
        max_length=200, blank=True, help_text="The provider's id; others are refused if given."
    )
    ratings_wanted = models.PositiveIntegerField(default=50, help_text="Of each person.")
    reward = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What the marketplace pays each person, in the campaign's currency.",
    )
    completion_code = models.CharField(max_length=64)
    screened_out_code = models.CharField(max_length=64)
    is_open = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "name"], name="study_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """One worker of a study and the account that was made for them."""

    class Outcome(models.TextChoices):
        """How it ended."""

        WORKING = "working", _("Working")
        COMPLETED = "completed", _("Completed")
        SCREENED_OUT = "screened_out", _("Screened out")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="participants")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations"
    )
    external_id = models.CharField(max_length=200, help_text="Erasure empties it.", blank=True)
    session_id = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.WORKING)
    joined_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["joined_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "external_id"],
                condition=~models.Q(external_id=""),
                name="participant_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id or 'erased'} in {self.study}"
