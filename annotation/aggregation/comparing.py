"""Compare two consensus runs label by label.

Pages call this: it reads two frozen tables with Arrow and counts with numpy, and looks rows up in
the database only for the part of the changes that is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annotation.models import Campaign, ConsensusRun, Question
from consonance.errors import ParameterError

#: Decisions in the order of rows and columns of a matrix.
DECISIONS: Final = ("present", "undecided", "absent")
_COLUMNS: Final = ("clip_id", "class_name", "decision", "posterior_crowd")
_BATCH: Final = 500

_Ints = npt.NDArray[np.int64]


class ClassChanges(TypedDict):
    """How one class's labels changed."""

    name: str
    display_name: str
    labels: int  # in both runs
    changed: int
    matrix: list[list[int]]  # rows the first run, columns the second, in the order of `DECISIONS`


class LabelChange(TypedDict):
    """One label that was decided otherwise."""

    question: str  # its id; empty where the question is gone
    clip: str
    sample_key: str
    class_name: str
    display_name: str
    first: str  # decisions
    second: str
    first_posterior: float
    second_posterior: float


class Difference(TypedDict):
    """A parameter that differs; None where a run does not have it."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between two runs.

    Attributes
    ----------
    labels
        How many labels both have.
    changed
        How many of them are decided otherwise.
    only_first, only_second
        Labels that one run has alone.
    matrix
        Labels by decision: rows the first run, columns the second, in the order of `DECISIONS`.
    classes
        The same for every class, by name.
    parameters
        Those that differ, the method among them.
    exclusions
        Who was left out of one run only: `first` and `second`, rows as in
        `ConsensusRun.exclusions`.
    """

    labels: int
    changed: int
    only_first: int
    only_second: int
    matrix: list[list[int]]
    classes: list[ClassChanges]
    parameters: list[Difference]
    exclusions: dict[str, list[dict[str, Any]]]
    _changes: Changes

    def changes(self, class_name: str | None = None) -> Changes:
        """Return the labels that changed, those whose posterior moved most first.

        Parameters
        ----------
        class_name
            Only of this class; None for all.
        """
        return self._changes if class_name is None else self._changes.of_class(class_name)


class Changes(Sequence[LabelChange]):
    """Labels that were decided otherwise; what is not asked for is not looked up."""

    def __init__(self, campaign: Campaign, names: dict[str, str], rows: pa.Table) -> None:
        self._campaign, self._names, self._rows = campaign, names, rows

    def of_class(self, class_name: str) -> Changes:
        """Return those of one class."""
        chosen = self._rows.filter(pc.equal(self._rows["class_name"], class_name))
        return Changes(self._campaign, self._names, chosen)

    def __len__(self) -> int:
        return int(self._rows.num_rows)

    @overload
    def __getitem__(self, index: int) -> LabelChange: ...
    @overload
    def __getitem__(self, index: slice) -> list[LabelChange]: ...
    def __getitem__(self, index: int | slice) -> LabelChange | list[LabelChange]:
        places = range(len(self))[index]
        if isinstance(places, int):
            return self._look_up([places])[0]
        return self._look_up(list(places))

    def __iter__(self) -> Iterator[LabelChange]:
        for start in range(0, len(self), _BATCH):
            yield from self[start : start + _BATCH]

    def _look_up(self, places: list[int]) -> list[LabelChange]:
        rows = self._rows.take(pa.array(places, pa.int64())).to_pylist()
        questions = (
            Question.objects.of(self._campaign)
            .filter(
                task_kind="presence",
                clip__in={row["clip_id"] for row in rows},
                target__name__in={row["class_name"] for row in rows},
            )
            .select_related("clip__track", "target")
        )
        known = {
            (str(each.clip_id), each.target.name): (str(each.pk), each.clip.sample_key)
            for each in questions
            if each.clip is not None and each.target is not None
        }
        found: list[LabelChange] = []
        for row in rows:
            question, key = known.get((row["clip_id"], row["class_name"]), ("", row["clip_id"]))
            found.append(
                {
                    "question": question,
                    "clip": row["clip_id"],
                    "sample_key": key,
                    "class_name": row["class_name"],
                    "display_name": self._names.get(row["class_name"], row["class_name"]),
                    "first": DECISIONS[row["first"]],
                    "second": DECISIONS[row["second"]],
                    "first_posterior": row["first_posterior"],
                    "second_posterior": row["second_posterior"],
                }
            )
        return found


def compare_runs(first: ConsensusRun, second: ConsensusRun) -> Comparison:
    """Compare two runs of a campaign.

    Parameters
    ----------
    first, second
        The runs; usually the older one first.

    Raises
    ------
    ParameterError
        If they are of different campaigns.
    StateError
        If a frozen table is gone or was altered.
    """
    if first.campaign_id != second.campaign_id:
        raise ParameterError(
            f"{first} and {second} are runs of different campaigns; compare runs of one."
        )
    one, other = _labels(first), _labels(second)
    place = pc.fill_null(pc.index_in(_keys(one), value_set=_keys(other)), -1).to_numpy()
    here = np.flatnonzero(place >= 0)
    both, there = one.take(pa.array(here)), other.take(pa.array(place[here]))
    before, after = _decided(both), _decided(there)
    names = dict(first.campaign.guidelines.values_list("target__name", "target__display_name"))
    return Comparison(
        labels=len(here),
        changed=int((before != after).sum()),
        only_first=one.num_rows - len(here),
        only_second=other.num_rows - len(here),
        matrix=_matrix(before, after),
        classes=_classes(both, before, after, names),
        parameters=_parameters(first, second),
        exclusions={
            "first": _left_out(first, second),
            "second": _left_out(second, first),
        },
        _changes=Changes(first.campaign, names, _moved(both, there, before, after)),
    )


def _labels(run: ConsensusRun) -> pa.Table:
    table = run.labels.open().read().select(_COLUMNS).combine_chunks()
    columns = {name: table[name] for name in _COLUMNS}
    columns["class_name"] = table["class_name"].cast(pa.string())
    return pa.table(columns)


def _keys(labels: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(labels["clip_id"], labels["class_name"], " ")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _decided(labels: pa.Table) -> _Ints:
    words = labels["decision"].cast(pa.string())
    codes = pc.index_in(words, value_set=pa.array(DECISIONS))
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _matrix(before: _Ints, after: _Ints) -> list[list[int]]:
    width = len(DECISIONS)
    found: list[list[int]] = (
        np.bincount(before * width + after, minlength=width * width).reshape(width, width).tolist()
    )
    return found


def _classes(
    both: pa.Table, before: _Ints, after: _Ints, names: dict[str, str]
) -> list[ClassChanges]:
    encoded = pc.dictionary_encode(both["class_name"]).combine_chunks()
    code = encoded.indices.to_numpy(zero_copy_only=False)
    found: list[ClassChanges] = []
    for place, name in enumerate(encoded.dictionary.to_pylist()):
        mine = code == place
        found.append(
            {
                "name": name,
                "display_name": names.get(name, name),
                "labels": int(mine.sum()),
                "changed": int((before[mine] != after[mine]).sum()),
                "matrix": _matrix(before[mine], after[mine]),
            }
        )
    return sorted(found, key=lambda row: row["name"])


def _moved(both: pa.Table, there: pa.Table, before: _Ints, after: _Ints) -> pa.Table:
    first = both["posterior_crowd"].to_numpy()
    second = there["posterior_crowd"].to_numpy()
    changed = np.flatnonzero(before != after)
    # Stable: of equal moves the one that comes first in the table, which is sorted by clip.
    order = changed[np.argsort(-np.abs(second - first)[changed], kind="stable")]
    rows = both.select(["clip_id", "class_name"]).take(pa.array(order))
    for name, column in (
        ("first", before), ("second", after),
        ("first_posterior", first), ("second_posterior", second),
    ):  # fmt: skip
        rows = rows.append_column(name, pa.array(column[order]))
    return rows


def _parameters(first: ConsensusRun, second: ConsensusRun) -> list[Difference]:
    one, other = (
        _flat({**run.parameters, "method": run.method, "uses_prior": run.uses_prior})
        for run in (first, second)
    )
    return [
        {"name": name, "first": one.get(name), "second": other.get(name)}
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _left_out(run: ConsensusRun, other: ConsensusRun) -> list[dict[str, Any]]:
    """Return who was left out of a run, but not of the other one."""
    there = {row["rater"] for row in other.exclusions}
    return [row for row in run.exclusions if row["rater"] not in there]
