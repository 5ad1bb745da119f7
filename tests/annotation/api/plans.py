"""What a database intends to do for pages of questions: `python -m tests.annotation.api.plans`.

Fills an empty database (`DATABASE_URL`), reads three pages forth and one back through the API, and
prints the plan of each statement that reads questions as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")


def plans(campaign: Any, person: Any) -> list[dict[str, Any]]:
    """Read pages of all questions, and return the plans."""
    from django.db import connection
    from rest_framework.test import APIClient

    seen: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith("SELECT") and 'FROM "annotation_question"' in sql:
            seen.append((sql, params))
        return execute(sql, params, many, context)

    client = APIClient(SERVER_NAME="localhost")
    client.force_authenticate(person)
    address = f"/api/v1/campaigns/{campaign.pk}/questions?page_size=50"
    met: list[str] = []
    with connection.execute_wrapper(note):
        for _ in range(3):
            page = client.get(address).json()
            met += [row["id"] for row in page["results"]]
            address = page["next"]
        assert client.get(page["previous"]).json()["results"]
    assert met == sorted(set(met))
    assert len(met) == 150
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    found = []
    with connection.cursor() as cursor:
        for sql, params in seen:
            cursor.execute(explain + sql, params)
            found.append({"sql": sql, "plan": [str(row[-1]) for row in cursor.fetchall()]})
    return found


if __name__ == "__main__":
    import django

    django.setup()
    from tests.annotation.allocation.plans import fill
    from tests.factories import curator
    from tests.plugins.tables import make_tables

    make_tables()
    filled, *_ = fill()
    json.dump(plans(filled, curator()), sys.stdout)
