"""A taxonomy as a value: its classes, and which of AudioSet's classes each stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassDefinition:
    """One class of a taxonomy.

    Parameters
    ----------
    name
        Identifier used in tables and files: lower-case letters, digits and underscores.
    display_name
        What people read.
    article
        ``"a"``, ``"an"`` or ``""``, so that a question can be put in good English.
    audioset_mids
        Identifiers of the AudioSet classes whose presence means presence of this one; those below
        them in AudioSet's ontology count, too. Empty when AudioSet knows nothing like it: no
        detector hears the class then, and rounds sample it uniformly.
    audioset_without
        Identifiers of AudioSet classes that do not count, nor those below them.
    definition
        What counts as the class, in a sentence or two.
    parent
        Name of the class that this one is a kind of, or empty.
    """

    name: str
    display_name: str
    article: str
    audioset_mids: tuple[str, ...]
    audioset_without: tuple[str, ...] = ()
    definition: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Taxonomy:
    """A named, versioned, ordered list of classes.

    Parameters
    ----------
    name
        A slug.
    version
        Changes whenever a class or a mapping changes.
    licence
        SPDX identifier of the content.
    classes
        In alphabetical order of their names; this order is the order of every score column.
    description
        What it is for and where it comes from.
    """

    name: str
    version: str
    licence: str
    classes: tuple[ClassDefinition, ...]
    description: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the score columns."""
        return tuple(entry.name for entry in self.classes)

    def kinds_of(self, name: str) -> frozenset[str]:
        """Return the names of the classes below one, at any depth; cycles do no harm."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            above = waiting.pop()
            below = {entry.name for entry in self.classes if entry.parent == above} - found
            found |= below
            waiting += sorted(below)
        return frozenset(found - {name})
