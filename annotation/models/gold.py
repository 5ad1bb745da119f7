"""Gold: what is known of a clip and a class without asking the crowd."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from consonance.catalog.models import Clip, Collection, TaxonomyClass


class GoldAnswer(models.Model):
    """Somebody's word that a class is, or is not, in a clip.

    Several people may give gold on the same clip and class. Where they contradict each other the
    gold counts for nothing until one of them is retired: a run says how many it left out.
    """

    class Truth(models.TextChoices):
        """What is known."""

        PRESENT = "present", "Present"
        ABSENT = "absent", "Absent"

    class Source(models.TextChoices):
        """Where the knowledge comes from."""

        CURATOR = "curator", "A curator listened"
        UNANIMOUS = "unanimous", "Everybody agreed"
        IMPORTED = "imported", "Imported from a file"
        RENDERED = "rendered", "Known from how the clip was made"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="gold")
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="gold")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    truth = models.CharField(max_length=8, choices=Truth.choices)
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.CURATOR)
    explanation = models.CharField(
        max_length=500, blank=True, help_text="What a quiz tells whoever gets it wrong."
    )
    is_quiz = models.BooleanField(default=False, help_text="Clear enough to teach with.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Counts no more since then.")

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clip", "target", "created_by"],
                condition=models.Q(retired_at__isnull=True),
                name="gold_of_one_author_once",
            ),
        ]
        indexes = [
            models.Index(fields=["collection", "target", "truth"], name="gold_by_class"),
        ]

    def __str__(self) -> str:
        return f"{self.clip} × {self.target}: {self.truth}"
