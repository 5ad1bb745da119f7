"""`score`, `draw_round` and `fetch_models` in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from candidates.models import SamplingRound, ScoreSet
from consonance.catalog.models import Collection
from tests.factories import CollectionFactory

ROOT = Path(__file__).resolve().parents[3]
SCORE = ("score", "--collection", "tones", "--detector", "default", "--processes", "1")
DRAW = ("draw_round", "--collection", "tones", "--per-class", "2", "--processes", "1")


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*words)
    return caught.value


@pytest.mark.django_db
def test_scores_then_draws_and_is_safe_to_run_twice(
    collection: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    scored = run(*SCORE)
    assert scored["excerpts"] == ScoreSet.objects.get().excerpts
    assert run(*SCORE)["sha256"] == scored["sha256"]
    drawn = run(*DRAW, "--classes", "banjo, organ")
    assert drawn["round"] == str(SamplingRound.objects.get().pk)
    assert run(*DRAW, "--classes", "banjo,organ")["round"] == drawn["round"]
    captured = capsys.readouterr()
    assert captured.out == "", "progress goes to stderr"
    assert "tracks" in captured.err


@pytest.mark.django_db
def test_suggests_a_first_round_and_draws_it(collection: Collection) -> None:
    run(*SCORE)
    words = ("suggest_round", "--collection", "tones", "--questions", "6", "--labels", "3")
    told = run(*words, "--positives", "1", "--draw")
    assert not told["is_calibrated"]
    drawn = SamplingRound.objects.get()
    assert drawn.recipe["by_class"] == told["recipe"]["by_class"]
    assert told["drawn"]["candidates"] == drawn.candidates.count() > 0
    assert refused(*words, "--coverage", "0").returncode == 2
    assert "no complete scores" in str(refused("suggest_round", "--collection", _bare()))


def _bare() -> str:
    return str(CollectionFactory().slug)


@pytest.mark.django_db
def test_without_json_it_is_one_sentence(collection: Collection) -> None:
    out = StringIO()
    call_command(*SCORE, stdout=out)
    [line] = out.getvalue().splitlines()
    assert line.startswith("Scored 10 excerpts of 5 tracks with default ")


@pytest.mark.django_db
class TestBadInput:
    def test_an_unknown_collection_is_answered_with_those_there_are(self) -> None:
        CollectionFactory(slug="attic")
        for command in ("score", "draw_round"):
            error = refused(command, "--collection", "cellar")
            assert error.returncode == 2
            assert str(error) == "No collection is called 'cellar'. There are: attic."

    def test_an_archive_that_is_not_scored_cannot_be_drawn_from(self) -> None:
        CollectionFactory(slug="attic", name="The Attic")
        error = refused("draw_round", "--collection", "attic")
        assert error.returncode == 3
        assert "Run ./consonance score --collection attic first." in str(error)

    def test_an_archive_without_tracks_cannot_be_scored(self) -> None:
        CollectionFactory(slug="attic")
        assert refused("score", "--collection", "attic").returncode == 3

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--classes", "theremin"), "Not scored: theremin"),
            (("--per-class", "0"), "1 or more"),
            (("--low", "0.9", "--high", "0.1"), "0.9"),
            (("--share-high", "2"), "2"),
        ],
    )
    def test_a_recipe_that_makes_no_sense(
        self, score_set: ScoreSet, words: tuple[str, ...], sentence: str
    ) -> None:
        error = refused(*DRAW, *words)
        assert error.returncode == 2
        assert sentence in str(error)


class TestFetchModels:
    def test_lists_what_is_known_without_fetching(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("CONSONANCE_MODELS", "")
        told = run("fetch_models")
        assert told["fetched"] == {}
        by_name = {entry["file"]: entry for entry in told["files"]}
        assert by_name["mn04_as_mAP_432.pt"]["path"] is None
        assert all(len(entry["sha256"]) == 64 for entry in told["files"])

    def test_a_file_whose_hash_is_not_known_is_not_fetched(self) -> None:
        error = refused("fetch_models", "other.pt")
        assert error.returncode == 2
        assert "Not in the list of known weights: other.pt" in str(error)


@pytest.mark.parametrize("command", ["score", "draw_round", "suggest_round", "fetch_models"])
def test_help_says_what_it_does_and_gives_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        call_command(command, "--help")
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"usage: ./consonance {command}" in told
    assert f"Example: ./consonance {command}" in told
    assert "--json" in told


class TestInAShell:
    def shell(self, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CONSONANCE_DATA": str(tmp_path / "data"), "DATABASE_URL": ""}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def test_an_error_is_one_sentence_on_stderr_even_in_an_empty_data_folder(
        self, tmp_path: Path
    ) -> None:
        done = self.shell(tmp_path, "score", "--collection", "attic")
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr == "No collection is called 'attic'. There are: none yet.\n"

    def test_a_word_it_does_not_know_is_a_usage_error(self, tmp_path: Path) -> None:
        done = self.shell(tmp_path, "score", "--colection", "attic")
        assert done.returncode == 2
        assert "--collection" in done.stderr
        assert "Traceback" not in done.stderr
