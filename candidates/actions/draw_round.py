"""Draw a round of candidates from a score set and cut their clips."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from candidates.models import Candidate, SamplingRound, ScoreSet
from candidates.recipes import RoundRecipe
from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.licences import parse as parse_licence
from consonance.catalog.models import FrozenTableRow, Track
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.tables.store import TableStore

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from candidates.sampling import Draw
    from candidates.scoring.shards import Scores
    from consonance.catalog.models import Clip, TaxonomyClass
    from consonance.jobs.context import JobContext


#: No recording lasts longer, in ms (27 hours): track and start make one number.
_IDS_PER_TRACK = 100_000_000


def draw_round(
    *,
    score_set: ScoreSet,
    recipe: RoundRecipe,
    context: JobContext,
    actor: Any = None,
    processes: int = 2,
) -> dict[str, Any]:
    """Draw candidates, cut their clips and store both; the same recipe is drawn once.

    Parameters
    ----------
    score_set
        What to draw from; it must be complete.
    recipe
        What decides the draw.
    context
        The running job.
    actor
        Who draws; None for the command line.
    processes
        Processes that cut clips.

    Raises
    ------
    StateError
        If the score set is incomplete, or no track may be drawn from.
    ParameterError
        If the recipe names a class that was not scored.
    """
    if not score_set.is_complete:
        raise StateError("The archive is not scored to the end. Run ./consonance score again.")
    from candidates.scoring.histograms import histograms
    from candidates.scoring.shards import read

    stored = {**asdict(recipe), "classes": list(recipe.classes), "scores": score_set.sha256}
    before = score_set.rounds.filter(recipe=stored, state=SamplingRound.State.DRAWN).first()
    if before:
        return _result(before, note="drawn before with the same recipe")
    scores = read(score_set.folder)
    tracks = {track.track_no: track for track in _eligible(score_set, recipe)}
    if not tracks:
        raise StateError(
            "No track may be drawn from: check licences, explicit marks and the quarantine."
        )
    drawn, names = _draw(scores, tracks, recipe, score_set)
    # Only now: a recipe that cannot be drawn leaves no round behind.
    sampling_round = _round_of(score_set, stored, actor)
    context.log(f"Drew {len(drawn.excerpt)} candidates of {len(names)} classes.")
    clips = _cut(scores, drawn, tracks, score_set, context, processes)
    sampling_round.figures = histograms(
        scores.likelihood, scores.classes, low=recipe.low, high=recipe.high
    )
    _store(sampling_round, scores, drawn, tracks, clips, names)
    return _result(sampling_round)


def _round_of(score_set: ScoreSet, recipe: dict[str, Any], actor: Any) -> SamplingRound:
    with transaction.atomic():
        # Locks the parent row on PostgreSQL; SQLite's transaction is the lock.
        ScoreSet.objects.select_for_update().get(pk=score_set.pk)
        same = score_set.rounds.filter(recipe=recipe).first()
        if same:
            return same
        last = score_set.rounds.aggregate(last=Max("number"))["last"] or 0
        return SamplingRound.objects.create(
            score_set=score_set,
            number=last + 1,
            recipe=recipe,
            created_by=actor if getattr(actor, "pk", None) else None,
        )


def _eligible(score_set: ScoreSet, recipe: RoundRecipe) -> list[Track]:
    tracks = Track.objects.of(score_set.collection).ready().select_related("collection")
    if not recipe.explicit:
        tracks = tracks.exclude(is_explicit=True)
    if recipe.licences == "all":
        return list(tracks)
    kept = []
    for track in tracks:
        licence = parse_licence(track.licence_title, track.licence_url)
        if licence.may_cut and licence.may_redistribute:
            kept.append(track)
    return kept


def _draw(
    scores: Scores, tracks: dict[int, Track], recipe: RoundRecipe, score_set: ScoreSet
) -> tuple[Draw, tuple[str, ...]]:
    from candidates.sampling import draw

    uncovered = set(score_set.detector.provenance.get("uncovered", []))
    names = recipe.classes or tuple(name for name in scores.classes if name not in uncovered)
    unknown = [name for name in names if name not in scores.classes]
    if unknown:
        raise ParameterError(
            f"Not scored: {', '.join(unknown)}. Classes are: {', '.join(scores.classes)}."
        )
    columns = [scores.classes.index(name) for name in names]
    drawn = draw(
        scores.likelihood[:, columns],
        scores.track_no,
        per_class=recipe.per_class,
        low=recipe.low,
        high=recipe.high,
        share_high=recipe.share_high,
        max_per_track=recipe.max_per_track,
        eligible=np.isin(scores.track_no, np.fromiter(tracks, np.int64)),
        ids=scores.track_no * _IDS_PER_TRACK + scores.start_ms,
        class_keys=tuple(names),
        seed=recipe.seed,
    )
    return drawn, tuple(names)


def _cut(
    scores: Scores,
    drawn: Draw,
    tracks: dict[int, Track],
    score_set: ScoreSet,
    context: JobContext,
    processes: int,
) -> dict[tuple[UUID, int], Clip]:
    rows: NDArray[np.int64] = np.unique(drawn.excerpt)
    excerpts = [(tracks[int(scores.track_no[row])], int(scores.start_ms[row])) for row in rows]

    def tell(done: int, total: int) -> None:
        context.progress(done, total, unit="clips", message="Cutting clips")

    cut = cut_clips(
        excerpts=excerpts, duration_ms=score_set.window_ms, progress=tell, processes=processes
    )
    for (_, start_ms), reason in cut.failures.items():
        context.log(f"Clip at {start_ms} ms left out: {reason}", level="warning")
    return cut.clips


def _store(
    sampling_round: SamplingRound,
    scores: Scores,
    drawn: Draw,
    tracks: dict[int, Track],
    clips: dict[tuple[UUID, int], Clip],
    names: tuple[str, ...],
) -> None:
    collection = sampling_round.score_set.collection
    targets: dict[str, TaxonomyClass] = {
        target.name: target for target in sampling_round.score_set.detector.taxonomy.classes.all()
    }
    rows = []
    for excerpt, index, tail, likelihood, quantile in zip(
        drawn.excerpt, drawn.class_index, drawn.tail, drawn.likelihood, drawn.quantile, strict=True
    ):
        place = (tracks[int(scores.track_no[excerpt])].pk, int(scores.start_ms[excerpt]))
        if place not in clips:
            continue  # could not be cut; logged
        rows.append(
            Candidate(
                round=sampling_round,
                clip=clips[place],
                target=targets[names[index]],
                tail=str(tail),
                likelihood=float(likelihood),
                quantile=float(quantile),
            )
        )
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        columns["clip_id"].append(str(row.clip_id))
        columns["class_name"].append(row.target.name)
        columns["tail"].append(row.tail)
        columns["likelihood"].append(row.likelihood)
        columns["quantile"].append(row.quantile)
    table = TableStore(settings.TABLES_ROOT).freeze(
        pa.table(dict(columns)),
        "candidates",
        {"recipe": sampling_round.recipe, "detector": str(sampling_round.score_set.detector)},
    )
    with transaction.atomic():
        # A killed run may have left some behind.
        sampling_round.candidates.all().delete()
        Candidate.objects.bulk_create(rows, batch_size=1000)
        sampling_round.shortfall = {
            names[index]: int(missing)
            for index, missing in enumerate(drawn.shortfall_per_class)
            if missing
        }
        sampling_round.table = FrozenTableRow.keep(table, collection)
        sampling_round.state = SamplingRound.State.DRAWN
        sampling_round.save()
        record("draw_round", target=sampling_round, actor=sampling_round.created_by)


def _result(sampling_round: SamplingRound, *, note: str = "") -> dict[str, Any]:
    candidates = sampling_round.candidates.count()
    clips = sampling_round.candidates.values("clip").distinct().count()
    summary = f"Round {sampling_round.number}: {candidates} candidates on {clips} clips"
    if sampling_round.shortfall:
        summary += f"; short of wanted: {', '.join(sorted(sampling_round.shortfall))}"
    return {
        "round": str(sampling_round.pk),
        "number": sampling_round.number,
        "collection": sampling_round.score_set.collection.slug,
        "candidates": candidates,
        "clips": clips,
        "shortfall": sampling_round.shortfall,
        "table": sampling_round.table.sha256 if sampling_round.table else None,
        "summary": f"{summary} ({note})." if note else f"{summary}.",
    }
