"""AudioSet's ontology: 632 classes of sound, which lie below which, and which have a label.

`audioset_ontology.json` is Google's (CC BY-SA 4.0, Gemmeke et al. 2017, "Audio Set: An ontology and
human-labeled dataset for audio events"), without citations and examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

ONTOLOGY: Final = Path(__file__).resolve().parent / "audioset_ontology.json"
#: How alike two words are when one is suggested for the other, by `difflib`.
_ALIKE: Final = 0.75


@dataclass(frozen=True)
class AudioSetClass:
    """A class of AudioSet's ontology.

    Parameters
    ----------
    mid
        Its identifier.
    name, description
        In AudioSet's words.
    children
        Identifiers of the classes directly below.
    is_label
        Whether it is among the 527 labels published with AudioSet: only these have outputs in
        networks trained on it. The others are headings, or were left out for want of examples.
    """

    mid: str
    name: str
    description: str
    children: tuple[str, ...]
    is_label: bool


class Ontology:
    """The classes by identifier.

    Parameters
    ----------
    classes
        In the ontology's order.
    """

    def __init__(self, classes: tuple[AudioSetClass, ...]) -> None:
        self._classes = {entry.mid: entry for entry in classes}
        self._above: dict[str, str] = {}
        for entry in classes:
            for child in entry.children:
                self._above.setdefault(child, entry.mid)

    def __contains__(self, mid: object) -> bool:
        return mid in self._classes

    def __getitem__(self, mid: str) -> AudioSetClass:
        return self._classes[mid]

    def __iter__(self) -> Iterator[AudioSetClass]:
        return iter(self._classes.values())

    def name(self, mid: str) -> str:
        """Return a class's name; an unknown identifier names itself."""
        return self._classes[mid].name if mid in self._classes else mid

    def below(self, mid: str, *, but: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return a class and all below it, in the ontology's order from the top.

        Parameters
        ----------
        mid
            Where to begin; an unknown identifier has nothing below.
        but
            Classes that are left out, with what lies below them only.
        """
        found: dict[str, None] = {}
        waiting = [mid]
        while waiting:
            here = waiting.pop()
            if here in found or here in but or here not in self._classes:
                continue
            found[here] = None
            waiting += reversed(self._classes[here].children)
        return tuple(found)

    def path(self, mid: str) -> tuple[str, ...]:
        """Return the names of the classes above one, from the top."""
        names: list[str] = []
        while mid in self._above and len(names) < len(self._classes):
            mid = self._above[mid]
            names.append(self._classes[mid].name)
        return tuple(reversed(names))

    def search(self, words: str, *, most: int = 30) -> list[AudioSetClass]:
        """Return classes that words fit: by name first, then by description.

        Parameters
        ----------
        words
            A name, a part of one, several words, or an identifier.
        most
            How many at most.
        """
        asked = words.casefold().split()
        if not asked:
            return []
        if words.strip() in self._classes:
            return [self._classes[words.strip()]]
        ranked = [
            (rank, place, entry)
            for place, entry in enumerate(self)
            if (rank := _rank(entry, asked)) is not None
        ]
        return [entry for _, _, entry in sorted(ranked, key=lambda row: row[:2])[:most]]

    def near(self, text: str, *, most: int = 3) -> list[AudioSetClass]:
        """Return classes whose name or identifier is almost the text's."""
        wanted = text.strip().casefold()
        by_name = {entry.name.casefold(): entry for entry in self}
        names = get_close_matches(wanted, by_name, n=most, cutoff=_ALIKE)
        found = [by_name[name] for name in names]
        if wanted.startswith("/"):
            found += [self._classes[mid] for mid in get_close_matches(text, self._classes, n=most)]
        return list(dict.fromkeys([*found, *self._by_word(wanted)]))[:most]

    def _by_word(self, wanted: str) -> list[AudioSetClass]:
        """Return classes of which the text is a whole word, shortest names first."""
        if not wanted:
            return []
        word = re.compile(rf"\b{re.escape(wanted)}s?\b")
        hits = [entry for entry in self if word.search(entry.name.casefold())]
        return sorted(hits, key=lambda entry: len(entry.name))


def _rank(entry: AudioSetClass, asked: list[str]) -> int | None:
    """Return how well words fit a class, 0 best; None for not at all."""
    name = entry.name.casefold()
    if name == " ".join(asked):
        return 0
    if all(re.search(rf"\b{re.escape(word)}", name) for word in asked):
        return 1
    if all(word in name for word in asked):
        return 2
    told = entry.description.casefold()
    return 3 if all(re.search(rf"\b{re.escape(word)}", told) for word in asked) else None


@lru_cache(maxsize=1)
def ontology() -> Ontology:
    """Return AudioSet's ontology."""
    content = json.loads(ONTOLOGY.read_text(encoding="utf-8"))
    return Ontology(
        tuple(
            AudioSetClass(
                mid=row["mid"],
                name=row["name"],
                description=row["description"],
                children=tuple(row["children"]),
                is_label=row["is_label"],
            )
            for row in content["classes"]
        )
    )
