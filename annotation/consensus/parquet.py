"""Frozen ratings as integer arrays, a few rows at a time.

The table's rows name tasks by clip and class, people by pseudonym and answers by word
(`consonance.tables.schemas.RATINGS`). One pass collects the distinct names, in order, so that
numbers do not depend on the order of rows; a second writes the numbers to a temporary file without
a name, from which batches are read as often as needed: looking names up costs more than estimating.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annotation.consensus.evidence import Batch
from annotation.consensus.ratings import IntArray
from consonance.errors import ParameterError

#: How the product writes answers; the first `N_TRUTHS` name truths.
ANSWERS: Final = ("no", "yes", "unsure")
N_TRUTHS: Final = 2

#: Rows in hand at a time.
BATCH_ROWS: Final = 262_144

_COLUMNS: Final = ("clip_id", "class_name", "rater", "answer")
#: Stands between clip and class in a task's name; in neither of them.
_BETWEEN: Final = "\x1f"
_WIDTH: Final = np.dtype(np.int32)
#: How many known names an error lists.
_TOLD: Final = 3


class RatingsFile:
    """A frozen table of ratings, or several that belong together, as numbers.

    Memory is that of the distinct names and of one batch. The temporary file goes away with the
    object; it takes twelve bytes a rating.

    Parameters
    ----------
    paths : sequence of Path
        Parquet files with the columns of `RATINGS`.
    batch_rows : int >= 1
        Rows in hand at a time.

    Attributes
    ----------
    n_ratings : int
    raters, class_names : list of str
        Who and what the numbers mean, in alphabetical order.
    context : np.ndarray [shape=(n_tasks,)]
        Each task's class.

    Raises
    ------
    ParameterError
        A column is missing, or an answer is not one of `ANSWERS`.

    Examples
    --------
    ::

        file = RatingsFile([path])
        DawidSkene().fit_batches(file.batches, n_truths=N_TRUTHS, context=file.context)
    """

    def __init__(self, paths: Sequence[Path], *, batch_rows: int = BATCH_ROWS) -> None:
        if batch_rows < 1:
            raise ParameterError(f"batch_rows is {batch_rows}; at least 1 is needed")
        self._paths, self._batch_rows = tuple(paths), batch_rows
        raters, tasks = _nothing(), _nothing()
        for rows in self._rows(("clip_id", "class_name", "rater")):
            raters = _with(raters, _text(rows["rater"]))
            tasks = _with(tasks, _task_names(rows))
        raters, tasks = _sorted(raters), _sorted(tasks)
        parts = pc.list_flatten(pc.split_pattern(tasks, _BETWEEN))
        self._clips = parts.take(np.arange(0, len(parts), 2))
        classes = parts.take(np.arange(1, len(parts), 2))
        known = _sorted(pc.unique(classes))
        self.raters: list[str] = raters.to_pylist()
        self.class_names: list[str] = known.to_pylist()
        self.context: IntArray = _numbers(classes, known, "class").astype(np.int64)
        self._numbers = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the object lives
        self._lengths: list[int] = []
        answers = pa.array(ANSWERS, pa.string())
        for rows in self._rows(_COLUMNS):
            batch = (
                _numbers(_task_names(rows), tasks, "task"),
                _numbers(_text(rows["rater"]), raters, "rater"),
                _numbers(_text(rows["answer"]), answers, "answer"),
            )
            self._numbers.write(np.stack(batch).tobytes())
            self._lengths.append(len(batch[0]))
        self._numbers.flush()
        self.n_ratings = sum(self._lengths)
        pa.default_memory_pool().release_unused()

    @property
    def clip_ids(self) -> list[str]:
        """Return each task's clip; tasks are in order of clip, then class."""
        return list(self._clips.to_pylist())

    def batches(self) -> Iterator[Batch]:
        """Yield task, annotator and answer numbers, from the first row on at each call."""
        place = 0
        for length in self._lengths:
            size = len(_COLUMNS[1:]) * length * _WIDTH.itemsize
            data = os.pread(self._numbers.fileno(), size, place)
            place += size
            task, annotator, answer = np.frombuffer(data, _WIDTH).reshape(-1, length)
            yield task.astype(np.int64), annotator.astype(np.int64), answer.astype(np.int64)

    def _rows(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for path in self._paths:
            with pq.ParquetFile(path) as file:
                missing = sorted(set(columns) - set(file.schema_arrow.names))
                if missing:
                    raise ParameterError(f"{path} has no column {', '.join(missing)}")
                yield from file.iter_batches(batch_size=self._batch_rows, columns=list(columns))


def _nothing() -> pa.Array:
    return pa.array([], pa.string())


def _text(column: pa.Array) -> pa.Array:
    return column.cast(pa.string())


def _task_names(rows: pa.RecordBatch) -> pa.Array:
    return pc.binary_join_element_wise(_text(rows["clip_id"]), _text(rows["class_name"]), _BETWEEN)


def _with(names: pa.Array, more: pa.Array) -> pa.Array:
    """Return the distinct names of both, as they come."""
    return pc.unique(pa.concat_arrays([names, pc.unique(more)]))


def _sorted(names: pa.Array) -> pa.Array:
    return names.take(pc.sort_indices(names))


def _numbers(values: pa.Array, names: pa.Array, what: str) -> npt.NDArray[np.int32]:
    places = pc.index_in(values, value_set=names)
    if places.null_count:
        strange = values.filter(pc.is_null(places))[0]
        known = ", ".join(names[:_TOLD].to_pylist())
        raise ParameterError(f"{what} {strange} was not expected; known: {known}")
    return np.asarray(places.to_numpy(zero_copy_only=False), dtype=_WIDTH)
