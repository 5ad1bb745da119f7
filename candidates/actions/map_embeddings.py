"""Make the map of a score set's embeddings, and lay its rounds onto it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from candidates.models import SamplingRound, ScoreSet
from candidates.scoring.embedding_map import (
    MOST,
    EmbeddingMap,
    make_map,
    map_path,
    read_map,
    read_picks,
    write_map,
    write_picks,
)
from consonance.errors import ConsonanceError, StateError
from consonance.jobs.context import JobContext
from consonance.ledger.models import record

#: A part that no running job can be writing any more.
_LEFT_SECONDS: Final = 3_600


def map_embeddings(
    *,
    score_set: ScoreSet,
    context: JobContext,
    most: int = MOST,
    seed: int = 0,
    actor: Any = None,
) -> dict[str, Any]:
    """Make a map where there is none of these scores, and lay every round of theirs onto it.

    Safe to repeat: a map of the same scores, sample and seed is kept, and so is each round that
    lies on it already. Files are written whole or not at all, so a killed job leaves an older map
    as it was, and the next attempt writes the same bytes.

    Parameters
    ----------
    score_set
        Whose; it must be complete.
    context
        The running job.
    most
        Excerpts of the sample at most.
    seed
        Of the sample.
    actor
        Who asks; None for the command line.

    Raises
    ------
    StateError
        If the scores are not complete, or there are too few excerpts for a map.
    ParameterError
        If the size of the sample is out of range.
    """
    if not score_set.is_complete:
        raise StateError("The archive is not scored to the end. Run ./consonance score again.")
    _clear(score_set.folder)
    made = _kept(score_set, most, seed)
    if made is None:
        made = make_map(
            score_set.folder,
            scores=score_set.sha256,
            most=most,
            seed=seed,
            progress=_teller(context, "Reading embeddings"),
        )
        context.check()
        write_map(score_set.folder, made)
        record("map_embeddings", target=score_set, actor=actor, excerpts=len(made.ids))
    context.wrote(map_path(score_set.folder))
    rounds = _lay(score_set, made, context)
    share = sum(made.explained)
    return {
        "score_set": str(score_set.pk),
        "excerpts": len(made.ids),
        "of": made.excerpts,
        "explained": share,
        "rounds": rounds,
        "summary": f"Mapped {len(made.ids):,} of {made.excerpts:,} excerpts and "
        f"{rounds} round{'' if rounds == 1 else 's'}; the plane keeps {100 * share:.0f} % of what "
        "tells them apart.",
    }


def _kept(score_set: ScoreSet, most: int, seed: int) -> EmbeddingMap | None:
    """Return the map that is there, if it is the one that would be made."""
    made = read_map(score_set.folder)
    if made is None or (made.scores, made.seed) != (score_set.sha256, seed):
        return None
    return made if len(made.ids) == min(most, made.excerpts) else None


def _lay(score_set: ScoreSet, made: EmbeddingMap, context: JobContext) -> int:
    rounds = list(score_set.rounds.filter(state=SamplingRound.State.DRAWN).order_by("number"))
    for done, drawn in enumerate(rounds):
        context.progress(done, len(rounds), unit="rounds", message=f"Laying {drawn} onto the map")
        places = picks_of(drawn)
        known = read_picks(score_set.folder, str(drawn.pk), made)
        if known is None or set(known) != set(places):
            try:
                write_picks(score_set.folder, str(drawn.pk), places)
            except ConsonanceError as error:
                context.log(f"{drawn} was left out: {error}", level="warning")
    return len(rounds)


def picks_of(drawn: SamplingRound) -> list[tuple[int, int]]:
    """Return track number and start of each clip of a round."""
    rows = drawn.candidates.order_by("clip__track__track_no", "clip__start_ms")
    return list(rows.values_list("clip__track__track_no", "clip__start_ms").distinct())


def _teller(context: JobContext, message: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        context.progress(done, total, unit="excerpts", message=message)

    return tell


def _clear(folder: Path) -> None:
    """Take away what a killed job has left half-written."""
    for part in folder.glob(".map-*.part"):
        if time.time() - part.stat().st_mtime > _LEFT_SECONDS:
            part.unlink(missing_ok=True)
