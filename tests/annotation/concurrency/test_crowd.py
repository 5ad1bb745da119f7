"""Many processes claim and answer at once; afterwards every promise must have been kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

ROOT = Path(__file__).resolve().parents[3]
QUESTIONS, PEOPLE, WORKERS = 30, 8, 5
CHECK = """
import json, django
django.setup()
from annotation.models import Assignment, ClassTally, Question, Rating, Workload
print(json.dumps({
    "questions": list(Question.objects.values("id", "state", "free", "wanted", "answered",
        "log_odds", "prior_log_odds", "is_gold", "target_id")),
    "leases": list(Assignment.objects.values("question_id", "person_id", "occasion", "state")),
    "ratings": list(Rating.objects.values(
        "key", "question_id", "person_id", "occasion", "is_late", "is_withdrawn", "weight")),
    "workloads": list(Workload.objects.values("person_id", "answered", "answered_gold")),
    "tallies": list(ClassTally.objects.values("target_id", "decided", "positives")),
}, default=str))
"""


def environment(url: str, data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "CONSONANCE_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
    }


def start(words: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> object:
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return json.loads(out.splitlines()[-1])


def crowd(*words: object) -> list[str]:
    return ["-m", "tests.annotation.concurrency.crowd", *map(str, words)]


def assert_counters_add_up(found: dict) -> None:
    gold = {row["id"] for row in found["questions"] if row["is_gold"]}
    in_force = [row for row in found["ratings"] if not row["is_withdrawn"]]
    answered = Counter(row["person_id"] for row in in_force)
    planted = Counter(
        row["person_id"] for row in in_force if row["occasion"] or row["question_id"] in gold
    )
    for work in found["workloads"]:
        person = work["person_id"]
        assert (work["answered"], work["answered_gold"]) == (answered[person], planted[person])
    assert set(answered) <= {work["person_id"] for work in found["workloads"]}
    decided = [row for row in found["questions"] if row["state"] == "decided"]
    labels = Counter(row["target_id"] for row in decided)
    positives = Counter(row["target_id"] for row in decided if row["log_odds"] > 0)
    told = {row["target_id"]: (row["decided"], row["positives"]) for row in found["tallies"]}
    assert told == {name: (labels[name], positives[name]) for name in told}
    assert set(labels) <= set(told)


def assert_every_promise_is_kept(url: str, data: Path, *extra: str) -> None:
    env = environment(url, data)
    questions = QUESTIONS // 3 if extra else QUESTIONS
    campaign = finish(start(crowd("prepare", questions, PEOPLE, *extra), env))
    workers = [start(crowd("work", campaign, seed), env) for seed in range(WORKERS)]
    told = [finish(worker) for worker in workers]  # no worker met an error
    found = finish(start(["-c", CHECK], env))
    ratings, leases = found["ratings"], found["leases"]

    # Nothing is lost and nothing is made up: what was acknowledged is there, once.
    kept = [key for worker in told for key in worker["kept"]]
    undone = [key for worker in told for key in worker["undone"]]
    assert Counter(row["key"] for row in ratings) == Counter(kept + undone)
    assert {row["key"] for row in ratings if row["is_withdrawn"]} == set(undone)

    # Nobody had or answered a question twice, but for planted repeats: once at most.
    in_force = [row for row in ratings if not row["is_withdrawn"]]
    for rows in (leases, in_force):
        had = Counter((row["question_id"], row["person_id"], row["occasion"]) for row in rows)
        assert max(had.values()) == 1
        assert {occasion for _, _, occasion in had} == {0, 1}
    assert all(row["weight"] == 0 for row in ratings if row["occasion"])
    leases = [row for row in leases if not row["occasion"]]
    in_force = [row for row in in_force if not row["occasion"]]

    # No question has more live leases and answers than it wants.
    held = Counter(row["question_id"] for row in leases if row["state"] == "leased")
    in_time = Counter(row["question_id"] for row in in_force if not row["is_late"])
    assert_counters_add_up(found)
    for question in found["questions"]:
        number = question["id"]
        assert question["answered"] == in_time[number]
        assert question["free"] + held[number] + in_time[number] == question["wanted"]
        assert question["free"] >= 0
        assert question["wanted"] <= 4 or question["is_gold"]
        # Its posterior is the sum of the answers in force.
        weights = [row["weight"] for row in in_force if row["question_id"] == number]
        posterior = question["prior_log_odds"] + sum(weights)
        assert question["log_odds"] == pytest.approx(posterior, abs=1e-9)

    # And it was a crowd: windows raced, a lease ran out, answers came twice and were undone.
    statuses = sum((Counter(worker["statuses"]) for worker in told), Counter())
    assert statuses["already_stored"] > 0
    assert undone
    assert any(row["state"] == "expired" for row in leases)
    assert len(kept) > 2 * questions
    if extra:
        assert {row["question_id"] for row in leases} & {
            row["id"] for row in found["questions"] if row["is_gold"]
        }
    assert sum(worker["repeated"] for worker in told) > 0


#: One class without gold; and classes, clip passes, gold and quotas at once.
KINDS = ([], ["everything"])


@pytest.mark.slow
@pytest.mark.parametrize("extra", KINDS, ids=["plain", "everything"])
def test_a_crowd_of_processes_is_served_exactly_on_sqlite(tmp_path, extra):
    url = f"sqlite:///{tmp_path / 'crowd.sqlite3'}"
    assert_every_promise_is_kept(url, tmp_path, *extra)


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("extra", KINDS, ids=["plain", "everything"])
def test_a_crowd_of_processes_is_served_exactly_on_postgresql(tmp_path, postgresql_url, extra):
    import psycopg

    # A database of our own: others use the session's too.
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE annotation_crowd")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/annotation_crowd"))
    try:
        assert_every_promise_is_kept(url, tmp_path, *extra)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE annotation_crowd WITH (FORCE)")
