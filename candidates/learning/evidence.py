"""What a collection's rounds and people's answers tell about a score set, gathered from tables.

Campaigns stand above this room: their runs are met as frozen tables of labels only, and what is
read of those is the crowd's own (`candidates.loop.labels`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from candidates.loop.evidence import Evidence, RoundSample, gather
from candidates.loop.labels import CrowdLabels, crowd_labels
from candidates.models import SamplingRound, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling.strata import Stratum
from consonance.catalog.models import Clip, FrozenTableRow
from consonance.errors import ConsonanceError

Floats = NDArray[np.float64]
Places = list[tuple[int, int]]

#: Of a stored score at most: likelihoods of 0 and 1 stay finite.
_LOGIT: Final = 14.0
_EVERYWHERE: Final = Stratum(name="any", low=0.0, high=1.0, share=1.0)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Evidence and where it is from.

    Attributes
    ----------
    evidence
        Labelled candidates of all rounds of the collection, by this score set's logits.
    labels
        All labels of the collection, those of clips that no round drew among them.
    rounds
        That `evidence.round_index` counts, oldest first.
    strata
        Class name → strata of this score set's rounds.
    tables
        Frozen labels that were read.
    refused
        Why others, and rounds, were not.
    """

    evidence: Evidence
    labels: CrowdLabels
    rounds: tuple[SamplingRound, ...]
    strata: dict[str, tuple[Stratum, ...]]
    tables: tuple[FrozenTableRow, ...]
    refused: tuple[str, ...]


def newest_labels(collection: UUID) -> list[FrozenTableRow]:
    """Return the newest label table of each of a collection's campaigns, oldest first."""
    found: dict[str, FrozenTableRow] = {}
    rows = FrozenTableRow.objects.filter(kind="labels", collection_id=collection)
    for row in rows.order_by("created_at", "pk"):
        campaign = row.facts.get("campaign")
        name = campaign.get("id") if isinstance(campaign, dict) else None
        found[str(name or row.pk)] = row
    return sorted(found.values(), key=lambda row: (row.created_at, str(row.pk)))


def rounds_of(collection: UUID) -> list[SamplingRound]:
    """Return a collection's drawn rounds, oldest first."""
    drawn = SamplingRound.objects.filter(
        score_set__collection_id=collection, state=SamplingRound.State.DRAWN
    )
    return list(drawn.select_related("score_set__detector").order_by("created_at", "number"))


def basis_of(score_set: ScoreSet) -> str:
    """Return a hash over all that a calibration of a score set rests on; none are read.

    Empty before there is any label.
    """
    labels = [row.sha256 for row in newest_labels(score_set.collection_id)]
    if not labels:
        return ""
    rounds = [
        (str(drawn.pk), str(drawn.table_id), drawn.score_set.sha256)
        for drawn in rounds_of(score_set.collection_id)
    ]
    text = repr((labels, rounds, score_set.sha256))
    return hashlib.sha256(text.encode()).hexdigest()


def evidence_of(score_set: ScoreSet) -> Gathered:
    """Return what is known of a score set's detector.

    Rounds that were drawn by other scores of the collection count, too: their clips' logits are
    read from this score set. A table that is lost, or whose labels lean on the detector, is left
    out and told.
    """
    read: list[tuple[FrozenTableRow, tuple[pa.Table, dict[str, Any]]]] = []
    refused: list[str] = []
    for row in newest_labels(score_set.collection_id):
        try:
            table = row.open()
            told = (table.read(), dict(table.facts))
            crowd_labels([told])
        except (ConsonanceError, OSError) as error:
            refused.append(f"{row}: {error}")
        else:
            read.append((row, told))
    labels = crowd_labels(told for _, told in read)
    drawn = rounds_of(score_set.collection_id)
    samples = _Samples(score_set, drawn, [_candidates(one) for one in drawn])
    kept, found = samples.made()
    refused += samples.refused
    classes = sorted({name for sample in found for name in sample.class_name})
    return Gathered(
        evidence=gather(found, labels, classes),
        labels=labels,
        rounds=tuple(kept),
        strata=_by_this(score_set, kept, found, classes),
        tables=tuple(row for row, _ in read),
        refused=tuple(refused),
    )


def _candidates(drawn: SamplingRound) -> pa.Table:
    """Return what a round drew; its rows are those of its frozen table."""
    names = ("clip_id", "class_name", "tail", "likelihood", "quantile", "inclusion")
    fields = ("clip_id", "target__name", *names[2:])
    rows = list(drawn.candidates.order_by("position", "pk").values_list(*fields))
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    kinds = dict.fromkeys(names[:3], pa.string()) | dict.fromkeys(names[3:], pa.float64())
    values = {
        name: [str(value) for value in columns.get(name, ())]
        if kinds[name] == pa.string()
        else list(columns.get(name, ()))
        for name in names
    }
    return pa.table({name: pa.array(values[name], kinds[name]) for name in names})


def strata_of(drawn: SamplingRound, names: Sequence[str]) -> dict[str, tuple[Stratum, ...]]:
    """Return the strata that a round drew each class by."""
    recipe = RoundRecipe.from_json(drawn.recipe)
    silent = set(drawn.score_set.detector.provenance.get("uncovered", []))
    own = set(recipe.names) or set(names)
    known = [name for name in names if name in own]
    designs = dict(zip(known, recipe.designs(known), strict=True))
    # What the detector knows nothing of is drawn from all excerpts alike.
    return {name: (_EVERYWHERE,) if name in silent else designs[name] for name in known}


class _Samples:
    """Rounds as samples, by the logits of one score set."""

    def __init__(
        self, score_set: ScoreSet, rounds: list[SamplingRound], tables: list[pa.Table]
    ) -> None:
        self.score_set = score_set
        self.rounds = rounds
        self.tables = tables
        self.refused: list[str] = []
        self._read: dict[str, dict[str, Floats]] = {}

    def made(self) -> tuple[list[SamplingRound], list[RoundSample]]:
        """Return the rounds that could be read, and their samples."""
        kept: list[tuple[SamplingRound, pa.Table]] = []
        strata: list[dict[str, tuple[Stratum, ...]]] = []
        for drawn, table in zip(self.rounds, self.tables, strict=True):
            try:
                self._logits(self.score_set, drawn, table)
                for other in self.rounds:
                    self._logits(other.score_set, drawn, table)
                strata.append(strata_of(drawn, sorted(set(table["class_name"].to_pylist()))))
            except (ConsonanceError, OSError) as error:
                self.refused.append(f"{drawn}: {error}")
            else:
                kept.append((drawn, table))
        found = []
        for (drawn, table), by_class in zip(kept, strata, strict=True):
            quantile = [self._quantile(other.score_set, drawn, table) for other, _ in kept]
            found.append(
                RoundSample(
                    key=str(drawn.pk),
                    clip=table["clip_id"].to_pylist(),
                    class_name=table["class_name"].to_pylist(),
                    tail=table["tail"].to_pylist(),
                    logit=self._logits(self.score_set, drawn, table),
                    inclusion=table["inclusion"].to_numpy().astype(np.float64),
                    quantile=np.stack(quantile, axis=1),
                    strata=by_class,
                )
            )
        return [drawn for drawn, _ in kept], found

    def _logits(self, score_set: ScoreSet, drawn: SamplingRound, table: pa.Table) -> Floats:
        """Return what a score set says of a round's candidates."""
        if score_set.pk == drawn.score_set_id:
            p = np.clip(table["likelihood"].to_numpy().astype(np.float64), 1e-9, 1 - 1e-9)
            return np.asarray(np.clip(np.log(p) - np.log1p(-p), -_LOGIT, _LOGIT))
        known = self._read.setdefault(str(score_set.pk), {})
        key = str(drawn.pk)
        if key not in known:
            known[key] = _read_logits(score_set, table)
        return known[key]

    def _quantile(self, score_set: ScoreSet, drawn: SamplingRound, table: pa.Table) -> Floats:
        """Return the candidates' ranks by a score set."""
        if score_set.pk == drawn.score_set_id:
            return np.asarray(table["quantile"].to_numpy(), np.float64)
        likelihood = 1 / (1 + np.exp(-self._logits(score_set, drawn, table)))
        names = np.array(table["class_name"].to_pylist(), dtype=object)
        rank = np.full(names.size, 0.5)
        for name in set(names):
            figure = score_set.figures.get(name)
            if figure:
                marks = figure["percentiles"]
                mine = names == name
                rank[mine] = np.interp(likelihood[mine], marks, np.linspace(0, 1, len(marks)))
        return rank


def _read_logits(score_set: ScoreSet, table: pa.Table) -> Floats:
    from candidates.scoring.at_places import read_logits

    clips = table["clip_id"].to_pylist()
    where = {
        str(pk): (track_no, start_ms)
        for pk, track_no, start_ms in Clip.objects.filter(pk__in=set(clips)).values_list(
            "pk", "track__track_no", "start_ms"
        )
    }
    places: Places = sorted({where[clip] for clip in clips})
    names, logits = read_logits(score_set.folder, places)
    row = {place: number for number, place in enumerate(places)}
    column = {name: number for number, name in enumerate(names)}
    found = [
        float(logits[row[where[clip]], column[name]]) if name in column else 0.0
        for clip, name in zip(clips, table["class_name"].to_pylist(), strict=True)
    ]
    return np.array(found, np.float64)


def _by_this(
    score_set: ScoreSet,
    rounds: Sequence[SamplingRound],
    samples: Sequence[RoundSample],
    classes: Sequence[str],
) -> dict[str, tuple[Stratum, ...]]:
    found: dict[str, list[Stratum]] = {name: [] for name in classes}
    for drawn, sample in zip(rounds, samples, strict=True):
        if drawn.score_set_id == score_set.pk:
            for name, strata in sample.strata.items():
                found[name] += strata
    return {name: tuple(strata) for name, strata in found.items()}
