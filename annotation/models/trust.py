"""Trust from gold, kept up to date with every answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from consonance.catalog.models import Collection, TaxonomyClass


class GoldTrust(models.Model):
    """How one person did on a class's gold: counts of a Beta posterior."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gold_trust"
    )
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    right = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "collection", "target"], name="gold_trust_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.right} right, {self.wrong} wrong"
