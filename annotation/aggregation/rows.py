"""Read ratings from the database, chunk by chunk, into columns.

Nothing here is one object a rating: a chunk of rows becomes columns before the next is read, so a
million ratings take some 65 MB.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from annotation.aggregation import identifiers
from annotation.aggregation.chunks import chunks
from annotation.aggregation.codes import ANSWERS
from annotation.models import Campaign, Rating
from annotation.people.pseudonyms import Pseudonyms

_CHUNK: Final = 5_000

#: One row a rating in force, planted repeats and excluded people's included.
ROWS: Final = pa.schema(
    [
        pa.field("rating", pa.binary(identifiers.UUID_BYTES)),
        pa.field("question", pa.binary(identifiers.UUID_BYTES)),
        pa.field("rater", pa.binary(identifiers.RATER_BYTES)),  # the pseudonym without its letter
        pa.field("answer", pa.int8()),
        pa.field("answered_at", pa.timestamp("us", tz="UTC")),
        pa.field("response_ms", pa.int32()),  # null where the page measured nothing
        pa.field("heard_ms", pa.int32()),
        pa.field("guideline_version", pa.int32()),  # 0 where none was shown
        pa.field("occasion", pa.int16()),
    ]
)


def _text(name: str) -> Cast:
    # As text an id costs nothing to read; as UUID it becomes an object, three times a rating.
    return Cast(name, CharField())


_COLUMNS: Final = (
    _text("pk"), _text("question_id"), _text("person_id"), "answer", "created_at", "response_ms",
    "heard_ms", "guideline__version", "occasion",
)  # fmt: skip


def read_rows(campaign: Campaign, *, cutoff: datetime, since: datetime | None = None) -> pa.Table:
    """Return ratings about presence in force at a moment, in the schema `ROWS`, in any order.

    Parameters
    ----------
    campaign
        Whose.
    cutoff
        The moment: later ratings, undos and corrections are as if they had not happened.
    since
        Only ratings given from here on; None for all.
    """
    found = rows_of(campaign).in_force_at(cutoff)
    if since is not None:
        found = found.filter(created_at__gte=since)
    names = _Names(campaign)
    pieces = [_columns(chunk, names) for chunk in chunks(found.values_list(*_COLUMNS), _CHUNK)]
    return pa.Table.from_batches(pieces, schema=ROWS)


def rows_of(campaign: Campaign) -> Any:
    """Return all of a campaign's ratings about presence, in force or not."""
    return Rating.objects.filter(question__campaign=campaign, question__task_kind="presence")


def rating_ids(found: QuerySet[Rating]) -> pa.FixedSizeBinaryArray:
    """Return the ids of some ratings as bytes."""
    return identifiers.from_text(list(found.values_list(_text("pk"), flat=True)))


class _Names:
    """Pseudonyms by account, each computed once."""

    def __init__(self, campaign: Campaign) -> None:
        self._pseudonyms = Pseudonyms(campaign.collection_id)
        self._known: dict[bytes, bytes] = {}

    def of(self, people: pa.FixedSizeBinaryArray) -> pa.FixedSizeBinaryArray:
        """Return the pseudonym of each account, as bytes."""
        encoded = people.dictionary_encode()
        different = encoded.dictionary.to_pylist()
        new = [UUID(bytes=person) for person in different if person not in self._known]
        for person, name in self._pseudonyms.of_all(new).items():
            self._known[person.bytes] = bytes.fromhex(name[1:])
        named = b"".join(self._known[person] for person in different)
        return identifiers.from_bytes(named, identifiers.RATER_BYTES).take(encoded.indices)


def _columns(rows: list[tuple[Any, ...]], names: _Names) -> pa.RecordBatch:
    rating, question, person, answer, at, response, heard, guideline, occasion = zip(
        *rows, strict=True
    )
    answers = pc.index_in(pa.array(answer, pa.string()), value_set=pa.array(ANSWERS))
    arrays = [
        identifiers.from_text(rating),
        identifiers.from_text(question),
        names.of(identifiers.from_text(person)),
        answers.cast(pa.int8()),
        pa.array(at, pa.timestamp("us", tz="UTC")),
        pa.array(response, pa.int32()),
        pa.array(heard, pa.int32()),
        pc.fill_null(pa.array(guideline, pa.int32()), 0),
        pa.array(occasion, pa.int16()),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=ROWS)


def moments(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return moments as microseconds since 1970 [dtype=int64]."""
    numbers = identifiers.whole(column).cast(pa.int64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)
