"""Arrow schemas of the tables that rooms hand to each other.

A room that writes one of these tables calls `conform` before freezing it, a room that reads one may
rely on its columns, their order, types and nullability. The schemas are the only thing that
`annotation` and `splits` have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from consonance.errors import ParameterError

_NAME = pa.dictionary(pa.int16(), pa.string())


def _field(name: str, kind: pa.DataType, *, null: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=null)


#: One row per clip: what it is, where it came from, and what may be done with it.
CLIPS: Final = pa.schema(
    [
        _field("clip_id", pa.string()),
        _field("sample_key", pa.string()),
        _field("track_id", pa.string()),
        _field("track_no", pa.int64()),
        _field("start_ms", pa.int64()),
        _field("duration_ms", pa.int64()),
        _field("sample_rate", pa.int32()),
        _field("channels", pa.int16()),
        _field("audio_sha256", pa.string()),
        _field("pcm_sha256", pa.string()),
        _field("audio_name", pa.string()),  # name in the media store
        _field("title", pa.string()),
        _field("artist", pa.string()),
        _field("artist_key", pa.string()),  # what must never be divided between partitions
        _field("album", pa.string(), null=True),
        _field("album_key", pa.string(), null=True),
        _field("genres", pa.list_(pa.string())),
        _field("licence_spdx", pa.string()),
        _field("licence_title", pa.string()),
        _field("licence_url", pa.string(), null=True),
        _field("track_url", pa.string(), null=True),
        _field("artist_url", pa.string(), null=True),
    ]
)


#: One row per excerpt of the grid (see `scores`).
def scores(classes: Sequence[str], embedding_dim: int) -> pa.Schema:
    """Return the schema of one score shard.

    Parameters
    ----------
    classes
        Names of the classes: the fields of `logit`. A class is a column of its own in the file, so
        that seven million excerpts of one class are read in milliseconds.
    embedding_dim
        Width of `embedding`.
    """
    logit = pa.struct([_field(name, pa.float16()) for name in classes])
    return pa.schema(
        [
            _field("track_no", pa.int64()),
            _field("start_ms", pa.int64()),
            _field("logit", logit),
            _field("embedding", pa.list_(pa.float16(), embedding_dim)),
        ]
    )


#: One row per clip × class drawn by a round.
CANDIDATES: Final = pa.schema(
    [
        _field("clip_id", pa.string()),
        _field("class_name", _NAME),
        _field("tail", _NAME),  # the stratum: low, high, any, or a curator's own
        _field("likelihood", pa.float32()),
        _field("quantile", pa.float32()),
        _field("inclusion", pa.float64(), null=True),  # probability that the round draws it
    ]
)

#: One row per class of a detector: P(present) by its likelihood, as people's labels have it.
CALIBRATIONS: Final = pa.schema(
    [
        _field("class_name", pa.string()),
        _field("basis", _NAME),  # detector, other_classes, labels
        _field("labels", pa.int32()),
        _field("positives", pa.int32()),
        _field("decided", pa.float64()),
        _field("parameters", pa.list_(pa.float64())),  # c, log a, log b
        _field("covariance", pa.list_(pa.float64())),  # of these, row by row
    ]
)

#: One row per rating in force (superseded ones are left out, late ones are not).
RATINGS: Final = pa.schema(
    [
        _field("rating_id", pa.string()),
        _field("clip_id", pa.string()),
        _field("class_name", _NAME),
        _field("rater", pa.string()),  # a pseudonym, never an account name
        _field("rater_is_simulated", pa.bool_()),
        _field("answer", _NAME),  # no, yes, unsure
        _field("is_gold", pa.bool_()),
        _field("answered_at", pa.timestamp("us", tz="UTC")),
        _field("response_ms", pa.int64(), null=True),
        _field("heard_ms", pa.int64(), null=True),
        _field("guideline_version", pa.int32()),
    ]
)

#: One row per clip × class that was rated: the output of a consensus run.
LABELS: Final = pa.schema(
    [
        _field("clip_id", pa.string()),
        _field("class_name", _NAME),
        _field("decision", _NAME),  # present, absent, undecided
        _field("posterior_crowd", pa.float64()),
        _field("posterior_with_detector", pa.float64(), null=True),
        _field("majority", pa.float64(), null=True),  # yes / (yes + no); null when all unsure
        _field("relevance", pa.float64(), null=True),  # OpenMIC's legacy number
        _field("n_yes", pa.int32()),
        _field("n_no", pa.int32()),
        _field("n_unsure", pa.int32()),
        _field("stop_reason", _NAME),
    ]
)

#: One row per rater of a consensus run.
SKILLS: Final = pa.schema(
    [
        _field("rater", pa.string()),
        _field("rater_is_simulated", pa.bool_()),
        _field("n_ratings", pa.int32()),
        _field("sensitivity", pa.float64()),  # P(yes | present), MAP
        _field("specificity", pa.float64()),  # P(no | absent), MAP
        _field("unsure_rate", pa.float64()),
        _field("trust", pa.float64()),  # posterior mean of P(correct | not unsure)
    ]
)

#: One row per clip: its duplicate group (a group of one for most).
GROUPS: Final = pa.schema(
    [
        _field("clip_id", pa.string()),
        _field("group", pa.int64()),
        _field("action", _NAME),  # keep, drop
    ]
)

#: One row per clip of a release.
SPLITS: Final = pa.schema([_field("clip_id", pa.string()), _field("partition", _NAME)])

KINDS: Final = {
    "clips": CLIPS,
    "candidates": CANDIDATES,
    "calibrations": CALIBRATIONS,
    "ratings": RATINGS,
    "labels": LABELS,
    "skills": SKILLS,
    "groups": GROUPS,
    "splits": SPLITS,
}


def conform(table: pa.Table, kind: str) -> pa.Table:
    """Return `table` with exactly the columns, order and types of its kind.

    Parameters
    ----------
    table
        Any table that has at least the kind's columns.
    kind
        A key of `KINDS`.

    Raises
    ------
    ParameterError
        If the kind is unknown, a column is missing, a value does not fit its type, or a column
        that may not be null holds a null.
    """
    try:
        schema = KINDS[kind]
    except KeyError:
        known = ", ".join(KINDS)
        raise ParameterError(f"No table kind is called {kind!r}. Use one of: {known}.") from None
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise ParameterError(f"A {kind} table needs the column(s) {', '.join(missing)}.")
    table = table.select(schema.names)
    try:
        table = table.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise ParameterError(f"This is not a {kind} table: {error}") from error
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise ParameterError(f"Column {field.name!r} of a {kind} table may not hold nulls.")
    return table.replace_schema_metadata(None)
