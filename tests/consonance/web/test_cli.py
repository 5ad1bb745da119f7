"""The command line as a person meets it: its words, its data folder, its refusals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.management import get_commands

from consonance.errors import ParameterError
from consonance.web.cli import choose_data_folder, main, overview


@pytest.fixture(autouse=True)
def _environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSONANCE_DATA", os.environ.get("CONSONANCE_DATA", "unset"))


@pytest.mark.parametrize("words", [["--data", "{}", "serve"], ["serve", "--data={}", "--port=1"]])
def test_the_data_folder_is_taken_out_of_the_words_wherever_it_stands(
    words: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "of another"
    kept = choose_data_folder([word.format(folder) for word in words])
    assert kept == [word for word in words if "{}" not in word and word != "--data"]
    assert os.environ["CONSONANCE_DATA"] == str(folder)


def test_a_relative_data_folder_is_made_absolute_before_anybody_changes_folders() -> None:
    choose_data_folder(["score", "--data", "here"])
    assert os.environ["CONSONANCE_DATA"] == str(Path.cwd() / "here")


@pytest.mark.parametrize("words", [["--data"], ["--data="], ["--data", "--json"]])
def test_a_data_option_without_a_folder_is_refused(words: list[str]) -> None:
    with pytest.raises(ParameterError, match="--data needs a folder"):
        choose_data_folder(["score", *words])


def test_an_unknown_word_is_refused_with_the_nearest_known_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["agregate"]) == 2
    assert capsys.readouterr().err == (
        "There is no word 'agregate'. Did you mean aggregate? ./consonance help lists them all.\n"
    )


def test_a_word_unlike_any_is_refused_without_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "xyzzy"]) == 2
    assert "Did you mean" not in capsys.readouterr().err


def test_help_tells_our_words_first_and_forgets_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    told = capsys.readouterr().out
    assert told == overview()
    ours, theirs = told.split("Django's and its libraries'")
    assert "aggregate" in ours
    assert "migrate" in theirs
    assert set(get_commands()) <= set(told.split())
    assert max(map(len, told.splitlines())) < 100
