"""What a search learns from and is measured on: labelled embeddings, divided once for all trials.

The material is written into one file under its hash. Every worker reads that file, so that all
train on the same numbers, and a search says for ever what it was about.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from candidates.detector.arrays import write_whole
from candidates.detector.bags import ABSENT, PRESENT, Bags
from candidates.detector.evaluation import MIN_POSITIVES
from candidates.search.labelled import HELD_OUT, TRAIN, VALIDATION, Labelled, Place
from consonance.errors import ParameterError, StateError


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Labelled embeddings of all three parts.

    Attributes
    ----------
    train, validation, held_out
        Bags with the same classes. The last may be empty.
    as_it_is : tuple of np.ndarray, or None
        What the detector whose embeddings these are says of validation and held-out excerpts
        [shape=(n, n_classes), dtype=float32, in [0, 1]], where it knows the classes.
    left_out
        Labelled excerpts that have no embedding.
    """

    train: Bags
    validation: Bags
    held_out: Bags
    as_it_is: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    left_out: int = 0

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.train.classes

    def counted(self, part: Bags) -> NDArray[np.bool_]:
        """Return which classes a mean over a part is taken of: the same for every trial.

        Those that can be learnt, with `MIN_POSITIVES` positives and a negative in the part; where
        no class has so many, one is enough.

        Returns
        -------
        np.ndarray [shape=(n_classes,), dtype=bool]
        """
        positives = (part.labels == PRESENT).sum(axis=0)
        usable = self.train.learnable & (positives > 0) & (part.labels == ABSENT).any(axis=0)
        many: NDArray[np.bool_] = usable & (positives >= MIN_POSITIVES)
        return many if many.any() else np.asarray(usable)

    def facts(self) -> dict[str, Any]:
        """Return what a page says about it; plain values."""
        parts = {"train": self.train, "validation": self.validation, "held_out": self.held_out}
        return {
            "classes": list(self.classes),
            "dimensions": self.train.dimensions,
            "left_out": self.left_out,
            "counted": [
                name
                for name, is_in in zip(self.classes, self.counted(self.validation), strict=True)
                if is_in
            ],
            **{
                name: {
                    "excerpts": len(part),
                    "groups": len(set(part.groups)),
                    "present": int((part.labels == PRESENT).sum()),
                    "absent": int((part.labels == ABSENT).sum()),
                }
                for name, part in parts.items()
            },
        }

    def save(self, path: Path) -> str:
        """Write the material, whole or not at all; return the file's SHA-256.

        The same material gives the same bytes.
        """
        arrays: dict[str, NDArray[Any]] = {"classes": np.array(self.classes, dtype=str)}
        for name in ("train", "validation", "held_out"):
            part: Bags = getattr(self, name)
            arrays[f"{name}.embeddings"] = part.embeddings
            arrays[f"{name}.labels"] = part.labels
            arrays[f"{name}.lengths"] = part.lengths
            arrays[f"{name}.groups"] = np.array(part.groups, dtype=str)
        arrays["left_out"] = np.array(self.left_out)
        if self.as_it_is is not None:
            arrays["as_it_is.validation"], arrays["as_it_is.held_out"] = self.as_it_is
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **cast("dict[str, Any]", arrays))
        content = buffer.getvalue()
        write_whole(path, content)
        return hashlib.sha256(content).hexdigest()


def load(path: Path, *, sha256: str) -> Material:
    """Return the material that `Material.save` wrote.

    Raises
    ------
    StateError
        If the file is missing, or not the one that was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StateError(f"The material of this search cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StateError(f"{path} was altered: its hash no longer matches. Start a new search.")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    classes = tuple(found["classes"].tolist())
    parts = {
        name: Bags(
            embeddings=found[f"{name}.embeddings"],
            labels=found[f"{name}.labels"],
            groups=tuple(found[f"{name}.groups"].tolist()),
            classes=classes,
            lengths=found[f"{name}.lengths"],
        )
        for name in ("train", "validation", "held_out")
    }
    as_it_is = None
    if "as_it_is.validation" in found:
        as_it_is = (found["as_it_is.validation"], found["as_it_is.held_out"])
    return Material(**parts, as_it_is=as_it_is, left_out=int(found["left_out"]))


def gathered(
    labelled: Labelled,
    part: NDArray[np.int8],
    stored: Iterable[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]],
    *,
    likelihood: Callable[[Sequence[Place]], NDArray[np.float32]] | None = None,
) -> Material:
    """Return labelled excerpts with their embeddings.

    Parameters
    ----------
    labelled, part
        Excerpts and their parts.
    stored
        Track numbers, starts and embeddings, some at a time (`scoring.shards.stream_embeddings`).
    likelihood
        Gives what the detector itself says of places [shape=(n, n_classes)].

    Raises
    ------
    ParameterError
        If no excerpt has an embedding, nothing is left to learn from or to be measured on, or no
        class can be both learnt and measured.
    """
    wanted = {place: row for row, place in enumerate(labelled.places)}
    found: dict[int, NDArray[np.float16]] = {}
    for tracks, starts, embeddings in stored:
        pairs = zip(tracks.tolist(), starts.tolist(), strict=True)
        for row, place in enumerate(pairs):
            if place in wanted:
                found[wanted[place]] = embeddings[row].astype(np.float16)
    if not found:
        raise ParameterError(
            "None of the labelled excerpts has an embedding in these scores. Choose scores of the "
            "same collection on the same grid."
        )
    bags, rows = [], []
    for number in (TRAIN, VALIDATION, HELD_OUT):
        chosen = np.array([row for row in sorted(found) if part[row] == number], np.int64)
        rows.append(chosen)
        width = next(iter(found.values())).size
        stack = [found[row] for row in chosen.tolist()]
        bags.append(
            Bags(
                embeddings=np.array(stack, np.float16).reshape(len(stack), 1, width),
                labels=labelled.labels[chosen],
                groups=tuple(labelled.groups[row] for row in chosen.tolist()),
                classes=labelled.classes,
                lengths=np.ones(len(stack), np.int64),
            )
        )
    as_it_is = None
    if likelihood is not None:
        said = [
            likelihood([labelled.places[row] for row in chosen.tolist()])
            if chosen.size
            else np.empty((0, len(labelled.classes)), np.float32)
            for chosen in rows[1:]
        ]
        as_it_is = (said[0], said[1])
    material = Material(
        train=bags[TRAIN],
        validation=bags[VALIDATION],
        held_out=bags[HELD_OUT],
        as_it_is=as_it_is,
        left_out=len(labelled.places) - len(found),
    )
    return checked(material)


def checked(material: Material) -> Material:
    """Return the material if something can be learnt and measured.

    Raises
    ------
    ParameterError
        If not.
    """
    if not len(material.train) or not len(material.validation):
        raise ParameterError(
            f"There are {len(material.train)} excerpts to learn from and "
            f"{len(material.validation)} to choose by. Both are needed."
        )
    if not material.counted(material.validation).any():
        raise ParameterError(
            "No class is known to be present here and absent there, both among the excerpts to "
            "learn from and among those to choose by. Collect more labels first."
        )
    return material
