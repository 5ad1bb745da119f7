"""YAMNet: Google's MobileNet trained on AudioSet, one score per second or so, averaged.

Described in the TensorFlow models repository (research/audioset/yamnet; weights Apache-2.0) and in
A. Howard et al., "MobileNets", 2017. This module is our own. It reads `yamnet_float32.npz`, plain
arrays in which batch normalisation is folded into the convolutions; they were made from a published
file whose weights had been rounded to 8 bits, and carry that rounding.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.filterbank import mel_filterbank
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last, folded
from candidates.detector.melspectrum import FrontEnd, MelSpectrum
from candidates.detector.tagger import AudioSetTagger
from consonance.errors import ModelError

SAMPLE_RATE: Final = 16_000  # Hz
N_FFT: Final = 512
WINDOW: Final = 400  # samples, 25 ms
HOP: Final = 160  # samples, 10 ms
N_MELS: Final = 64
LOWEST_HZ: Final = 125.0
HIGHEST_HZ: Final = 7_500.0
FLOOR: Final = 0.001  # added to band magnitudes before the logarithm
PATCH: Final = 96  # frames in a patch
PATCH_HOP: Final = 48  # frames between patches
N_LABELS: Final = 521
_PATCH_SAMPLES: Final = (PATCH - 1) * HOP + WINDOW
_STEP: Final = PATCH_HOP * HOP  # samples between patches
_OVERLAP: Final = _PATCH_SAMPLES - _STEP
_MARGIN: Final = (N_FFT - WINDOW) // 2  # the window function sits in the middle of a frame

# (output channels, stride) of the first convolution and of the 13 separable ones after it.
_LAYERS: Final = (
    (32, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


class LogMel(FrontEnd):
    """Log-mel patches of 16 kHz audio: 96 frames, one every 480 ms."""

    def __init__(self) -> None:
        super().__init__(
            MelSpectrum(
                mel_filterbank(N_MELS, N_FFT, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ),
                taper=torch.hann_window(WINDOW, periodic=True),
                hop=HOP,
                magnitude=True,
            )
        )

    def __call__(self, audio: Tensor) -> Tensor:
        """Return patches that cover the audio; silence is appended to fill the last one.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,)]

        Returns
        -------
        Tensor [shape=(n_patches, 96, 64)]
        """
        silence = _n_patches(audio.numel()) * _STEP + _OVERLAP - audio.numel()
        frames = self._frames(nn.functional.pad(audio, (_MARGIN, silence + _MARGIN)))
        return frames.unfold(1, PATCH, PATCH_HOP).permute(1, 2, 0)

    def windows(self, audio: Tensor, starts: NDArray[np.int64], length: int) -> list[Tensor]:
        """Return the patches of overlapping windows; see `FrontEnd.windows`.

        Only a window's last frames hear the silence after it.
        """
        n_frames = (_n_patches(length) - 1) * PATCH_HOP + PATCH
        n_inner = max(0, 1 + (length - WINDOW) // HOP)
        if n_inner >= n_frames:
            n_inner = n_frames
        padded = nn.functional.pad(audio, (_MARGIN, _MARGIN))
        inner = self._frames(padded) if n_inner else None
        found = []
        for start in starts.tolist():
            rest = padded[start + n_inner * HOP : start + length + _MARGIN]
            missing = (n_frames - n_inner - 1) * HOP + N_FFT - rest.numel()
            parts = [] if inner is None else [inner[:, start // HOP :][:, :n_inner]]
            if n_inner < n_frames:
                parts.append(self._frames(nn.functional.pad(rest, (0, missing))))
            found.append(torch.cat(parts, dim=1).unfold(1, PATCH, PATCH_HOP).permute(1, 2, 0))
        return found

    def _frames(self, padded: Tensor) -> Tensor:
        return (self._spectrum(padded) + FLOOR).log()


def _n_patches(n_samples: int) -> int:
    return 1 + max(0, -(-(n_samples - _PATCH_SAMPLES) // _STEP))


class _Padded(nn.Conv2d):
    """A convolution padded as TensorFlow does: even sizes at the end only."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(n_in, n_out, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            pads += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, pads))


class YamnetNetwork(nn.Module):
    """The network alone: patches in, 521 logits and a 1024-dimensional embedding out."""

    def __init__(self) -> None:
        super().__init__()
        layers: dict[str, nn.Module] = {}
        n_in = 1
        for number, (n_out, stride) in enumerate(_LAYERS, start=1):
            if number == 1:
                parts = {"conv": _Padded(n_in, n_out, 3, stride)}
            else:
                parts = {
                    "depthwise": _Padded(n_in, n_in, 3, stride, groups=n_in),
                    "pointwise": _Padded(n_in, n_out, 1, 1),
                }
            layer = nn.Sequential()
            for name, part in parts.items():
                layer.add_module(name, part)
                layer.add_module(f"{name}_relu", nn.ReLU())
            layers[f"layer{number}"] = layer
            n_in = n_out
        self.layers = nn.Sequential(OrderedDict(layers))
        self.dense = nn.Linear(n_in, N_LABELS)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and embeddings.

        Parameters
        ----------
        patches : Tensor [shape=(n, 96, 64)]

        Returns
        -------
        logits : Tensor [shape=(n, 521)]
        embeddings : Tensor [shape=(n, 1024)]
        """
        maps = self.layers(patches[:, None])
        embeddings = maps.mean((2, 3))
        return self.dense(embeddings), embeddings


def build_network(arrays: Mapping[str, Tensor]) -> YamnetNetwork:
    """Return the network with these weights, ready to score.

    Parameters
    ----------
    arrays
        ``layerN/{conv,depthwise,pointwise}/{weight,bias}`` and ``dense/{weight,bias}``; those
        under ``frontend/`` belong to another front end and are not used.

    Raises
    ------
    ModelError
        If an array is missing, left over, or of another shape.
    """
    network = YamnetNetwork()
    state = {
        ("layers." if name.startswith("layer") else "") + name.replace("/", "."): array
        for name, array in arrays.items()
        if not name.startswith("frontend/")
    }
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"These are not YAMNet's weights: {error}") from error
    return channels_last(folded(network))


class Yamnet(AudioSetTagger[YamnetNetwork]):
    """AudioSet tags of YAMNet, averaged over patches and mapped to the classes of a taxonomy."""

    name = "yamnet"
    sample_rate = SAMPLE_RATE
    embedding_dim = 1024
    min_samples = SAMPLE_RATE // 10
    label_column = "yamnet_index"
    class_score = (
        "largest probability among the AudioSet labels of the class, each the mean over patches of "
        "0.96 s"
    )
    build = staticmethod(build_network)
    batch = 1  # of some twenty patches
    _log_mel: FrontEnd = LogMel()

    def tag(self, audio: Float) -> tuple[Float, Float]:
        """Return probabilities of the 521 labels and the embedding of every patch.

        Parameters
        ----------
        audio : np.ndarray [shape=(n_samples,), dtype=float32, in [-1, 1]]
            At 16 kHz.

        Returns
        -------
        probabilities : np.ndarray [shape=(n_patches, 521), dtype=float32, in [0, 1]]
        embeddings : np.ndarray [shape=(n_patches, 1024), dtype=float32]
        """
        with torch.inference_mode():
            patches = self._log_mel(torch.from_numpy(audio).to(self._device))
            logits, embeddings = self._network(patches)
            return torch.sigmoid(logits).cpu().numpy(), embeddings.cpu().numpy()

    def apply(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return one row a window, its patches pooled; see `BatchedDetector.apply`."""
        n_windows, n_patches = heard.shape[:2]
        logits, embeddings = self._network(heard.flatten(0, 1))
        probabilities = torch.sigmoid(logits).view(n_windows, n_patches, -1)
        pooled = embeddings.view(n_windows, n_patches, -1).mean(1)
        return self.pooled(probabilities), pooled

    def pooled(self, probabilities: Tensor) -> Tensor:
        """Return a window's probabilities [shape=(n, n_labels)] from its patches'.

        Parameters
        ----------
        probabilities : Tensor [shape=(n, n_patches, n_labels)]
        """
        return probabilities.mean(1)


class YamnetMiddle(Yamnet):
    """YAMNet pooled as OpenMIC-2018 pooled its detector: the largest of the middle frames.

    Of ten frames of 0.96 s the first and the last were left out, so that what is heard only where
    an excerpt was cut does not count; here, of the patches, those that reach into them.
    """

    name = "yamnet-middle"
    weights_of = "yamnet"
    class_score = (
        "largest probability among the AudioSet labels of the class, each the largest over the "
        "patches of 0.96 s but those at the ends of the window"
    )

    def pooled(self, probabilities: Tensor) -> Tensor:
        """Return the largest probabilities of the middle patches; see `Yamnet.pooled`."""
        per_frame = PATCH // PATCH_HOP  # patches that begin within a frame
        n_patches = probabilities.shape[1]
        first, last = per_frame, n_patches - 2 * per_frame + 1
        if last <= first:  # nothing but ends
            first, last = 0, n_patches
        return probabilities[:, first:last].amax(1)
