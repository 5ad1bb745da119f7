"""Mel filter banks: from the bins of a short-time spectrum to bands the networks know."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def kaldi_mel(f: ArrayLike) -> NDArray[np.float64]:
    """Return frequencies in mel as HTK and Kaldi count them: ``1127 ln(1 + f / 700 Hz)``."""
    return np.asarray(1127.0 * np.log1p(np.asarray(f, dtype=np.float64) / 700.0))


def mel_filterbank(
    n_bands: int, n_fft: int, sample_rate: int, low_hz: float, high_hz: float
) -> NDArray[np.float32]:
    """Return triangles that are evenly spaced, and straight, on the mel scale.

    This is Kaldi's bank, and HTK's: the slopes are linear in mel, not in Hz, and a triangle's
    height is one whatever its width. The zero and the Nyquist bin belong to no band.

    Parameters
    ----------
    n_bands
        Number of bands.
    n_fft
        Length of the Fourier transform; there are ``n_fft // 2 + 1`` bins.
    sample_rate
        In Hz.
    low_hz, high_hz
        Lower edge of the first band and upper edge of the last, in Hz.

    Returns
    -------
    np.ndarray [shape=(n_bands, n_fft // 2 + 1), dtype=float32, in [0, 1]]

    References
    ----------
    D. Povey et al., "The Kaldi Speech Recognition Toolkit", ASRU 2011 (feature extraction:
    mel-computations). S. Young et al., "The HTK Book", section 5.4.
    """
    edges = np.linspace(float(kaldi_mel(low_hz)), float(kaldi_mel(high_hz)), n_bands + 2)
    bins = kaldi_mel(np.arange(n_fft // 2 + 1) * (sample_rate / n_fft))
    left, centre, right = (edges[i : n_bands + i, np.newaxis] for i in range(3))
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    bank[:, [0, -1]] = 0.0
    return bank.astype(np.float32)
