"""Taxonomies as rows and as values: `consonance.taxonomies` knows what they mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import uuid4

from django.db import transaction

from consonance.catalog.models import Taxonomy, TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.taxonomies import definition as value

#: Before an identifier in the stored list: it, and what lies below it, does not count.
_WITHOUT: Final = "-"


def definition_of(row: Taxonomy) -> value.Taxonomy:
    """Return a stored taxonomy as a value."""
    return value.Taxonomy(
        name=row.name,
        version=row.version,
        licence=row.licence,
        classes=tuple(sorted(class_definitions(row.classes.all()), key=lambda entry: entry.name)),
        description=row.description,
    )


def class_definitions(rows: Iterable[TaxonomyClass]) -> list[value.ClassDefinition]:
    """Return a taxonomy's stored classes as values, in their order."""
    known = list(rows)
    names = {row.pk: row.name for row in known}
    return [
        value.ClassDefinition(
            name=row.name,
            display_name=row.display_name,
            article=row.article,
            audioset_mids=tuple(mid for mid in row.audioset_mids if not mid.startswith(_WITHOUT)),
            audioset_without=tuple(
                mid.removeprefix(_WITHOUT) for mid in row.audioset_mids if mid.startswith(_WITHOUT)
            ),
            definition=row.definition,
            parent=names.get(row.parent_id, "") if row.parent_id else "",
        )
        for row in known
    ]


def store(row: Taxonomy, definition: value.Taxonomy) -> None:
    """Make a row and its classes what a value says; call it inside a transaction.

    A class keeps its row as long as it keeps its name.
    """
    row.name, row.version = definition.name, definition.version
    row.licence, row.description = definition.licence, definition.description
    row.save()
    ids = dict(row.classes.values_list("name", "pk"))
    chosen = {entry.name: ids.get(entry.name) or uuid4() for entry in definition.classes}
    row.classes.all().delete()
    TaxonomyClass.objects.bulk_create(
        TaxonomyClass(
            id=chosen[entry.name],
            taxonomy=row,
            position=position,
            name=entry.name,
            display_name=entry.display_name,
            article=entry.article,
            definition=entry.definition,
            parent_id=chosen.get(entry.parent),
            audioset_mids=_stored_mids(entry),
        )
        for position, entry in enumerate(definition.classes)
    )


def _stored_mids(entry: value.ClassDefinition) -> list[str]:
    return [*entry.audioset_mids, *(f"{_WITHOUT}{mid}" for mid in entry.audioset_without)]


def complete(row: Taxonomy, definition: value.Taxonomy) -> bool:
    """Fill in what was not kept of a taxonomy when it was stored; return whether it was missing.

    Rows from before definitions and maps were stored have neither. Nothing that says something is
    changed.
    """
    stored = definition_of(row)
    if any(entry.audioset_mids or entry.definition or entry.parent for entry in stored.classes):
        return False
    told = {(entry.name, entry.display_name, entry.article) for entry in stored.classes}
    if told != {(entry.name, entry.display_name, entry.article) for entry in definition.classes}:
        return False
    by_name = {entry.name: entry for entry in definition.classes}
    with transaction.atomic():
        classes = {one.name: one for one in row.classes.all()}
        for name, one in classes.items():
            entry = by_name[name]
            one.definition = entry.definition
            one.parent = classes.get(entry.parent)
            one.audioset_mids = _stored_mids(entry)
        TaxonomyClass.objects.bulk_update(
            classes.values(), ["definition", "parent", "audioset_mids"]
        )
        row.description = row.description or definition.description
        row.save(update_fields=["description"])
    return True


def published(named: str) -> Taxonomy:
    """Return a published taxonomy: `name`, its newest version, or `name@version`.

    Raises
    ------
    ParameterError
        If nothing is called so.
    StateError
        If it is a draft.
    """
    name, _, version = named.partition("@")
    rows = Taxonomy.objects.filter(name=name, **({"version": version} if version else {}))
    found = rows.filter(is_published=True).order_by("-created_at", "-version").first()
    if found is not None:
        return found
    if rows.exists():
        raise StateError(f"The taxonomy {named!r} is a draft. Publish it first.")
    known = sorted({str(one).replace(" ", "@") for one in Taxonomy.objects.all()})
    raise ParameterError(
        f"No taxonomy is called {named!r}. "
        + (f"Known are: {', '.join(known[:20])}." if known else "Import one first.")
    )
