"""Short-time mel spectra in torch, shared by every network's front end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.interface import Float

#: Samples of the frames transformed at a time. So few stay in a core's cache: twice as fast as
#: thousands of frames. And always as many frames: the same frame gives the same bits, whichever
#: others stand beside it.
_SAMPLES: Final = 1 << 16
_SAMPLES_ON_ACCELERATOR: Final = 1 << 22
_BLOCKS: Final = 4
#: Windows that share their frames: a recording's frames are in memory for so many at a time.
_WINDOWS: Final = 32


class MelSpectrum:
    """Tapered frames, their power or magnitude spectra, summed into mel bands.

    Parameters
    ----------
    bank : np.ndarray [shape=(n_bands, n_fft // 2 + 1)]
        From `filterbank.mel_filterbank`.
    taper : Tensor [shape=(n,), n <= n_fft]
        Window function; shorter ones are centred in the frame.
    hop
        Samples between frames.
    magnitude
        Sum magnitudes instead of powers.
    """

    def __init__(self, bank: Float, *, taper: Tensor, hop: int, magnitude: bool = False) -> None:
        self.n_fft = 2 * (bank.shape[1] - 1)
        self.hop = hop
        self._n_bands = bank.shape[0]
        margin = self.n_fft - taper.numel()
        self._taper = nn.functional.pad(taper, (margin // 2, margin - margin // 2))
        self._magnitude = magnitude
        # Low bands use few bins: multiplying block by block does a third of the work.
        self._blocks = []
        for block in torch.from_numpy(bank).chunk(_BLOCKS):
            used = block.any(0).nonzero()
            low, high = int(used.min()), int(used.max()) + 1
            self._blocks.append((low, high, block[:, low:high].T.contiguous()))

    def to(self, device: torch.device) -> Self:
        """Return the same on another device."""
        moved = copy(self)
        moved._taper = self._taper.to(device)
        moved._blocks = [(low, high, block.to(device)) for low, high, block in self._blocks]
        return moved

    def __call__(self, audio: Tensor) -> Tensor:
        """Return the bands of every frame that lies within the audio.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,), n_samples >= n_fft]

        Returns
        -------
        Tensor [shape=(n_bands, 1 + (n_samples - n_fft) // hop)]
        """
        return self.of_frames(audio.unfold(0, self.n_fft, self.hop)).T

    def of_frames(self, framed: Tensor) -> Tensor:
        """Return the bands of frames that were cut already.

        Parameters
        ----------
        framed : Tensor [shape=(n_frames, n_fft)]

        Returns
        -------
        Tensor [shape=(n_frames, n_bands)]
        """
        n_frames = framed.shape[0]
        is_cpu = framed.device.type == "cpu"
        at_once = (_SAMPLES if is_cpu else _SAMPLES_ON_ACCELERATOR) // self.n_fft
        bands = framed.new_empty((n_frames, self._n_bands))
        for first in range(0, n_frames, at_once):
            part = framed[first : first + at_once]
            missing = at_once - part.shape[0]
            if missing:
                part = nn.functional.pad(part, (0, 0, 0, missing))
            bands[first : first + at_once] = self._bands(part)[: at_once - missing]
        return bands

    def _bands(self, framed: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(framed * self._taper)
        energy = spectrum.real.square() + spectrum.imag.square()
        if self._magnitude:
            energy = energy.sqrt()
        return torch.cat([energy[:, low:high] @ block for low, high, block in self._blocks], dim=1)


class FrontEnd(ABC):
    """From audio to the frames that a network hears.

    Parameters
    ----------
    spectrum
        The bands of a frame.
    """

    def __init__(self, spectrum: MelSpectrum) -> None:
        self._spectrum = spectrum

    @property
    def hop(self) -> int:
        """Samples between frames."""
        return self._spectrum.hop

    @abstractmethod
    def __call__(self, audio: Tensor) -> Tensor:
        """Return what is heard of a piece of audio, taken as one window."""

    def windows(self, audio: Tensor, starts: NDArray[np.int64], length: int) -> list[Tensor]:
        """Return what is heard of windows that overlap, each as if it were heard alone.

        This does for front ends whose frames all lie within the audio and depend on nothing else.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,)]
        starts : np.ndarray [shape=(n_windows,), dtype=int64]
            As `runs` gives them, the first one 0.
        length
            Samples in a window.
        """
        frames = self(audio)
        n_frames = 1 + (length - self._spectrum.n_fft) // self.hop
        return [frames[:, first : first + n_frames] for first in (starts // self.hop).tolist()]

    def to(self, device: torch.device) -> Self:
        """Return the same on another device."""
        moved = copy(self)
        moved._spectrum = self._spectrum.to(device)
        return moved


def runs(starts: NDArray[np.int64], length: int, hop: int) -> Iterator[NDArray[np.int64]]:
    """Yield the starts in groups of windows that overlap and whose frames coincide.

    Windows of a grid share most of their audio: OpenMIC's lie 3.84 s apart and last 10 s. Where
    they begin a whole number of frames apart, one transform serves them all.

    Parameters
    ----------
    starts : np.ndarray [shape=(n_windows,), dtype=int64]
        First samples, in any order.
    length
        Samples in a window.
    hop
        Samples between frames.

    Yields
    ------
    np.ndarray [dtype=int64]
        Ascending, at most 32; all groups together are `starts`.
    """
    if not starts.size:
        return
    steps = np.diff(starts)
    ends = np.flatnonzero((steps < 0) | (steps >= length) | (steps % hop != 0)) + 1
    for group in np.split(starts, ends):
        for first in range(0, group.size, _WINDOWS):
            yield group[first : first + _WINDOWS]
