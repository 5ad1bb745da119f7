"""Frozen ratings, read as numbers a few rows at a time."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.consensus import DawidSkene
from annotation.consensus.parquet import ANSWERS, N_TRUTHS, RatingsFile
from consonance.errors import ParameterError
from consonance.tables.schemas import RATINGS


def table(rows: list[tuple[str, str, str, str]]) -> pa.Table:
    number = len(rows)
    clips, classes, raters, answers = zip(*rows, strict=True) if rows else ([], [], [], [])
    columns: dict[str, Any] = {
        "rating_id": [str(place) for place in range(number)],
        "clip_id": clips,
        "class_name": classes,
        "rater": raters,
        "rater_is_simulated": [False] * number,
        "answer": answers,
        "is_gold": [False] * number,
        "answered_at": [0] * number,
        "response_ms": [None] * number,
        "heard_ms": [None] * number,
        "guideline_version": [1] * number,
    }
    arrays = [pa.array(columns[one.name], type=one.type) for one in RATINGS]
    return pa.Table.from_arrays(arrays, schema=RATINGS)


ROWS = [
    ("clip-b", "violin", "zoe", "yes"),
    ("clip-a", "violin", "ann", "no"),
    ("clip-b", "cello", "ann", "unsure"),
    ("clip-b", "violin", "ann", "yes"),
    ("clip-a", "violin", "zoe", "no"),
]


def written(path: Path, rows: list[tuple[str, str, str, str]], **how: Any) -> Path:
    pq.write_table(table(rows), path, **how)
    return path


def joined(file: RatingsFile) -> list[np.ndarray]:
    return [np.concatenate(parts) for parts in zip(*file.batches(), strict=True)]


def test_names_become_numbers_in_alphabetical_order(tmp_path: Path) -> None:
    file = RatingsFile([written(tmp_path / "ratings.parquet", ROWS)])
    assert file.raters == ["ann", "zoe"]
    assert file.class_names == ["cello", "violin"]
    assert file.clip_ids == ["clip-a", "clip-b", "clip-b"]
    assert file.context.tolist() == [1, 0, 1]
    assert file.n_ratings == 5
    task, annotator, answer = joined(file)
    assert task.tolist() == [2, 0, 1, 2, 0]
    assert annotator.tolist() == [1, 0, 0, 0, 1]
    assert [ANSWERS[one] for one in answer] == ["yes", "no", "unsure", "yes", "no"]


def test_rows_in_another_order_or_in_two_files_have_the_same_numbers(tmp_path: Path) -> None:
    whole = RatingsFile([written(tmp_path / "all.parquet", ROWS)])
    parts = [written(tmp_path / "b.parquet", ROWS[3:]), written(tmp_path / "a.parquet", ROWS[:3])]
    split = RatingsFile(parts, batch_rows=2)
    assert split.clip_ids == whole.clip_ids
    assert [len(batch[0]) for batch in split.batches()] == [2, 2, 1]
    order = [3, 4, 0, 1, 2]
    for one, other in zip(joined(split), joined(whole), strict=True):
        assert one.tolist() == other[order].tolist()


def test_a_consensus_over_a_file_is_that_over_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [
        (f"clip-{clip:03d}", f"class-{clip % 3}", f"rater-{rng.integers(9)}", ANSWERS[answer])
        for clip in range(120)
        for answer in rng.choice(3, 4, p=[0.1, 0.8, 0.1] if clip % 2 else [0.8, 0.1, 0.1])
    ]
    path = written(tmp_path / "ratings.parquet", rows, row_group_size=50)
    file = RatingsFile([path], batch_rows=64)
    streamed = DawidSkene().fit_batches(file.batches, n_truths=N_TRUTHS, context=file.context)
    held = DawidSkene().fit(*joined(file), n_truths=N_TRUTHS, context=file.context)
    assert streamed.posterior_ == pytest.approx(held.posterior_, abs=1e-9)
    present = np.array([int(clip[-3:]) % 2 for clip in file.clip_ids])
    assert (streamed.labels_ == present).mean() > 0.9


def test_reading_holds_names_and_one_batch(tmp_path: Path) -> None:
    def peak(times: int) -> int:
        rows = [
            (f"clip-{place % 500}", "violin", f"rater-{place % 7}", "yes")
            for place in range(2000 * times)
        ]
        path = written(tmp_path / f"{times}.parquet", rows, row_group_size=1000)
        del rows
        tracemalloc.start()
        file = RatingsFile([path], batch_rows=500)
        assert sum(len(batch[0]) for batch in file.batches()) == 2000 * times
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(20) < 1.5 * peak(2)


def test_an_empty_table_has_no_batches_of_anything(tmp_path: Path) -> None:
    file = RatingsFile([written(tmp_path / "none.parquet", [])])
    assert (file.n_ratings, file.raters, file.context.tolist()) == (0, [], [])
    fitted = DawidSkene().fit_batches(file.batches, n_truths=N_TRUTHS, context=file.context)
    assert fitted.posterior_.shape == (0, 2)


def test_what_does_not_belong_is_told(tmp_path: Path) -> None:
    strange = written(tmp_path / "strange.parquet", [("clip-a", "violin", "ann", "perhaps")])
    with pytest.raises(ParameterError, match="answer perhaps was not expected; known: no, yes"):
        RatingsFile([strange])
    other = tmp_path / "other.parquet"
    pq.write_table(table(ROWS).drop_columns(["rater"]), other)
    with pytest.raises(ParameterError, match="has no column rater"):
        RatingsFile([other])
    with pytest.raises(ParameterError, match="batch_rows is 0"):
        RatingsFile([strange], batch_rows=0)
