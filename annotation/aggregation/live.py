"""Keep a campaign's ratings beside the database, so that each time only what is new is read.

One Parquet file a campaign, replaced whole. It holds nothing that the database does not, names
people by pseudonym, and may be deleted at any time: then everything is read once more.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog
from django.conf import settings

from annotation.aggregation.rows import ROWS, rating_ids, read_rows
from annotation.models import Campaign, Rating
from annotation.people.pseudonyms import generation

log = structlog.get_logger()

#: What was given, taken back or corrected so shortly before the last reading is read again: a row
#: bears the time of its making, and others see it only when its transaction has ended. Longer than
#: an answer can be taken back, too.
OVERLAP: Final = timedelta(minutes=15)

#: Raised when an older file could no longer be read.
_VERSION: Final = 3
_KEY: Final = b"consonance.live"
_MOMENT: Final = ROWS.field("answered_at").type
#: Rows that are written at a time.
_GROUP: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What was read before.

    Attributes
    ----------
    rows
        Ratings given before `since`, in force at `cutoff`; in the schema `ROWS`.
    cutoff
        As of when.
    since
        From here on everything is read again.
    older
        How many ratings given before `since` the database had, in force or not.
    """

    rows: pa.Table
    cutoff: datetime
    since: datetime
    older: int


def ratings_in_force(campaign: Campaign, *, cutoff: datetime) -> pa.Table:
    """Return what `read_rows` returns, from what was kept and from what came since.

    Parameters
    ----------
    campaign
        Whose.
    cutoff
        As of when; a moment before the last reading's is read from the database alone.
    """
    # Asked before anything is read: whoever is erased in between is then noticed the next time.
    names = generation()
    kept = _load(campaign, names)
    if kept is not None and cutoff < kept.cutoff:
        return read_rows(campaign, cutoff=cutoff)
    # Counted before anything is read: what arrives in between is then noticed the next time.
    older = _number_before(campaign, cutoff - OVERLAP)
    if kept is None or _number_before(campaign, kept.since) != kept.older:
        rows = read_rows(campaign, cutoff=cutoff)
    else:
        rows = pa.concat_tables(
            [
                _without(kept.rows, _ended(since=kept.since, cutoff=cutoff)),
                read_rows(campaign, cutoff=cutoff, since=kept.since),
            ]
        )
    _store(campaign, rows, cutoff, older, names)
    return rows


def forget(campaign_id: UUID) -> None:
    """Delete what is kept of a campaign: its names are somebody's no more."""
    _path(campaign_id).unlink(missing_ok=True)


def _number_before(campaign: Campaign, since: datetime) -> int:
    # Counted in an index alone. Another number says that the past has changed: a transaction took
    # longer than the overlap, a clock was wrong, rows were deleted. Then nothing kept is trusted.
    number: int = Rating.objects.filter(question__campaign=campaign, created_at__lt=since).count()
    return number


def _ended(*, since: datetime, cutoff: datetime) -> pa.Array:
    """Return the ids of ratings taken back or corrected since, in whatever campaign."""
    # Without the campaign the database starts from the few rows that changed.
    withdrawn = Rating.objects.filter(
        is_withdrawn=True, withdrawn_at__gte=since, withdrawn_at__lte=cutoff
    )
    corrected = Rating.objects.filter(
        superseded_by__created_at__gte=since, superseded_by__created_at__lte=cutoff
    )
    return pa.concat_arrays([rating_ids(withdrawn), rating_ids(corrected)])


def _without(rows: pa.Table, ended: pa.Array) -> pa.Table:
    if not len(ended):
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["rating"], value_set=ended)))


def _path(campaign_id: UUID) -> Path:
    return Path(settings.TABLES_ROOT) / "live" / f"{campaign_id}.parquet"


def _load(campaign: Campaign, names: str) -> _Kept | None:
    path = _path(campaign.pk)
    try:
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[_KEY])
        if facts["version"] != _VERSION or facts["names"] != names:
            return None
        kept = _Kept(
            rows=table.replace_schema_metadata(None).cast(ROWS),
            cutoff=datetime.fromisoformat(facts["cutoff"]),
            since=datetime.fromisoformat(facts["since"]),
            older=facts["older"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:  # Arrow's errors are ValueErrors
        log.warning("live.unreadable", path=str(path), error=str(error)[:200])
        return None
    return kept


def _store(campaign: Campaign, rows: pa.Table, cutoff: datetime, number: int, names: str) -> None:
    cutoff = cutoff.astimezone(UTC)
    since = cutoff - OVERLAP
    facts = {
        "version": _VERSION,
        "names": names,
        "cutoff": cutoff.isoformat(),
        "since": since.isoformat(),
        "older": number,
    }
    schema = ROWS.with_metadata({_KEY: json.dumps(facts, sort_keys=True).encode()})
    path = _path(campaign.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(descriptor)
    try:
        # Ids are random bytes: nothing is gained by a dictionary of them.
        some = {"compression": "zstd", "version": "2.6", "use_dictionary": ["rater", "answer"]}
        with pq.ParquetWriter(temporary, schema, **some) as file:
            for start in range(0, rows.num_rows, _GROUP):
                part = rows.slice(start, _GROUP)
                is_older = pc.less(part["answered_at"], pa.scalar(since, _MOMENT))
                file.write_table(part.filter(is_older).cast(schema))
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
