"""What differs between two versions of a taxonomy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from consonance.taxonomies.counting import counted
from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.ontology import ontology


@dataclass(frozen=True)
class Change:
    """One thing of a class, or of a taxonomy, before and after."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ClassChange:
    """What differs in a class that both versions have.

    Parameters
    ----------
    before, after
        The class in each.
    changes
        What differs; never empty.
    """

    before: ClassDefinition
    after: ClassDefinition
    changes: tuple[Change, ...]

    @property
    def is_renamed(self) -> bool:
        """Whether its identifier or its name differs."""
        names = (self.before.name, self.before.display_name)
        return names != (self.after.name, self.after.display_name)


@dataclass(frozen=True)
class Comparison:
    """Two versions of a taxonomy, class by class.

    Parameters
    ----------
    added, removed
        Classes that only the second, or only the first, has.
    changed
        Classes of both that differ, renamed ones first.
    about
        What differs in licence and description.
    same
        How many classes are equal.
    """

    added: tuple[ClassDefinition, ...]
    removed: tuple[ClassDefinition, ...]
    changed: tuple[ClassChange, ...]
    about: tuple[Change, ...]
    same: int

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.about)


def compare(first: Taxonomy, second: Taxonomy) -> Comparison:
    """Return what the second has otherwise than the first.

    A class that has only changed its identifier is found again by its name, or by its map to
    AudioSet.
    """
    before = {entry.name: entry for entry in first.classes}
    after = {entry.name: entry for entry in second.classes}
    pairs = _pairs(before, after)
    counts = counted(first), counted(second)
    changed = []
    for old, new in pairs.items():
        found = _changes(before[old], after[new], (counts[0][old], counts[1][new]), pairs)
        if found:
            changed.append(ClassChange(before[old], after[new], found))
    changed.sort(key=lambda one: (not one.is_renamed, one.after.name))
    reached = set(pairs.values())
    return Comparison(
        added=tuple(entry for name, entry in after.items() if name not in reached),
        removed=tuple(entry for name, entry in before.items() if name not in pairs),
        changed=tuple(changed),
        about=tuple(
            Change(what, old, new)
            for what, old, new in (
                ("Licence", first.licence, second.licence),
                ("Description", first.description, second.description),
            )
            if old != new
        ),
        same=len(pairs) - len(changed),
    )


def _pairs(before: dict[str, ClassDefinition], after: dict[str, ClassDefinition]) -> dict[str, str]:
    """Return for each class of the first version its identifier in the second, where it has one."""
    pairs = {name: name for name in before if name in after}
    new = {name: entry for name, entry in after.items() if name not in before}
    for name, entry in before.items():
        if name in pairs:
            continue
        same = next((key for key, other in new.items() if _alike(entry, other)), None)
        if same is not None:
            pairs[name] = same
            del new[same]
    return pairs


def _alike(before: ClassDefinition, after: ClassDefinition) -> bool:
    if before.display_name.casefold() == after.display_name.casefold():
        return True
    return bool(before.audioset_mids) and set(before.audioset_mids) == set(after.audioset_mids)


_FIELDS: Final = (
    ("Identifier", "name"),
    ("Name", "display_name"),
    ("Article", "article"),
    ("Definition", "definition"),
)


def _changes(
    before: ClassDefinition,
    after: ClassDefinition,
    counts: tuple[tuple[str, ...], tuple[str, ...]],
    pairs: dict[str, str],
) -> tuple[Change, ...]:
    found = [
        Change(what, getattr(before, field), getattr(after, field))
        for what, field in _FIELDS
        if getattr(before, field) != getattr(after, field)
    ]
    # A parent that was only renamed is still the same parent.
    if pairs.get(before.parent, before.parent) != after.parent:
        found.append(Change("Kind of", before.parent, after.parent))
    for what, field in (
        ("AudioSet classes", "audioset_mids"),
        ("Without these", "audioset_without"),
    ):
        old, new = getattr(before, field), getattr(after, field)
        if set(old) != set(new):
            found.append(Change(what, _named(old), _named(new)))
    if counts[0] != counts[1]:
        found.append(Change("AudioSet labels that count", _named(counts[0]), _named(counts[1])))
    return tuple(found)


def _named(mids: tuple[str, ...]) -> str:
    known = ontology()
    return ", ".join(sorted(known.name(mid) for mid in mids))
