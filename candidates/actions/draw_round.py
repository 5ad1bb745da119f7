"""Draw a round of candidates from a score set and cut their clips."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from candidates.models import Candidate, SamplingRound, ScoreSet
from candidates.rounds.eligibility import Asked, asked_before, eligible_tracks, sources_of
from candidates.rounds.recipes import RoundRecipe
from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.models import FrozenTableRow, Track
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.tables.store import TableStore

if TYPE_CHECKING:
    from uuid import UUID

    from candidates.sampling import Draw
    from consonance.catalog.models import Clip, TaxonomyClass
    from consonance.jobs.context import JobContext


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
        What decides the draw. The rounds whose clips it leaves out are stored with it.
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
    stored = {**recipe.as_json(), "scores": score_set.sha256}
    before = _same(score_set, stored)
    if before and before.state != SamplingRound.State.DRAWING:
        return _result(before, note="drawn before with the same recipe")
    tracks = eligible_tracks(score_set, recipe)
    if not tracks:
        raise StateError(
            "No track may be drawn from: check licences, explicit marks, durations and the "
            "quarantine."
        )
    asked = Asked([], [])
    if recipe.exclude_asked or recipe.exclude_similar is not None:
        # What was left out when the round was begun is left out when it is completed.
        begun = before.recipe.get("after", []) if before else None
        asked = asked_before(score_set, begun)
    drawn = _draw(score_set, recipe, tracks, asked)
    if not drawn.excerpts:
        raise StateError(
            "Nothing is left to draw: every excerpt of these strata was asked before, or its "
            "scores do not differ. Widen the strata, or draw from earlier rounds' clips again."
        )
    # Only now: a recipe that cannot be drawn leaves no round behind.
    if asked.rounds:
        stored["after"] = asked.rounds
    sampling_round = before or _round_of(score_set, stored, actor)
    context.log(f"Drew {len(drawn.found.excerpt)} candidates of {len(drawn.names)} classes.")
    clips = _cut(drawn, score_set, context, processes)
    sampling_round.figures = drawn.figures
    _store(sampling_round, drawn, clips)
    return _result(sampling_round)


def _same(score_set: ScoreSet, stored: dict[str, Any]) -> SamplingRound | None:
    """Return the round of a recipe, whatever had been asked before it."""
    for drawn in score_set.rounds.order_by("number"):
        known = {name: value for name, value in drawn.recipe.items() if name != "after"}
        if known == stored:
            return drawn
    return None


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


@dataclass(frozen=True)
class _Drawn:
    """A draw with the names and places of what it drew."""

    found: Draw
    names: tuple[str, ...]
    excerpts: list[tuple[Track, int]]
    figures: dict[str, Any]


def _draw(score_set: ScoreSet, recipe: RoundRecipe, tracks: list[Track], asked: Asked) -> _Drawn:
    import numpy as np

    from candidates.sampling import draw_from
    from candidates.sampling.strata import lines_of
    from candidates.scoring.excerpts import excerpt_id, excerpt_of, source_of
    from candidates.scoring.histograms import histograms
    from candidates.scoring.shards import scored_classes

    # Classes without a detector are drawn uniformly: their chance is known, and it is the same.
    silent = score_set.detector.uncovered
    known = silent.union(scored_classes(score_set.folder))
    in_order = score_set.detector.taxonomy.classes.order_by("position")
    names = recipe.names or tuple(
        name for name in in_order.values_list("name", flat=True) if name in known
    )
    sources = sources_of(tracks)
    places = np.array(asked.places, np.int64).reshape(-1, 2)
    taken = excerpt_id(places[:, 0], places[:, 1])
    if recipe.exclude_similar is not None:
        taken = np.append(taken, _similar(score_set, asked, recipe.exclude_similar))
    source = source_of(
        score_set.folder,
        names,
        tracks=sources.recording,
        taken=taken,
        window_ms=score_set.window_ms if recipe.exclude_asked else 1,
        silent=silent,
    )
    found = draw_from(
        source,
        sources,
        per_class=recipe.wanted(names),
        strata=recipe.designs(names),
        caps=recipe.caps(),
        class_keys=names,
        uniform=[name in silent for name in names],
        seed=recipe.seed,
    )
    by_number = {track.track_no: track for track in tracks}
    numbers, starts = excerpt_of(found.id)
    return _Drawn(
        found=found,
        names=tuple(names),
        excerpts=[
            (by_number[number], start)
            for number, start in zip(numbers.tolist(), starts.tolist(), strict=True)
        ],
        figures=histograms(
            source.counts[[name not in silent for name in names]],
            [name for name in names if name not in silent],
            lines=[
                lines_of(strata)
                for name, strata in zip(names, recipe.designs(names), strict=True)
                if name not in silent
            ],
        ),
    )


def _similar(score_set: ScoreSet, asked: Asked, cosine: float) -> Any:
    from candidates.scoring.similar import similar_to

    # Embeddings of two detectors cannot be compared: clips of this score set's rounds only.
    own = score_set.rounds.filter(pk__in=asked.rounds).values_list("pk", flat=True)
    places = asked_before(score_set, [str(pk) for pk in own]).places
    return similar_to(score_set.folder, places, cosine=cosine)


def _cut(
    drawn: _Drawn, score_set: ScoreSet, context: JobContext, processes: int
) -> dict[tuple[UUID, int], Clip]:
    excerpts = {(track.track_no, start): (track, start) for track, start in drawn.excerpts}

    def tell(done: int, total: int) -> None:
        context.progress(done, total, unit="clips", message="Cutting clips")

    cut = cut_clips(
        excerpts=[excerpts[place] for place in sorted(excerpts)],
        duration_ms=score_set.window_ms,
        progress=tell,
        processes=processes,
    )
    for (_, start_ms), reason in cut.failures.items():
        context.log(f"Clip at {start_ms} ms left out: {reason}", level="warning")
    return cut.clips


def _store(
    sampling_round: SamplingRound, drawn: _Drawn, clips: dict[tuple[UUID, int], Clip]
) -> None:
    from candidates.scoring.shards import likelihood_of

    collection = sampling_round.score_set.collection
    targets: dict[str, TaxonomyClass] = {
        target.name: target for target in sampling_round.score_set.detector.taxonomy.classes.all()
    }
    found = drawn.found
    rows: list[Candidate] = []
    for (track, start), index, stratum, likelihood, quantile, inclusion in zip(
        drawn.excerpts,
        found.class_index.tolist(),
        found.stratum.tolist(),
        likelihood_of(found.score).tolist(),
        found.quantile.tolist(),
        found.inclusion.tolist(),
        strict=True,
    ):
        if (track.pk, start) not in clips:
            continue  # could not be cut; logged
        rows.append(
            Candidate(
                round=sampling_round,
                clip=clips[track.pk, start],
                target=targets[drawn.names[index]],
                tail=found.strata[stratum].name,
                likelihood=likelihood,
                quantile=quantile,
                inclusion=inclusion,
                position=len(rows),
            )
        )
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        columns["clip_id"].append(str(row.clip_id))
        columns["class_name"].append(row.target.name)
        columns["tail"].append(row.tail)
        columns["likelihood"].append(row.likelihood)
        columns["quantile"].append(row.quantile)
        columns["inclusion"].append(row.inclusion)
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
            drawn.names[index]: int(missing)
            for index, missing in enumerate(found.shortfall_per_class)
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
