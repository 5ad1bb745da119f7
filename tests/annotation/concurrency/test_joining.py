"""People join in several processes at once: links keep their limits, a worker is one person."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.annotation.concurrency.databases import database_of_its_own
from tests.annotation.concurrency.joining import PLACES, TRIES, WORKERS
from tests.annotation.concurrency.test_crowd import environment, finish, start

PROCESSES = 3
START_S = 6.0  # a process of ours needs about three to get ready
CHECK = """
import json, django
django.setup()
from annotation.models import Participant
from consonance.ledger.models import AuditEntry
from consonance.people.models import Invitation, Membership, User
print(json.dumps({
    "uses": sorted(Invitation.objects.values_list("max_uses", "uses")),
    "members": Membership.objects.filter(role="annotator").count(),
    "ana": Membership.objects.filter(person__username="ana").count(),
    "new": User.objects.filter(username__startswith="new").count(),
    "study": User.objects.filter(username__startswith="study-").count(),
    "participants": Participant.objects.count(),
    "audit": list(AuditEntry.objects.values_list("action", flat=True)),
}))
"""


def assert_nobody_joins_twice_and_no_link_is_used_too_often(url: str, data: Path) -> None:
    env = environment(url, data)
    module = ["-m", "tests.annotation.concurrency.joining"]
    made = finish(start([*module, "prepare"], env))

    def at_once(*words: str, seeded: bool = False) -> list:
        moment = str(time.time() + START_S)
        several = [
            start([*module, *words, *([str(seed)] if seeded else []), moment], env)
            for seed in range(PROCESSES)
        ]
        return [finish(one) for one in several]  # none met an error

    got_in = [each for told in at_once("strangers", made["many"], seeded=True) for each in told]
    assert (sum(got_in), len(got_in)) == (PLACES, PROCESSES * TRIES)
    assert len(set(at_once("windows", made["one"]))) == 1
    accounts = at_once("workers", made["study"])
    assert accounts[0] == accounts[1] == accounts[2]
    assert len(set(accounts[0])) == WORKERS

    found = finish(start(["-c", CHECK], env))
    assert found["uses"] == [[1, 1], [PLACES, PLACES]]
    assert (found["new"], found["ana"]) == (PLACES, 1)
    assert found["study"] == found["participants"] == WORKERS
    assert found["members"] == PLACES + 1 + WORKERS
    assert found["audit"].count("accept_invitation") == PLACES + 1
    assert found["audit"].count("enter_study") == WORKERS


@pytest.mark.slow
def test_nobody_joins_twice_and_no_link_is_used_too_often_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'joining.sqlite3'}"
    assert_nobody_joins_twice_and_no_link_is_used_too_often(url, tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_nobody_joins_twice_and_no_link_is_used_too_often_on_postgresql(
    tmp_path: Path, postgresql_url: str
) -> None:
    with database_of_its_own(postgresql_url, "annotation_joining") as url:
        assert_nobody_joins_twice_and_no_link_is_used_too_often(url, tmp_path)
