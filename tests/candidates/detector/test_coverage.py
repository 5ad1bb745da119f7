"""What pages say of a detector's knowledge is what the detector itself says."""

from __future__ import annotations

from pathlib import Path

from candidates.detector import load, names
from candidates.detector.coverage import unknown_to
from consonance.taxonomies.file import read_file

SEVEN = Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "sounding7.json"


def test_every_detector_that_ships_is_told() -> None:
    assert set(unknown_to(read_file(SEVEN))) == set(names())


def test_the_default_detector_knows_what_its_map_says() -> None:
    taxonomy = read_file(SEVEN)
    loaded = load("default", taxonomy=taxonomy)
    assert tuple(loaded.provenance["uncovered"]) == unknown_to(taxonomy)["default"] == ("rubato",)
