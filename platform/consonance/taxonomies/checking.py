"""Whether a taxonomy is one: every problem as a sentence that says where, and what to do."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from difflib import get_close_matches
from typing import Final

from consonance.errors import ParameterError
from consonance.taxonomies.counting import counted
from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.ontology import ontology

LONGEST_NAME: Final = 64
LONGEST_VERSION: Final = 32
LONGEST_LICENCE: Final = 100
LONGEST_DISPLAY_NAME: Final = 100
LONGEST_DEFINITION: Final = 2_000
LONGEST_DESCRIPTION: Final = 4_000
#: More classes than AudioSet's whole ontology has.
MOST_CLASSES: Final = 1_000
MOST_MIDS: Final = 200
ARTICLES: Final = ("a", "an", "")
NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
CLASS_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MID: Final = re.compile(r"/[mtg]/[a-z0-9_]+")  # Freebase, AudioSet's own, or Knowledge Graph
#: Problems that one message tells; the rest is counted.
_TOLD: Final = 8
#: Problems that are looked for; whoever has more mends these first.
_LISTED: Final = 100


class TaxonomyError(ParameterError):
    """What is wrong with a taxonomy.

    Parameters
    ----------
    problems
        One sentence each.
    where
        What was read, before the first of them.
    """

    def __init__(self, problems: list[str], where: str = "") -> None:
        self.problems = tuple(problems)
        told = " ".join(problems[:_TOLD])
        more = len(problems) - _TOLD
        rest = f" And {more} more." if more > 0 else ""
        super().__init__(f"{where}: {told}{rest}" if where else f"{told}{rest}")


def problems_of(taxonomy: Taxonomy) -> list[str]:
    """Return what is wrong with a taxonomy, one sentence each; empty when all is well."""
    found = [
        *_name_problems("The name", taxonomy.name, NAME, "letters, digits, '-' and '_'"),
        *_version_problems(taxonomy.version),
        *_text_problems("The licence", taxonomy.licence, LONGEST_LICENCE, needed=True),
        *_text_problems("The description", taxonomy.description, LONGEST_DESCRIPTION),
    ]
    if len(taxonomy.classes) > MOST_CLASSES:
        return [
            *found,
            f"There are {len(taxonomy.classes):,} classes; {MOST_CLASSES:,} fit. Leave some out.",
        ]
    names = taxonomy.class_names
    found += [
        f"Named more than once: {_short(name)}. Keep one of them."
        for name, number in sorted(Counter(names).items())
        if number > 1
    ]
    for entry in taxonomy.classes:
        found += class_problems(entry, taxonomy, hints=len(found) < _TOLD)
        if len(found) > _LISTED:
            return found  # nobody reads more, and each costs a search for what was meant
    return found + _cycles(taxonomy)


def class_problems(entry: ClassDefinition, taxonomy: Taxonomy, *, hints: bool = True) -> list[str]:
    """Return what is wrong with one class of a taxonomy; cycles of parents are told elsewhere.

    With `hints`, what was meant is looked for where a name is unknown.
    """
    where = f"Class {entry.name!r}"
    found = _name_problems(f"{where}: its name", entry.name, CLASS_NAME, "letters, digits and '_'")
    found += _text_problems(
        f"{where}: 'display_name'", entry.display_name, LONGEST_DISPLAY_NAME, needed=True
    )
    found += _text_problems(f"{where}: 'definition'", entry.definition, LONGEST_DEFINITION)
    if entry.article not in ARTICLES:
        found.append(f"{where}: 'article' must be 'a', 'an' or '', not {entry.article!r}.")
    if entry.parent and entry.parent not in taxonomy.class_names:
        near = []
        if hints and len(entry.parent) <= LONGEST_NAME:
            near = get_close_matches(entry.parent, taxonomy.class_names, n=1)
        found.append(
            f"{where}: its parent {_short(entry.parent)} is no class of this taxonomy. "
            + (f"Did you mean {near[0]!r}?" if near else "Add it, or leave 'parent' empty.")
        )
    for key in ("audioset_mids", "audioset_without"):
        found += _mid_problems(entry, key, getattr(entry, key), hints=hints)
    both = sorted(set(entry.audioset_mids) & set(entry.audioset_without))
    if both:
        told = ", ".join(map(_short, both))
        found.append(f"{where}: {told} both counts and does not. Decide for one.")
    if entry.audioset_without and not entry.audioset_mids:
        found.append(
            f"{where}: 'audioset_without' takes out of nothing. Name 'audioset_mids', too."
        )
    return found


def notes_of(taxonomy: Taxonomy) -> list[str]:
    """Return what a curator should know before publishing: nothing of it is forbidden."""
    known = ontology()
    found = []
    counts = counted(taxonomy)
    silent = [
        entry.display_name
        for entry in taxonomy.classes
        if entry.audioset_mids and not counts[entry.name]
    ]
    if silent:
        found.append(
            f"AudioSet published no label for what {_listed(silent)} names, so no detector hears "
            "it: uniform sampling."
        )
    unmapped = [entry.display_name for entry in taxonomy.classes if not entry.audioset_mids]
    if unmapped:
        found.append(f"No detector: uniform sampling of {_listed(unmapped)}.")
    undefined = [entry.display_name for entry in taxonomy.classes if not entry.definition]
    if undefined:
        found.append(f"Nothing says what counts as {_listed(undefined)}: write a definition.")
    alike: dict[tuple[str, ...], list[str]] = {}
    for entry in taxonomy.classes:
        if counts[entry.name]:
            alike.setdefault(counts[entry.name], []).append(entry.display_name)
        below = {mid for named in entry.audioset_mids for mid in known.below(named)}
        idle = [known.name(mid) for mid in entry.audioset_without if mid not in below]
        if idle:
            found.append(
                f"“{entry.display_name}” takes out {_listed(idle)}, which does not lie below what "
                "it names."
            )
    found += [
        f"The same AudioSet labels count as {_listed(names)}: a detector gives them the same score."
        for names in alike.values()
        if len(names) > 1
    ]
    return found


def _listed(names: list[str]) -> str:
    told = ", ".join(f"“{name}”" for name in names[:_TOLD])
    return told if len(names) <= _TOLD else f"{told} and {len(names) - _TOLD} more"


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def _name_problems(what: str, value: str, form: re.Pattern[str], allowed: str) -> list[str]:
    if len(value) > LONGEST_NAME:
        return [f"{what} has {len(value):,} characters; {LONGEST_NAME} fit. Shorten it."]
    if not form.fullmatch(value):
        return [
            f"{what} {value!r} does not do: begin with a lower-case letter, and use lower-case "
            f"{allowed}."
        ]
    return []


def _version_problems(value: str) -> list[str]:
    if len(value) > LONGEST_VERSION:
        return [f"The version has {len(value):,} characters; {LONGEST_VERSION} fit. Shorten it."]
    if not VERSION.fullmatch(value):
        return [
            f"The version {value!r} does not do: use letters, digits, '.', '-' and '_', for "
            "instance 2 or 1.1."
        ]
    return []


def _text_problems(what: str, value: str, longest: int, *, needed: bool = False) -> list[str]:
    if needed and not value.strip():
        return [f"{what} is empty. Write it."]
    if len(value) > longest:
        return [f"{what} has {len(value):,} characters; {longest:,} fit. Shorten it."]
    odd = next((letter for letter in value if _is_odd(letter)), None)
    if odd is not None:
        return [f"{what} holds the character U+{ord(odd):04X}, which cannot be shown. Remove it."]
    return []


def _is_odd(letter: str) -> bool:
    """Return whether a character is a control other than a line break or tab, or half of one."""
    return unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t"


def _mid_problems(
    entry: ClassDefinition, key: str, mids: tuple[str, ...], *, hints: bool
) -> list[str]:
    where = f"Class {entry.name!r}: {key!r}"
    if len(mids) > MOST_MIDS:
        return [f"{where} has {len(mids):,} entries; {MOST_MIDS} fit. Name what lies above them."]
    found = []
    if len(set(mids)) != len(mids):
        twice = sorted({mid for mid in mids if mids.count(mid) > 1})
        found.append(f"{where}: {', '.join(map(_short, twice))} stands twice. Keep one.")
    known = ontology()
    for mid in dict.fromkeys(mids):
        if mid in known:
            continue
        what = (
            "is not an AudioSet identifier"
            if not _MID.fullmatch(mid)
            else "is not in AudioSet's ontology"
        )
        near = []
        if hints and len(found) < _TOLD and len(mid) <= LONGEST_NAME:
            near = known.near(mid) or known.near(entry.display_name[:LONGEST_DISPLAY_NAME])
        meant = ", ".join(f"{one.mid} ({one.name})" for one in near)
        found.append(
            f"{where} names {_short(mid)}, which {what}. "
            + (f"Perhaps {meant}?" if meant else "Search AudioSet's classes, or remove it.")
        )
    return found


def _cycles(taxonomy: Taxonomy) -> list[str]:
    # Of names that are none, something else is told.
    parents = {
        entry.name: entry.parent for entry in taxonomy.classes if CLASS_NAME.fullmatch(entry.name)
    }
    found: list[str] = []
    told: set[str] = set()
    for name in parents:
        way = [name]
        while (above := parents.get(way[-1])) and above not in way:
            way.append(above)
        if above and above == name and not told & set(way):
            told |= set(way)
            found.append(
                f"The parents of {' → '.join([*way, name])} go in a circle. Give one of them "
                "another parent, or none."
            )
    return found
