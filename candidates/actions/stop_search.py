"""Stop working on a search; what was trained stays, and it can go on later."""

from __future__ import annotations

from typing import Any

from candidates.models import DetectorSearch
from consonance.errors import StateError
from consonance.jobs.actions.cancel_job import cancel_job
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def stop_search(*, search: DetectorSearch, actor: Any) -> int:
    """Ask every job that works on a search to stop; return how many there were.

    Raises
    ------
    NotAllowedError
        If the person is no curator.
    StateError
        If nobody works on it.
    """
    require(actor, Role.CURATOR)
    stopped = 0
    for job in search.jobs.unfinished():
        try:
            cancel_job(job_id=job.pk, actor=actor)
        except StateError:  # it ended meanwhile
            continue
        stopped += 1
    if not stopped:
        raise StateError(f"Nobody works on “{search}”: there is nothing to stop.")
    record("stop_search", target=search, actor=actor, jobs=stopped)
    return stopped
