"""What admins do about people: reversible, with reasons, and told to the person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign


class Measure(models.Model):
    """Something that holds for one person in one campaign until it is lifted. Rows stay."""

    class Kind(models.TextChoices):
        """What holds."""

        PAUSE = "pause", "Paused"
        REQUIZ = "requiz", "Asked to take the quiz again"
        EXCLUDE = "exclude", "Left out of consensus"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="measures")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="measures"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    reason = models.CharField(max_length=500)
    rule = models.CharField(
        max_length=64, blank=True, help_text="Code of the flag that led to it; empty by hand."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "person", "kind"],
                condition=models.Q(lifted_at__isnull=True),
                name="measure_in_force_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.person_id}"


class Message(models.Model):
    """A message between somebody who runs a campaign and somebody who answers in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="messages")
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="messages_received",
        help_text="Empty: whoever runs the campaign.",
    )
    text = models.TextField(max_length=4_000)
    sent_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sent_at"]
        indexes = [models.Index(fields=["recipient", "read_at"], name="message_unread")]

    def __str__(self) -> str:
        return f"To {self.recipient_id}: {self.text[:40]}"
