"""Short-time mel spectra in torch, shared by every network's front end."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from candidates.detector.interface import Float

_CHUNK: Final = 4096  # frames transformed at a time: bounds memory on long recordings
_BLOCKS: Final = 4


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
        self._n_fft = 2 * (bank.shape[1] - 1)
        margin = self._n_fft - taper.numel()
        self._taper = nn.functional.pad(taper, (margin // 2, margin - margin // 2))
        self._hop = hop
        self._magnitude = magnitude
        # Low bands use few bins: multiplying block by block does a third of the work.
        self._blocks = []
        for block in torch.from_numpy(bank).chunk(_BLOCKS):
            used = block.any(0).nonzero()
            low, high = int(used.min()), int(used.max()) + 1
            self._blocks.append((low, high, block[:, low:high].T.contiguous()))

    def __call__(self, audio: Tensor) -> Tensor:
        """Return the bands of every frame that lies within the audio.

        Parameters
        ----------
        audio : Tensor [shape=(n_samples,), n_samples >= n_fft]

        Returns
        -------
        Tensor [shape=(n_bands, 1 + (n_samples - n_fft) // hop)]
        """
        framed = audio.unfold(0, self._n_fft, self._hop)
        parts = [
            self._bands(framed[first : first + _CHUNK])
            for first in range(0, framed.shape[0], _CHUNK)
        ]
        return torch.cat(parts).T

    def _bands(self, framed: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(framed * self._taper)
        energy = spectrum.real.square() + spectrum.imag.square()
        if self._magnitude:
            energy = energy.sqrt()
        return torch.cat([energy[:, low:high] @ block for low, high, block in self._blocks], dim=1)
