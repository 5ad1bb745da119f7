"""Read what a campaign asks, as columns, with gold and detector likelihoods beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import CharField
from django.db.models.functions import Cast

from annotation.aggregation import identifiers
from annotation.aggregation.chunks import chunks
from annotation.aggregation.codes import NO, UNKNOWN, YES, BoolArray, FloatArray, IntArray
from annotation.gold import known as gold_answers
from annotation.models import Adjudication, Campaign, Question
from candidates.models import Candidate
from consonance.catalog.models import TaxonomyClass

#: States as numbers: their place here.
STATES: Final = tuple(Question.State.values)
#: Reasons as numbers: their place here; the empty one is that of questions still asked.
STOP_REASONS: Final = tuple(Question.StopReason.values)
#: Tails of the detector's likelihoods as numbers.
TAILS: Final = tuple(Candidate.Tail.values)
_CHUNK: Final = 5_000

_ROWS: Final = pa.schema(
    [
        pa.field("id", pa.binary(identifiers.UUID_BYTES)),
        pa.field("clip", pa.binary(identifiers.UUID_BYTES)),
        pa.field("target", pa.binary(identifiers.UUID_BYTES)),
        pa.field("state", pa.int8()),
        pa.field("stop_reason", pa.int8()),
        pa.field("is_audit", pa.bool_()),
        pa.field("is_gold", pa.bool_()),
        pa.field("prior_log_odds", pa.float64()),
        pa.field("duration_ms", pa.int64()),
    ]
)
#: Curators' decisions as numbers: their places in `judging.DECISIONS`.
_DECISIONS: Final = {
    Adjudication.Decision.ABSENT: 0,
    Adjudication.Decision.UNDECIDABLE: 1,
    Adjudication.Decision.PRESENT: 2,
}


@dataclass(frozen=True, kw_only=True)
class Questions:
    """A campaign's questions about presence, sorted by clip and class.

    Attributes
    ----------
    targets
        The classes asked about, in the taxonomy's order.
    id, clip
        Ids as bytes.
    context
        Class of each question: its place in `targets`.
    state
        Its place in `STATES`.
    stop_reason
        Why it stopped being asked: its place in `STOP_REASONS`.
    is_audit
        Whether it is in the slice that is asked in full.
    is_gold
        Whether it is asked only to see how people do: part of no count of what a campaign asks.
    adjudicated
        What a curator decided: 0 absent, 1 undecided, 2 present; -1 where nobody did.
    prior_log_odds
        What was believed before anybody answered.
    duration_ms
        How long its clip is.
    gold
        What is known: 1 present, 0 absent, -1 not known or contradicting.
    contradicting
        How many have gold that contradicts itself.
    retired
        Whether there was gold, and none is in use any more.
    likelihood
        The detector's number in the newest of the campaign's rounds that drew the pair; NaN where
        none did, or the detector knows nothing of the class.
    tail
        Its place in `TAILS`; -1 where no round drew the pair, or from a stratum of a curator's own.
    """

    targets: list[TaxonomyClass]
    id: pa.FixedSizeBinaryArray
    clip: pa.FixedSizeBinaryArray
    context: IntArray
    state: IntArray
    stop_reason: IntArray
    is_audit: BoolArray
    is_gold: BoolArray
    adjudicated: IntArray
    prior_log_odds: FloatArray
    duration_ms: IntArray
    gold: IntArray
    contradicting: int
    retired: BoolArray
    likelihood: FloatArray
    tail: IntArray

    def __len__(self) -> int:
        return len(self.context)


def read_questions(campaign: Campaign) -> Questions:
    """Return a campaign's questions about presence."""
    rows = _rows(campaign)
    targets = sorted(
        TaxonomyClass.objects.in_bulk(
            [UUID(bytes=pk) for pk in rows["target"].unique().to_pylist()]
        ).values(),
        key=lambda target: (target.position, target.name),
    )
    context = _places(identifiers.whole(rows["target"]), targets)
    clip = identifiers.whole(rows["clip"])
    order = np.lexsort((_name_rank(targets)[context], *identifiers.sort_keys(clip)))
    rows, context = rows.take(pa.array(order)), context[order]
    ids, clip = identifiers.whole(rows["id"]), identifiers.whole(rows["clip"])
    gold, contradicting, retired = _gold(campaign, targets, clip, context)
    likelihood, tail = _likelihoods(campaign, targets, clip, context)
    return Questions(
        targets=targets,
        id=ids,
        clip=clip,
        context=context,
        state=rows["state"].to_numpy().astype(np.int64),
        stop_reason=rows["stop_reason"].to_numpy().astype(np.int64),
        is_audit=rows["is_audit"].to_numpy(),
        is_gold=rows["is_gold"].to_numpy(),
        adjudicated=_adjudicated(campaign, ids),
        prior_log_odds=rows["prior_log_odds"].to_numpy(),
        duration_ms=rows["duration_ms"].to_numpy(),
        gold=gold,
        contradicting=contradicting,
        retired=retired,
        likelihood=likelihood,
        tail=tail,
    )


def _rows(campaign: Campaign) -> pa.Table:
    found = Question.objects.of(campaign).filter(
        task_kind="presence", clip__isnull=False, target__isnull=False
    )
    rows = found.values_list(
        _text("pk"), _text("clip_id"), _text("target_id"), "state", "stop_reason", "is_audit",
        "is_gold", "prior_log_odds", "clip__duration_ms",
    )  # fmt: skip
    pieces = []
    for chunk in chunks(rows, _CHUNK):
        ids, clips, targets, states, reasons, *rest = zip(*chunk, strict=True)
        columns = [identifiers.from_text(each) for each in (ids, clips, targets)]
        columns += [_coded(states, STATES), _coded(reasons, STOP_REASONS)]
        columns += [
            pa.array(column, field.type)
            for column, field in zip(rest, list(_ROWS)[len(columns) :], strict=True)
        ]
        pieces.append(pa.RecordBatch.from_arrays(columns, schema=_ROWS))
    return pa.Table.from_batches(pieces, schema=_ROWS)


def _coded(words: tuple[str, ...], names: tuple[str, ...]) -> pa.Array:
    return pc.index_in(pa.array(words, pa.string()), value_set=pa.array(names)).cast(pa.int8())


def _adjudicated(campaign: Campaign, ids: pa.FixedSizeBinaryArray) -> IntArray:
    """Return what curators decided, as they see it now."""
    decided = Adjudication.objects.filter(question__campaign=campaign, withdrawn_at__isnull=True)
    rows = decided.order_by().values_list(_text("question_id"), "decision")
    curators = {question: _DECISIONS[decision] for question, decision in rows}
    at = _index(identifiers.from_text(list(curators)), ids)
    found = np.full(len(ids), UNKNOWN, np.int64)
    found[at[at >= 0]] = np.fromiter(curators.values(), np.int64, len(curators))[at >= 0]
    return found


def _text(name: str) -> Cast:
    return Cast(name, CharField())


def _name_rank(targets: list[TaxonomyClass]) -> IntArray:
    # Tables are sorted by name, which does not change between installations; pages by position.
    names = sorted(target.name for target in targets)
    return np.array([names.index(target.name) for target in targets], dtype=np.int64)


def _gold(
    campaign: Campaign, targets: list[TaxonomyClass], clip: pa.Array, context: IntArray
) -> tuple[IntArray, int, BoolArray]:
    known = gold_answers.known(campaign.collection_id)
    cell = _Cells(targets, clip, context)
    gold = np.full(len(context), UNKNOWN, np.int64)
    pairs = list(known.present)
    at = cell.find(*_ids_of(pairs))
    truth = np.where(np.fromiter(known.present.values(), bool, len(pairs)), YES, NO)
    gold[at[at >= 0]] = truth[at >= 0]
    doubtful = cell.find(*_ids_of(list(known.contradicting)))
    retired = np.zeros(len(context), bool)
    out_of_use = cell.find(*_ids_of(sorted(gold_answers.retired(campaign.collection_id))))
    retired[out_of_use[out_of_use >= 0]] = True
    return gold, int((doubtful >= 0).sum()), retired


def _ids_of(pairs: list[gold_answers.Pair]) -> tuple[pa.Array, pa.Array]:
    return (
        identifiers.from_uuids(clip for clip, _ in pairs),
        identifiers.from_uuids(target for _, target in pairs),
    )


def _likelihoods(
    campaign: Campaign, targets: list[TaxonomyClass], clip: pa.Array, context: IntArray
) -> tuple[FloatArray, IntArray]:
    cell = _Cells(targets, clip, context)
    likelihood = np.full(len(context), np.nan)
    tail = np.full(len(context), UNKNOWN, np.int64)
    tail_of = {name: index for index, name in enumerate(TAILS)}
    # Round by round, the newest last, which then speaks; a round draws a pair once.
    rounds = campaign.rounds.select_related("score_set__detector")
    for drawn in rounds.order_by("number", "created_at"):
        # A class without a detector has no likelihood: what stands there says nothing.
        said = Candidate.objects.filter(round=drawn).exclude(
            target__name__in=drawn.score_set.detector.uncovered
        )
        rows = said.values_list(_text("clip_id"), _text("target_id"), "likelihood", "tail")
        for chunk in chunks(rows, _CHUNK):
            clips, target_ids, numbers, tails = zip(*chunk, strict=True)
            at = cell.find(identifiers.from_text(clips), identifiers.from_text(target_ids))
            here = at >= 0
            likelihood[at[here]] = np.clip(np.array(numbers, dtype=np.float64)[here], 0.0, 1.0)
            tail[at[here]] = np.array(
                [tail_of.get(name, UNKNOWN) for name in tails], dtype=np.int64
            )[here]
    return likelihood, tail


class _Cells:
    """Finds questions by clip and class."""

    def __init__(
        self, targets: list[TaxonomyClass], clip: pa.FixedSizeBinaryArray, context: IntArray
    ) -> None:
        self._targets = targets
        self._clips = clip.unique()
        cells = self._number(clip, context)
        self._order = np.argsort(cells, kind="stable")
        self._cells = cells[self._order]

    def find(self, clip: pa.FixedSizeBinaryArray, target: pa.FixedSizeBinaryArray) -> IntArray:
        """Return the question of each pair, -1 where there is none."""
        if not len(clip) or not len(self._cells):
            return np.full(len(clip), -1, np.int64)
        cells = self._number(clip, _places(target, self._targets))
        at = np.minimum(np.searchsorted(self._cells, cells), len(self._cells) - 1)
        return np.where((self._cells[at] == cells) & (cells >= 0), self._order[at], -1)

    def _number(self, clip: pa.FixedSizeBinaryArray, context: IntArray) -> IntArray:
        index = _index(clip, self._clips)
        known = (index >= 0) & (context >= 0)
        return np.where(known, index * len(self._targets) + context, -1)


def _places(target: pa.FixedSizeBinaryArray, targets: list[TaxonomyClass]) -> IntArray:
    return _index(target, identifiers.from_uuids(each.pk for each in targets))


def _index(values: pa.Array, among: pa.Array) -> IntArray:
    """Return the place of each value, -1 where it is not there."""
    index = pc.fill_null(pc.index_in(values, value_set=among), -1)
    return np.asarray(index.to_numpy(zero_copy_only=False), dtype=np.int64)
