"""Pages of questions are read off an index where they begin, on both databases."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.annotation.concurrency.test_crowd import environment, finish, start

pytestmark = pytest.mark.slow
INDEX = "question_of_campaign"


def plans_of(url: str, data: Path) -> list[str]:
    found = finish(start(["-m", "tests.annotation.api.plans"], environment(url, data)))
    assert len(found) == 4  # pages
    return ["\n".join(one["plan"]) for one in found]


def test_each_page_begins_where_the_one_before_ended_on_sqlite(tmp_path: Path) -> None:
    first, *others = plans_of(f"sqlite:///{tmp_path / 'plans.sqlite3'}", tmp_path)
    assert f"USING INDEX {INDEX} (campaign_id=?)" in first
    for plan in others:
        assert f"USING INDEX {INDEX} (campaign_id=? AND id" in plan, plan
    for plan in (first, *others):
        assert "TEMP B-TREE" not in plan, plan
        assert "SCAN" not in plan, plan


@pytest.mark.postgresql
def test_each_page_begins_where_the_one_before_ended_on_postgresql(
    tmp_path: Path, postgresql_url: str
) -> None:
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE question_plans")
        # As for solid-state disks: the default counts what a turning disk takes to find a page.
        connection.execute("ALTER DATABASE question_plans SET random_page_cost = 1.1")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/question_plans"))
    try:
        first, *others = plans_of(url, tmp_path)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE question_plans WITH (FORCE)")
    for plan in (first, *others):
        assert f"using {INDEX}" in plan or f"Backward using {INDEX}" in plan, plan
        assert "Seq Scan on annotation_question" not in plan, plan
        assert "Sort" not in plan, plan
    for plan in others:
        [condition] = [line for line in plan.splitlines() if f"{INDEX}" in line] and [
            line for line in plan.splitlines() if "Index Cond" in line and "campaign_id" in line
        ]
        assert "id >" in condition or "id <" in condition, plan
