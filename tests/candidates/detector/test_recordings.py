"""How well the detectors tell instruments apart in real, labelled recordings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from numpy.typing import NDArray

from candidates.detector import load
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
    folder = test_data / "clips"
    truth, scores = [], []
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["labels_complete"] == "yes":
                audio, rate = sf.read(folder / row["file"], dtype="float32")
                scores.append(detector.score(audio, rate))
                present = row["classes"].split(";")
                truth.append([name in present for name in detector.classes])
    assert len(truth) == 155
    return detector.classes, np.array(truth), np.array(scores)


def test_mn04_hears_each_instrument_as_well_as_was_measured(test_data: Path) -> None:
    classes, truth, scores = measured("mn04", test_data)
    auc = dict(zip(classes, roc_auc(truth, scores), strict=True))
    for name, known in KNOWN_MN04.items():
        assert auc[name] >= known - 0.01, name
    assert mean_auc(truth, scores) == pytest.approx(0.940, abs=0.01)


def test_yamnet_hears_instruments_as_well_as_was_measured(test_data: Path) -> None:
    _, truth, scores = measured("yamnet", test_data)
    assert mean_auc(truth, scores) == pytest.approx(0.946, abs=0.01)


def test_the_default_detector_is_as_good_on_recordings_as_its_card_says(test_data: Path) -> None:
    _, truth, scores = measured("default", test_data)
    card = load("default").provenance["measured"]
    assert mean_auc(truth, scores) == pytest.approx(card["real"]["mean_auc"], abs=0.005)
    assert card["real"]["mean_auc"] > 0.65
