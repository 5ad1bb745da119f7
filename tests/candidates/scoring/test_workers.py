"""Scoring recordings one by one or by several processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from candidates.detector import load
from candidates.scoring.workers import Failure, Recording, score_all, score_recording

GRID = {"window_ms": 10_000, "hop_ms": 3_840}


def test_a_recording_is_scored_window_by_window(tones: Path) -> None:
    detector = load("default")
    found = score_recording(Recording(track_no=1, path=tones / "000001.wav"), detector, **GRID)
    assert not isinstance(found, Failure)
    assert found.start_ms.tolist() == [0, 3_840]
    assert found.likelihood.shape == (2, len(detector.classes))
    assert found.embedding.shape == (2, detector.embedding_dim)
    assert ((found.likelihood >= 0) & (found.likelihood <= 1)).all()


def test_what_cannot_be_decoded_is_a_failure_with_its_reason(tones: Path) -> None:
    (tones / "000003.wav").write_text("<html>not found</html>")
    for name in ("000003.wav", "gone.wav"):
        found = score_recording(Recording(track_no=3, path=tones / name), load("default"), **GRID)
        assert isinstance(found, Failure)
        assert found.track_no == 3
        assert found.reason
        assert name in found.detail


def test_two_processes_give_what_one_gives_in_the_same_order(tones: Path) -> None:
    recordings = [
        Recording(track_no=3, path=tones / "000003.wav"),
        Recording(track_no=9, path=tones / "none.wav"),
        Recording(track_no=1, path=tones / "000001.wav"),
    ]
    settings = {"detector": "default", "taxonomy": "openmic20", "models_dir": None, **GRID}
    alone = list(score_all(recordings, processes=1, **settings))
    together = list(score_all(recordings, processes=2, **settings))
    assert [found.track_no for found in together] == [3, 9, 1]
    assert isinstance(together[1], Failure)
    for one, other in zip(alone, together, strict=True):
        if not isinstance(one, Failure):
            np.testing.assert_array_equal(one.likelihood, other.likelihood)
            np.testing.assert_array_equal(one.embedding, other.embedding)
