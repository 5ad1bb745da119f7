"""What a connection to PostgreSQL keeps: `python -m tests.consonance.ledger.plans`.

Asks the same queries with several values on an empty database (`DATABASE_URL`), and prints what
they returned, what the ORM returns, and the statements that the connection has kept as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")


def ask() -> dict[str, Any]:
    """Ask and tell."""
    from django.db import connection
    from django.db.models import F

    from consonance.ledger.prepared import Prepared, PreparedUpdate, Several
    from consonance.people.models import Membership, Role, Scope
    from tests.factories import annotator

    ana = annotator(username="100% ana")
    for role in (Role.CURATOR, Role.RESEARCHER):
        Membership.objects.create(
            person=ana, role=role, scope=Scope.COLLECTION, scope_id=uuid.uuid4()
        )

    def rows(person: Any, roles: Any) -> Any:
        # A constant with a sign that marks places in SQL, and a limit.
        named = Membership.objects.filter(person__username__endswith="% ana", scope="collection")
        return named.filter(person=person, role__in=roles).order_by("role")[:5]

    query: Any = Prepared(rows, person=uuid.UUID, roles=Several(str))
    update = PreparedUpdate(
        lambda person, scope: (
            Membership.objects.filter(person=person, scope=scope),
            {"role": F("role"), "scope_id": uuid.UUID(int=7)},
        ),
        person=uuid.UUID,
        scope=str,
    )
    asked = []
    for roles in (["curator"], ["researcher"], ["curator", "researcher"], ["none"] * 3, ["x"] * 4):
        for _ in range(3):
            found = [row.role for row in query.rows(person=ana.pk, roles=roles)]
        asked.append([found, [row.role for row in rows(ana.pk, roles)]])
    changed = [update.run(person=ana.pk, scope="collection") for _ in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY 1")
        kept = [row[0] for row in cursor.fetchall()]
        cursor.execute("SHOW plan_cache_mode")
        [mode] = cursor.fetchone()
    return {"asked": asked, "changed": changed, "kept": kept, "mode": mode}


if __name__ == "__main__":
    import django

    django.setup()
    from tests.plugins.tables import make_tables

    make_tables()
    json.dump(ask(), sys.stdout)
