"""What readers of a release say is wrong with it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from splits.models.releases import Release, ReleaseClip


class LabelReport(models.Model):
    """Somebody's word that a label is wrong, until a curator has looked."""

    class Says(models.TextChoices):
        PRESENT = "present", "It is there"
        ABSENT = "absent", "It is not there"
        UNSURE = "unsure", "It cannot be told"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        SPAM = "spam", "Spam"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="label_reports")
    release_clip = models.ForeignKey(ReleaseClip, on_delete=models.CASCADE, related_name="reports")
    class_name = models.CharField(max_length=100)
    published = models.CharField(
        max_length=16, help_text="What the release says: present, absent or unknown."
    )
    says = models.CharField(max_length=16, choices=Says.choices)
    note = models.CharField(max_length=1000, blank=True)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    reply = models.CharField(max_length=1000, blank=True, help_text="Shown with the report.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["release", "state", "-created_at"], name="report_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.release_clip_id} {self.class_name}: {self.says}"
