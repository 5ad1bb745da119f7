"""A taxonomy as its pages show it: classes in a tree, AudioSet's classes by name, its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from consonance.catalog.models import Taxonomy
from consonance.ledger.models import AuditEntry
from consonance.taxonomies.counting import counted
from consonance.taxonomies.definition import ClassDefinition
from consonance.taxonomies.definition import Taxonomy as Definition
from consonance.taxonomies.ontology import AudioSetClass, ontology

#: Deeper kinds are shown no further to the right: a phone is narrow.
_DEEPEST: Final = 4
#: Entries of a history that a page shows.
_NEWEST: Final = 50
_NAMED_CHILDREN: Final = 12


@dataclass(frozen=True)
class ClassRow:
    """A class in its taxonomy's tree.

    Attributes
    ----------
    entry
        The class.
    depth
        How many classes lie above it, at most `_DEEPEST`.
    parent
        The name of the class it is a kind of, as people read it.
    names, without
        AudioSet's names for what it stands for, and for what it takes out.
    counts
        AudioSet's names for the labels that count as it; empty without a detector.
    """

    entry: ClassDefinition
    depth: int
    parent: str
    names: tuple[str, ...]
    without: tuple[str, ...]
    counts: tuple[str, ...]


def tree(definition: Definition) -> list[ClassRow]:
    """Return the classes, each one's kinds below it; those in a circle of parents at the top."""
    known, counts = ontology(), counted(definition)
    shown = {entry.name: entry.display_name for entry in definition.classes}
    rows: dict[str, ClassRow] = {}

    def add(entry: ClassDefinition, depth: int) -> None:
        if entry.name in rows:
            return
        rows[entry.name] = ClassRow(
            entry=entry,
            depth=min(depth, _DEEPEST),
            parent=shown.get(entry.parent, ""),
            names=tuple(known.name(mid) for mid in entry.audioset_mids),
            without=tuple(known.name(mid) for mid in entry.audioset_without),
            counts=tuple(sorted(known.name(mid) for mid in counts[entry.name])),
        )
        for below in definition.classes:
            if below.parent == entry.name:
                add(below, depth + 1)

    for entry in definition.classes:
        if entry.parent not in shown:
            add(entry, 0)
    for entry in definition.classes:
        add(entry, 0)
    return list(rows.values())


@dataclass(frozen=True)
class Choice:
    """An AudioSet class that a curator may choose for a class.

    Attributes
    ----------
    found
        The class.
    path
        What lies above it, from the top.
    children
        Names of what lies below it and counts with it.
    more
        How many children are not named.
    counts, does_not
        Whether it is chosen to count, or not to.
    """

    found: AudioSetClass
    path: str
    children: str
    more: int
    counts: bool
    does_not: bool


def choices(
    found: Sequence[AudioSetClass], mids: Sequence[str], without: Sequence[str]
) -> list[Choice]:
    """Return AudioSet classes with what is chosen about them."""
    known = ontology()
    made = []
    for entry in found:
        below = [known.name(mid) for mid in known.below(entry.mid)[1:]]
        made.append(
            Choice(
                found=entry,
                path=" / ".join(known.path(entry.mid)),
                children=", ".join(below[:_NAMED_CHILDREN]),
                more=max(0, len(below) - _NAMED_CHILDREN),
                counts=entry.mid in mids,
                does_not=entry.mid in without,
            )
        )
    return made


#: What an audit entry says on a taxonomy's page.
_WORDS: Final = {
    "import_taxonomy": "Imported",
    "draft_taxonomy": "Draft begun",
    "edit_taxonomy": "Details changed",
    "add_class": "Class added",
    "edit_class": "Class changed",
    "remove_class": "Class removed",
    "publish_taxonomy": "Published",
}


@dataclass(frozen=True)
class Event:
    """What somebody did to a taxonomy."""

    at: Any
    actor: Any
    what: str
    detail: str


def history(row: Taxonomy) -> list[Event]:
    """Return what was done to a taxonomy, newest first."""
    entries = AuditEntry.objects.filter(
        object_type=Taxonomy._meta.label, object_id=str(row.pk)
    ).select_related("actor")[:_NEWEST]
    return [
        Event(
            at=entry.at,
            actor=entry.actor,
            what=_WORDS.get(entry.action, entry.action.replace("_", " ").capitalize()),
            detail=_detail(entry.detail),
        )
        for entry in entries
    ]


def _detail(detail: dict[str, Any]) -> str:
    if "class_name" in detail:
        was = f", formerly {detail['was']}" if detail.get("was") else ""
        return f"{detail['class_name']}{was}"
    if detail.get("after"):
        return f"from {detail['after']}"
    if "classes" in detail:
        return f"{detail['classes']} classes"
    return ""
