"""Invitations: links by which people join."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from consonance.people.models.accounts import Role, Scope


class Invitation(models.Model):
    """A link that gives whoever follows it a role in one place.

    The link's token is shown once and kept as its hash only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_sha256 = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.ANNOTATOR)
    scope = models.CharField(max_length=16, choices=Scope.choices)
    scope_id = models.UUIDField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True, help_text="For whom it is.")
    max_uses = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("max_uses")), name="invitation_uses_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(scope="site", scope_id__isnull=True)
                | (~models.Q(scope="site") & models.Q(scope_id__isnull=False)),
                name="invitation_scope_has_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.scope} {self.scope_id or ''}".strip()
