"""The detector that ships: a small network of our own, distilled from mn04 and YAMNet.

It was cut from mn04 (weights MIT): three of its fifteen blocks left out, half the audio rate, half
the frames. Then it was taught by both published networks on real and rendered music; see
`distillation`. Like its teachers it gives AudioSet's labels, so that it knows every class that is
named by them. Its model card, `weights/default.json`, says what it was taught and how well it does.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector import mobilenet
from candidates.detector.arrays import read_arrays
from candidates.detector.audioset import ClassMap, class_map
from candidates.detector.batched import probabilities_of
from candidates.detector.cards import matching
from candidates.detector.filterbank import kaldi_mel, mel_filterbank
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last, folded, pointwise
from candidates.detector.melspectrum import FrontEnd, MelSpectrum
from candidates.detector.mn04 import HIGHEST_HZ, N_LABELS, PRE_EMPHASIS
from candidates.detector.mn04 import N_MELS as MN04_MELS
from candidates.detector.mn04 import SAMPLE_RATE as MN04_RATE
from candidates.detector.overlap import Overlap
from candidates.detector.tagger import AudioSetTagger
from candidates.detector.taxonomy import Taxonomy
from consonance.errors import ModelError

WEIGHTS: Final = Path(__file__).resolve().parent / "weights" / "default.npz"
SAMPLE_RATE: Final = 16_000  # Hz: half of mn04's, as YAMNet
N_FFT: Final = 512
WINDOW: Final = 400  # samples, 25 ms
HOP: Final = 320  # samples, 20 ms: half of mn04's frames
N_MELS: Final = 102  # the lowest of mn04's 128 bands, up to 7.7 kHz
WIDTH: Final = 0.4  # as mn04
#: Rows of `mobilenet.BLOCKS` that mn04 does without at the least loss.
LEFT_OUT: Final = (5, 8, 9)
_HIDDEN: Final = 512


def _bank() -> Float:
    """Return mn04's lowest bands at half the rate, its pre-emphasis worked into them."""
    step = float(kaldi_mel(HIGHEST_HZ)) / (MN04_MELS + 1)
    top = 700.0 * np.expm1((N_MELS + 1) * step / 1127.0)
    bank = mel_filterbank(N_MELS, N_FFT, SAMPLE_RATE, 0.0, float(top))
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT
    emphasis = np.abs(1.0 - PRE_EMPHASIS * np.exp(-2j * np.pi * bins / MN04_RATE)) ** 2
    # Half as many samples in a frame: half the amplitude, a quarter of the power.
    scaled: Float = (bank * emphasis * (MN04_RATE / SAMPLE_RATE) ** 2).astype(np.float32)
    return scaled


class LogMel(FrontEnd):
    """Log-mel frames: 25 ms Hann frames every 20 ms, 102 bands, ``(ln(m + 1e-5) + 4.5) / 5``."""

    def __init__(self) -> None:
        super().__init__(
            MelSpectrum(_bank(), taper=torch.hann_window(WINDOW, periodic=False), hop=HOP)
        )

    def __call__(self, audio: Tensor) -> Tensor:
        """Return the frames that lie within a piece of audio.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,), n_samples >= 512]

        Returns
        -------
        Tensor [shape=(102, 1 + (n_samples - 512) // 320)]
        """
        return ((self._spectrum(audio) + 1e-5).log() + 4.5) / 5.0


class StudentNetwork(nn.Module):
    """Log-mel frames in, logits of labels and a 384-dimensional embedding out.

    Parameters
    ----------
    n_outputs
        Labels; AudioSet's 527 unless the network is trained for other classes.
    """

    def __init__(self, n_outputs: int = N_LABELS) -> None:
        super().__init__()
        kept = [row for place, row in enumerate(mobilenet.BLOCKS) if place not in LEFT_OUT]
        self.features = mobilenet.features(WIDTH, kept)
        self.hidden = nn.Linear(mobilenet.n_features(WIDTH), _HIDDEN)
        self.dropout = nn.Dropout(0.2)
        self.classify = nn.Linear(_HIDDEN, n_outputs)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and embeddings.

        Parameters
        ----------
        frames : Tensor [shape=(n, 102, n_frames)]

        Returns
        -------
        logits : Tensor [shape=(n, n_outputs)]
        embeddings : Tensor [shape=(n, 384)]
            Means of the last feature maps over time and frequency.
        """
        pooled = self.features(frames[:, None]).mean(dim=(2, 3))
        return self.outputs(pooled), pooled

    def outputs(self, pooled: Tensor) -> Tensor:
        """Return logits from embeddings."""
        hidden = nn.functional.hardswish(self.hidden(pooled))
        logits: Tensor = self.classify(self.dropout(hidden))
        return logits


class Student(AudioSetTagger[StudentNetwork]):
    """AudioSet tags of the network that ships, mapped to the classes of a taxonomy."""

    name = "default"
    sample_rate = SAMPLE_RATE
    embedding_dim = 384
    min_samples = SAMPLE_RATE // 4
    label_column = "index"
    class_score = "largest probability among the AudioSet labels of the class"
    batch = 8  # the maps that wait are small
    _log_mel: FrontEnd = LogMel()

    def __init__(
        self,
        network: StudentNetwork,
        mapping: ClassMap,
        *,
        weights_sha256: str,
        provenance: dict[str, Any],
    ) -> None:
        super().__init__(network, mapping, weights_sha256=weights_sha256, provenance=provenance)
        early, self._late = mobilenet.divided(network.features)
        self._early = Overlap(early)

    @classmethod
    def load(
        cls, taxonomy: Taxonomy, models_dir: Path | None = None, *, path: Path = WEIGHTS
    ) -> Self:
        """Return the detector with the weights that ship.

        Parameters
        ----------
        taxonomy
            Whose classes to score.
        models_dir
            Not used: the weights ship.
        path
            Of the weights; the model card lies beside them with the suffix ``.json``.

        Raises
        ------
        ModelError
            If weights or card are missing, altered, or do not belong together.
        """
        card = matching(path)
        return cls(
            build_network(read_arrays(path)),
            class_map(taxonomy, cls.label_column),
            weights_sha256=card["weights_sha256"],
            provenance={
                "weights": path.name,
                "weights_sha256": card["weights_sha256"],
                "weights_licence": card["licence"],
                "what": card["what"],
                "data": card["data"],
                "measured": card["measured"],
                "taxonomy": taxonomy.name,
                "taxonomy_version": taxonomy.version,
                "taxonomy_licence": taxonomy.licence,
                "class_score": cls.class_score,
            },
        )

    @staticmethod
    def build(arrays: Mapping[str, Tensor]) -> StudentNetwork:
        """Return the network with these weights, ready to score."""
        return build_network(arrays)

    def hear(self, audio: Tensor, starts: NDArray[np.int64], length: int) -> list[Tensor]:
        """Return the maps before the first excitation; see `BatchedDetector.hear`."""
        n_frames = 1 + (length - N_FFT) // HOP
        return self._early(self._log_mel(audio), (starts // HOP).tolist(), n_frames)

    def hear_alone(self, audio: Tensor) -> Tensor:
        """Return the maps before the first excitation of one window."""
        frames = self._log_mel(audio)
        return self._early(frames, [0], frames.shape[1])[0]

    def apply(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities of the labels and embeddings; see `BatchedDetector.apply`."""
        embeddings = self._late(heard.permute(0, 3, 1, 2)).mean(dim=(2, 3))
        return probabilities_of(self._network.outputs(embeddings)), embeddings


def cut_from_mn04(arrays: Mapping[str, Tensor]) -> StudentNetwork:
    """Return the network with those of mn04's weights that it keeps, not yet taught.

    Parameters
    ----------
    arrays
        mn04's, as published.

    Raises
    ------
    ModelError
        If they are not mn04's.
    """
    kept = [place for place in range(len(mobilenet.BLOCKS)) if place not in LEFT_OUT]
    # The stem comes before the blocks, the last convolution after them.
    layers = [0, *(1 + place for place in kept), 1 + len(mobilenet.BLOCKS)]
    names = {f"features.{old}.": f"features.{new}." for new, old in enumerate(layers)}
    names |= {"classifier.2.": "hidden.", "classifier.5.": "classify."}
    chosen = {
        new + name.removeprefix(old): array.float()
        for name, array in arrays.items()
        for old, new in names.items()
        if name.startswith(old)
    }
    return _filled(StudentNetwork(), chosen, "mn04's weights")


def build_network(arrays: Mapping[str, Tensor]) -> StudentNetwork:
    """Return the network with these weights, ready to score.

    Raises
    ------
    ModelError
        If an array is missing, left over, or of another shape.
    """
    if "classify.bias" not in arrays:
        raise ModelError("These are not the shipped network's weights: classify.bias is missing.")
    network = StudentNetwork(arrays["classify.bias"].numel())
    whole = {name: array.float() for name, array in arrays.items()}
    network = _filled(network, whole, "the shipped network's weights")
    return pointwise(channels_last(folded(network)))


def packed(network: StudentNetwork) -> bytes:
    """Return the content of an ``.npz`` that `build_network` reads; equal networks, equal bytes."""
    arrays = {
        # Halves the file; normalisation constants and biases are few and stay exact.
        name: array.half().numpy() if array.dim() > 1 else array.numpy()
        for name, array in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _filled(network: StudentNetwork, arrays: Mapping[str, Tensor], what: str) -> StudentNetwork:
    counters = {n: v for n, v in network.state_dict().items() if n.endswith("num_batches_tracked")}
    try:
        network.load_state_dict({**counters, **arrays})
    except RuntimeError as error:
        raise ModelError(f"These are not {what}: {error}") from error
    return network
