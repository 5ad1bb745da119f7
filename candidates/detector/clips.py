"""Labelled recordings to measure detectors on, and how they fall into folds.

A folder of clips with ``labels.csv``: ``file``, ``classes`` (names with ``;`` between them),
``labels_complete`` (``yes`` when every class heard is named), ``source_repo``, ``source_path``
(with ``;`` where a clip joins several files) and ``attribution``.

Clips that come from one recording, or from one person's series of takes, sound alike for reasons
that have nothing to do with the instrument. They form one group, and a group is never divided.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candidates.detector.bags import ABSENT, PRESENT
from consonance.errors import ParameterError

LABELS: Final = "labels.csv"
FOLDS: Final = 5
_COLUMNS: Final = ("file", "classes", "labels_complete", "source_repo", "source_path")
_FREESOUND: Final = re.compile(r"freesound\.org sound (\d+)")
#: Freesound numbers this close within one class are taken for one person's series of uploads.
_SERIES: Final = 300
_TAKE: Final = re.compile(r"[_ -]?\d+$")


@dataclass(frozen=True, kw_only=True)
class LabelledClip:
    """A recording, and what is heard in it.

    Parameters
    ----------
    path
        The audio file.
    classes
        Those heard.
    is_complete
        Whether every class heard is named; else the labels cannot be scored against.
    group
        A name shared by clips of one source.
    """

    path: Path
    classes: tuple[str, ...]
    is_complete: bool
    group: str


def read_clips(folder: Path) -> tuple[LabelledClip, ...]:
    """Read the labels of a folder of clips.

    Raises
    ------
    ParameterError
        If ``labels.csv`` is missing, lacks a column, or names a file that is not there.
    """
    listing = folder / LABELS
    try:
        with listing.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"The labels {listing} cannot be read: {error}") from error
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise ParameterError(f"{listing} has no rows or no column {', '.join(missing)}.")
    absent = [row["file"] for row in rows if not (folder / row["file"]).is_file()]
    if absent:
        raise ParameterError(f"{listing} names {len(absent)} files that are not there: {absent[0]}")
    return tuple(
        LabelledClip(
            path=folder / row["file"],
            classes=tuple(name for name in row["classes"].split(";") if name),
            is_complete=row["labels_complete"] == "yes",
            group=group,
        )
        for row, group in zip(rows, _groups(rows), strict=True)
    )


def truth(clips: Sequence[LabelledClip], classes: Sequence[str]) -> NDArray[np.int8]:
    """Return what is heard as an array; clips must be complete.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes), dtype=int8, in {0, 1}]

    Raises
    ------
    ParameterError
        If a clip's labels are not complete: what it does not name may well be heard.
    """
    partial = [clip.path.name for clip in clips if not clip.is_complete]
    if partial:
        raise ParameterError(f"{partial[0]} has incomplete labels: it cannot be scored against.")
    return np.array(
        [[PRESENT if name in clip.classes else ABSENT for name in classes] for clip in clips],
        np.int8,
    ).reshape(len(clips), len(classes))


def folds(clips: Sequence[LabelledClip], *, n: int = FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """Return each clip's fold: groups whole, classes spread as evenly as groups allow.

    Parameters
    ----------
    clips
        Complete or not.
    n
        Number of folds.
    seed
        Of the order in which groups are dealt out.

    Returns
    -------
    np.ndarray [shape=(n_clips,), dtype=int64, in [0, n)]

    Raises
    ------
    ParameterError
        If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    names, group = np.unique([clip.group for clip in clips], return_inverse=True)
    if len(names) < n:
        raise ParameterError(
            f"{len(names)} source recordings cannot fill {n} folds. Give more, or ask for fewer."
        )
    stratum = [clip.classes[0] if clip.classes else "" for clip in clips]
    # A class of one group is in one fold, whatever the splitter would like.
    counts = {name: stratum.count(name) for name in set(stratum)}
    stratum = [name if counts[name] >= n else "" for name in stratum]
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    result = np.empty(len(clips), np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(stratum, stratum, group)):
        result[held_out] = fold
    return result


def digest(clips: Iterable[LabelledClip]) -> str:
    """Return the SHA-256 over names, labels and groups: equal sets of clips have equal ones."""
    lines = sorted(
        f"{clip.path.name}\t{';'.join(clip.classes)}\t{clip.is_complete}\t{clip.group}"
        for clip in clips
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _groups(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return a name per row, shared by rows that have a source in common."""
    parent = list(range(len(rows)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    first: dict[str, int] = {}
    series: dict[str, list[tuple[int, int]]] = {}
    for place, row in enumerate(rows):
        for source in _sources(row):
            parent[root(place)] = root(first.setdefault(source, place))
        found = _FREESOUND.search(row.get("attribution") or "")
        if found:
            series.setdefault(row["classes"], []).append((int(found[1]), place))
    for takes in series.values():
        takes.sort()
        for (number, place), (following, other) in pairwise(takes):
            if following - number <= _SERIES:
                parent[root(other)] = root(place)
    return [rows[root(place)]["file"] for place in range(len(rows))]


def _sources(row: dict[str, str]) -> Iterable[str]:
    """Yield what marks a row's origin: each file it was cut from, and that file's series."""
    for path in row["source_path"].split(";"):
        yield f"{row['source_repo']}/{path}"
        name = Path(path)
        series = _TAKE.sub("", name.stem)
        if series and series != name.stem:
            yield f"{row['source_repo']}/{name.parent}/{series} of {row['classes']}"
