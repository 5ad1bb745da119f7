"""A taxonomy's file: JSON, one form, read strictly and written the same way every time.

{
  "format": 1,
  "name": "openmic20",               a slug
  "version": "1",                    letters, digits, '.', '-', '_'
  "licence": "CC-BY-SA-4.0",         SPDX
  "description": "…",                optional
  "classes": [
{
  "name": "…",                   lower-case letters, digits, '_'
  "display_name": "…",
  "article": "a",                "a", "an" or "" (optional)
  "definition": "…",             optional
  "parent": "…",                 a class's name (optional)
  "audioset_mids": ["/m/…"],     [] for: no detector, uniform sampling
  "audioset_without": ["/m/…"]   what below them does not count (optional)
}
  ]
}
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from consonance.taxonomies.checking import TaxonomyError, problems_of
from consonance.taxonomies.definition import ClassDefinition, Taxonomy

FORMAT: Final = 1
#: Of a file. AudioSet's whole ontology with all its descriptions needs a fifth of it.
MOST_BYTES: Final = 1_000_000
_KEYS: Final = ("format", "name", "version", "licence", "description", "classes")
_CLASS_KEYS: Final = (
    "name", "display_name", "article", "definition", "parent", "audioset_mids", "audioset_without",
)  # fmt: skip


def read_file(path: Path) -> Taxonomy:
    """Return the taxonomy in a file.

    Raises
    ------
    TaxonomyError
        If it cannot be read, is too large, or is no taxonomy.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TaxonomyError([f"{path.name} cannot be read: {reason}."]) from error
    return parse(content, where=f"In the taxonomy {path.name}")


def parse(content: bytes, *, where: str = "") -> Taxonomy:
    """Return the taxonomy that a file's bytes hold, its classes in alphabetical order.

    Parameters
    ----------
    content
        JSON in UTF-8.
    where
        What it was read from, for messages.

    Raises
    ------
    TaxonomyError
        With every problem that was found.
    """
    if len(content) > MOST_BYTES:
        raise TaxonomyError(
            [f"It is larger than {MOST_BYTES:,} bytes: that is no taxonomy."], where
        )
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(text, object_pairs_hook=_once)
    except TaxonomyError as error:
        raise TaxonomyError(list(error.problems), where) from error
    except (ValueError, RecursionError) as error:
        raise TaxonomyError([f"It cannot be read as JSON in UTF-8: {error}."], where) from error
    return of_data(data, where=where)


def of_data(data: Any, *, where: str = "") -> Taxonomy:
    """Return the taxonomy of what `as_data` gave.

    Raises
    ------
    TaxonomyError
        With every problem that was found.
    """
    found: list[str] = []
    if not isinstance(data, dict):
        raise TaxonomyError([f"Expected an object, found {_kind(data)}."], where)
    if data.get("format", FORMAT) != FORMAT or isinstance(data.get("format"), bool):
        raise TaxonomyError(
            [f"Its format is {data['format']!r}; this version of Consonance reads {FORMAT}."], where
        )
    found += _unknown_keys(data, _KEYS, "The file")
    entries = data.get("classes")
    if not isinstance(entries, list) or not entries:
        found.append("'classes' must be a list of at least one class.")
        entries = []
    classes = [
        entry
        for place, one in enumerate(entries)
        if (entry := _class(one, f"class {place}", found)) is not None
    ]
    taxonomy = Taxonomy(
        name=_text(data, "name", "", found),
        version=_text(data, "version", "", found),
        licence=_text(data, "licence", "", found),
        classes=tuple(sorted(classes, key=lambda entry: entry.name)),
        description=_text(data, "description", "", found, needed=False),
    )
    found = found or problems_of(taxonomy)
    if found:
        raise TaxonomyError(found, where)
    return taxonomy


def as_data(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return a taxonomy as it is written; what is empty and optional is left out."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "name": taxonomy.name,
        "version": taxonomy.version,
        "licence": taxonomy.licence,
    }
    if taxonomy.description:
        data["description"] = taxonomy.description
    data["classes"] = [_class_data(entry) for entry in taxonomy.classes]
    return data


def written(taxonomy: Taxonomy) -> str:
    """Return a taxonomy's file: the same taxonomy gives the same bytes, one line a class."""
    data = as_data(taxonomy)
    classes = data.pop("classes")
    head = "".join(f"  {_json(key)}: {_json(value)},\n" for key, value in data.items())
    rows = ",\n".join(f"    {_json(entry)}" for entry in classes)
    return f'{{\n{head}  "classes": [\n{rows}\n  ]\n}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _class_data(entry: ClassDefinition) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": entry.name,
        "display_name": entry.display_name,
        "article": entry.article,
    }
    if entry.definition:
        data["definition"] = entry.definition
    if entry.parent:
        data["parent"] = entry.parent
    data["audioset_mids"] = list(entry.audioset_mids)
    if entry.audioset_without:
        data["audioset_without"] = list(entry.audioset_without)
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; JSON lets a key stand twice, and one of its values would be lost."""
    twice = [key for key, number in Counter(key for key, _ in pairs).items() if number > 1]
    if twice:
        raise TaxonomyError([f"{key!r} stands twice in one object. Keep one." for key in twice])
    return dict(pairs)


def _class(entry: Any, where: str, found: list[str]) -> ClassDefinition | None:
    if not isinstance(entry, dict):
        found.append(f"{where}: expected an object, found {_kind(entry)}.")
        return None
    before = len(found)
    name = _text(entry, "name", where, found)
    named = f"{where} ({name[:64]!r})" if name else where
    found += _unknown_keys(entry, _CLASS_KEYS, named)
    made = ClassDefinition(
        name=name,
        display_name=_text(entry, "display_name", named, found),
        article=_text(entry, "article", named, found, needed=False),
        audioset_mids=_texts(entry, "audioset_mids", named, found),
        audioset_without=_texts(
            {"audioset_without": [], **entry}, "audioset_without", named, found
        ),
        definition=_text(entry, "definition", named, found, needed=False),
        parent=_text(entry, "parent", named, found, needed=False),
    )
    return made if len(found) == before else None


def _text(
    content: dict[str, Any], key: str, where: str, found: list[str], *, needed: bool = True
) -> str:
    value = content.get(key, None if needed else "")
    said = f"{where}: {key!r}" if where else repr(key)
    if isinstance(value, str):
        text = "\n".join(value.replace("\r\n", "\n").split("\r")).strip()
        if text or not needed:
            return text
    wanted = "a text that is not empty" if needed else "a text"
    found.append(f"{said} must be {wanted}{'' if value is None else f', not {_kind(value)}'}.")
    return ""


def _texts(
    content: dict[str, Any], key: str, where: str, found: list[str], *, needed: bool = True
) -> tuple[str, ...]:
    value = content.get(key, None if needed else [])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(one.strip() for one in value)
    hint = " ([] for: no detector, uniform sampling)" if value is None else ""
    found.append(f"{where}: {key!r} must be a list of texts{hint}.")
    return ()


def _unknown_keys(content: dict[str, Any], known: tuple[str, ...], where: str) -> list[str]:
    unknown = sorted(str(key)[:80] for key in set(content) - set(known))
    if not unknown:
        return []
    return [f"{where}: {', '.join(map(repr, unknown))} is not known. Known are {', '.join(known)}."]


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "an empty text", bool: "true or false"}
    return kinds.get(type(value), "nothing" if value is None else "a number")
