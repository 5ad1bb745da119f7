"""Scoring recordings one by one or by several processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from candidates.detector import load
from candidates.scoring.recordings import Recording
from candidates.scoring.shards import Failure, TrackScores
from candidates.scoring.streaming import pieces, score_recordings
from candidates.scoring.workers import Crew, Hearing, score_all
from consonance.audio.decode import mono_blocks, read_mono
from consonance.audio.excerpts import grid
from consonance.errors import IngestError, ModelError, ParameterError, StateError

GRID = {"window_ms": 10_000, "hop_ms": 3_840}
HEARING = Hearing(detector="default", taxonomy="openmic20", models_dir=None, **GRID)


def one(path: Path, **fields: str) -> TrackScores | Failure:
    [found] = score_recordings(
        [Recording(track_no=3, path=path, **fields)], load("default"), **GRID
    )
    return found


def write_noise(path: Path, seconds: float, rate: int = 16_000, channels: int = 1) -> Path:
    sound = np.random.default_rng(1).normal(0, 0.1, (round(seconds * rate), channels))
    sf.write(path, sound, rate)
    return path


def test_a_recording_is_scored_window_by_window(tones: Path) -> None:
    detector = load("default")
    found = one(tones / "000001.wav")
    assert not isinstance(found, Failure)
    assert found.start_ms.tolist() == [0, 3_840]
    assert found.likelihood.shape == (2, len(detector.classes))
    assert found.embedding.shape == (2, detector.embedding_dim)
    assert ((found.likelihood >= 0) & (found.likelihood <= 1)).all()


@pytest.mark.parametrize("seconds", [9.99, 10.0, 13.84, 200.0])
def test_a_stream_gives_what_the_whole_recording_gives(tmp_path: Path, seconds: float) -> None:
    path = write_noise(tmp_path / "noise.wav", seconds, rate=22_050)
    detector = load("default")
    audio = read_mono(path, sample_rate=detector.sample_rate)
    starts = grid(len(audio) * 1000 // detector.sample_rate)
    likelihood, embedding = detector.score_excerpts(audio, starts)
    found = one(path)
    assert not isinstance(found, Failure)
    np.testing.assert_array_equal(found.start_ms, starts)
    np.testing.assert_array_equal(found.likelihood, likelihood)
    np.testing.assert_array_equal(found.embedding, embedding)


def test_no_piece_holds_more_than_its_windows_of_an_hour(tmp_path: Path) -> None:
    rate = 8_000
    hour = (np.zeros(rate, np.float32) for _ in range(3_600))
    found = list(pieces(hour, rate, **GRID))
    assert sum(len(piece.starts) for piece in found) == len(grid(3_600_000))
    assert max(piece.audio.size for piece in found) <= (31 * 3_840 + 10_000) * rate // 1000
    assert np.concatenate([piece.starts_ms for piece in found]).tolist() == grid(3_600_000).tolist()


def test_windows_far_apart_are_cut_where_they_are() -> None:
    rate = 1_000
    second = (np.full(rate, n, np.float32) for n in range(200))
    found = list(pieces(second, rate, window_ms=2_000, hop_ms=50_000))
    heard = [
        piece.audio[start : start + 2 * rate].tolist()
        for piece in found
        for start in piece.starts.tolist()
    ]
    assert [audio[0] for audio in heard] == [0, 50, 100, 150]
    assert all(audio[-1] == audio[0] + 1 for audio in heard)


def test_batches_hold_windows_of_several_recordings_and_change_nothing(tmp_path: Path) -> None:
    lengths = [10.0, 25.0, 3.0, 14.0, 17.7]
    recordings = [
        Recording(track_no=n, path=write_noise(tmp_path / f"{n}.wav", seconds))
        for n, seconds in enumerate(lengths)
    ]
    together = list(score_recordings(recordings, load("default"), **GRID))
    assert [found.track_no for found in together] == [0, 1, 2, 3, 4]
    for recording, found in zip(recordings, together, strict=True):
        [alone] = score_recordings([recording], load("default"), **GRID)
        assert isinstance(found, TrackScores)
        assert isinstance(alone, TrackScores)
        assert found.likelihood.tobytes() == alone.likelihood.tobytes()
        assert found.embedding.tobytes() == alone.embedding.tobytes()
    assert together[2].start_ms.size == 0


def test_what_cannot_be_decoded_is_a_failure_with_its_reason(tones: Path) -> None:
    (tones / "000003.wav").write_text("<html>not found</html>")
    for name in ("000003.wav", "gone.wav"):
        found = one(tones / name, name=name)
        assert isinstance(found, Failure)
        assert found.track_no == 3
        assert found.reason
        assert name in found.detail
        assert str(tones) not in found.detail, "shards do not tell where the archive lies"


def test_a_file_that_is_not_the_one_inspected_is_a_failure(tones: Path) -> None:
    found = one(tones / "000001.wav", file_sha256="0" * 64, name="000001.wav")
    assert isinstance(found, Failure)
    assert (found.reason, "content has changed" in found.detail) == ("changed", True)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (192_000, 2), (44_100, 8)])
def test_odd_rates_and_many_channels_are_heard(tmp_path: Path, rate: int, channels: int) -> None:
    found = one(write_noise(tmp_path / "odd.wav", 10.5, rate, channels))
    assert isinstance(found, TrackScores)
    assert found.start_ms.tolist() == [0]
    assert np.isfinite(found.embedding).all()


def test_silence_is_heard_and_nothing_is_nothing(tmp_path: Path) -> None:
    sf.write(tmp_path / "silent.wav", np.zeros(12 * 16_000), 16_000)
    found = one(tmp_path / "silent.wav")
    assert isinstance(found, TrackScores)
    assert np.isfinite(found.likelihood).all()
    (tmp_path / "empty.mp3").write_bytes(b"")
    assert isinstance(one(tmp_path / "empty.mp3"), Failure)
    sf.write(tmp_path / "none.wav", np.zeros(0), 16_000)
    none = one(tmp_path / "none.wav")
    assert isinstance(none, TrackScores)
    assert none.start_ms.size == 0


def test_a_truncated_mp3_is_scored_as_far_as_it_goes(tmp_path: Path) -> None:
    sf.write(
        tmp_path / "whole.mp3",
        np.random.default_rng(0).normal(0, 0.1, 60 * 44_100),
        44_100,
        format="MP3",
    )
    content = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(content[: len(content) // 3])
    whole, cut = one(tmp_path / "whole.mp3"), one(tmp_path / "cut.mp3")
    assert isinstance(whole, TrackScores)
    assert isinstance(cut, TrackScores), "its header announces a minute, twenty seconds decode"
    assert 0 < cut.start_ms.size < whole.start_ms.size
    n_sure = cut.start_ms.size - 1  # the last one may hear the cut
    np.testing.assert_array_equal(cut.likelihood[:n_sure], whole.likelihood[:n_sure])


def test_what_is_no_number_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    sound = np.zeros(12 * 16_000, np.float32)
    sound[90_000] = np.nan
    sf.write(tmp_path / "nan.wav", sound, 16_000, subtype="FLOAT")
    recordings = [
        Recording(track_no=1, path=tmp_path / "nan.wav"),
        Recording(track_no=2, path=write_noise(tmp_path / "good.wav", 11)),
    ]
    bad, good = score_recordings(recordings, load("default"), **GRID)
    assert isinstance(bad, Failure)
    assert "no numbers" in bad.detail
    assert isinstance(good, TrackScores)
    assert good.start_ms.tolist() == [0]


def test_windows_shorter_than_the_network_needs_are_refused(tones: Path) -> None:
    with pytest.raises(ParameterError, match="too short for default"):
        list(score_recordings([], load("default"), window_ms=10, hop_ms=10))


def test_two_processes_give_what_one_gives_in_the_same_order(tones: Path) -> None:
    recordings = [
        Recording(track_no=3, path=tones / "000003.wav"),
        Recording(track_no=9, path=tones / "none.wav"),
        Recording(track_no=1, path=tones / "000001.wav"),
        *(Recording(track_no=10 + n, path=tones / "000002.ogg") for n in range(3)),
    ]
    alone = list(score_all(recordings, HEARING, processes=1))
    together = list(score_all(recordings, HEARING, processes=2))
    assert [found.track_no for found in together] == [3, 9, 1, 10, 11, 12]
    assert isinstance(together[1], Failure)
    for first, second in zip(alone, together, strict=True):
        if isinstance(first, TrackScores):
            assert isinstance(second, TrackScores)
            np.testing.assert_array_equal(first.likelihood, second.likelihood)
            np.testing.assert_array_equal(first.embedding, second.embedding)


def test_a_killed_process_is_told_in_a_sentence(tones: Path) -> None:
    recordings = [Recording(track_no=n, path=tones / "000001.wav") for n in range(200)]
    with Crew(HEARING, 2) as crew:
        results = crew.score(recordings)
        next(results)
        assert crew._pool is not None
        os.kill(next(iter(crew._pool._processes)), signal.SIGKILL)
        with pytest.raises(StateError, match="A scoring process was killed"):
            list(results)


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSONANCE_DEVICE", "xpu:7")
    with pytest.raises(ModelError, match="cannot run on 'xpu:7'"):
        HEARING.load()


def test_blocks_put_together_are_the_recording(tones: Path) -> None:
    path = tones / "000002.ogg"
    blocks = list(mono_blocks(path, sample_rate=22_050))
    np.testing.assert_array_equal(np.concatenate(blocks), read_mono(path, sample_rate=22_050))
    with pytest.raises(IngestError):
        list(mono_blocks(tones / "gone.wav", sample_rate=8_000))
