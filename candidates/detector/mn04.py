"""mn04: a MobileNetV3 of width 0.4, trained on AudioSet by distillation from transformers.

The network, its 32 kHz log-mel front end and its weights are those of EfficientAT (F. Schmid,
K. Koutini, G. Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
distillation", ICASSP 2023; weights MIT). This module is our own: it follows the paper,
MobileNetV3-Large (`mobilenet`) and the shapes of the published arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector import mobilenet
from candidates.detector.batched import probabilities_of
from candidates.detector.filterbank import mel_filterbank
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last, folded
from candidates.detector.melspectrum import FrontEnd, MelSpectrum
from candidates.detector.tagger import AudioSetTagger
from consonance.errors import ModelError

SAMPLE_RATE: Final = 32_000  # Hz
N_FFT: Final = 1024
WINDOW: Final = 800  # samples, 25 ms
HOP: Final = 320  # samples, 10 ms
N_MELS: Final = 128
HIGHEST_HZ: Final = 15_000.0
PRE_EMPHASIS: Final = 0.97
N_LABELS: Final = 527
_WIDTH: Final = 0.4
_HEAD: Final = 1280  # units of the hidden dense layer at width 1


class LogMel(FrontEnd):
    """Log-mel frames of 32 kHz audio, as mn04 was trained on.

    Pre-emphasis, centred 25 ms Hann frames every 10 ms, power spectrum, 128 mel bands up to 15 kHz,
    ``(ln(m + 1e-5) + 4.5) / 5``.
    """

    def __init__(self) -> None:
        super().__init__(
            MelSpectrum(
                mel_filterbank(N_MELS, N_FFT, SAMPLE_RATE, 0.0, HIGHEST_HZ),
                taper=torch.hann_window(WINDOW, periodic=False),
                hop=HOP,
            )
        )

    def __call__(self, audio: Tensor) -> Tensor:
        """Return the frames of one piece of audio, mirrored at both ends.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,)]

        Returns
        -------
        Tensor [shape=(128, 1 + (n_samples - 1) // 320)]
        """
        padded = _mirrored(_emphasised(audio), N_FFT // 2, N_FFT // 2)
        return _log(self._spectrum(padded))

    def windows(self, audio: Tensor, starts: NDArray[np.int64], length: int) -> list[Tensor]:
        """Return the frames of overlapping windows; see `FrontEnd.windows`.

        Only the frames at a window's ends hear where it was cut.
        """
        n_frames = 1 + (length - 1) // HOP
        first = -(-(N_FFT // 2) // HOP)  # the first frame that lies within a window
        last = (length - 1 - N_FFT // 2) // HOP
        if last < first + 4:  # too short to be taken apart
            return [self(audio[start : start + length]) for start in starts.tolist()]
        inner = self._spectrum(_emphasised(audio)[first * HOP - N_FFT // 2 :])
        edges = []
        for start in starts.tolist():
            window = _emphasised(audio[start : start + length])
            begin = _mirrored(window[: first * HOP + N_FFT], N_FFT // 2, 0)
            end_from = (last + 1) * HOP - N_FFT // 2
            end = _mirrored(window[end_from - N_FFT :], 0, N_FFT // 2)[N_FFT:]
            edges.append(begin.unfold(0, N_FFT, HOP)[:first])
            edges.append(end.unfold(0, N_FFT, HOP)[: n_frames - last - 1])
        counts = [first, n_frames - last - 1] * len(starts)
        ends = torch.split(_log(self._spectrum.of_frames(torch.cat(edges))).T, counts, dim=1)
        inner = _log(inner)
        return [
            torch.cat([ends[2 * row], inner[:, at : at + last - first + 1], ends[2 * row + 1]], 1)
            for row, at in enumerate((starts // HOP).tolist())
        ]


def _emphasised(audio: Tensor) -> Tensor:
    return audio[1:] - PRE_EMPHASIS * audio[:-1]


def _mirrored(audio: Tensor, before: int, after: int) -> Tensor:
    return nn.functional.pad(audio[None], (before, after), mode="reflect")[0]


def _log(bands: Tensor) -> Tensor:
    return ((bands + 1e-5).log() + 4.5) / 5.0


class Mn04Network(nn.Module):
    """The network alone: log-mel frames in, 527 logits and a 384-dimensional embedding out."""

    def __init__(self) -> None:
        super().__init__()
        self.features = mobilenet.features(_WIDTH, mobilenet.BLOCKS)
        hidden = mobilenet.channels(_HEAD * _WIDTH)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(mobilenet.n_features(_WIDTH), hidden),
            nn.Hardswish(),
            nn.Dropout(0.2),
            nn.Linear(hidden, N_LABELS),
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and embeddings.

        Parameters
        ----------
        frames : Tensor [shape=(n, 1, 128, n_frames)]

        Returns
        -------
        logits : Tensor [shape=(n, 527)]
        embeddings : Tensor [shape=(n, 384)]
            Means of the last feature maps over time and frequency.
        """
        pooled = self.classifier[:2](self.features(frames))
        return self.classifier[2:](pooled), pooled


def build_network(arrays: Mapping[str, Tensor]) -> Mn04Network:
    """Return the network with these weights, ready to score.

    Raises
    ------
    ModelError
        If an array is missing, left over, or of another shape.
    """
    network = Mn04Network()
    wanted = network.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(set(wanted) - set(arrays) - counters)
    left_over = sorted(set(arrays) - set(wanted))
    if missing or left_over:
        raise ModelError(
            f"These are not mn04's weights: missing {missing[:3]}, not known {left_over[:3]}."
        )
    try:
        network.load_state_dict(
            {name: arrays[name] for name in wanted if name in arrays}, strict=False
        )
    except RuntimeError as error:
        raise ModelError(f"These are not mn04's weights: {error}") from error
    return channels_last(folded(network))


class Mn04(AudioSetTagger[Mn04Network]):
    """AudioSet tags of mn04, mapped to the classes of a taxonomy."""

    name = "mn04"
    sample_rate = SAMPLE_RATE
    embedding_dim = 384
    min_samples = SAMPLE_RATE // 10
    label_column = "index"
    class_score = "largest probability among the AudioSet labels of the class"
    build = staticmethod(build_network)
    _log_mel: FrontEnd = LogMel()

    def tag(self, audio: Float) -> tuple[Float, Float]:
        """Return probabilities of the 527 AudioSet labels and the embedding of a piece of audio.

        Parameters
        ----------
        audio : np.ndarray [shape=(n_samples,), dtype=float32, in [-1, 1]]
            At 32 kHz.

        Returns
        -------
        probabilities : np.ndarray [shape=(527,), dtype=float32, in [0, 1]]
        embedding : np.ndarray [shape=(384,), dtype=float32]
        """
        with torch.inference_mode():
            frames = self._log_mel(torch.from_numpy(audio).to(self._device))
            probabilities, embeddings = self.apply(frames[None])
            return probabilities[0].cpu().numpy(), embeddings[0].cpu().numpy()

    def apply(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities of the labels and embeddings; see `BatchedDetector.apply`."""
        logits, embeddings = self._network(heard[:, None])
        return probabilities_of(logits), embeddings
