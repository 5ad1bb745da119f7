"""From AudioSet's 527 outputs to the classes of a taxonomy.

`audioset_labels.csv` is Google's list of the published labels (class_labels_indices.csv, CC BY 4.0,
https://research.google.com/audioset/) with one column added: the index of the same label among the
521 outputs of YAMNet.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consonance.errors import ParameterError
from consonance.taxonomies.counting import counted
from consonance.taxonomies.definition import Taxonomy
from consonance.taxonomies.ontology import ontology

LABELS: Final = Path(__file__).resolve().parent / "audioset_labels.csv"


@lru_cache(maxsize=2)
def label_index(column: str = "index") -> dict[str, int]:
    """Return AudioSet identifier → position among a network's outputs.

    Parameters
    ----------
    column
        ``"index"`` for the 527 labels in Google's order, ``"yamnet_index"`` for YAMNet's 521.
        Labels the network does not have are given as -1.
    """
    with LABELS.open(encoding="utf-8", newline="") as file:
        return {row["mid"]: int(row[column] or -1) for row in csv.DictReader(file)}


@dataclass(frozen=True)
class ClassMap:
    """For each class of a taxonomy, the outputs of a network that stand for it.

    Parameters
    ----------
    outputs
        One array of output positions per class; empty when the network has none.
    classes
        Names of the classes, in the same order.
    digest
        SHA-256 over names and positions, hexadecimal.
    """

    outputs: tuple[NDArray[np.int64], ...]
    classes: tuple[str, ...]
    digest: str

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Classes for which the network has no output."""
        pairs = zip(self.classes, self.outputs, strict=True)
        return tuple(name for name, outputs in pairs if not outputs.size)

    def scores(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return per class the largest probability among its outputs.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(n_outputs,), dtype=float32, in [0, 1]]

        Returns
        -------
        np.ndarray [shape=(n_classes,), dtype=float32, in [0, 1]]
            Zero for an uncovered class.
        """
        return np.array(
            [probabilities[outputs].max(initial=0.0) for outputs in self.outputs], np.float32
        )


def class_map(taxonomy: Taxonomy, column: str = "index") -> ClassMap:
    """Return which outputs of a network stand for each class.

    Parameters
    ----------
    taxonomy
        Its classes' maps say what counts: see `consonance.taxonomies.counting.counted`.
    column
        As in `label_index`.

    Raises
    ------
    ParameterError
        If a class names an identifier that is not in AudioSet's ontology.
    """
    known = ontology()
    for entry in taxonomy.classes:
        unknown = [mid for mid in entry.audioset_mids if mid not in known]
        if unknown:
            raise ParameterError(
                f"The class {entry.name!r} of the taxonomy {taxonomy.name!r} names "
                f"{', '.join(unknown)}, which is not in AudioSet's ontology. Correct or remove it."
            )
    index = label_index(column)
    counts = counted(taxonomy)
    return _mapped(
        taxonomy, [{index[mid] for mid in counts[name]} - {-1} for name in taxonomy.class_names]
    )


def trained_map(trained: Sequence[str], meaning: Taxonomy, taxonomy: Taxonomy) -> ClassMap:
    """Return which outputs of a network of our own stand for each class of a taxonomy.

    Parameters
    ----------
    trained
        Names of the classes that the network was trained on, one an output.
    meaning
        The taxonomy that these names come from.
    taxonomy
        Whose classes to score. An output stands for a class when all AudioSet labels of the one
        count as the other: a guitar is plucked strings, but not all that is plucked is a guitar.
        Where either has no such label, only the same class of the same taxonomy will do.
    """
    known, counts = counted(meaning), counted(taxonomy)
    is_same = meaning.name == taxonomy.name
    outputs = []
    for name in taxonomy.class_names:
        found = set()
        for place, output in enumerate(trained):
            labels = set(known.get(output, ()))
            if labels and counts[name]:
                fits = labels <= set(counts[name])
            else:
                fits = output == name and (is_same or output not in known)
            if fits:
                found.add(place)
        outputs.append(found)
    return _mapped(taxonomy, outputs)


def same_names(trained: Sequence[str], taxonomy: Taxonomy) -> ClassMap:
    """Return the map by which a class's output is the one of the same name, if there is one."""
    return _mapped(
        taxonomy,
        [{trained.index(name)} if name in trained else set() for name in taxonomy.class_names],
    )


def _mapped(taxonomy: Taxonomy, found: Sequence[set[int]]) -> ClassMap:
    outputs = [np.array(sorted(positions), dtype=np.int64) for positions in found]
    listing = [
        [name, positions.tolist()]
        for name, positions in zip(taxonomy.class_names, outputs, strict=True)
    ]
    digest = hashlib.sha256(json.dumps(listing, separators=(",", ":")).encode()).hexdigest()
    return ClassMap(tuple(outputs), taxonomy.class_names, digest)
