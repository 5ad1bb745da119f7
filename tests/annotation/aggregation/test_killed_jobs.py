"""A worker that is killed leaves a whole run or none, and the next one makes exactly one."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from tests.consonance.jobs.conftest import (
    LEASE_SECONDS,
    PREPARE,
    Installation,
    empty_database,
    installation,
)

__all__ = ["empty_database", "installation"]  # fixtures of this module
pytestmark = pytest.mark.slow

#: Stops for good where a row of some kind has been saved, and says so.
STOP = """
from django.db.models.signals import post_save
from django.apps import apps
def stop(sender, instance, **_):
    if getattr(instance, "action", {action!r}) == {action!r}:
        print("here", flush=True)
        time.sleep(600)
post_save.connect(stop, sender=apps.get_model({model!r}))
"""

MAKE = """
from tests.annotation.aggregation.crowds import crowd
campaign = crowd(present=4, absent=4, classes=2)
arguments = {{"campaign": str(campaign.pk)}}
print(enqueue_job(kind={kind!r}, title="Test", send=False, arguments=arguments).pk)
"""

TABLES = (
    "annotation_consensusrun",
    "annotation_skillsnapshot",
    "annotation_consistencyreport",
    "annotation_personreport",
)


def counts(installation: Installation) -> dict[str, int]:
    """Return how many rows there are of everything a run stores."""
    with closing(sqlite3.connect(installation.data / "consonance.sqlite3", timeout=30)) as database:
        found = {
            name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in TABLES
        }
        audit = "SELECT COUNT(*) FROM ledger_auditentry WHERE action = 'aggregate_ratings'"
        found["audited"] = database.execute(audit).fetchone()[0]
    return found


def kill_where(installation: Installation, pk: str, model: str, action: str = "") -> None:
    """Start the job and kill its process where a row of this kind has been saved."""
    program = PREPARE + STOP.format(model=model, action=action) + f"run({pk!r})"
    worker = installation.start("-c", program)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "here\n"
    worker.kill()
    worker.wait()
    worker.stdout.close()


def finish(installation: Installation, pk: str) -> dict[str, Any]:
    """Let another worker take the job over and return its result."""
    time.sleep(LEASE_SECONDS + 0.2)
    program = (
        f"sweep(); run({pk!r}); job = Job.objects.get(pk={pk!r})\n"
        "print(json.dumps([job.state, job.attempts, job.result]))"
    )
    state, attempts, result = json.loads(installation.python(program).splitlines()[-1])
    assert (state, attempts) == ("done", 2)
    found: dict[str, Any] = result
    return found


WHOLE = {
    "annotation_consensusrun": 1,
    "annotation_skillsnapshot": 5,
    "annotation_consistencyreport": 1,
    "annotation_personreport": 5,
    "audited": 1,
}
NONE = dict.fromkeys(WHOLE, 0)


@pytest.mark.parametrize("model", ["catalog.FrozenTableRow", "annotation.ConsistencyReport"])
def test_an_aggregation_killed_while_it_stores_leaves_nothing(
    installation: Installation, model: str
) -> None:
    pk = installation.python(MAKE.format(kind="annotation.aggregate"))
    kill_where(installation, pk, model)
    assert counts(installation) == NONE
    result = finish(installation, pk)
    assert (result["number"], result["is_new"]) == (1, True)
    assert counts(installation) == WHOLE
    files = [path for path in (installation.data / "tables").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".parquet"}
    assert sorted(path.parent.name for path in files) == ["labels", "live", "ratings", "skills"]


def test_an_aggregation_killed_after_it_stored_makes_no_second_run(
    installation: Installation,
) -> None:
    pk = installation.python(MAKE.format(kind="annotation.aggregate"))
    kill_where(installation, pk, "ledger.AuditEntry", action="refit_questions")
    assert counts(installation) == WHOLE
    result = finish(installation, pk)
    assert (result["number"], result["is_new"]) == (1, False)
    assert counts(installation) == WHOLE


def test_a_refresh_killed_while_it_stores_leaves_the_former_report_whole(
    installation: Installation,
) -> None:
    pk = installation.python(MAKE.format(kind="annotation.report"))
    installation.python(f"run({pk!r})")
    before = counts(installation)
    assert (before["annotation_consistencyreport"], before["annotation_personreport"]) == (1, 5)
    again = installation.python(
        "from annotation.models import Campaign, Question\n"
        "from tests.factories import RatingFactory\n"
        "RatingFactory(question=Question.objects.first(), person__username='newcomer')\n"
        "print(enqueue_job(kind='annotation.report', title='Test', send=False,"
        " arguments={'campaign': str(Campaign.objects.get().pk)}).pk)"
    )
    kill_where(installation, again, "annotation.ConsistencyReport")
    assert counts(installation) == before
    assert finish(installation, again)["ratings"] == 81
    assert counts(installation)["annotation_personreport"] == 6
