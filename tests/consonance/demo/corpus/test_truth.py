from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pretty_midi
import pytest
import soundfile

from consonance.demo import corpus
from consonance.demo.corpus import truth
from consonance.demo.corpus.harmony import CHORD_TONES, PITCH_NAMES
from consonance.demo.corpus.recording import audio_path
from consonance.demo.corpus.timbres import INSTRUMENTS, PERCUSSION_KEYS
from consonance.errors import ParameterError, StateError

RELEASE_S = 6.0  # an undamped vibraphone or cymbal rings for seconds


@pytest.fixture(scope="session")
def known(small: corpus.CorpusSummary) -> pd.DataFrame:
    return truth.load(small.folder)


@pytest.fixture(scope="session")
def planted(small: corpus.CorpusSummary) -> pd.DataFrame:
    return pd.read_csv(small.truth / "planted.csv").set_index("kind")


def _table(rows: list[tuple[int, str, int, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(truth.SCHEMA.names))


def test_a_class_is_heard_only_while_its_notes_sound(
    small: corpus.CorpusSummary, known: pd.DataFrame
) -> None:
    files = sorted((small.truth / "midi").glob("*.mid"))
    assert len(files) == small.n_recordings + 3
    for path in files:
        played = {i.name: i.notes for i in pretty_midi.PrettyMIDI(str(path)).instruments}
        heard = known[known["track_no"] == int(path.stem)]
        assert set(heard["class_name"]) <= set(played)
        for row in heard.itertuples():
            assert any(
                note.start < row.end_ms / 1000 + 0.06 and note.end + RELEASE_S > row.start_ms / 1000
                for note in played[row.class_name]
            ), row


def test_notes_that_are_played_are_mostly_heard(
    small: corpus.CorpusSummary, known: pd.DataFrame, planted: pd.DataFrame
) -> None:
    cut = {planted.loc[kind, "track_id"] for kind in ("truncated", "too short")}
    shares = []
    for path in sorted((small.truth / "midi").glob("*.mid")):
        if int(path.stem) in cut:
            continue
        heard = known[known["track_no"] == int(path.stem)]
        for instrument in pretty_midi.PrettyMIDI(str(path)).instruments:
            own = heard[heard["class_name"] == instrument.name]
            onsets = np.array([note.start for note in instrument.notes]) * 1000 + 80
            inside = [((own["start_ms"] <= t) & (own["end_ms"] > t)).any() for t in onsets]
            shares.append(np.mean(inside))
    assert np.mean(shares) > 0.8


def test_drums_and_cymbals_are_told_apart_by_their_keys(small: corpus.CorpusSummary) -> None:
    keys: dict[str, set[int]] = {"drums": set(), "cymbals": set()}
    for path in (small.truth / "midi").glob("*.mid"):
        for instrument in pretty_midi.PrettyMIDI(str(path)).instruments:
            assert instrument.is_drum == (instrument.name in keys)
            if instrument.is_drum:
                keys[instrument.name] |= {note.pitch for note in instrument.notes}
    assert keys["drums"] <= PERCUSSION_KEYS["drums"]
    assert keys["cymbals"] <= PERCUSSION_KEYS["cymbals"]
    assert keys["drums"]
    assert keys["cymbals"]


def test_truth_ends_where_its_file_ends(
    small: corpus.CorpusSummary, known: pd.DataFrame, planted: pd.DataFrame
) -> None:
    truncated = planted.loc["truncated", "track_id"]
    for number, rows in known.groupby("track_no"):
        path = audio_path(small.archive, int(number))
        frames = (
            len(soundfile.read(path)[0]) if number == truncated else soundfile.info(path).frames
        )
        assert rows["end_ms"].max() <= frames / 44.1 + 50
        assert (rows["start_ms"] < rows["end_ms"]).all()
        assert (rows["level_db"] <= 6.0).all()


def test_files_without_sound_have_no_truth(known: pd.DataFrame, planted: pd.DataFrame) -> None:
    for kind in ("silent", "not audio", "row without file"):
        assert planted.loc[kind, "track_id"] not in set(known["track_no"])


def test_the_truth_of_a_copy_is_that_of_its_original_moved_by_what_was_cut(
    known: pd.DataFrame, planted: pd.DataFrame
) -> None:
    for row in planted.loc["duplicate"].itertuples():
        shift = 500 if "0.5 s" in row.what else 0
        original = truth.presence(known, int(row.of_track_id), 5_000 + shift, 10_000)
        assert truth.presence(known, row.track_id, 5_000, 10_000) == original


@pytest.mark.parametrize("kind", ["chords", "sections"])
def test_lab_files_cover_their_recording_without_gap_or_overlap(
    small: corpus.CorpusSummary, planted: pd.DataFrame, kind: str
) -> None:
    paths = sorted((small.truth / kind).glob("*.lab"))
    assert len(paths) == small.n_recordings + 6
    for path in paths:
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        times = [(float(start), float(end)) for start, end, _ in rows]
        assert times[0][0] == 0.0
        assert all(end > start for start, end in times)
        assert all(a[1] == b[0] for a, b in pairwise(times))
        if int(path.stem) != planted.loc["truncated", "track_id"]:
            duration = soundfile.info(audio_path(small.archive, int(path.stem))).duration
            assert times[-1][1] == pytest.approx(duration, abs=0.002)


def test_chord_labels_are_in_hartes_syntax(small: corpus.CorpusSummary) -> None:
    for path in (small.truth / "chords").glob("*.lab"):
        for line in path.read_text().splitlines():
            label = line.split("\t")[2]
            if label != "N":
                root, quality = label.split(":")
                assert root in PITCH_NAMES
                assert quality in CHORD_TONES


def test_ten_seconds_here_and_there_differ_in_their_instruments(
    small: corpus.CorpusSummary, known: pd.DataFrame, planted: pd.DataFrame
) -> None:
    differing = 0
    for number in set(known["track_no"]) - set(planted["track_id"]):
        end = int(known.loc[known["track_no"] == number, "end_ms"].max())
        casts = {
            tuple(truth.presence(known, number, start, 10_000).items())
            for start in range(0, end - 10_000, 3_840)
        }
        differing += len(casts) > 1
    assert differing >= small.n_recordings - 1


def test_presence_needs_half_a_second_in_all() -> None:
    table = _table([(1, "flute", 0, 300, -3.0), (1, "flute", 9_900, 10_150, -3.0)])
    assert not truth.presence(table, 1, 0, 10_000)["flute"]  # 300 + 100 ms
    assert truth.presence(table, 1, 0, 10_150)["flute"]  # 300 + 250 ms
    assert truth.presence(table, 1, 0, 10_000, min_ms=400)["flute"]


def test_presence_tells_of_every_class_in_the_taxonomy() -> None:
    told = truth.presence(_table([(1, "flute", 0, 9_000, -3.0)]), 1, 0, 10_000)
    assert set(told) == set(INSTRUMENTS)
    assert [name for name, there in told.items() if there] == ["flute"]


def test_a_soft_or_rare_class_is_harder_than_a_loud_one() -> None:
    table = _table(
        [
            (1, "flute", 0, 10_000, -1.0),
            (1, "cello", 0, 10_000, -20.0),
            (1, "voice", 0, 1_000, -1.0),
        ]
    )
    hard = truth.difficulty(table, 1, 0, 10_000)
    assert hard["flute"] < hard["voice"] < 1.0
    assert hard["flute"] < hard["cello"] < 1.0
    assert hard["violin"] > hard["banjo"]  # a cello plays, and nothing like a banjo
    assert all(0.0 <= value <= 1.0 for value in hard.values())


def test_an_unknown_track_is_an_error_and_not_silence(known: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="track 999999"):
        truth.presence(known, 999_999, 0, 10_000)


def test_a_folder_without_truth_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="make_demo_corpus"):
        truth.load(tmp_path)
