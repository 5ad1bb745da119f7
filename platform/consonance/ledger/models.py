"""The audit trail: who did what to which row, append-only."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from consonance.errors import StateError


class AuditEntry(models.Model):
    """One thing that somebody did. Rows are added and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_by_object"),
            models.Index(fields=["-at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; an existing one is refused."""
        if not self._state.adding:
            raise StateError("Audit entries are append-only.")
        super().save(*args, **kwargs)


def record(action: str, *, target: models.Model, actor: Any = None, **detail: Any) -> AuditEntry:
    """Add an audit entry; call it inside the transaction of the change itself.

    Parameters
    ----------
    action
        A verb and a noun: `draw_round`, `cancel_job`.
    target
        The row that was changed.
    actor
        The person, or None for the system and the command line.
    detail
        JSON-serialisable facts.
    """
    return AuditEntry.objects.create(
        action=action,
        actor=actor if getattr(actor, "pk", None) else None,
        object_type=target._meta.label,
        object_id=str(target.pk),
        detail=detail,
    )
