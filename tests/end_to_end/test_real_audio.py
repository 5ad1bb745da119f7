"""The same chain over real recordings, and how well the detector hears in real clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from candidates.detector import best_available, load
from candidates.detector.evaluation import MIN_POSITIVES, mean_auc, roc_auc
from tests.end_to_end.conftest import House, check_it_opens, keys_by_partition, partitions_of, table

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

#: What `planted.csv` calls a fault: the state and the reason that an import must find.
EXPECTED = {
    "truncated": ("quarantined", "wrong_duration"),
    "silent": ("quarantined", "silent"),
    "not audio": ("quarantined", "not_audio"),
    "row without file": ("missing", "no_file"),
    "file without row": ("ready", "no_metadata"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> House:
    return House(tmp_path_factory.mktemp("house") / "data", models=str(test_data / "yamnet"))


@pytest.fixture(scope="module")
def release(house: House, test_data: Path) -> Path:
    """Return the release that the demo makes of the small real archive."""
    return house.demo("--audio", str(test_data / "music"))


def test_every_planted_fault_is_found_for_its_reason(
    house: House, release: Path, test_data: Path
) -> None:
    tracks = {
        number: (state, [problem["code"] for problem in json.loads(problems)])
        for number, state, problems in house.rows(
            "SELECT track_no, state, problems FROM catalog_track"
        )
    }
    planted = table(test_data / "music" / "planted.csv")
    for row in planted:
        if row["kind"] in EXPECTED:
            state, codes = tracks[int(row["track_id"])]
            assert (state, codes[0]) == EXPECTED[row["kind"]], row
    in_quarantine = {number for number, (state, _) in tracks.items() if state == "quarantined"}
    assert in_quarantine == {5111, 5148, 5185}


def test_planted_copies_are_never_in_two_partitions(release: Path, test_data: Path) -> None:
    planted = table(test_data / "music" / "planted.csv")
    copies = [
        (int(row["track_id"]), int(row["of_track_id"]))
        for row in planted
        if row["kind"] == "duplicate"
    ]
    assert set(copies) == {(5003, 1174), (5077, 2247), (6021, 2950)}
    for pair in copies:
        assert len(partitions_of(release, pair)) <= 1, pair
    provenance = json.loads((release / "manifest.json").read_text("utf-8"))["provenance"]
    assert provenance["duplicates"]["recordings"]["pairs"] >= 3


def test_only_open_licences_and_whole_artists_are_in_a_partition(release: Path) -> None:
    rows = table(release / "ATTRIBUTION.csv")
    assert len(rows) == len(keys_by_partition(release))
    held: dict[str, set[str]] = {}
    for row in table(release / "clips.csv"):
        held.setdefault(row["artist_key"], set()).add(row["partition"])
    assert {len(parts) for parts in held.values()} == {1}
    # A licence that offers GPL beside Creative Commons is taken by its Creative Commons half.
    assert all(row["licence_spdx"].startswith("CC") for row in rows)


def test_it_is_whole_opens_and_says_what_its_labels_are_worth(house: House, release: Path) -> None:
    assert house.manage("verify_release", str(release)).returncode == 0
    check_it_opens(release)
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert manifest["name"] == "music-simulated"
    assert "say nothing about the recordings" in json.dumps(manifest["provenance"])


def test_a_second_run_adds_nothing(house: House, release: Path, test_data: Path) -> None:
    before = house.counts()
    assert house.demo("--audio", str(test_data / "music")) == release
    assert house.counts() == before


def test_the_best_detector_at_hand_hears_instruments_in_real_clips(
    test_data: Path, artifacts: Path
) -> None:
    models = test_data / "yamnet"
    name = best_available(models)
    detector = load(name, models_dir=models)
    truth, scores = [], []
    for row in table(test_data / "clips" / "labels.csv"):
        if row["labels_complete"] == "yes":
            audio, rate = sf.read(test_data / "clips" / row["file"], dtype="float32")
            scores.append(detector.score(audio, rate))
            truth.append([label in row["classes"].split(";") for label in detector.classes])
    present, heard = np.array(truth), np.array(scores)
    auc = roc_auc(present, heard)
    mean = mean_auc(present, heard)
    report = {
        "detector": name,
        "version": detector.version,
        "clips": len(present),
        "mean_auc": round(mean, 4),
        "classes_in_mean": f"{MIN_POSITIVES} positives or more",
        "auc": {
            label: {"auc": round(float(value), 4), "positives": int(count)}
            for label, value, count in zip(detector.classes, auc, present.sum(axis=0), strict=True)
            if np.isfinite(value)
        },
    }
    (artifacts / "detector-auc.json").write_text(json.dumps(report, indent=1) + "\n")
    assert mean >= {"mn04": 0.92}.get(name, 0.6), report


def _arrays(folder: Path) -> Path:
    name = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["name"]
    return folder / f"{name}.npz"
