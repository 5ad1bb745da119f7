"""A detector and a head that was trained on its embeddings: together a detector of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from candidates.detector.arrays import write_whole
from candidates.detector.audioset import same_names, trained_map
from candidates.detector.heads import TrainedHead, load_head
from candidates.detector.interface import Detector, Float
from candidates.detector.taxonomy import Taxonomy, available, read
from consonance.errors import ModelError

#: What a card says that belongs to a head.
KIND: Final = "head"


class HeadedDetector(Detector):
    """The likelihoods of a head; the embeddings, and all that is heard, of the detector below it.

    Parameters
    ----------
    base
        The detector on whose embeddings the head was trained.
    head
        What makes likelihoods of them.
    taxonomy
        Whose classes to score. A class for which no output of the head stands is uncovered.
    weights_sha256
        Of the head's file.
    provenance
        As in `Detector`.
    meaning
        The taxonomy that the head's classes come from; without it classes are matched by name.
    """

    name = "head"

    def __init__(
        self,
        base: Detector,
        head: TrainedHead,
        taxonomy: Taxonomy,
        *,
        weights_sha256: str,
        provenance: dict[str, Any],
        meaning: Taxonomy | None = None,
    ) -> None:
        if head.dimensions != base.embedding_dim:
            raise ModelError(
                f"The head takes embeddings of {head.dimensions} numbers; those of {base.name} "
                f"have {base.embedding_dim}. It belongs to another detector."
            )
        learnt = [name for name in head.classes if name not in head.uncovered]
        mapping = (
            trained_map(learnt, meaning, taxonomy) if meaning else same_names(learnt, taxonomy)
        )
        known_by = f"head {base.version} {weights_sha256} {mapping.digest}"
        super().__init__(
            version=hashlib.sha256(known_by.encode()).hexdigest()[:12],
            classes=taxonomy.class_names,
            uncovered=mapping.uncovered,
            provenance=provenance,
        )
        self.sample_rate = base.sample_rate  # type: ignore[misc] # every other class has its own
        self.embedding_dim = base.embedding_dim  # type: ignore[misc]
        self.min_samples = base.min_samples  # type: ignore[misc]
        self._base = base
        self._head = head
        self._outputs = np.array([head.classes.index(name) for name in learnt], np.int64)
        self._mapping = mapping

    @classmethod
    def load(cls, path: Path, taxonomy: Taxonomy, below: Callable[[str], Detector]) -> Self:
        """Return the detector of a head's file.

        Parameters
        ----------
        path
            The head's ``.npz``; its card lies beside it with the suffix ``.json``.
        taxonomy
            Whose classes to score.
        below
            Gives the detector that the card names.

        Raises
        ------
        ModelError
            If head or card are missing, do not belong together, or the detector below is another
            version than the head was trained on.
        """
        card = read_card(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if card.get("weights_sha256") != digest:
            raise ModelError(
                f"{path} does not belong to its card: its SHA-256 is {digest}. Restore both files "
                "or train again."
            )
        try:
            base = below(card["base"])
            trained_on, named = card["base_weights_sha256"], card.get("taxonomy", "")
            kept = {key: card[key] for key in ("what", "data", "training", "measured")}
        except KeyError as error:
            raise ModelError(f"The card of {path.name} says nothing of {error}.") from error
        found = weights_of(base)
        if found != trained_on:
            raise ModelError(
                f"{path.name} was trained on embeddings of {card['base']} with weights "
                f"{trained_on[:12]}; here are weights {found[:12]}. Find those, or train again."
            )
        return cls(
            base,
            load_head(path),
            taxonomy,
            weights_sha256=digest,
            meaning=read(named) if named in available() else None,
            provenance={
                **kept,
                "weights": path.name,
                "weights_sha256": digest,
                "weights_licence": card.get("licence", ""),
                "below": {"name": base.name, "version": base.version} | base.provenance,
                "taxonomy": taxonomy.name,
                "taxonomy_version": taxonomy.version,
                "taxonomy_licence": taxonomy.licence,
            },
        )

    def windows(
        self, audio: Float, starts: NDArray[np.int64], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Yield class scores and embedding of each window; see `Detector.windows`."""
        alone = np.ones(1, np.int64)
        for _, embedding in self._base.windows(audio, starts, length):
            # Heads learn from stored embeddings, which are 16-bit floats.
            stored = embedding.astype(np.float16)[None, None]
            likelihood = self._head.likelihood_of(stored, alone)[0]
            yield self._mapping.scores(likelihood[self._outputs]), embedding


def weights_of(detector: Detector) -> str:
    """Return the SHA-256 of what makes a detector's embeddings, whatever taxonomy it scores."""
    below = detector.provenance.get("below", detector.provenance)
    return str(below["weights_sha256"])


def read_card(path: Path) -> dict[str, Any]:
    """Return the card beside a file of weights.

    Raises
    ------
    ModelError
        If it is missing or no card.
    """
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The card {card_path.name} cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"{card_path.name} is no card.")
    return card


def write_card(path: Path, card: Mapping[str, Any]) -> None:
    """Write the card beside a file of weights."""
    text = json.dumps(card, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_whole(path.with_suffix(".json"), text.encode())
