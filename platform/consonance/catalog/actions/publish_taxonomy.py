"""Publish a draft of a taxonomy: from then on it keeps its meaning."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from consonance.catalog.actions.edit_taxonomy import draft
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of
from consonance.ledger.models import record
from consonance.taxonomies.checking import TaxonomyError, problems_of


def publish_taxonomy(*, taxonomy_id: UUID, actor: Any = None) -> Taxonomy:
    """Close a draft to changes and open it to scoring.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    TaxonomyError
        If it has no class, or something is wrong with it.
    StateError
        If it is published already.
    """
    with draft(taxonomy_id, actor) as row:
        definition = definition_of(row)
        if not definition.classes:
            raise TaxonomyError([f"{row} has no class yet. Add one before you publish it."])
        if problems := problems_of(definition):
            raise TaxonomyError(problems)
        row.is_published = True
        row.save(update_fields=["is_published"])
        record("publish_taxonomy", target=row, actor=actor, classes=len(definition.classes))
    return row
