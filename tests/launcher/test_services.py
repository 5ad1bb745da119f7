"""The throw-away servers that other tests use."""

from __future__ import annotations

import psycopg
import pytest
import redis


@pytest.mark.postgresql
def test_a_throw_away_postgresql_takes_a_table_and_a_row(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE sound (name text)")
        connection.execute("INSERT INTO sound VALUES (%s)", ["celesta ☼"])
        rows = connection.execute("SELECT name FROM sound").fetchall()
        connection.execute("DROP TABLE sound")
    assert rows == [("celesta ☼",)]


@pytest.mark.postgresql
def test_a_throw_away_postgresql_lets_databases_be_made(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_of_its_own")
        connection.execute("DROP DATABASE test_of_its_own")


@pytest.mark.redis
def test_a_throw_away_redis_keeps_a_value(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("instrument", "theremin")
        assert client.get("instrument") == b"theremin"
