"""Begin a draft of a taxonomy: an empty one, or a new version of an old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of, store
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role
from consonance.taxonomies.checking import TaxonomyError, problems_of
from consonance.taxonomies.definition import Taxonomy as Definition


def draft_taxonomy(
    *,
    name: str,
    version: str,
    licence: str,
    description: str = "",
    actor: Any = None,
) -> Taxonomy:
    """Make an empty draft.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    TaxonomyError
        With everything that is wrong with name, version, licence or description.
    StateError
        If there is this version already.
    """
    return _draft(Definition(name, version, licence, (), description), None, actor)


def draft_next_version(*, taxonomy_id: UUID, version: str, actor: Any = None) -> Taxonomy:
    """Make a draft with the classes of another version.

    Raises
    ------
    NotAllowedError, TaxonomyError, StateError
        As `draft_taxonomy`.
    """
    before = Taxonomy.objects.get(pk=taxonomy_id)
    return _draft(replace(definition_of(before), version=version), before, actor)


def _draft(definition: Definition, before: Taxonomy | None, actor: Any) -> Taxonomy:
    if actor is not None:
        require(actor, Role.CURATOR)
    if problems := problems_of(definition):
        raise TaxonomyError(problems)
    with transaction.atomic():
        row, is_new = Taxonomy.objects.get_or_create(
            name=definition.name,
            version=definition.version,
            defaults={
                "licence": definition.licence,
                "is_published": False,
                "created_by": actor if getattr(actor, "pk", None) else None,
            },
        )
        if not is_new:
            raise StateError(f"There is a taxonomy {row} already. Choose another version.")
        store(row, definition)
        record("draft_taxonomy", target=row, actor=actor, after=str(before or ""))
    return row
