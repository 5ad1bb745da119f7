"""One label across runs, read from their frozen tables: no more of a file than holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from annotation.models import Campaign, ConsensusRun
from consonance.catalog.models import FrozenTableRow
from consonance.errors import StateError


@dataclass(frozen=True, kw_only=True)
class LabelInRun:
    """What one run says of a clip and a class.

    Attributes
    ----------
    run
        Which.
    decision
        `present`, `absent` or `undecided`; empty where the run has no such label.
    posterior_crowd
        P(present) from answers alone, in [0, 1]; None without a label.
    posterior_with_detector
        The same with the detector as prior; None where the run used none.
    n_yes, n_no, n_unsure
        Answers that counted.
    problem
        Why the table could not be read; empty when it could.
    """

    run: ConsensusRun
    decision: str = ""
    posterior_crowd: float | None = None
    posterior_with_detector: float | None = None
    n_yes: int = 0
    n_no: int = 0
    n_unsure: int = 0
    problem: str = ""

    @property
    def is_known(self) -> bool:
        """Whether gold decided it: only what is known is wholly sure."""
        return self.posterior_crowd in {0.0, 1.0}


@dataclass(frozen=True, kw_only=True)
class CountedRating:
    """A rating that a run rests on; `rater` is a pseudonym, `is_gold` that its label was known."""

    id: UUID
    rater: str
    answer: str
    is_gold: bool = False


def runs_of(campaign: Campaign, *, most: int) -> list[ConsensusRun]:
    """Return a campaign's latest runs with their tables, the newest first."""
    found = campaign.runs.select_related("labels", "ratings", "created_by")
    return list(found.order_by("-number")[:most])


def label_in_runs(runs: Sequence[ConsensusRun], clip_id: UUID, class_name: str) -> list[LabelInRun]:
    """Return what each run says of a clip and a class, in the order of the runs.

    A table that is missing or altered makes a `problem` and no exception: the other runs are still
    shown.
    """
    return [_label(run, clip_id, class_name) for run in runs]


def counted_ratings(run: ConsensusRun, clip_id: UUID, class_name: str) -> list[CountedRating]:
    """Return the ratings of a clip and a class that a run rests on.

    Raises
    ------
    StateError
        If the run's table is missing or was altered.
    """
    columns = ["rating_id", "rater", "answer", "is_gold"]
    return [
        CountedRating(
            id=UUID(row["rating_id"]),
            rater=row["rater"],
            answer=row["answer"],
            is_gold=row["is_gold"],
        )
        for row in _rows(run.ratings, clip_id, class_name, columns)
    ]


def _label(run: ConsensusRun, clip_id: UUID, class_name: str) -> LabelInRun:
    columns = [
        "decision", "posterior_crowd", "posterior_with_detector", "n_yes", "n_no", "n_unsure",
    ]  # fmt: skip
    try:
        rows = _rows(run.labels, clip_id, class_name, columns)
    except StateError as error:
        return LabelInRun(run=run, problem=str(error))
    return LabelInRun(run=run, **rows[0]) if rows else LabelInRun(run=run)


def _rows(
    table: FrozenTableRow, clip_id: UUID, class_name: str, columns: list[str]
) -> list[dict[str, Any]]:
    clip = str(clip_id)
    with _opened(table) as file:
        place = file.schema_arrow.get_field_index("clip_id")
        groups = [
            group
            for group in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(group).column(place).statistics, clip)
        ]
        if not groups:
            return []
        found = file.read_row_groups(groups, columns=["clip_id", "class_name", *columns])
    found = found.filter(pc.equal(found["clip_id"], clip))
    # Names are stored once each; a few rows are compared as text.
    here = found.filter(pc.equal(found["class_name"].cast(pa.string()), class_name))
    rows: list[dict[str, Any]] = here.select(columns).to_pylist()
    return rows


def _may_hold(statistics: Any, clip: str) -> bool:
    """Return whether a row group may hold a clip: tables are sorted by it."""
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(statistics.min <= clip <= statistics.max)


@contextmanager
def _opened(table: FrozenTableRow) -> Iterator[pq.ParquetFile]:
    path = Path(settings.TABLES_ROOT) / table.kind / f"{table.sha256}.parquet"
    try:
        state = path.stat()
    except OSError:
        raise StateError(
            f"The {table.kind} table {table.sha256[:12]} is not on this server."
        ) from None
    if _digest(path, state.st_mtime_ns, state.st_size) != table.sha256:
        raise StateError(
            f"The {table.kind} table {table.sha256[:12]} was altered: its hash no longer matches."
        )
    file = pq.ParquetFile(path, memory_map=True)
    try:
        yield file
    finally:
        file.close()


@lru_cache(maxsize=256)
def _digest(path: Path, changed_ns: int, size: int) -> str:
    """Return a file's hash; computed once for as long as the file stays as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
