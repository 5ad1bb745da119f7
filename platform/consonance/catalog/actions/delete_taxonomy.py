"""Delete a draft of a taxonomy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import ProtectedError

from consonance.catalog.actions.edit_taxonomy import draft
from consonance.catalog.taxonomies import definition_of
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.taxonomies.file import as_data


def delete_taxonomy(*, taxonomy_id: UUID, actor: Any = None) -> str:
    """Delete a draft that nothing refers to, and return what it was called.

    Its content stays in the audit trail.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If it is published, or something refers to it.
    """
    with draft(taxonomy_id, actor) as row:
        named = str(row)
        record("delete_taxonomy", target=row, actor=actor, content=as_data(definition_of(row)))
        try:
            row.delete()
        except ProtectedError as error:
            raise StateError(f"{named} is in use and stays.") from error
    return named
