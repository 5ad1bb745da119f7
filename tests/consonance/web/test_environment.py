"""Settings read from the environment: what is taken, and how what will not do is refused."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from consonance.web import environment as env

ROOT = Path(__file__).resolve().parents[3]
NAME = "CONSONANCE_SOMETHING"


def test_an_unset_variable_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert env.text(NAME, "none") == "none"
    assert env.flag(NAME, default=True) is True
    assert env.number(NAME, 7) == 7
    assert env.words(NAME, "a, b") == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        *((word, True) for word in ("1", "TRUE", " yes ", "on")),
        *((word, False) for word in ("0", "No", "off", "", "false")),
    ],
)
def test_a_flag_is_said_in_several_ways(
    monkeypatch: pytest.MonkeyPatch, raw: str, value: bool
) -> None:
    monkeypatch.setenv(NAME, raw)
    assert env.flag(NAME, default=not value) is value


@pytest.mark.parametrize("raw", ["2", "y", "ja", "enable"])
def test_a_word_that_is_no_flag_is_never_taken_for_no(
    monkeypatch: pytest.MonkeyPatch, raw: str
) -> None:
    monkeypatch.setenv(NAME, raw)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is '{raw}': use 1 or 0"):
        env.flag(NAME)


def test_a_number_is_whole_and_an_empty_one_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAME, " 12 ")
    assert env.number(NAME, 1) == 12
    monkeypatch.setenv(NAME, "  ")
    assert env.number(NAME, 1) == 1
    monkeypatch.setenv(NAME, "1.5")
    with pytest.raises(ImproperlyConfigured, match="use a whole number"):
        env.number(NAME, 1)


def test_a_list_leaves_empty_words_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " example.org ,, www.example.org,")
    assert env.words(NAME, "") == ["example.org", "www.example.org"]


class TestSecretKey:
    @pytest.fixture(autouse=True)
    def _unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CONSONANCE_SECRET_KEY", raising=False)

    def test_a_local_installation_makes_one_once_for_its_owner_only(self, tmp_path: Path) -> None:
        data = tmp_path / "new" / "data"
        first = env.secret_key(data, production=False)
        assert len(first) >= 50
        assert env.secret_key(data, production=False) == first
        assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600

    def test_two_installations_have_different_keys(self, tmp_path: Path) -> None:
        keys = {env.secret_key(tmp_path / name, production=False) for name in "ab"}
        assert len(keys) == 2

    def test_production_without_a_key_is_refused_and_makes_none(self, tmp_path: Path) -> None:
        with pytest.raises(ImproperlyConfigured, match="CONSONANCE_SECRET_KEY is not set"):
            env.secret_key(tmp_path, production=True)
        assert list(tmp_path.iterdir()) == []

    def test_production_refuses_a_short_key_that_a_laptop_may_use(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CONSONANCE_SECRET_KEY", "short")
        assert env.secret_key(tmp_path, production=False) == "short"
        with pytest.raises(ImproperlyConfigured, match="50 characters or more"):
            env.secret_key(tmp_path, production=True)


def test_production_names_its_hosts_and_a_laptop_need_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONSONANCE_HOSTS", raising=False)
    assert "localhost" in env.hosts(production=False)
    for empty in (None, "", " , "):
        if empty is not None:
            monkeypatch.setenv("CONSONANCE_HOSTS", empty)
        with pytest.raises(ImproperlyConfigured, match="CONSONANCE_HOSTS is not set"):
            env.hosts(production=True)
    monkeypatch.setenv("CONSONANCE_HOSTS", "a.example,b.example")
    assert env.hosts(production=True) == ["a.example", "b.example"]


class TestDatabase:
    def test_without_an_address_it_is_sqlite_in_the_data_folder(self, tmp_path: Path) -> None:
        found = env.database("", tmp_path)
        assert found["ENGINE"] == "django.db.backends.sqlite3"
        assert found["NAME"] == str(tmp_path / "consonance.sqlite3")
        assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("sqlite:///here.sqlite3", "here.sqlite3"),
            ("sqlite:////var/lib/there.sqlite3", "/var/lib/there.sqlite3"),
            ("sqlite:///with%20space.sqlite3", "with space.sqlite3"),
        ],
    )
    def test_sqlite_paths_are_relative_or_absolute(
        self, tmp_path: Path, url: str, name: str
    ) -> None:
        assert env.database(url, tmp_path)["NAME"] == name

    def test_postgresql_with_an_escaped_password(self, tmp_path: Path) -> None:
        found = env.database("postgresql://ann:p%40ss%2Fword@db.example:5433/music", tmp_path)
        assert found["ENGINE"] == "django.db.backends.postgresql"
        told = [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")]
        assert told == ["ann", "p@ss/word", "db.example", "5433", "music"]
        assert found["CONN_HEALTH_CHECKS"] is True

    def test_postgresql_over_a_socket(self, tmp_path: Path) -> None:
        found = env.database("postgres:///music?host=/run/postgresql", tmp_path)
        assert (found["HOST"], found["PORT"]) == ("/run/postgresql", "")

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("mysql://host/name", "starts with 'mysql'"),
            ("postgresql://host", "names no database"),
            ("sqlite://", "names no database"),
        ],
    )
    def test_other_addresses_are_refused(self, tmp_path: Path, url: str, words: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=words):
            env.database(url, tmp_path)


class TestMediaStorage:
    @pytest.mark.parametrize(
        ("url", "place"),
        [("", "{data}/media"), ("/srv/clips", "/srv/clips"), ("file:///srv/clips", "/srv/clips")],
    )
    def test_a_folder(self, tmp_path: Path, url: str, place: str) -> None:
        found = env.media_storage(url, tmp_path)
        assert found["BACKEND"] == "django.core.files.storage.FileSystemStorage"
        assert found["OPTIONS"]["location"] == place.format(data=tmp_path)
        assert found["OPTIONS"]["base_url"] is None, "clips are served after asking who listens"

    def test_a_bucket(self, tmp_path: Path) -> None:
        found = env.media_storage("s3://archive/clips/", tmp_path)
        assert found["BACKEND"] == "storages.backends.s3.S3Storage"
        assert (found["OPTIONS"]["bucket_name"], found["OPTIONS"]["location"]) == (
            "archive",
            "clips",
        )
        assert found["OPTIONS"]["default_acl"] is None, "never public by itself"

    def test_another_scheme_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ImproperlyConfigured, match="use a folder or s3"):
            env.media_storage("ftp://host/clips", tmp_path)


def test_every_variable_of_the_code_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.M)
    pattern = re.compile(r"[\"'](CONSONANCE_[A-Z_]+|DATABASE_URL|CELERY_BROKER_URL)[\"']")
    read: set[str] = set()
    for folder in ("platform", "candidates", "annotation", "splits", "launcher"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= set(pattern.findall(path.read_text(encoding="utf-8")))
    assert sorted(rows) == sorted(set(rows)), "a variable stands twice"
    # Written by Django itself for its settings, read by the tests' own fixtures.
    only_tests = {"CONSONANCE_TEST_DATA"}
    assert set(rows) == read | only_tests
