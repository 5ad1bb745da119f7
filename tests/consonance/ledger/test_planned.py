"""PostgreSQL keeps the plans of what is asked often; what comes back stays what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.annotation.concurrency.databases import database_of_its_own
from tests.annotation.concurrency.test_crowd import environment, finish, start

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]


def asked(server: str, data: Path, words: str = "") -> dict[str, Any]:
    with database_of_its_own(server, "kept_plans") as url:
        env = environment(url + words, data)
        found: dict[str, Any] = finish(start(["-m", "tests.consonance.ledger.plans"], env))
    for ours, theirs in found["asked"]:
        assert ours == theirs
    assert [len(ours) for ours, _ in found["asked"]] == [1, 1, 2, 0, 0]
    assert found["changed"] == [2, 2, 2]
    return found


def test_a_connection_keeps_a_plan_a_statement(tmp_path: Path, postgresql_url: str) -> None:
    found = asked(postgresql_url, tmp_path)
    ours = [one for one in found["kept"] if "people_membership" in one]
    # Lists of one, two and four; a list of three is one of four.
    assert len([one for one in ours if one.startswith("SELECT")]) == 3
    assert len([one for one in ours if one.startswith("UPDATE")]) == 1
    assert found["mode"] == "force_generic_plan"
    for one in ours:
        if one.startswith("SELECT"):
            assert "'%% ana'" not in one  # as the server has it, a sign stands once
            assert "% ana'" in one
            assert "'collection'" in one  # a constant, which a plan may rest on
            assert "LIMIT 5" in one


def test_no_plan_is_kept_where_a_pooler_forbids_it(tmp_path: Path, postgresql_url: str) -> None:
    found = asked(postgresql_url, tmp_path, "?plans=none")
    assert found["kept"] == []
    assert found["mode"] == "auto"
