"""Long work as rows: the row is the truth, the queue only carries its id.

No broker redelivers reliably after a worker is killed, so a job is claimed by a conditional update
that sets a lease, the lease is renewed while the work runs, and a sweep gives back what a dead
worker held.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from consonance.jobs.querysets import JobQuerySet


class JobState(models.TextChoices):
    """Where a job is in its life."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


#: States that a job never leaves by itself.
FINAL = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    """One piece of long work."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(null=True, blank=True)
    progress_unit = models.CharField(max_length=32, blank=True)
    message = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    outputs = models.JSONField(default=list, help_text="Files and folders the job has written.")
    disk_bytes = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="job_by_time"),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_final(self) -> bool:
        """Whether the job will not change by itself any more."""
        return self.state in FINAL

    def is_of(self, person: Any) -> bool:
        """Return whether this person started it: they may look at it and stop it."""
        return self.created_by_id is not None and self.created_by_id == getattr(person, "pk", None)

    @property
    def share(self) -> float | None:
        """Progress in [0, 1]; None while the total is unknown."""
        if not self.progress_total:
            return 1.0 if self.state == JobState.DONE else None
        return min(1.0, self.progress_done / self.progress_total)


class JobEvent(models.Model):
    """One line of a job's log."""

    class Level(models.TextChoices):
        """How much it matters."""

        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        ERROR = "error", "Error"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.INFO)
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text
