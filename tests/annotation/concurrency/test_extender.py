"""Questions get more places while many processes claim and answer them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.annotation.concurrency.databases import database_of_its_own
from tests.annotation.concurrency.extender import STEPS
from tests.annotation.concurrency.test_crowd import CHECK, crowd, environment, finish, start

QUESTIONS, PEOPLE, WORKERS = 16, 8, 3


def test_places_add_up_while_a_campaign_is_extended_on_sqlite(tmp_path: Path) -> None:
    assert_places_add_up_however_many_answer(f"sqlite:///{tmp_path / 'db.sqlite3'}", tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_places_add_up_while_a_campaign_is_extended_on_postgresql(
    tmp_path: Path, postgresql_url: str
) -> None:
    with database_of_its_own(postgresql_url, "annotation_extender") as url:
        assert_places_add_up_however_many_answer(url, tmp_path)


def assert_places_add_up_however_many_answer(url: str, data: Path) -> None:
    env = environment(url, data)
    campaign = finish(start(crowd("prepare", QUESTIONS, PEOPLE), env))
    workers = [start(crowd("work", campaign, seed), env) for seed in range(WORKERS)]
    extender = start(["-m", "tests.annotation.concurrency.extender", str(campaign)], env)
    raised = finish(extender)
    for worker in workers:
        finish(worker)  # none met an error
    found = finish(start(["-c", CHECK], env))
    assert isinstance(raised, list)
    assert len(raised) == len(STEPS)
    assert sum(raised) > 0
    held = Counter(
        row["question_id"]
        for row in found["leases"]
        if row["state"] == "leased" and row["occasion"] == 0
    )
    in_time = Counter(
        row["question_id"]
        for row in found["ratings"]
        if not (row["is_late"] or row["is_withdrawn"] or row["occasion"])
    )
    for question in found["questions"]:
        name = question["id"]
        assert question["answered"] == in_time[name]
        assert question["free"] == question["wanted"] - in_time[name] - held[name]
        assert question["wanted"] <= STEPS[-1][1]
        if question["state"] == "open":
            assert question["wanted"] >= STEPS[-1][0]
    pairs = Counter(
        (row["question_id"], row["person_id"], row["occasion"]) for row in found["leases"]
    )
    assert set(pairs.values()) == {1}
