"""`make_mixtures` in a terminal."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from django.core.management import CommandError, call_command

from candidates.detector.clips import read_clips

RATE = 16_000
CLASSES = ("banjo", "flute", "organ", "voice", "guitar")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(
            ("file", "classes", "labels_complete", "source_repo", "source_path", "attribution")
        )
        for number in range(50):
            name = f"clip{number}.wav"
            sf.write(folder / name, rng.normal(0.0, 0.1, RATE // 2), RATE)
            complete = "no" if number == 49 else "yes"
            lines.writerow((name, CLASSES[number % 5], complete, "r", f"{number}x.wav", ""))
    return folder


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("make_mixtures", *words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_the_same_seed_makes_the_same_bytes(clips: Path, tmp_path: Path) -> None:
    words = ("--clips", str(clips), "--number", "8", "--duration", "2")
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        told = run(*words, "--out", str(tmp_path / name), "--seed", seed)
        assert told["mixtures"] == 8
    one, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "again", "other")
    )
    assert one == again
    assert one["labels.csv"] != other["labels.csv"]
    assert len(one) == 10


def test_what_is_written_reads_as_labelled_clips(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("--clips", str(clips), "--number", "5", "--duration", "2", "--out", str(out))
    found = read_clips(out)
    assert len(found) == 5
    for clip in found:
        assert 2 <= len(clip.classes) <= 4
        sound, rate = sf.read(clip.path)
        assert (sound.size, rate) == (64_000, 32_000)
        assert 0.8 < np.abs(sound).max() <= 0.9
    with (out / "labels.csv").open(encoding="utf-8") as file:
        assert "clip49.wav" not in file.read(), "its labels are incomplete"


def test_one_fold_gives_stems_of_that_fold_only(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = run(
        "--clips", str(clips), "--number", "6", "--duration", "1", "--fold", "2", "--out", str(out)
    )
    assert told["clips"] < 15
    with (out / "labels.csv").open(encoding="utf-8", newline="") as file:
        assert {row["fold"] for row in csv.DictReader(file)} == {"2"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--fold", "5"), "folds are 0 to 4"),
        (("--duration", "0"), "Mixtures last"),
        (("--stems", "4", "2"), "of one stem or more"),
        (("--folds", "90"), "cannot fill 90 folds"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    clips: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("make_mixtures", "--clips", str(clips), "--out", str(tmp_path / "x"), *words)


def test_a_folder_that_holds_something_is_left_alone(clips: Path) -> None:
    with pytest.raises(CommandError, match="is not empty"):
        call_command("make_mixtures", "--clips", str(clips), "--out", str(clips))
