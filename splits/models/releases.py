"""Releases and their clips. They know annotation only by its frozen tables."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.urls import reverse

from consonance.catalog.models import Clip, Collection, FrozenTableRow
from splits.models.plans import SplitPlan


class Release(models.Model):
    """A published, immutable, versioned data set."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="releases")
    name = models.SlugField(max_length=100)
    version = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    labels = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(SplitPlan, on_delete=models.PROTECT, related_name="releases")
    manifest_sha256 = models.CharField(max_length=64)
    manifest = models.JSONField(help_text="The release's own manifest, as published.")
    figures = models.JSONField(default=dict, help_text="Counts per class, licence and partition.")
    verification = models.JSONField(default=dict, help_text="What the verifier last said.")
    is_simulated = models.BooleanField(
        default=False, help_text="Some of its ratings are simulated; its name says so."
    )
    archive_bytes = models.PositiveBigIntegerField(default=0)
    archive_sha256 = models.CharField(max_length=64, blank=True)
    downloads = models.PositiveBigIntegerField(default=0)
    previous = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="later",
        help_text="The version that this one was made after.",
    )  # fmt: skip
    changes = models.JSONField(
        default=dict, blank=True, help_text="What differs from the previous version, and why."
    )
    doi = models.CharField(max_length=200, blank=True, help_text="10.…/…, without an address.")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-published_at"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="release_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def get_absolute_url(self) -> str:
        """Return the public page."""
        return reverse("splits:release", args=[self.name, self.version])

    @property
    def folder(self) -> Path:
        """Where its tree lies."""
        return Path(settings.RELEASES_ROOT) / f"{self.name}-{self.version}"

    @property
    def archive(self) -> Path:
        """The tree as one file."""
        return Path(settings.RELEASES_ROOT) / f"{self.name}-{self.version}.tar"


class ReleaseClip(models.Model):
    """A clip of a release: what the preview lists."""

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="clips")
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="release_rows")
    sample_key = models.CharField(max_length=40)
    partition = models.CharField(max_length=16)
    present = models.JSONField(default=list)
    absent = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "sample_key"], name="release_key_once")
        ]
        indexes = [models.Index(fields=["release", "partition"], name="release_by_partition")]

    def __str__(self) -> str:
        return self.sample_key
