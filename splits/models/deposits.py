"""Where a release was deposited, and how often it was fetched."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from splits.models.releases import Release


class Deposit(models.Model):
    """A copy of a release in a public repository that gives it a DOI."""

    class State(models.TextChoices):
        STARTED = "started", "Started"
        UPLOADED = "uploaded", "Uploaded, not published"
        PUBLISHED = "published", "Published"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="deposits")
    service = models.CharField(max_length=32, default="zenodo")
    api = models.URLField(max_length=300, help_text="The service's address, from the settings.")
    record_id = models.CharField(max_length=64, blank=True, help_text="The service's own.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.STARTED)
    doi = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=300, blank=True, help_text="The record's page.")
    files = models.JSONField(default=dict, help_text="Name to checksum of what has arrived.")
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.release} at {self.service}"


class DownloadCount(models.Model):
    """How often a part of a release was fetched on a day; nobody is told apart."""

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="download_counts")
    part = models.CharField(max_length=200, help_text="all, labels, class=…, licence=…")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "part"]
        constraints = [
            models.UniqueConstraint(fields=["release", "part", "day"], name="download_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.part} on {self.day}: {self.count}"
