"""A claim walks indexes in their order, on both databases: no scan, no sort of what is waiting."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.annotation.concurrency.test_crowd import environment, finish, start


def plans_of(url: str, data: Path) -> list[dict]:
    env = environment(url, data)
    return finish(start(["-m", "tests.annotation.allocation.plans"], env))


def arrivals(found: list[dict]) -> list[str]:
    """Return the plans that look whether anybody's lease has run out."""
    plans = ["\n".join(one["plan"]) for one in found if "leases_ran_out" in one["sql"]]
    assert plans
    return plans


def queue_plans(found: list[dict]) -> tuple[list[str], list[str]]:
    """Return the plans that read begun questions, and those that read new ones."""
    begun = ["\n".join(one["plan"]) for one in found if "q.answered > 0" in one["sql"]]
    new = ["\n".join(one["plan"]) for one in found if "q.answered = 0" in one["sql"]]
    assert begun
    assert new
    return begun, new


@pytest.mark.slow
def test_a_claim_walks_indexes_in_order_on_sqlite(tmp_path):
    found = plans_of(f"sqlite:///{tmp_path / 'plans.sqlite3'}", tmp_path)
    begun, new = queue_plans(found)
    for plans, index in ((begun, "question_begun"), (new, "question_new")):
        for plan in plans:
            assert f"USING INDEX {index} (campaign_id=?" in plan
            assert "TEMP B-TREE" not in plan, plan
    for plan in arrivals(found):
        assert "USING INDEX assignment_leased" in plan, plan
    for one in found:
        # The window that was just read, and the index of leases whose first entry is wanted.
        plan = "\n".join(one["plan"])
        for read in ("q", "same", "less", "a USING INDEX assignment_leased"):
            plan = plan.replace(f"SCAN {read}", "")
        assert "SCAN" not in plan, plan


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_claim_walks_indexes_in_order_on_postgresql(tmp_path, postgresql_url):
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE annotation_plans")
        # As for solid-state disks: the default counts what a turning disk takes to find a page.
        connection.execute("ALTER DATABASE annotation_plans SET random_page_cost = 1.1")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/annotation_plans"))
    try:
        found = plans_of(url, tmp_path)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE annotation_plans WITH (FORCE)")
    for plan in arrivals(found):
        assert "Index Only Scan using assignment_leased" in plan, plan
    begun, new = queue_plans(found)
    for plans, index in ((begun, "question_begun"), (new, "question_new")):
        for plan in plans:
            assert f"using {index}" in plan, plan
            assert "Seq Scan on annotation_question" not in plan, plan
            assert "Sort" not in plan, plan
