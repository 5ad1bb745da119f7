"""Collections and their tracks."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.db import models
from django.urls import reverse

from consonance.catalog.querysets import TrackQuerySet


class Collection(models.Model):
    """An archive: a folder of recordings that one institution or person brought in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True, max_length=64)
    name = models.CharField(max_length=200)
    root = models.CharField(max_length=1000, help_text="The folder its recordings lie in.")
    is_synthetic = models.BooleanField(
        default=False, help_text="Rendered for a demonstration, not recorded."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the collection's page."""
        return reverse("catalog:collection", args=[self.slug])


class TrackState(models.TextChoices):
    """Whether a track may be asked about."""

    READY = "ready", "Ready"
    QUARANTINED = "quarantined", "In quarantine"
    MISSING = "missing", "File missing"


class Track(models.Model):
    """One recording of a collection."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="tracks")
    track_no = models.PositiveIntegerField(help_text="The archive's own number, or one we gave.")
    path = models.CharField(max_length=1000, help_text="Relative to the collection's folder.")
    state = models.CharField(max_length=16, choices=TrackState.choices)
    problems = models.JSONField(default=list, help_text="[{code, detail}] found by inspection.")
    file_sha256 = models.CharField(max_length=64, blank=True)
    pcm_sha256 = models.CharField(max_length=64, blank=True)
    file_bytes = models.PositiveBigIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(default=0, help_text="Decoded, not announced.")
    sample_rate = models.PositiveIntegerField(default=0)
    channels = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=500, blank=True)
    artist = models.CharField(max_length=500, blank=True)
    artist_key = models.CharField(
        max_length=200, help_text="What must never be divided between partitions."
    )
    album = models.CharField(max_length=500, blank=True)
    album_key = models.CharField(max_length=200, blank=True)
    genres = models.JSONField(default=list)
    licence_title = models.CharField(max_length=200, blank=True)
    licence_spdx = models.CharField(max_length=100, help_text="SPDX expression or LicenseRef-…")
    licence_url = models.CharField(max_length=500, blank=True)
    track_url = models.CharField(max_length=1000, blank=True)
    artist_url = models.CharField(max_length=1000, blank=True)
    is_explicit = models.BooleanField(null=True)
    metadata = models.JSONField(default=dict, help_text="The source's other columns, as they came.")
    inspected_at = models.DateTimeField(null=True)

    objects = TrackQuerySet.as_manager()

    class Meta:
        ordering = ["track_no"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "track_no"], name="track_no_once"),
        ]
        indexes = [
            models.Index(fields=["collection", "state", "track_no"], name="track_by_state"),
            models.Index(fields=["collection", "artist_key"], name="track_by_artist"),
            models.Index(fields=["pcm_sha256"], name="track_by_pcm"),
        ]

    def __str__(self) -> str:
        return f"{self.track_no:06d} {self.title or self.path}"

    @property
    def file(self) -> Path:
        """The recording's place on disk."""
        return Path(self.collection.root) / self.path
