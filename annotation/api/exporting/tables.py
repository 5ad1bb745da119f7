"""A campaign's ratings, questions and labels as rows, a few hundred at a time.

Each chunk is a query of its own that begins after the last row of the one before, so that a file of
any length holds few rows in memory and no transaction open, and whoever lost the connection goes on
after the last row they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from annotation.allocation.deciding import posterior
from annotation.models import Campaign, ConsensusRun, GuidelineVersion, Question, Rating
from annotation.people.pseudonyms import Pseudonyms
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError

#: Rows of a chunk: what is held of a file at once, a megabyte or two.
CHUNK: Final = 500

Chunk = list[list[Any]]

#: Answers, by pseudonym; times in UTC, durations in ms; null and empty cells were not measured.
#: `is_withdrawn` and `superseded_by` hold as of the cut-off.
RATING_COLUMNS: Final = (
    "id", "created_at", "question", "clip", "sample_key", "class_name", "rater", "is_simulated",
    "answer", "confidence", "occasion", "is_late", "is_withdrawn", "superseded_by",
    "guideline_version", "detector", "ui_version", "first_key_ms", "response_ms", "heard_ms",
    "replays",
)  # fmt: skip
#: What the campaign wants to know: gold is not among them. `posterior` and `decision` are running;
#: a run's are in its labels.
QUESTION_COLUMNS: Final = (
    "id", "clip", "sample_key", "class_name", "state", "stop_reason", "stopped_at", "answered",
    "wanted", "is_audit", "prior", "posterior",
)  # fmt: skip


def _ids(*paths: str) -> dict[str, Cast]:
    """Return ids to be read as text: making objects of them would be half of the work."""
    return {f"{path.replace('__', '_')}_text": Cast(path, CharField()) for path in paths}


_RATING_IDS: Final = _ids(
    "id", "question_id", "question__clip_id", "question__target_id", "person_id",
    "superseded_by_id", "guideline_id",
)  # fmt: skip
_RATING_FIELDS: Final = (
    "created_at", *_RATING_IDS, "question__clip__track__track_no", "question__clip__start_ms",
    "person__is_simulated", "answer", "confidence", "occasion", "is_late", "is_withdrawn",
    "withdrawn_at", "superseded_by__created_at", "detector", "ui_version", "first_key_ms",
    "response_ms", "heard_ms", "replays",
)  # fmt: skip
_QUESTION_IDS: Final = _ids("id", "clip_id", "target_id")
_QUESTION_FIELDS: Final = (
    *_QUESTION_IDS, "clip__track__track_no", "clip__start_ms", "state", "stop_reason",
    "stopped_at", "answered", "wanted", "is_audit", "prior_log_odds", "log_odds",
)  # fmt: skip


class _Names:
    """What ids are called: classes and guidelines are looked up once, people as they come."""

    def __init__(self, campaign: Campaign) -> None:
        self._pseudonyms = Pseudonyms(campaign.collection_id)
        guidelines = GuidelineVersion.objects.filter(campaign=campaign)
        found = guidelines.values_list("pk", "version")
        self.version: dict[str | None, int] = {str(pk): version for pk, version in found}
        targets = TaxonomyClass.objects.filter(pk__in=guidelines.values("target"))
        names = targets.values_list("pk", "name")
        self.class_name: dict[str | None, str] = {str(pk): name for pk, name in names}
        self.rater: dict[str, str] = {}

    def learn(self, people: set[str]) -> None:
        new = [UUID(person) for person in people - self.rater.keys()]
        for person, name in self._pseudonyms.of_all(new).items():
            self.rater[person.hex] = self.rater[str(person)] = name


def rating_chunks(
    campaign: Campaign,
    *,
    cutoff: datetime,
    after: UUID | None = None,
    limit: int | None = None,
    chunk: int = CHUNK,
    with_gold: bool = True,
) -> Iterator[Chunk]:
    """Yield a campaign's answers as of a moment, the oldest first: rows of `RATING_COLUMNS`.

    Parameters
    ----------
    campaign
        Whose.
    cutoff
        What was said, taken back or corrected later is not in it, so that the same cut-off gives
        the same rows however often a download is begun.
    after
        Begin after this rating.
    limit
        Rows at most.
    chunk
        Rows at a time.
    with_gold
        Whether answers to gold are among them. Only curators may have them: whatever was answered
        and is not among `question_chunks` is gold.

    Raises
    ------
    ParameterError
        If there is no rating `after`, when the first chunk is asked for.
    """
    names = _Names(campaign)
    rated = Rating.objects.filter(campaign=campaign)
    if not with_gold:
        rated = rated.filter(question__is_gold=False)
    place = _place_of(campaign, rated, after) if after is not None else None
    found = rated.filter(created_at__lte=cutoff).annotate(**_RATING_IDS)
    left = limit
    while left is None or left > 0:
        rows = found
        if place is not None:
            at, key = place
            # The first condition repeats the second's for the index.
            rows = rows.filter(created_at__gte=at)
            rows = rows.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=key))
        size = chunk if left is None else min(chunk, left)
        read = list(rows.order_by("created_at", "pk").values_list(*_RATING_FIELDS)[:size])
        if not read:
            return
        names.learn({row[5] for row in read})
        yield [_rating_row(row, names, cutoff) for row in read]
        if len(read) < size:
            return
        place = read[-1][0], UUID(read[-1][1])
        left = None if left is None else left - len(read)


def question_chunks(
    campaign: Campaign, *, after: UUID | None = None, limit: int | None = None, chunk: int = CHUNK
) -> Iterator[Chunk]:
    """Yield what a campaign wants to know, in the order of ids: rows of `QUESTION_COLUMNS`."""
    names = _Names(campaign)
    found = Question.objects.of(campaign).not_gold().annotate(**_QUESTION_IDS)
    left = limit
    while left is None or left > 0:
        size = chunk if left is None else min(chunk, left)
        rows = found if after is None else found.filter(pk__gt=after)
        read = list(rows.order_by("pk").values_list(*_QUESTION_FIELDS)[:size])
        if not read:
            return
        yield [_question_row(row, names) for row in read]
        if len(read) < size:
            return
        after = UUID(read[-1][0])
        left = None if left is None else left - len(read)


def label_columns(run: ConsensusRun) -> list[str]:
    """Return the columns of a run's labels: `row`, by which a download goes on, and its table's.

    Raises
    ------
    StateError
        If the table is not on this server.
    """
    return ["row", *_labels_file(run).schema_arrow.names]


def label_chunks(
    run: ConsensusRun,
    *,
    after: int = 0,
    limit: int | None = None,
    chunk: int = CHUNK,
    with_gold: bool = True,
) -> Iterator[Chunk]:
    """Yield a run's frozen labels in their stored order, numbered from 1.

    Parameters
    ----------
    run
        Which.
    after
        Begin after so many of them.
    limit
        Rows at most.
    chunk
        Rows at a time.
    with_gold
        Whether labels of gold are among them; else the others are numbered without a gap. Only
        curators may have them: whatever has a label and is not among `question_chunks` is gold.
    """
    hidden = frozenset() if with_gold else _gold_of(run.campaign)
    last = None if limit is None else after + limit
    number = 0
    for batch in _labels_file(run).iter_batches(batch_size=chunk):
        part = _without(batch, hidden)
        first, number = number, number + part.num_rows
        if number <= after or number == first:
            continue
        start, end = max(after, first), number if last is None else min(last, number)
        if end <= start:
            return
        part = part.slice(start - first, end - start)
        values = [[_plain(value) for value in column.to_pylist()] for column in part.columns]
        yield [[start + place + 1, *row] for place, row in enumerate(zip(*values, strict=True))]


def _gold_of(campaign: Campaign) -> frozenset[tuple[str, str]]:
    """Return clip and class of what a campaign asks as gold."""
    gold = Question.objects.of(campaign).gold().filter(clip__isnull=False, target__isnull=False)
    rows = gold.values_list("clip_id", "target__name").iterator()
    return frozenset((str(clip), name) for clip, name in rows)


def _without(batch: Any, hidden: frozenset[tuple[str, str]]) -> Any:
    if not hidden:
        return batch
    pairs = zip(
        batch.column("clip_id").to_pylist(), batch.column("class_name").to_pylist(), strict=True
    )
    return batch.filter([pair not in hidden for pair in pairs])


def _labels_file(run: ConsensusRun) -> Any:
    # Here and not above: no other answer of the API reads Parquet.
    import pyarrow.parquet as pq

    path = Path(settings.TABLES_ROOT) / run.labels.kind / f"{run.labels.sha256}.parquet"
    if not path.is_file():
        raise StateError(f"The labels of {run} are not on this server. Aggregate once more.")
    return pq.ParquetFile(path)


def _place_of(campaign: Campaign, rated: QuerySet[Rating], rating: UUID) -> tuple[datetime, UUID]:
    place = rated.filter(pk=rating).values_list("created_at", "pk").first()
    if place is None:
        raise ParameterError(f"{campaign} has no rating {rating} to go on after.")
    return place


def _rating_row(row: Sequence[Any], names: _Names, cutoff: datetime) -> list[Any]:
    (
        at, pk, question, clip, target, person, later, guideline, track_no, start_ms, is_simulated,
        answer, confidence, occasion, is_late, is_withdrawn, withdrawn_at, later_at, detector,
        ui_version, first_key, response, heard, replays,
    ) = row  # fmt: skip
    is_gone = is_withdrawn and (withdrawn_at is None or withdrawn_at <= cutoff)
    is_corrected = later is not None and later_at <= cutoff
    return [
        _dashed(pk), _moment(at), _dashed(question), _dashed(clip), _sample_key(track_no, start_ms),
        names.class_name.get(_dashed(target)), names.rater[person], is_simulated, answer,
        confidence, occasion, is_late, is_gone, _dashed(later) if is_corrected else None,
        names.version.get(_dashed(guideline)), detector, ui_version, first_key, response, heard,
        replays,
    ]  # fmt: skip


def _question_row(row: Sequence[Any], names: _Names) -> list[Any]:
    (
        pk, clip, target, track_no, start_ms, state, reason, stopped_at, answered, wanted,
        is_audit, prior, log_odds,
    ) = row  # fmt: skip
    return [
        _dashed(pk), _dashed(clip), _sample_key(track_no, start_ms),
        names.class_name.get(_dashed(target)), state, reason,
        None if stopped_at is None else _moment(stopped_at), answered, wanted, is_audit,
        posterior(prior), posterior(log_odds),
    ]  # fmt: skip


def _dashed(text: str | None) -> str | None:
    """Return an id as it is written everywhere; SQLite keeps its digits only."""
    if text is None or len(text) != 32:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _sample_key(track_no: int | None, start_ms: int | None) -> str | None:
    """Return a clip's key, as `Clip.sample_key` does; None for what is about a whole track."""
    return None if track_no is None else f"{track_no:06d}_{start_ms}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _plain(value: Any) -> Any:
    return _moment(value) if isinstance(value, datetime) else value
