"""The small corpus as an importer sees it, and its planted faults against its own list."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from consonance.audio.inspect import inspect
from consonance.demo import corpus
from consonance.demo.corpus.metadata import RAW_COLUMNS
from consonance.demo.corpus.recording import audio_path


@pytest.fixture(scope="session")
def tracks(small: corpus.CorpusSummary) -> pd.DataFrame:
    """Read with the call in FMA's own utils.py."""
    return pd.read_csv(small.archive / "tracks.csv", index_col=0, header=[0, 1])


@pytest.fixture(scope="session")
def raw(small: corpus.CorpusSummary) -> pd.DataFrame:
    return pd.read_csv(small.archive / "raw_tracks.csv", keep_default_na=False)


@pytest.fixture(scope="session")
def planted(small: corpus.CorpusSummary) -> pd.DataFrame:
    return pd.read_csv(small.truth / "planted.csv").set_index("kind")


def _read(small: corpus.CorpusSummary, track_no: int) -> np.ndarray:
    """Decode until nothing comes (`blocks` would believe the header of a truncated file)."""
    blocks = []
    with soundfile.SoundFile(audio_path(small.archive, track_no)) as file:
        while len(block := file.read(65_536, dtype="float32", always_2d=True)):
            blocks.append(block)
    return np.concatenate(blocks)


def test_tracks_csv_reads_as_fmas_does(small: corpus.CorpusSummary, tracks: pd.DataFrame) -> None:
    assert tracks.shape == (small.n_recordings + small.planted - 1, 52)
    assert tracks.index.name == "track_id"
    assert tracks.index.is_unique
    for column in [("track", "genres"), ("track", "tags"), ("album", "tags")]:
        assert all(isinstance(ast.literal_eval(cell), list) for cell in tracks[column])
    for column in [("track", "date_created"), ("album", "date_released")]:
        assert pd.to_datetime(tracks[column]).notna().all()
    assert set(tracks["set", "split"]) <= {"training", "validation", "test"}


def test_tracks_csv_has_the_same_columns_as_the_real_one(
    small: corpus.CorpusSummary, test_data: Path
) -> None:
    real = pd.read_csv(
        test_data / "fma" / "tracks.excerpt.csv.gz", index_col=0, header=[0, 1], nrows=3
    )
    ours = pd.read_csv(small.archive / "tracks.csv", index_col=0, header=[0, 1], nrows=3)
    assert list(ours.columns) == list(real.columns)


def test_raw_tracks_csv_tells_the_same_of_each_track(
    raw: pd.DataFrame, tracks: pd.DataFrame
) -> None:
    assert tuple(raw.columns) == RAW_COLUMNS
    assert len(RAW_COLUMNS) == 39
    by_id = raw.set_index("track_id")
    assert list(by_id.index) == list(tracks.index)
    assert list(by_id["track_title"]) == list(tracks["track", "title"])
    assert list(by_id["license_title"]) == list(tracks["track", "license"])
    assert all(
        [g["genre_title"]] == [top]
        for cell, top in zip(by_id["track_genres"], tracks["track", "genre_top"], strict=True)
        for g in ast.literal_eval(cell)
    )
    minutes = by_id["track_duration"].str.split(":")
    seconds = minutes.str[0].astype(int) * 60 + minutes.str[1].astype(int)
    assert list(seconds) == list(tracks["track", "duration"])


def test_every_licence_with_an_address_is_a_creative_commons_one(raw: pd.DataFrame) -> None:
    known = raw[raw["license_url"] != ""]
    assert known["license_url"].str.startswith("https://creativecommons.org/").all()
    unknown = raw[raw["license_url"] == ""]
    assert list(unknown["license_title"]) == ["Ask the artist first"]


def test_some_track_is_marked_explicit(raw: pd.DataFrame) -> None:
    assert (raw["track_explicit"] == "Radio-Unsafe").sum() == 1


def test_files_lie_where_raw_tracks_csv_says(
    small: corpus.CorpusSummary, raw: pd.DataFrame, planted: pd.DataFrame
) -> None:
    missing = [
        row.track_id for row in raw.itertuples() if not (small.archive / row.track_file).is_file()
    ]
    assert missing == [planted.loc["row without file", "track_id"]]
    named = {small.archive / name for name in raw["track_file"]}
    extra = set((small.archive / "audio").rglob("*.mp3")) - named
    assert extra == {audio_path(small.archive, planted.loc["file without row", "track_id"])}


def test_the_archive_tells_nothing_of_the_truth(small: corpus.CorpusSummary) -> None:
    names = {path.name for path in small.archive.rglob("*") if path.suffix != ".mp3"}
    assert names - {"audio"} - {f"{k:03d}" for k in range(10)} == {
        "tracks.csv",
        "raw_tracks.csv",
        "genres.csv",
    }


def test_recordings_are_stereo_mp3_at_44_100_hz_and_as_long_as_their_row_says(
    small: corpus.CorpusSummary, tracks: pd.DataFrame, planted: pd.DataFrame
) -> None:
    sound = [number for number in tracks.index if number not in set(planted["track_id"])]
    assert len(sound) == small.n_recordings
    for number in sound:
        info = soundfile.info(audio_path(small.archive, number))
        assert (info.format, info.samplerate, info.channels) == ("MP3", 44_100, 2)
        assert abs(info.duration - tracks.loc[number, ("track", "duration")]) <= 0.51
        assert 30.0 <= info.duration <= 60.0
        audio = _read(small, number)
        assert len(audio) == info.frames
        assert 0.2 < np.abs(audio).max() <= 1.05
        assert not np.array_equal(audio[:, 0], audio[:, 1])


def test_the_planted_list_has_every_kind(planted: pd.DataFrame) -> None:
    assert sorted(planted.index) == sorted(
        ["duplicate"] * 3
        + ["truncated", "silent", "not audio", "too short"]
        + ["row without file", "file without row"]
    )


def test_duplicates_are_the_recordings_they_are_listed_as(
    small: corpus.CorpusSummary, tracks: pd.DataFrame, planted: pd.DataFrame
) -> None:
    for row in planted.loc["duplicate"].itertuples():
        copy, original = _read(small, row.track_id), _read(small, int(row.of_track_id))
        offset = 22_050 if "0.5 s" in row.what else 0
        assert len(copy) == len(original) - offset
        correlation = np.corrcoef(copy[:, 0], original[offset:, 0])[0, 1]
        assert correlation > 0.97, row.what
        softer = 20 * np.log10(copy.std() / original[offset:].std())
        # A low bitrate loses the treble, half a decibel of all the power.
        assert softer == pytest.approx(-5.0 if "softer" in row.what else 0.0, abs=0.7)
        path, other = (audio_path(small.archive, n) for n in (row.track_id, int(row.of_track_id)))
        assert path.read_bytes() != other.read_bytes()
        for column in [("artist", "name"), ("track", "title")]:
            assert tracks.loc[row.track_id, column] != tracks.loc[int(row.of_track_id), column]


def test_the_truncated_file_still_announces_its_full_length(
    small: corpus.CorpusSummary, tracks: pd.DataFrame, planted: pd.DataFrame
) -> None:
    number = planted.loc["truncated", "track_id"]
    announced = soundfile.info(audio_path(small.archive, number)).frames
    assert round(announced / 44_100) == tracks.loc[number, ("track", "duration")]
    assert len(_read(small, number)) < 0.6 * announced


def test_the_silent_file_is_silent_and_the_short_one_short(
    small: corpus.CorpusSummary, planted: pd.DataFrame
) -> None:
    silence = _read(small, planted.loc["silent", "track_id"])
    assert len(silence) == 30 * 44_100
    assert not silence.any()
    assert len(_read(small, planted.loc["too short", "track_id"])) == 5 * 44_100


def test_the_file_that_is_no_audio_does_not_decode(
    small: corpus.CorpusSummary, planted: pd.DataFrame
) -> None:
    path = audio_path(small.archive, planted.loc["not audio", "track_id"])
    assert path.read_bytes().startswith(b"<!DOCTYPE html>")
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(path)


def test_the_inspection_of_the_import_finds_each_fault_for_its_reason(
    small: corpus.CorpusSummary, planted: pd.DataFrame
) -> None:
    codes = {path.stem: inspect(path).codes for path in (small.archive / "audio").rglob("*.mp3")}
    expected = {
        "truncated": "wrong_duration",
        "silent": "silent",
        "not audio": "not_audio",
        "too short": "too_short",
    }
    bad = {f"{planted.loc[kind, 'track_id']:06d}": (code,) for kind, code in expected.items()}
    assert {name: found for name, found in codes.items() if found} == bad


def test_genres_csv_counts_the_rows(small: corpus.CorpusSummary, tracks: pd.DataFrame) -> None:
    with (small.archive / "genres.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["#tracks"]) for row in rows) == len(tracks)
    assert {row["genre_id"] for row in rows} >= {
        str(g) for cell in tracks["track", "genres"] for g in ast.literal_eval(cell)
    }
