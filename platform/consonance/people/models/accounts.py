"""People and what they may do where."""

from __future__ import annotations

import secrets
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a membership lets a person do; an admin may do what the others may."""

    ANNOTATOR = "annotator", _("Annotator")
    CURATOR = "curator", _("Curator")
    RESEARCHER = "researcher", _("Researcher")
    ADMIN = "admin", _("Admin")


class Scope(models.TextChoices):
    """Where a membership holds."""

    SITE = "site", "Everywhere"
    COLLECTION = "collection", "One collection"
    CAMPAIGN = "campaign", "One campaign"


def new_key() -> str:
    """Return 256 random bits in hexadecimal."""
    return secrets.token_hex(32)


class User(AbstractUser):
    """An account. Its name never leaves the server: releases carry pseudonyms."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_simulated = models.BooleanField(
        default=False, help_text="A simulated annotator; its ratings are marked wherever they go."
    )
    accepts_explicit = models.BooleanField(
        default=False, help_text="May be given tracks that are marked as explicit."
    )
    consented_at = models.DateTimeField(
        null=True, blank=True, help_text="When the terms of publication were accepted."
    )
    consent_version = models.PositiveSmallIntegerField(
        default=0, help_text="Which wording was accepted; 0 for none."
    )
    pseudonym_key = models.CharField(
        max_length=64,
        default=new_key,
        editable=False,
        help_text="What pseudonyms are made from; erasure destroys it.",
    )
    erased_at = models.DateTimeField(
        null=True, blank=True, help_text="When everything that tells who this was was deleted."
    )

    def __str__(self) -> str:
        return self.username


class Membership(models.Model):
    """A person's role in one place.

    The place is named by kind and id, not by foreign key: collections and campaigns live in rooms
    above this one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.SITE)
    scope_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "scope", "scope_id"],
                condition=models.Q(scope_id__isnull=False),
                name="membership_once",
            ),
            # SQLite has no “nulls not distinct”: the place without an id has its own constraint.
            models.UniqueConstraint(
                fields=["person", "role"],
                condition=models.Q(scope_id__isnull=True),
                name="membership_of_site_once",
            ),
            models.CheckConstraint(
                condition=models.Q(scope="site", scope_id__isnull=True)
                | (~models.Q(scope="site") & models.Q(scope_id__isnull=False)),
                name="membership_scope_has_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.scope} {self.scope_id or ''}".strip()
