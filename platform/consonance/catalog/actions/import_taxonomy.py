"""Take in a taxonomy that was made elsewhere: a file's, or that of the API."""

from __future__ import annotations

from typing import Any, Literal

from django.db import IntegrityError, transaction

from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of, store
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role
from consonance.taxonomies.checking import TaxonomyError, problems_of
from consonance.taxonomies.definition import Taxonomy as Definition

Outcome = Literal["new", "same", "replaced"]


def import_taxonomy(
    *, definition: Definition, publish: bool = False, replace: bool = False, actor: Any = None
) -> tuple[Taxonomy, Outcome]:
    """Store a taxonomy as a draft, or published; the same one is stored once.

    Parameters
    ----------
    definition
        What to store.
    publish
        Whether it is published at once, and a draft of the same content as well.
    replace
        Whether a draft of the same name and version gives way to it.
    actor
        A curator; None for the command line.

    Returns
    -------
    tuple
        The row, and whether it is new, was there already, or replaced a draft.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    TaxonomyError
        With everything that is wrong with it.
    StateError
        If this version is there with other content.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    if not definition.classes:
        raise TaxonomyError(["A taxonomy has at least one class. Add one."])
    if problems := problems_of(definition):
        raise TaxonomyError(problems)
    try:
        with transaction.atomic():
            return _stored(definition, publish, replace, actor)
    except IntegrityError as error:
        raise StateError(
            f"Somebody stored {definition.name} {definition.version} at the same moment. Look at "
            "it, and try again."
        ) from error


def _stored(
    definition: Definition, publish: bool, replace: bool, actor: Any
) -> tuple[Taxonomy, Outcome]:
    row = (
        Taxonomy.objects.select_for_update()
        .filter(name=definition.name, version=definition.version)
        .first()
    )
    outcome: Outcome = "new"
    if row is not None:
        outcome = "same" if definition_of(row) == definition else "replaced"
        if outcome == "replaced" and row.is_published:
            raise StateError(
                f"{row} is published, and this one differs from it. A published version is never "
                "edited: give this one a new version."
            )
        if outcome == "replaced" and not replace:
            raise StateError(
                f"There is a draft {row} with other content. Replace it on purpose, or give this "
                "one another version."
            )
    else:
        person = actor if getattr(actor, "pk", None) else None
        row = Taxonomy(name=definition.name, version=definition.version, created_by=person)
        row.is_published = False
    if outcome != "same":
        store(row, definition)
        record(
            "import_taxonomy", target=row, actor=actor, classes=len(definition.classes),
            replaced=outcome == "replaced",
        )  # fmt: skip
    if publish and not row.is_published:
        row.is_published = True
        row.save(update_fields=["is_published"])
        record("publish_taxonomy", target=row, actor=actor, classes=len(definition.classes))
    return row, outcome
