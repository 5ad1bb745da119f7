"""Change a draft of a taxonomy: what is said about it, and its classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from consonance.taxonomies.definition import ClassDefinition
from consonance.taxonomies.definition import Taxonomy as Definition


@contextmanager
def draft(taxonomy_id: UUID, actor: Any) -> Iterator[Taxonomy]:
    """Hold a draft's row while it is changed.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If it is published, or gone.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    with transaction.atomic():
        # The taxonomy's row is the lock: two curators cannot tread on each other's classes.
        row = Taxonomy.objects.select_for_update().filter(pk=taxonomy_id).first()
        if row is None:
            raise StateError("This draft was deleted. Begin another.")
        if row.is_published:
            raise StateError(
                f"{row} is published, and a published version is never edited. Make a new version "
                "from it."
            )
        yield row


def edit_taxonomy(
    *,
    taxonomy_id: UUID,
    version: str,
    licence: str,
    description: str = "",
    actor: Any = None,
) -> Taxonomy:
    """Change what is said about a draft.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    TaxonomyError
        With everything that is wrong with it.
    StateError
        If it is no draft, or there is this version already.
    """
    with draft(taxonomy_id, actor) as row:
        if Taxonomy.objects.filter(name=row.name, version=version).exclude(pk=row.pk).exists():
            raise StateError(f"There is a taxonomy {row.name} {version} already. Choose another.")
        before = definition_of(row)
        after = replace(before, version=version, licence=licence, description=description)
        if after != before:
            _keep(row, after)
            record("edit_taxonomy", target=row, actor=actor, version=version, licence=licence)
    return row


def write_class(
    *, taxonomy_id: UUID, entry: ClassDefinition, instead_of: str = "", actor: Any = None
) -> Taxonomy:
    """Add a class to a draft, or put it in the place of another; kinds of that one follow it.

    Parameters
    ----------
    taxonomy_id
        Which draft.
    entry
        The class.
    instead_of
        Name of the class that it replaces; empty to add one.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    TaxonomyError
        With everything that is wrong with it.
    StateError
        If the taxonomy is no draft, or the class to replace is gone.
    """
    with draft(taxonomy_id, actor) as row:
        before = definition_of(row)
        if instead_of and instead_of not in before.class_names:
            raise StateError(f"Somebody removed the class {instead_of!r} meanwhile. Add it anew.")
        others = [
            replace(one, parent=entry.name) if instead_of and one.parent == instead_of else one
            for one in before.classes
            if one.name != instead_of
        ]
        classes = tuple(sorted([*others, entry], key=lambda one: one.name))
        after = replace(before, classes=classes)
        if after != before:
            _keep(row, after)
            verb = "edit_class" if instead_of else "add_class"
            renamed = {"was": instead_of} if instead_of not in ("", entry.name) else {}
            record(verb, target=row, actor=actor, class_name=entry.name, **renamed)
    return row


def remove_class(*, taxonomy_id: UUID, name: str, actor: Any = None) -> Taxonomy:
    """Take a class out of a draft; kinds of it become kinds of its parent.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If the taxonomy is no draft, or has no such class.
    """
    with draft(taxonomy_id, actor) as row:
        before = definition_of(row)
        gone = next((one for one in before.classes if one.name == name), None)
        if gone is None:
            raise StateError(f"{row} has no class {name!r} any more.")
        left = tuple(
            replace(one, parent=gone.parent) if one.parent == name else one
            for one in before.classes
            if one.name != name
        )
        store(row, replace(before, classes=left))
        record("remove_class", target=row, actor=actor, class_name=name)
    return row


def _keep(row: Taxonomy, definition: Definition) -> None:
    if problems := problems_of(definition):
        raise TaxonomyError(problems)
    store(row, definition)
