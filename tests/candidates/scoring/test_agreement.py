"""Two scorings of one collection: what differs, and which picks change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from candidates.detector import load
from candidates.scoring.agreement import TOLERANCE, compare
from candidates.scoring.recordings import Recording
from candidates.scoring.shards import TrackScores, write_shard
from candidates.scoring.streaming import score_recordings
from consonance.errors import ParameterError

CLASSES = ("organ", "voice")


def write(folder: Path, logits: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Path:
    n = len(logits)
    track = TrackScores(
        track_no=1,
        start_ms=np.arange(n, dtype=np.int64) * 3_840,
        likelihood=(1 / (1 + np.exp(-logits))).astype(np.float32),
        embedding=np.zeros((n, 2), np.float32),
    )
    write_shard(
        folder / "shard-00000.parquet", [track], classes=classes, embedding_dim=2, recipe={}
    )
    return folder


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(4).normal(-3, 2, (2_000, 2)).clip(-13, 13)


def test_equal_scores_agree(tmp_path: Path, logits: np.ndarray) -> None:
    found = compare(write(tmp_path / "a", logits), write(tmp_path / "b", logits))
    assert (found.excerpts, found.largest, found.beyond, found.changed) == (2_000, 0, 0, 0)
    assert found.picks == 2 * 2 * 200


def test_noise_of_the_last_bits_changes_fewer_than_one_pick_in_a_hundred(
    tmp_path: Path, logits: np.ndarray
) -> None:
    noise = np.random.default_rng(5).uniform(-TOLERANCE, TOLERANCE, logits.shape)
    found = compare(write(tmp_path / "a", logits), write(tmp_path / "b", logits + noise))
    assert found.beyond == 0
    assert 0 < found.largest < 0.01, "a 16-bit float's step near 8"
    assert found.share_changed < 0.01


def test_picks_that_change_are_counted(tmp_path: Path, logits: np.ndarray) -> None:
    moved = logits.copy()
    best = np.argsort(logits[:, 0])[-3:]
    moved[best, 0] = np.median(logits[:, 0])
    found = compare(write(tmp_path / "a", logits), write(tmp_path / "b", moved))
    assert found.changed == 3
    assert found.beyond == pytest.approx(3 / 4_000)


def test_other_excerpts_and_other_classes_are_not_compared(
    tmp_path: Path, logits: np.ndarray
) -> None:
    a = write(tmp_path / "a", logits)
    with pytest.raises(ParameterError, match="other excerpts"):
        compare(a, write(tmp_path / "b", logits[:-1]))
    with pytest.raises(ParameterError, match="other classes"):
        compare(a, write(tmp_path / "c", logits, ("organ", "flute")))


def test_an_accelerator_agrees_with_the_processor(tones: Path, tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no accelerator")  # of no kind that CI must have: see tests.plugins.skips
    recordings = [
        Recording(track_no=n, path=path) for n, path in enumerate(sorted(tones.iterdir()))
    ]
    folders = []
    for device in ("cpu", "cuda"):
        detector = load("default").to(device)
        scored = list(score_recordings(recordings, detector, window_ms=10_000, hop_ms=1_000))
        folders.append(tmp_path / device)
        write_shard(
            tmp_path / device / "shard-00000.parquet",
            [track for track in scored if isinstance(track, TrackScores)],
            classes=detector.classes,
            embedding_dim=detector.embedding_dim,
            recipe={},
        )
    found = compare(*folders)
    assert found.excerpts > 20
    assert found.beyond == 0
