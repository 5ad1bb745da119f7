"""Read gold from a CSV file, and tell everything that is wrong with it at once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from annotation.actions.set_gold import NewGold
from annotation.models import GoldAnswer
from candidates.models import ScoreSet
from consonance.catalog.models import Clip, Collection, TaxonomyClass
from consonance.errors import ParameterError

COLUMNS: Final = ("clip", "class", "truth")
_EXPLANATION: Final = "explanation"
#: So many bad lines are told; the rest is a number.
_TOLD: Final = 20
_BATCH: Final = 5_000


def read_gold(path: Path, collection: Collection, *, is_quiz: bool = False) -> list[NewGold]:
    """Return the gold of a file.

    Parameters
    ----------
    path
        A CSV file in UTF-8. Its first line names the columns `clip` (a sample key such as
        `000123_45000`), `class` (its name), `truth` (`present` or `absent`) and, if there is one,
        `explanation`; without such a line they come in this order.
    collection
        Whose clips.
    is_quiz
        Whether all of them are clear enough to teach with.

    Raises
    ------
    ParameterError
        If the file cannot be read, or lines are wrong: each is named with its number and what is
        wrong with it.
    """
    lines = _lines(path)
    clips, classes = _clips(collection), _classes(collection)
    longest = GoldAnswer._meta.get_field("explanation").max_length or 0
    gold: list[NewGold] = []
    wrong: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for number, (clip, name, truth, explanation) in lines:
        problem = ""
        if clip not in clips:
            problem = f"{collection} has no clip {clip!r}"
        elif name not in classes:
            problem = f"nothing is asked about a class {name!r}"
        elif truth not in GoldAnswer.Truth.values:
            problem = f"{truth!r} is no truth; use present or absent"
        elif len(explanation) > longest:
            problem = f"the explanation has {len(explanation)} characters; at most {longest} fit"
        elif (clip, name) in seen:
            problem = f"{clip} × {name} stands in line {seen[clip, name]} already"
        if problem:
            wrong.append(f"line {number}: {problem}")
            continue
        seen[clip, name] = number
        gold.append(
            NewGold(
                clip=clips[clip],
                target=classes[name],
                truth=truth,
                explanation=explanation,
                is_quiz=is_quiz,
            )
        )
    if wrong:
        raise ParameterError(_told(path, wrong))
    if not gold:
        raise ParameterError(f"{path} holds no gold. Each line is: clip,class,present or absent.")
    return gold


def _lines(path: Path) -> list[tuple[int, tuple[str, str, str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path} is no CSV file in UTF-8: {error}.") from error
    rows = [(number, row) for number, row in rows if any(row)]
    names = [*COLUMNS, _EXPLANATION]
    if rows and set(COLUMNS) <= set(rows[0][1]):
        names = rows[0][1]
        rows = rows[1:]
    elif rows and "class" in rows[0][1]:
        missing = ", ".join(name for name in COLUMNS if name not in rows[0][1])
        raise ParameterError(f"{path} has no column called {missing}.")
    found: list[tuple[int, tuple[str, str, str, str]]] = []
    short = []
    for number, row in rows:
        named = dict(zip(names, row, strict=False))
        if any(name not in named for name in COLUMNS):
            short.append(f"line {number}: {len(row)} columns, {len(COLUMNS)} needed")
            continue
        clip, name, truth = (named[column] for column in COLUMNS)
        found.append((number, (clip, name, truth.lower(), named.get(_EXPLANATION, ""))))
    if short:
        raise ParameterError(_told(path, short))
    return found


def _clips(collection: Collection) -> dict[str, Clip]:
    found = Clip.objects.filter(track__collection=collection).select_related("track")
    return {clip.sample_key: clip for clip in found.defer("peaks").iterator(chunk_size=_BATCH)}


def _classes(collection: Collection) -> dict[str, TaxonomyClass]:
    """Return what may be asked about the collection's clips, by name."""
    scored = TaxonomyClass.objects.filter(
        taxonomy__in=ScoreSet.objects.filter(collection=collection).values("detector__taxonomy")
    )
    asked = TaxonomyClass.objects.filter(pk__in=collection.campaigns.values("questions__target"))
    # What is asked comes last: of two lists with one name it is the one that counts.
    return {target.name: target for target in [*scored, *asked]}


def _told(path: Path, wrong: list[str]) -> str:
    told = wrong[:_TOLD]
    if len(wrong) > _TOLD:
        told.append(f"and {len(wrong) - _TOLD} more")
    lines = "1 bad line" if len(wrong) == 1 else f"{len(wrong)} bad lines"
    return f"{path}: nothing was stored, because of {lines}: {'; '.join(told)}."
