"""Which classes of a taxonomy the detectors that ship know, told without loading one: for pages."""

from __future__ import annotations

from typing import Final

from candidates.detector.audioset import class_map
from candidates.detector.taxonomy import Taxonomy

#: Detectors that give AudioSet's labels, and the column of the list that names their outputs.
_COLUMNS: Final = {
    "default": "index",
    "mn04": "index",
    "yamnet": "yamnet_index",
    "yamnet-middle": "yamnet_index",
}


def unknown_to(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """Return for each detector that ships the names of the classes it knows nothing about."""
    return {name: class_map(taxonomy, column).uncovered for name, column in _COLUMNS.items()}
