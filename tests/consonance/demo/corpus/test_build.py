from __future__ import annotations

import json
from pathlib import Path

import pytest

from consonance.demo import corpus
from consonance.demo.corpus import build
from consonance.demo.corpus.soundfont import locate
from consonance.errors import ParameterError, StateError

SMALL = {"seed": 7, "n_recordings": 4, "n_artists": 3}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_however_many_processes_render(
    small: corpus.CorpusSummary, tmp_path: Path
) -> None:
    again = corpus.make(tmp_path / "again", **SMALL, render_processes=1)
    first, second = _bytes(small.folder), _bytes(again.folder)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_finished_corpus_of_the_same_recipe_is_kept(
    small: corpus.CorpusSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> dict[str, int]:
        raise AssertionError(f"rendered again: {args}")

    monkeypatch.setattr(build, "_build", never)
    again = corpus.make(small.folder, **SMALL)
    assert again.reused
    assert not small.reused
    assert again.as_json() | {"reused": False} == small.as_json()


def test_a_corpus_of_another_recipe_is_refused_and_left_alone(
    small: corpus.CorpusSummary,
) -> None:
    before = sorted(small.folder.rglob("*"))
    with pytest.raises(StateError, match="other seed"):
        corpus.make(small.folder, **(SMALL | {"seed": 8}))
    assert sorted(small.folder.rglob("*")) == before


@pytest.mark.parametrize("content", [None, "not json", "[]", '{"seed": 7}'])
def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8")
    if content is not None:
        (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(StateError, match="another folder"):
        corpus.make(tmp_path, **SMALL)
    assert (tmp_path / "holiday.jpg").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_text("")
    with pytest.raises(StateError, match="is a file"):
        corpus.make(tmp_path / "corpus", **SMALL)


def test_nothing_is_left_behind_when_it_is_interrupted(tmp_path: Path) -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.make(tmp_path / "corpus", **SMALL, progress=stop, render_processes=1)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_what_a_running_one_needs_is_not(
    tmp_path: Path,
) -> None:
    killed = tmp_path / ".corpus.partial-999999999-abc"
    running = tmp_path / ".corpus.partial-1-abc"
    killed.mkdir()
    running.mkdir()
    with build._workshop(tmp_path / "corpus") as work:
        assert work.is_dir()
        assert not killed.exists()
        assert running.exists()
    assert not work.exists()


def test_progress_counts_up_to_its_total(
    small: corpus.CorpusSummary, steps: list[tuple[int, int, str]]
) -> None:
    total = small.n_recordings + small.planted - 3  # the copies come with their originals
    assert [(done, of) for done, of, _ in steps] == [(k + 1, total) for k in range(total)]


def test_the_summary_counts_what_is_on_disk(small: corpus.CorpusSummary) -> None:
    files = list((small.archive / "audio").rglob("*.mp3"))
    assert small.n_files == len(files) == small.n_recordings + small.planted - 1
    assert small.audio_bytes == sum(path.stat().st_size for path in files)
    assert set(small.unreachable).isdisjoint(small.class_recordings)
    assert len(small.unreachable) + len(small.class_recordings) == 20
    json.dumps(small.as_json())


def test_the_recipe_names_the_soundfont_by_its_hash_and_the_libraries_by_version(
    small: corpus.CorpusSummary,
) -> None:
    recipe = json.loads((small.folder / "recipe.json").read_text())
    assert recipe["soundfont"]["sha256"] == locate().sha256
    assert {"numpy", "soundfile", "libsndfile", "tinysoundfont"} <= recipe["libraries"].keys()
    assert str(small.folder) not in (small.folder / "recipe.json").read_text()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_recordings": 2}, "at least 3"),
        ({"n_artists": 0}, "1 to 4 artists"),
        ({"n_artists": 5}, "1 to 4 artists"),
        ({"seed": -1}, "negative"),
        ({"render_processes": 0}, "at least 1"),
        ({"soundfont_path": "nowhere.sf2"}, "no SoundFont"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, int], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        corpus.make(tmp_path / "corpus", **(SMALL | wrong))
    assert list(tmp_path.iterdir()) == []
