"""Rows about frozen tables: where rooms that do not know each other meet."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from consonance.catalog.models.collections import Collection
from consonance.tables.store import FrozenTable, TableStore


class FrozenTableRow(models.Model):
    """A frozen table that a room has written (see `consonance.tables`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    facts = models.JSONField(default=dict)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="tables")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "sha256"], name="frozen_table_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"

    def open(self) -> FrozenTable:
        """Return the table itself, its hash checked."""
        return TableStore(Path(settings.TABLES_ROOT)).open(self.kind, self.sha256)

    @classmethod
    def keep(cls, table: FrozenTable, collection: Collection) -> FrozenTableRow:
        """Return the row of a stored table, made if it is new."""
        row, _ = cls.objects.get_or_create(
            kind=table.kind,
            sha256=table.sha256,
            defaults={"rows": table.rows, "facts": table.facts, "collection": collection},
        )
        return row
