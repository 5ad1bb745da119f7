"""Suggestions that jobs have made: the newest, one by its id, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from candidates.learning.learned import Learned, learned_from
from candidates.loop.suggestion import Aim
from candidates.models import ScoreSet
from candidates.rounds.recipes import RoundRecipe
from consonance.jobs.models import Job, JobState

SUGGEST: Final = "candidates.suggest_round"
RECALIBRATE: Final = "candidates.recalibrate"


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A suggested round.

    Attributes
    ----------
    job
        That made it.
    aim, seed
        What it was asked for.
    result
        What `actions.suggest_round` returned.
    is_current
        Whether no labels, rounds or scores have come since.
    """

    job: Job
    aim: Aim
    seed: int
    result: dict[str, Any]
    is_current: bool

    @property
    def recipe(self) -> RoundRecipe | None:
        """What would be drawn; None where every quota is met."""
        stored = self.result["recipe"]
        return RoundRecipe.from_json(stored) if stored else None


def newest_suggestion(score_set: ScoreSet, learned: Learned | None = None) -> Suggestion | None:
    """Return the newest suggestion for a score set."""
    return _shown(_done(score_set).order_by("-finished_at").first(), score_set, learned)


def suggestion_of(score_set: ScoreSet, job_id: UUID) -> Suggestion | None:
    """Return a suggestion by its job; None unless it is of this score set, and done."""
    return _shown(_done(score_set).filter(pk=job_id).first(), score_set, None)


def last_failure(kind: str, score_set: ScoreSet) -> Job | None:
    """Return the last job of a kind if it failed: nothing has come of it since."""
    jobs = Job.objects.filter(kind=kind, arguments__score_set=str(score_set.pk))
    last = jobs.exclude(state=JobState.CANCELLED).order_by("-created_at").first()
    return last if last is not None and last.state == JobState.FAILED else None


def _done(score_set: ScoreSet) -> Any:
    return Job.objects.filter(
        kind=SUGGEST, state=JobState.DONE, arguments__score_set=str(score_set.pk)
    )


def _shown(job: Job | None, score_set: ScoreSet, learned: Learned | None) -> Suggestion | None:
    if job is None:
        return None
    known = learned or learned_from(score_set)
    same = known.state == "current" and known.table == job.result["calibration"]
    unanswered = known.state == "unanswered" and not job.result["is_calibrated"]
    return Suggestion(
        job=job,
        aim=Aim(**job.arguments["aim"]),
        seed=job.arguments.get("seed", 0),
        result=job.result,
        is_current=same or unanswered,
    )
