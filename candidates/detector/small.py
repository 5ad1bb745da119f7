"""A small network that is trained from nothing, on audio of one's own (`training`).

Whoever wants a detector for classes that no published network names, and has audio of them, can
make one. Its model card lies beside its weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import torch
from torch import Tensor, nn

from candidates.detector.arrays import read_arrays
from candidates.detector.audioset import same_names, trained_map
from candidates.detector.batched import BatchedDetector, probabilities_of
from candidates.detector.cards import matching
from candidates.detector.filterbank import mel_filterbank
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last, folded
from candidates.detector.melspectrum import FrontEnd, MelSpectrum
from candidates.detector.taxonomy import Taxonomy, read
from consonance.errors import ModelError

SAMPLE_RATE: Final = 32_000  # Hz, as mn04, so that one decoded recording serves both
N_FFT: Final = 2048
HOP: Final = 640  # samples, 20 ms
N_MELS: Final = 80
LOWEST_HZ: Final = 40.0
HIGHEST_HZ: Final = 15_000.0
FLOOR: Final = 1e-6  # added to band powers before the logarithm
EMBEDDING: Final = 128
#: Output channels and stride of each depthwise-separable block.
_BLOCKS: Final = ((32, 2), (32, 1), (64, 2), (64, 1), (96, 2), (96, 1))
_STEM: Final = 16
_LAST: Final = 160
#: The taxonomy of a model card that names none.
_MEANING: Final = "openmic20"


class LogMel(FrontEnd):
    """Log-mel frames: 64 ms Hann frames every 20 ms, power, 80 mel bands from 40 Hz to 15 kHz."""

    def __init__(self) -> None:
        super().__init__(
            MelSpectrum(
                mel_filterbank(N_MELS, N_FFT, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ),
                taper=torch.hann_window(N_FFT, periodic=True),
                hop=HOP,
            )
        )

    def __call__(self, audio: Tensor) -> Tensor:
        """Return the frames that lie within a piece of audio.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,), n_samples >= 2048]

        Returns
        -------
        Tensor [shape=(80, 1 + (n_samples - 2048) // 640)]
            Natural logarithms of band powers.
        """
        return (self._spectrum(audio) + FLOOR).log()


def _conv(n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out),
        nn.Hardswish(),
    ]


class SmallNetwork(nn.Module):
    """Depthwise-separable convolutions over log-mel frames; mean and maximum over time.

    Parameters
    ----------
    n_classes
        Number of outputs.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        layers = _conv(1, _STEM, 3, 2)
        n_in, bands = _STEM, (N_MELS + 1) // 2
        for n_out, stride in _BLOCKS:
            layers += _conv(n_in, n_in, 3, stride, groups=n_in) + _conv(n_in, n_out, 1)
            n_in, bands = n_out, (bands + stride - 1) // stride
        self.features = nn.Sequential(*layers)
        self.across = nn.Sequential(
            nn.Conv1d(n_in * bands, _LAST, 1, bias=False), nn.BatchNorm1d(_LAST), nn.Hardswish()
        )
        self.embed = nn.Sequential(nn.Linear(2 * _LAST, EMBEDDING), nn.Hardswish())
        self.dropout = nn.Dropout(0.2)
        self.classify = nn.Linear(EMBEDDING, n_classes)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and embeddings.

        Parameters
        ----------
        frames : Tensor [shape=(n, 80, n_frames)]
            From `LogMel`. Each example's mean is taken off first, so that loudness says nothing.

        Returns
        -------
        logits : Tensor [shape=(n, n_classes)]
        embeddings : Tensor [shape=(n, 128)]
        """
        level = frames.mean(dim=(1, 2), keepdim=True)
        maps = self.features(((frames - level) / 4.0)[:, None])
        steps = self.across(maps.flatten(1, 2))
        embedding = self.embed(torch.cat([steps.mean(2), steps.amax(2)], dim=1))
        return self.classify(self.dropout(embedding)), embedding


class SmallDetector(BatchedDetector):
    """The small network with weights, for the classes it was trained on.

    Parameters
    ----------
    network
        With weights, in scoring mode.
    trained
        Classes of the network's outputs, in order.
    meaning
        The taxonomy that they come from.
    taxonomy
        Whose classes to score. A class for which no output stands (`audioset.trained_map`) is
        uncovered.
    weights_sha256
        Of the file the weights came from.
    provenance
        As in `Detector`.
    """

    name = "small"
    sample_rate = SAMPLE_RATE
    embedding_dim = EMBEDDING
    min_samples = SAMPLE_RATE // 4

    def __init__(
        self,
        network: SmallNetwork,
        trained: tuple[str, ...],
        meaning: Taxonomy,
        taxonomy: Taxonomy,
        *,
        weights_sha256: str,
        provenance: dict[str, Any],
    ) -> None:
        classes = taxonomy.class_names
        mapping = trained_map(trained, meaning, taxonomy)
        known_by = f"small {weights_sha256} {' '.join(classes)}"
        if mapping.digest != same_names(trained, taxonomy).digest:
            known_by += f" {mapping.digest}"
        super().__init__(
            version=hashlib.sha256(known_by.encode()).hexdigest()[:12],
            classes=classes,
            uncovered=mapping.uncovered,
            provenance={
                **provenance,
                "taxonomy": taxonomy.name,
                "taxonomy_version": taxonomy.version,
                "taxonomy_licence": taxonomy.licence,
            },
        )
        self._network = network
        self._log_mel = LogMel()
        self._mapping = mapping

    @classmethod
    def load(cls, taxonomy: Taxonomy, path: Path) -> Self:
        """Return the detector with weights that `model_card.save` wrote.

        Parameters
        ----------
        taxonomy
            Whose classes to score.
        path
            The ``.npz``; its model card lies beside it with the suffix ``.json``.

        Raises
        ------
        ModelError
            If weights or card are missing or do not belong together.
        ParameterError
            If the card names a taxonomy that does not ship.
        """
        card = matching(path)
        return cls(
            build_network(read_arrays(path), len(card["classes"])),
            tuple(card["classes"]),
            read(card.get("taxonomy", _MEANING)),
            taxonomy,
            weights_sha256=card["weights_sha256"],
            provenance={
                "weights": path.name,
                "weights_sha256": card["weights_sha256"],
                "weights_licence": card["licence"],
                "what": card["what"],
                "data": card["data"],
                "measured": card["measured"],
            },
        )

    def apply(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities of the outputs and embeddings; see `BatchedDetector.apply`."""
        logits, embeddings = self._network(heard)
        return probabilities_of(logits), embeddings

    def class_scores(self, probabilities: Float) -> Float:
        """Return the score of each class; see `BatchedDetector.class_scores`."""
        return self._mapping.scores(probabilities)


def build_network(arrays: Mapping[str, Tensor], n_classes: int) -> SmallNetwork:
    """Return the network with these weights, ready to score.

    Raises
    ------
    ModelError
        If an array is missing, left over, or of another shape.
    """
    network = SmallNetwork(n_classes)
    whole = {name: array.float() for name, array in arrays.items()}
    counters = {n: v for n, v in network.state_dict().items() if n.endswith("num_batches_tracked")}
    try:
        network.load_state_dict({**counters, **whole})
    except RuntimeError as error:
        raise ModelError(f"These are not the small network's weights: {error}") from error
    return channels_last(folded(network))
