"""How clips were divided."""

from __future__ import annotations

import uuid

from django.db import models

from consonance.catalog.models import Collection, FrozenTableRow


class SplitPlan(models.Model):
    """A division of clips into partitions, with the groups that were kept whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="split_plans")
    recipe = models.JSONField(help_text="Shares, seed, engine, policy for duplicates.")
    groups = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    assignment = models.ForeignKey(FrozenTableRow, on_delete=models.PROTECT, related_name="+")
    quality = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Split of {self.collection}"
