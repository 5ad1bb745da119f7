"""Reads and writes what the Synthetic Archive knows about itself; the import step never sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from consonance.demo.corpus.mixing import AUDIBLE_BELOW_MIX_DB
from consonance.demo.corpus.recording import Interval
from consonance.demo.corpus.timbres import CONFUSABLE, INSTRUMENTS
from consonance.errors import ParameterError, StateError

FILE_NAME: Final = "instruments.parquet"
#: Audible for this long within a clip counts as present, in ms.
MIN_AUDIBLE_MS: Final = 500

SCHEMA: Final = pa.schema(
    [
        pa.field("track_no", pa.int64(), nullable=False),
        pa.field("class_name", pa.string(), nullable=False),
        pa.field("start_ms", pa.int64(), nullable=False),
        pa.field("end_ms", pa.int64(), nullable=False),
        pa.field("level_db", pa.float32(), nullable=False),
    ]
)


def write(folder: Path, intervals: Iterable[Interval]) -> Path:
    """Write the table of who is heard when, and return its path.

    Parameters
    ----------
    folder
        The corpus's `truth` folder.
    intervals
        In any order.
    """
    rows = sorted(intervals, key=lambda i: (i.track_no, i.class_name, i.start_ms))
    columns = {
        name: pa.array([getattr(row, name) for row in rows], SCHEMA.field(name).type)
        for name in SCHEMA.names
    }
    path = folder / FILE_NAME
    pq.write_table(pa.table(columns, schema=SCHEMA), path)
    return path


def load(folder: Path | str) -> pd.DataFrame:
    """Return the truth of a corpus.

    Parameters
    ----------
    folder
        The corpus's folder, or its `truth` folder.

    Returns
    -------
    pd.DataFrame
        Columns track_no, class_name, start_ms, end_ms, level_db (mean level against the mix);
        one row for each interval in which a class is heard.

    Raises
    ------
    StateError
        If there is no such file.
    """
    for path in (Path(folder) / "truth" / FILE_NAME, Path(folder) / FILE_NAME):
        if path.is_file():
            return pq.read_table(path, schema=SCHEMA).to_pandas()
    raise StateError(f"no truth in {folder}: run make_demo_corpus, or give the corpus's folder")


def presence(
    truth_table: pd.DataFrame,
    track_no: int,
    start_ms: int,
    duration_ms: int,
    *,
    classes: Sequence[str] = tuple(INSTRUMENTS),
    min_ms: int = MIN_AUDIBLE_MS,
) -> dict[str, bool]:
    """Tell which classes are heard in an excerpt.

    Parameters
    ----------
    truth_table
        From `load`.
    track_no, start_ms, duration_ms
        The excerpt.
    classes
        Classes to tell of; those never heard are absent.
    min_ms
        A class is present if it is audible for at least this long in all.

    Raises
    ------
    ParameterError
        If nothing is known of the track.
    """
    heard = _heard(truth_table, track_no, start_ms, duration_ms)
    total = heard.groupby("class_name")["heard_ms"].sum()
    return {name: bool(total.get(name, 0) >= min_ms) for name in classes}


def difficulty(
    truth_table: pd.DataFrame,
    track_no: int,
    start_ms: int,
    duration_ms: int,
    *,
    classes: Sequence[str] = tuple(INSTRUMENTS),
) -> dict[str, float]:
    """Tell how hard it is to answer rightly for each class, from 0 (obvious) to 1.

    A class that is heard is harder the softer it is against the mix and the less of the excerpt
    it fills. One that is not is easy to deny, unless something that sounds like it plays.

    Parameters
    ----------
    truth_table, track_no, start_ms, duration_ms, classes
        As for `presence`.

    Raises
    ------
    ParameterError
        If nothing is known of the track.
    """
    heard = _heard(truth_table, track_no, start_ms, duration_ms)
    total = heard.groupby("class_name")["heard_ms"].sum()
    loudness = (heard["level_db"] * heard["heard_ms"]).groupby(heard["class_name"]).sum() / total
    result = {}
    for name in classes:
        if name in total.index:
            softness = min(1.0, max(0.0, -float(loudness[name]) / AUDIBLE_BELOW_MIX_DB))
            scarcity = 1.0 - min(1.0, float(total[name]) / duration_ms)
            result[name] = 0.6 * softness + 0.4 * scarcity
        else:
            alike = any(name in group and group & set(total.index) for group in CONFUSABLE)
            result[name] = 0.5 if alike else 0.15
    return result


def _heard(
    truth_table: pd.DataFrame, track_no: int, start_ms: int, duration_ms: int
) -> pd.DataFrame:
    track = truth_table[truth_table["track_no"] == track_no]
    if track.empty:
        raise ParameterError(
            f"nothing is known of track {track_no}: it is not of this corpus, or has no sound"
        )
    overlap = track["end_ms"].clip(upper=start_ms + duration_ms) - track["start_ms"].clip(
        lower=start_ms
    )
    heard = track.assign(heard_ms=overlap)
    return heard[heard["heard_ms"] > 0]
