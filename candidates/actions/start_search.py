"""Start a search for a better detector, or go on with one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from candidates.models import DetectorSearch, DetectorTrial, ScoreSet
from candidates.search.recipe import SearchRecipe
from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError, StateError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

KIND: Final = "candidates.search"
#: Jobs that a search may ask for at once.
MOST_WORKERS: Final = 64


def start_search(
    *,
    recipe: SearchRecipe,
    score_set: ScoreSet,
    labels: FrozenTableRow | None = None,
    release: str = "",
    name: str = "",
    actor: Any = None,
) -> DetectorSearch:
    """Store a search; the same recipe on the same data is the same search. No job is sent yet.

    Parameters
    ----------
    recipe
        What decides it; its `data` are filled in here.
    score_set
        Whose embeddings are learnt from.
    labels, release
        What people said: a frozen table of labels, or the folder name of a release. One of them.
    name
        What pages call it; by default after the collection.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    ParameterError
        If not exactly one source is given, or it belongs to another collection.
    StateError
        If the scores are not complete, or the release is not there.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    if (labels is None) == (not release):
        raise ParameterError("Learn from labels or from a release: give one of the two.")
    if not score_set.is_complete:
        raise StateError(f"The scores “{score_set}” are not complete: score the collection first.")
    if labels is not None and labels.collection_id != score_set.collection_id:
        raise ParameterError(
            f"The labels are of “{labels.collection}”, the scores of “{score_set.collection}”."
        )
    data = {"score_set": str(score_set.pk), "scores_sha256": score_set.sha256}
    if labels is not None:
        data["labels_sha256"] = labels.sha256
    else:
        data |= {"release": release, "manifest_sha256": _manifest_sha256(release)}
    decided = replace(recipe, data=data)
    with transaction.atomic():
        search, made = DetectorSearch.objects.get_or_create(
            recipe_sha256=decided.sha256,
            defaults={
                "name": name.strip()[:120] or f"Heads on {score_set.collection.name}"[:120],
                "score_set": score_set,
                "labels": labels,
                "release": release,
                "recipe": decided.as_json(),
                "created_by": actor if getattr(actor, "pk", None) else None,
            },
        )
        if made:
            record("start_search", target=search, actor=actor, recipe=search.recipe_sha256)
    return search


def send_workers(
    search: DetectorSearch, *, workers: int, actor: Any = None, send: bool = True
) -> list[Job]:
    """Ask for jobs that work on a search, so that so many work on it at once.

    Parameters
    ----------
    search
        One that is not finished, or failed: then it is tried again.
    workers
        Jobs that shall wait or run; those that do already count.
    actor
        A curator; None for the command line.
    send
        False when the calling command runs the job in its own process.

    Returns
    -------
    list of Job
        The new ones.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    ParameterError
        If the number makes no sense.
    StateError
        If the search is done.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    if not 1 <= workers <= MOST_WORKERS:
        raise ParameterError(f"Between 1 and {MOST_WORKERS} workers, not {workers}.")
    with transaction.atomic():
        found = DetectorSearch.objects.select_for_update(no_key=True).get(pk=search.pk)
        if found.state == DetectorSearch.State.DONE:
            raise StateError(f"“{search}” is done: there is nothing to go on with.")
        if found.state == DetectorSearch.State.FAILED:
            found.state, found.error = DetectorSearch.State.OPEN, ""
            found.save(update_fields=["state", "error"])
            found.trials.filter(rung=found.rung, state=DetectorTrial.State.FAILED).update(
                state=DetectorTrial.State.WAITING, attempts=0, error="", finished_at=None
            )
        missing = workers - (found.jobs.unfinished().count() if send else 0)
        jobs = [
            enqueue_job(
                kind=KIND,
                title=f"Search: {found.name}",
                arguments={"search": str(found.pk)},
                actor=actor,
                send=send,
            )
            for _ in range(missing)
        ]
        found.jobs.add(*jobs)
        if jobs:
            record("send_workers", target=found, actor=actor, workers=len(jobs))
    return jobs


def releases() -> list[str]:
    """Return folder names of the releases that can be learnt from, in alphabetical order."""
    root = Path(settings.RELEASES_ROOT)
    return sorted(path.parent.name for path in root.glob("*/manifest.json"))


def _manifest_sha256(release: str) -> str:
    if release not in releases():
        known = ", ".join(releases()) or "none"
        raise StateError(f"There is no release {release!r} here. There are: {known}.")
    path = Path(settings.RELEASES_ROOT) / release / "manifest.json"
    return hashlib.sha256(path.read_bytes()).hexdigest()
