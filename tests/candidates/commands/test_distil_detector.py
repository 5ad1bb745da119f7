"""`distil_detector` in a terminal, on one real track."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from candidates.detector import taxonomy
from candidates.detector.student import Student


@pytest.mark.realdata
def test_from_one_track_and_a_few_renders_comes_a_detector(test_data: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    track = sorted((test_data / "music" / "fma_mini").rglob("*.mp3"))[0]
    shutil.copy(track, music / "one.mp3")
    (music / "broken.mp3").write_bytes(b"no music")
    out, path = StringIO(), tmp_path / "mine.npz"
    call_command(
        "distil_detector", "--music", str(music), "--without", "broken", "--out", str(path),
        "--models", str(test_data / "yamnet"), "--scale", "0.002", "--epochs", "1", "1", "--json",
        stdout=out,
    )  # fmt: skip
    told = json.loads(out.getvalue())
    detector = Student.load(taxonomy.read("openmic20"), path=path)
    assert detector.provenance["weights_sha256"] == told["weights_sha256"]
    assert detector.provenance["data"]["recordings"] == 1
    assert detector.provenance["data"]["seconds"] == [10.0, 3.0, 1.5]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "x.pt"), "an .npz file"),
        (("--out", "x.npz", "--epochs", "0", "1"), "above 0"),
        (("--out", "x.npz"), "no MP3 file"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("distil_detector", "--music", str(tmp_path), *words)
