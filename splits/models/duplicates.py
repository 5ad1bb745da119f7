"""What a search for duplicates found, and what curators said of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from consonance.catalog.models import Clip, Collection


class DuplicateScan(models.Model):
    """A search for duplicates over a collection's clips: its thresholds, and how well it saw."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="duplicate_scans"
    )
    asked = models.JSONField(default=dict, help_text="Budget of false edges, limits.")
    facts = models.JSONField(
        default=dict, help_text="Thresholds, the impostors' curve, recall, counts."
    )
    clips = models.PositiveIntegerField(default=0, help_text="How many were compared.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Duplicates of {self.collection}"


class PairOfClips(models.Model):
    """Two clips, each pair once whichever was named first."""

    first = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    @staticmethod
    def ordered(one: Any, other: Any) -> tuple[Any, Any]:
        """Return the ids of two clips in the order in which a pair of them is stored."""
        return (one, other) if str(one) < str(other) else (other, one)


class DuplicatePair(PairOfClips):
    """Two clips that a search holds for the same sound, surely or not."""

    id = models.BigAutoField(primary_key=True)
    scan = models.ForeignKey(DuplicateScan, on_delete=models.CASCADE, related_name="pairs")
    kind = models.CharField(max_length=16, help_text="bytes, pcm or near")
    score = models.FloatField(help_text="Agreement after alignment, in [0, 1].")
    lag_s = models.FloatField(default=0.0, help_text="How much later the second one is, seconds.")
    overlap = models.FloatField(default=1.0, help_text="Share of the shorter that both have.")
    is_verified = models.BooleanField(default=False, help_text="Beyond doubt, by its alignment.")
    facts = models.JSONField(default=dict, help_text="The alignment's other measures.")

    class Meta:
        ordering = ["-score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "first", "second"], name="pair_of_scan_once"),
            models.CheckConstraint(
                condition=~models.Q(first=models.F("second")), name="pair_of_two_clips"
            ),
        ]
        indexes = [
            models.Index(fields=["scan", "is_verified", "-score"], name="pair_by_doubt"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


class DuplicateVerdict(PairOfClips):
    """What a curator heard in a pair. Append-only: the newest holds, in every later search."""

    class Says(models.TextChoices):
        SAME = "same", "The same sound"
        DIFFERENT = "different", "Different sounds"
        UNSURE = "unsure", "Cannot tell"

    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="duplicate_verdicts"
    )
    says = models.CharField(max_length=16, choices=Says.choices)
    note = models.CharField(max_length=500, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["first", "second", "-id"], name="verdict_of_pair")]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}: {self.says}"
