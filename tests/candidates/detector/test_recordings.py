"""How well the detectors tell instruments apart in real, labelled recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from numpy.typing import NDArray

from candidates.detector import load
from candidates.detector.clips import read_clips, truth
from candidates.detector.evaluation import mean_auc, roc_auc

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

# Measured on these clips with another implementation (AUC per class, at least eight positives).
KNOWN_MN04 = {
    "bass": 0.84, "cello": 0.97, "clarinet": 0.92, "cymbals": 0.97, "drums": 0.94, "flute": 0.96,
    "guitar": 0.90, "piano": 1.0, "saxophone": 0.94, "synthesizer": 0.92, "violin": 0.91,
    "voice": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def measured(
    name: str, test_data: Path
) -> tuple[tuple[str, ...], NDArray[np.bool_], NDArray[np.float32]]:
    """Return classes, truth and scores of the clips whose labels are complete."""
    detector = load(name, models_dir=test_data / "yamnet")
    clips = [clip for clip in read_clips(test_data / "clips") if clip.is_complete]
    assert len(clips) == 155
    scores = []
    for clip in clips:
        audio, rate = sf.read(clip.path, dtype="float32")
        scores.append(detector.score(audio, rate))
    return detector.classes, truth(clips, detector.classes) == 1, np.array(scores)


def test_mn04_hears_each_instrument_as_well_as_was_measured(test_data: Path) -> None:
    classes, heard, scores = measured("mn04", test_data)
    auc = dict(zip(classes, roc_auc(heard, scores), strict=True))
    for name, known in KNOWN_MN04.items():
        assert auc[name] >= known - 0.01, name
    assert round(mean_auc(heard, scores), 3) >= 0.940


def test_yamnet_hears_instruments_as_well_as_was_measured(test_data: Path) -> None:
    _, heard, scores = measured("yamnet", test_data)
    assert round(mean_auc(heard, scores), 3) >= 0.946


def test_the_default_detector_is_as_good_on_recordings_as_its_card_says(test_data: Path) -> None:
    classes, heard, scores = measured("default", test_data)
    card = load("default").provenance["measured"]["clips"]
    assert mean_auc(heard, scores) == pytest.approx(card["mean"]["default"]["auc"], abs=0.005)
    assert card["mean"]["default"]["auc"] > 0.9
    auc = dict(zip(classes, roc_auc(heard, scores), strict=True))
    for name, figures in card["by_class"].items():
        if figures["positives"] >= 5:
            assert auc[name] == pytest.approx(figures["default"]["auc"], abs=0.02), name
