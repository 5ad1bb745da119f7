"""What a curator asks of people, and by which guideline."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from annotation.querysets import CampaignQuerySet
from candidates.models import SamplingRound
from consonance.catalog.models import Collection, TaxonomyClass
from consonance.people.access import Place
from consonance.people.models import Scope


class Campaign(models.Model):
    """A set of questions put to people, and the rules by which they stop being asked."""

    class State(models.TextChoices):
        """Whether questions are handed out."""

        OPEN = "open", "Open"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="campaigns")
    rounds = models.ManyToManyField(SamplingRound, related_name="campaigns")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    min_ratings = models.PositiveSmallIntegerField(default=3)
    max_ratings = models.PositiveSmallIntegerField(default=5)
    stop_posterior = models.FloatField(
        default=0.95, help_text="A question stops when its posterior passes this either way."
    )
    lease_seconds = models.PositiveIntegerField(default=600)
    min_heard_ms = models.PositiveIntegerField(default=3000)
    seed = models.PositiveBigIntegerField(default=0)
    provenance = models.JSONField(
        default=dict, blank=True, help_text="What whoever reads its labels must know."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "name"], name="campaign_name_once"),
            models.CheckConstraint(
                condition=models.Q(min_ratings__gte=1)
                & models.Q(max_ratings__gte=models.F("min_ratings")),
                name="campaign_ratings_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_posterior__gt=0.5) & models.Q(stop_posterior__lte=1),
                name="campaign_posterior_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the rating page."""
        return reverse("annotation:rate", args=[self.pk])

    @property
    def places(self) -> tuple[Place, ...]:
        """Where a role must be held to count here: the campaign, or the collection it lies in."""
        return (Scope.CAMPAIGN, self.pk), (Scope.COLLECTION, self.collection_id)


class GuidelineVersion(models.Model):
    """What people are told to listen for; a change is a new version that later ratings record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guidelines")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "target", "version"], name="guideline_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.target} v{self.version}"
