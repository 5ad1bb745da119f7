"""Who trains what: a trial is leased to the job that trains it, and free again when that job died.

A trial holds the lease token of its job. It has no clock of its own: as long as the job's row is
running, holds the same token, and its lease has not run out, the trial is in good hands. Taking one
is a conditional update of exactly what was read, so two workers never take the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from candidates.models import DetectorSearch, DetectorTrial
from consonance.jobs.models import Job, JobState

_State = DetectorTrial.State
#: How often a worker may die over a training before it counts as failed.
MOST_ATTEMPTS: Final = 3
_LOOK_AHEAD: Final = 16  # trials read at once: another worker may take some of them meanwhile


def claim_trial(search: DetectorSearch, *, job: Job, token: UUID) -> DetectorTrial | None:
    """Take the next training of the search's rung that nobody living holds.

    Parameters
    ----------
    search
        As it is now.
    job, token
        Who takes it, and the lease under which.

    Returns
    -------
    DetectorTrial or None
        None if all are done or in good hands.
    """
    free = DetectorTrial.objects.filter(search=search, rung=search.rung).filter(
        Q(state=_State.WAITING) | (Q(state=_State.RUNNING) & ~Q(lease_token__in=_live_tokens()))
    )
    while found := list(free.order_by("number", "seed")[:_LOOK_AHEAD]):
        for trial in found:
            as_read = DetectorTrial.objects.filter(
                pk=trial.pk, state=trial.state, lease_token=trial.lease_token
            )
            if trial.attempts >= MOST_ATTEMPTS:
                as_read.update(
                    state=_State.FAILED,
                    error=f"The worker died {trial.attempts} times while training this.",
                    finished_at=timezone.now(),
                )
            elif as_read.update(
                state=_State.RUNNING,
                lease_token=token,
                job=job,
                attempts=F("attempts") + 1,
                started_at=timezone.now(),
            ):
                trial.refresh_from_db()
                return trial
    return None


def finish_trial(trial: DetectorTrial, *, token: UUID, **fields: Any) -> bool:
    """Store how a training ended; nothing is stored if another worker has taken it over."""
    changed = _held(trial, token).update(finished_at=timezone.now(), **fields)
    return bool(changed)


def give_back(trial: DetectorTrial, *, token: UUID) -> None:
    """Let others train what was begun: it was stopped on purpose, which is no attempt in vain."""
    _held(trial, token).update(
        state=_State.WAITING, lease_token=None, job=None, attempts=F("attempts") - 1
    )


def train_again(trials: Iterable[DetectorTrial]) -> None:
    """Let finished trainings be done once more: their heads were lost."""
    for trial in trials:
        DetectorTrial.objects.filter(pk=trial.pk, state=_State.DONE).update(
            state=_State.WAITING, lease_token=None, job=None, attempts=0
        )


def take_lead(search: DetectorSearch, *, token: UUID) -> bool:
    """Return whether this job may prepare the search or close its rung; one at a time does."""
    held_by = search.closing_token
    if held_by is not None and held_by != token and held_by in set(_live_tokens()):
        return False
    changed = DetectorSearch.objects.filter(
        pk=search.pk, closing_token=held_by, rung=search.rung, state=DetectorSearch.State.OPEN
    ).update(closing_token=token)
    return bool(changed)


def counts(search: DetectorSearch) -> tuple[int, int]:
    """Return how many trainings have ended, and how many of the rung have not."""
    trials = DetectorTrial.objects.filter(search=search)
    unfinished = Q(state__in=[_State.WAITING, _State.RUNNING])
    return (
        trials.exclude(unfinished).count(),
        trials.filter(unfinished, rung=search.rung).count(),
    )


def _held(trial: DetectorTrial, token: UUID) -> Any:
    return DetectorTrial.objects.filter(pk=trial.pk, state=_State.RUNNING, lease_token=token)


def _live_tokens() -> Any:
    return Job.objects.filter(
        state=JobState.RUNNING, lease_until__gte=timezone.now(), lease_token__isnull=False
    ).values_list("lease_token", flat=True)
