"""Work on a search until it is done: what each of its jobs does, however many there are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from candidates.actions.close_rung import close_rung
from candidates.actions.prepare_search import MATERIAL, prepare_search
from candidates.models import DetectorSearch, DetectorTrial
from candidates.portions import trials
from consonance.errors import ConsonanceError, StateError
from consonance.jobs.context import JobContext

if TYPE_CHECKING:
    from candidates.detector.heads import EpochReport
    from candidates.search.material import Material

log = structlog.get_logger()
_State = DetectorSearch.State
_WAIT_SECONDS: Final = 0.5  # before looking again whether others are done, or dead
_CHECK_SECONDS: Final = 1.0  # between two looks at whether the job was stopped
_HOW: Final = {
    True: "beats",
    False: "does not clearly beat",
    None: "is measured on too few groups to tell whether it beats",
}


def run_search(*, search: DetectorSearch, context: JobContext) -> dict[str, Any]:
    """Prepare the search, train what nobody else trains, close rungs, until it is done.

    Any number of jobs may do this at once. Which one trains what is left to chance; what comes out
    is not: a training depends on its configuration, seed and material alone, and a rung is closed
    only when all of it is trained.

    Parameters
    ----------
    search
        What to work on.
    context
        The running job.

    Raises
    ------
    StateError
        If nothing could be trained, or its material was lost.
    """
    material: Material | None = None
    trained = 0
    while True:
        context.check()
        search = DetectorSearch.objects.select_related("score_set", "labels").get(pk=search.pk)
        if search.state != _State.OPEN:
            break
        if not search.material_sha256:
            if trials.take_lead(search, token=context.token):
                context.log("Gathering labels and embeddings.")
                _prepare(search, context)
            else:
                time.sleep(_WAIT_SECONDS)
            continue
        material = material or _material(search)
        done, left = trials.counts(search)
        context.progress(
            done,
            max(done, search.material["trainings"]),
            unit="trainings",
            message=f"Rung {search.rung + 1}",
        )
        trial = trials.claim_trial(search, job=context.job, token=context.token)
        if trial is not None:
            trained += _train(trial, material, context)
        elif not left and trials.take_lead(search, token=context.token):
            close_rung(search=search, material=material, token=context.token)
        elif left or search.closing_token:  # others are at it
            time.sleep(_WAIT_SECONDS)
    if search.state == _State.FAILED:
        raise StateError(search.error)
    done, _ = trials.counts(search)
    context.progress(done, done)
    return _result(search, trained)


def _prepare(search: DetectorSearch, context: JobContext) -> None:
    try:
        prepare_search(search=search, token=context.token)
    except ConsonanceError as error:
        DetectorSearch.objects.filter(pk=search.pk, closing_token=context.token).update(
            state=_State.FAILED, error=str(error), closing_token=None
        )
        raise


def _material(search: DetectorSearch) -> Material:
    from candidates.search.material import load

    return load(search.folder / MATERIAL, sha256=search.material_sha256)


def _train(trial: DetectorTrial, material: Material, context: JobContext) -> bool:
    """Train one head and store it; return whether it was ours to store."""
    from candidates.search.trial import train

    token = context.token
    begun = looked = time.monotonic()

    def on_epoch(report: EpochReport) -> None:
        nonlocal looked
        if time.monotonic() - looked >= _CHECK_SECONDS:
            looked = time.monotonic()
            context.check()

    try:
        outcome = train(
            material, trial.parameters, seed=trial.seed, epochs=trial.epochs, on_epoch=on_epoch
        )
        sha256 = outcome.head.save(trial.path)
    except (ArithmeticError, MemoryError, ValueError, RuntimeError) as error:
        # This configuration will not do, say of numbers that ran away; the others may.
        if isinstance(error, ConsonanceError):
            reason = str(error)
        else:
            reason = f"{type(error).__name__}: {error}"
            log.exception("search.trial_failed", trial=str(trial.pk))
        context.log(f"{trial}: {reason}", level="warning")
        return trials.finish_trial(
            trial, token=token, state=DetectorTrial.State.FAILED, error=reason
        )
    except BaseException:
        trials.give_back(trial, token=token)
        raise
    return trials.finish_trial(
        trial,
        token=token,
        state=DetectorTrial.State.DONE,
        value=outcome.value,
        metrics=outcome.metrics,
        curve=outcome.curve,
        head_sha256=sha256,
        seconds=round(time.monotonic() - begun, 3),
    )


def _result(search: DetectorSearch, trained: int) -> dict[str, Any]:
    judged = search.verdict[search.verdict["judged_on"]]
    difference = judged["difference"] if judged else None
    if search.winner == 0:
        said = "the default stays the best"
    elif difference is None:
        said = f"configuration {search.winner} is the best; it cannot be compared with the default"
    else:
        how = _HOW[search.verdict["beats"]]
        said = (
            f"configuration {search.winner} {how} the default: mean average precision "
            f"{difference['value']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"
        )
    return {
        "search": str(search.pk),
        "winner": search.winner,
        "verdict": search.verdict,
        "standings": search.standings,
        "trained_here": trained,
        "summary": f"{search.name}: {said}.",
    }
