"""`./consonance list_taxonomies`: which taxonomies there are."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from consonance.catalog.models import Taxonomy
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """List the stored taxonomies."""

    help = "List the stored taxonomies with their versions, the newest version of each name first."
    example = "list_taxonomies --json"

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Return the list."""
        rows = [
            {
                "taxonomy": str(row.pk),
                "name": row.name,
                "version": row.version,
                "state": "published" if row.is_published else "draft",
                "classes": row.n_classes,
                "licence": row.licence,
            }
            for row in Taxonomy.objects.annotate(n_classes=Count("classes")).order_by(
                "name", "-created_at"
            )
        ]
        lines = [
            f"{row['name']}@{row['version']}\t{row['state']}\t{row['classes']} classes"
            for row in rows
        ]
        nothing = "No taxonomy is stored. Take one in with ./consonance import_taxonomy FILE."
        return {"taxonomies": rows, "summary": "\n".join(lines) or nothing}
