"""What detectors have in common that read a class's score off AudioSet's labels."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from torch import Tensor, nn

from candidates.detector import weights
from candidates.detector.arrays import read_arrays
from candidates.detector.audioset import ClassMap, class_map
from candidates.detector.batched import BatchedDetector
from candidates.detector.interface import Float
from candidates.detector.taxonomy import Taxonomy

NetworkT = TypeVar("NetworkT", bound=nn.Module)


class AudioSetTagger(BatchedDetector, Generic[NetworkT]):
    """A published AudioSet network, its labels mapped to the classes of a taxonomy.

    Subclasses give the network, how it is applied (`apply`), its front end, and the attributes.

    Parameters
    ----------
    network
        With weights.
    mapping
        From the network's labels to classes.
    weights_sha256
        Of the file the weights came from.
    provenance
        As in `Detector`.
    """

    label_column: ClassVar[str]  #: as in `audioset.label_index`
    weights_of: ClassVar[str] = ""  #: whose weights in the manifest; its own when empty
    class_score: ClassVar[str]  #: how a class's score comes about, for the provenance

    def __init__(
        self,
        network: NetworkT,
        mapping: ClassMap,
        *,
        weights_sha256: str,
        provenance: dict[str, Any],
    ) -> None:
        known_by = f"{self.name} {weights_sha256} {mapping.digest}"
        super().__init__(
            version=hashlib.sha256(known_by.encode()).hexdigest()[:12],
            classes=mapping.classes,
            uncovered=mapping.uncovered,
            provenance=provenance,
        )
        self._network: NetworkT = network
        self._mapping = mapping

    def class_scores(self, probabilities: Float) -> Float:
        """Return the score of each class; see `BatchedDetector.class_scores`."""
        return self._mapping.scores(probabilities)

    @staticmethod
    @abstractmethod
    def build(arrays: Mapping[str, Tensor]) -> NetworkT:
        """Return the network with these weights, ready to score."""

    @classmethod
    def load(cls, taxonomy: Taxonomy, models_dir: Path | None = None) -> Self:
        """Return the detector with published weights.

        Parameters
        ----------
        taxonomy
            Whose classes to score.
        models_dir
            As in `weights.folders`.

        Raises
        ------
        ModelError
            If the weights are missing or altered.
        """
        line, path = weights.require_model(cls.weights_of or cls.name, models_dir)
        return cls(
            cls.build(read_arrays(path)),
            class_map(taxonomy, cls.label_column),
            weights_sha256=line.sha256,
            provenance=weights.provenance(line, taxonomy) | {"class_score": cls.class_score},
        )
