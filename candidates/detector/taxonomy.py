"""The classes a collection is asked about, read from `candidates/taxonomies/<name>.json`.

Imports neither torch nor numpy: web pages read class names from here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from consonance.errors import ParameterError

TAXONOMIES: Final = Path(__file__).resolve().parent.parent / "taxonomies"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_MID: Final = re.compile(r"/[mtg]/[a-z0-9_]+")  # Freebase, AudioSet's own, or Knowledge Graph
_ARTICLES: Final = ("a", "an", "")


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
        Identifiers of the AudioSet classes whose presence means presence of this one. Empty when
        AudioSet knows nothing like it; AudioSet detectors then leave the class uncovered.
    """

    name: str
    display_name: str
    article: str
    audioset_mids: tuple[str, ...]


@dataclass(frozen=True)
class Taxonomy:
    """A named, versioned, ordered list of classes.

    Parameters
    ----------
    name
        The file's name without ``.json``.
    version
        Changes whenever a class or a mapping changes.
    licence
        SPDX identifier of the file's content.
    classes
        In alphabetical order of their names; this order is the order of every score column.
    """

    name: str
    version: str
    licence: str
    classes: tuple[ClassDefinition, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the score columns."""
        return tuple(entry.name for entry in self.classes)


def available() -> tuple[str, ...]:
    """Return the names of the taxonomies that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in TAXONOMIES.glob("*.json")))


@lru_cache(maxsize=16)
def read(name: str) -> Taxonomy:
    """Return a taxonomy that ships, by name.

    Parameters
    ----------
    name
        One of `available()`.

    Raises
    ------
    ParameterError
        If there is no such taxonomy, or its file is not one.
    """
    if name not in available():
        known = ", ".join(available())
        raise ParameterError(f"No taxonomy is called {name!r}. Use one of: {known}.")
    return read_file(TAXONOMIES / f"{name}.json")


def read_file(path: Path) -> Taxonomy:
    """Return the taxonomy in a JSON file.

    Parameters
    ----------
    path
        A file with ``name`` (equal to the file's stem), ``version``, ``licence`` and ``classes``.

    Raises
    ------
    ParameterError
        If the file cannot be read, is not of that form, or names a class twice.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ParameterError(f"The taxonomy {path.name} cannot be read: {error}") from error
    where = f"In the taxonomy {path.name}"
    if not isinstance(content, dict):
        raise ParameterError(f"{where}: expected an object, found {type(content).__name__}.")
    name = _text(content, "name", where)
    if name != path.stem:
        raise ParameterError(f"{where}: the name inside is {name!r}; it must be {path.stem!r}.")
    entries = content.get("classes")
    if not isinstance(entries, list) or not entries:
        raise ParameterError(f"{where}: 'classes' must be a list of at least one class.")
    classes = tuple(_class(entry, f"{where}, class {i}") for i, entry in enumerate(entries))
    names = [entry.name for entry in classes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(f"{where}: named more than once: {', '.join(twice)}.")
    if names != sorted(names):
        raise ParameterError(f"{where}: the classes must stand in alphabetical order.")
    return Taxonomy(
        name=name,
        version=_text(content, "version", where),
        licence=_text(content, "licence", where),
        classes=classes,
    )


def _class(entry: Any, where: str) -> ClassDefinition:
    if not isinstance(entry, dict):
        raise ParameterError(f"{where}: expected an object, found {type(entry).__name__}.")
    name = _text(entry, "name", where)
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"{where}: {name!r} is not a class name. Use lower-case letters, digits and '_'."
        )
    article = entry.get("article")
    if article not in _ARTICLES:
        raise ParameterError(
            f"{where} ({name}): 'article' must be 'a', 'an' or '', not {article!r}."
        )
    mids = entry.get("audioset_mids")
    if not isinstance(mids, list) or not all(isinstance(mid, str) for mid in mids):
        raise ParameterError(f"{where} ({name}): 'audioset_mids' must be a list of texts.")
    for mid in mids:
        if not _MID.fullmatch(mid):
            raise ParameterError(f"{where} ({name}): {mid!r} is not an AudioSet identifier.")
    if len(set(mids)) != len(mids):
        raise ParameterError(f"{where} ({name}): an AudioSet identifier stands twice.")
    return ClassDefinition(name, _text(entry, "display_name", where), str(article), tuple(mids))


def _text(content: dict[str, Any], key: str, where: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(f"{where}: {key!r} must be a text that is not empty.")
    return value
