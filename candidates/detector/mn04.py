"""mn04: a MobileNetV3 of width 0.4, trained on AudioSet by distillation from transformers.

The network, its 32 kHz log-mel front end and its weights are those of EfficientAT (F. Schmid,
K. Koutini, G. Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
distillation", ICASSP 2023; weights MIT). This module is our own: it follows the paper, the table of
MobileNetV3-Large (A. Howard et al., "Searching for MobileNetV3", ICCV 2019, table 1) and the shapes
of the published arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from candidates.detector.filterbank import mel_filterbank
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last
from candidates.detector.melspectrum import MelSpectrum
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
_BN_EPS: Final = 1e-3

# MobileNetV3-Large, one row per block: kernel, expanded and output channels at width 1, squeeze and
# excitation, h-swish instead of ReLU, stride. (Howard et al. 2019, table 1)
_BLOCKS: Final = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
_STEM: Final = 16  # channels of the first convolution at width 1
_HEAD: Final = 1280  # units of the hidden dense layer at width 1
_LAST_FACTOR: Final = 6  # the last convolution multiplies the channels by this


def _channels(at_width_one: float) -> int:
    """Return a multiple of 8 near the number, never below 90 % of it (Howard et al. 2017)."""
    rounded = max(8, int(at_width_one + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * at_width_one else rounded


class LogMel:
    """Log-mel frames of 32 kHz audio, as mn04 was trained on.

    Pre-emphasis, centred 25 ms Hann frames every 10 ms, power spectrum, 128 mel bands up to 15 kHz,
    ``(ln(m + 1e-5) + 4.5) / 5``.
    """

    def __init__(self) -> None:
        self._spectrum = MelSpectrum(
            mel_filterbank(N_MELS, N_FFT, SAMPLE_RATE, 0.0, HIGHEST_HZ),
            taper=torch.hann_window(WINDOW, periodic=False),
            hop=HOP,
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
        emphasised = audio[1:] - PRE_EMPHASIS * audio[:-1]
        padded = nn.functional.pad(emphasised[None], (N_FFT // 2, N_FFT // 2), mode="reflect")[0]
        return ((self._spectrum(padded) + 1e-5).log() + 4.5) / 5.0


def _unit(
    n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: str = ""
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(n_in, n_out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out, eps=_BN_EPS),
    ]
    if act:
        layers.append(nn.Hardswish() if act == "hswish" else nn.ReLU())
    return nn.Sequential(*layers)


class _Excitation(nn.Module):
    """Weighs channels by their means over time and frequency."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        n_squeezed = _channels(n_channels // 4)
        self.fc1 = nn.Linear(n_channels, n_squeezed)
        self.fc2 = nn.Linear(n_squeezed, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3))))))
        return x * scale[:, :, None, None]


class _Squeeze(nn.Module):
    # One more level than needed, because the published arrays are named so.
    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Excitation(n_channels)])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conc_se_layers[0](x)
        return out


class _Block(nn.Module):
    """Expand, filter each channel, weigh, project; added to its input where shapes allow."""

    def __init__(
        self, n_in: int, n_mid: int, n_out: int, kernel: int, stride: int, se: bool, act: str
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if n_mid != n_in:
            layers.append(_unit(n_in, n_mid, act=act))
        layers.append(_unit(n_mid, n_mid, kernel, stride, groups=n_mid, act=act))
        if se:
            layers.append(_Squeeze(n_mid))
        layers.append(_unit(n_mid, n_out))
        self.block = nn.Sequential(*layers)
        self.adds = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out + x if self.adds else out


class Mn04Network(nn.Module):
    """The network alone: log-mel frames in, 527 logits and a 384-dimensional embedding out."""

    def __init__(self) -> None:
        super().__init__()
        n_in = _channels(_STEM * _WIDTH)
        layers: list[nn.Module] = [_unit(1, n_in, 3, 2, act="hswish")]
        for kernel, expanded, out, se, hswish, stride in _BLOCKS:
            n_mid, n_out = _channels(expanded * _WIDTH), _channels(out * _WIDTH)
            act = "hswish" if hswish else "relu"
            layers.append(_Block(n_in, n_mid, n_out, kernel, stride, se, act))
            n_in = n_out
        layers.append(_unit(n_in, _LAST_FACTOR * n_in, act="hswish"))
        self.features = nn.Sequential(*layers)
        hidden = _channels(_HEAD * _WIDTH)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(_LAST_FACTOR * n_in, hidden),
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

    def fuse(self) -> Self:
        """Fold every batch normalisation into the convolution before it; for scoring only."""
        for module in list(self.modules()):
            if isinstance(module, nn.Sequential):
                for (name, conv), (after, norm) in pairwise(list(module.named_children())):
                    if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                        setattr(module, name, fuse_conv_bn_eval(conv, norm))
                        setattr(module, after, nn.Identity())
        return self


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
    return channels_last(network.eval().requires_grad_(False).fuse())


class Mn04(AudioSetTagger[Mn04Network]):
    """AudioSet tags of mn04, mapped to the classes of a taxonomy."""

    name = "mn04"
    sample_rate = SAMPLE_RATE
    embedding_dim = 384
    min_samples = SAMPLE_RATE // 10
    label_column = "index"
    class_score = "largest probability among the AudioSet labels of the class"
    build = staticmethod(build_network)
    _log_mel = LogMel()

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
            frames = self._log_mel(torch.from_numpy(audio))
            logits, embeddings = self._network(frames[None, None])
            return torch.sigmoid(logits[0]).numpy(), embeddings[0].numpy()

    def windows(
        self, audio: Float, starts: NDArray[np.int64], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Yield class scores and embedding of each window; see `Detector.windows`."""
        for start in starts.tolist():
            probabilities, embedding = self.tag(audio[start : start + length])
            yield self._mapping.scores(probabilities), embedding
