"""How loud a sound is to people: EBU R 128, measured as ITU-R BS.1770-4 says.

Integrated loudness (BS.1770-4, annex 1): each channel passes the K-weighting filter, its mean
square is taken over blocks of 400 ms that overlap by three quarters, and the blocks that pass two
gates are averaged: an absolute one at -70 LUFS, and a relative one 10 LU below the average of what
passed the first. True peak (annex 2): the largest magnitude after fourfold oversampling, because
the sound between two samples may rise above both.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from consonance.audio.inspect import dbfs
from consonance.audio.pcm import FloatFrames, as_frames
from consonance.errors import ParameterError

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
LOWEST_SAMPLE_RATE = 8_000  # below, the filter's shelf lies beyond half the rate

_OFFSET_LU = -0.691  # makes a 997 Hz sine of 0 dBFS in one channel measure -3.01
_HOPS_PER_SECOND = 10
_HOPS_PER_BLOCK = 4
_OVERSAMPLING = 4
# BS.1770-4 prints both filters for 48 kHz only. These are the analogue filters behind them
# (centre frequency in hertz, quality, gain in decibels): designed for 48 kHz they give the printed
# coefficients to all but the last digits, which a test asserts.
_SHELF_HZ, _SHELF_Q, _SHELF_DB = 1_681.974450955533, 0.7071752369554196, 3.999843853973347
_SHELF_BAND_EXPONENT = 0.4996667741545416
_PRINTED_RATE = 48_000
_HIGHPASS_HZ, _HIGHPASS_Q = 38.13547087602444, 0.5003270373238773


@dataclass(frozen=True)
class Loudness:
    """What was measured of a sound.

    Parameters
    ----------
    lufs
        Integrated loudness, LUFS; None where no block of 400 ms passes the gates: the sound is
        shorter than that, or quieter than `ABSOLUTE_GATE_LUFS` all through.
    true_peak_dbtp
        True peak, decibels relative to full scale; at least `inspect.FLOOR_DBFS`.
    """

    lufs: float | None
    true_peak_dbtp: float


def measure(pcm: npt.ArrayLike, sample_rate: int) -> Loudness:
    """Measure a sound's integrated loudness and true peak.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        One or two channels.
    sample_rate : int
        Frames per second, at least `LOWEST_SAMPLE_RATE`.

    Returns
    -------
    Loudness
        Finite numbers, or None for a loudness that there is not.

    Raises
    ------
    ParameterError
        As `integrated_lufs` and `true_peak_dbtp` do.
    """
    return Loudness(
        lufs=integrated_lufs(pcm, sample_rate), true_peak_dbtp=true_peak_dbtp(pcm, sample_rate)
    )


def integrated_lufs(pcm: npt.ArrayLike, sample_rate: int) -> float | None:
    """Return the gated loudness of a whole sound (BS.1770-4, annex 1).

    A sound of one channel is measured as it is heard: browsers and players send it to both
    loudspeakers, so it counts twice and measures 3.01 LU more than its channel by itself.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        One or two channels.
    sample_rate : int
        Frames per second, at least `LOWEST_SAMPLE_RATE`.

    Returns
    -------
    float or None
        LUFS; None where no block passes the gates.

    Raises
    ------
    ParameterError
        If the samples are ill-formed or of more than two channels, or the rate is too low.
    """
    frames = _checked(pcm, sample_rate)
    powers = _block_powers(frames, sample_rate)
    if frames.shape[1] == 1:
        powers = 2 * powers
    loud = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
    if len(loud) == 0:
        return None
    gate = loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)
    return _lufs(float(loud[loud > gate].mean()))


def true_peak_dbtp(pcm: npt.ArrayLike, sample_rate: int) -> float:
    """Return the true peak (BS.1770-4, annex 2, with soxr's HQ filter instead of the printed one).

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        One or two channels.
    sample_rate : int
        Frames per second, at least `LOWEST_SAMPLE_RATE`.

    Returns
    -------
    float
        dBTP, at least `inspect.FLOOR_DBFS`; never below the largest sample.

    Raises
    ------
    ParameterError
        As `integrated_lufs` does.
    """
    frames = _checked(pcm, sample_rate)
    if len(frames) == 0:
        return dbfs(0.0)
    between = soxr.resample(frames, sample_rate, _OVERSAMPLING * sample_rate, quality="HQ")
    return dbfs(max(_largest(frames), _largest(between)))


def k_weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the K-weighting filter for a rate.

    Parameters
    ----------
    sample_rate : int
        Frames per second, at least `LOWEST_SAMPLE_RATE`.

    Returns
    -------
    np.ndarray [shape=(2, 6), dtype=float64]
        Two second-order sections, as scipy takes them: the shelf that stands for the head, then
        the high pass; each by the bilinear transform of its analogue filter.

    Raises
    ------
    ParameterError
        If the rate is too low.
    """
    if sample_rate < LOWEST_SAMPLE_RATE:
        raise ParameterError(
            f"Loudness is measured at {LOWEST_SAMPLE_RATE} Hz or more, not {sample_rate}: "
            "resample first."
        )
    return _sections(sample_rate).copy()


@functools.lru_cache(maxsize=8)
def _sections(sample_rate: int) -> npt.NDArray[np.float64]:
    gain = 10 ** (_SHELF_DB / 20)
    band = gain**_SHELF_BAND_EXPONENT
    k = math.tan(math.pi * _SHELF_HZ / sample_rate)
    shelf = np.array([
        gain + band * k / _SHELF_Q + k * k, 2 * (k * k - gain), gain - band * k / _SHELF_Q + k * k,
        1 + k / _SHELF_Q + k * k, 2 * (k * k - 1), 1 - k / _SHELF_Q + k * k,
    ])  # fmt: skip
    # BS.1770-4 prints the numerator as 1, -2, 1, which is that of 48 kHz times the gain below;
    # the offset was calibrated with it, so every rate keeps it.
    k, a0 = _highpass_terms(sample_rate)
    highpass = np.array([1, -2, 1, a0, 2 * (k * k - 1), 1 - k / _HIGHPASS_Q + k * k]) / a0
    highpass[:3] *= _highpass_terms(_PRINTED_RATE)[1]
    return np.stack([shelf / shelf[3], highpass])


def _highpass_terms(sample_rate: int) -> tuple[float, float]:
    k = math.tan(math.pi * _HIGHPASS_HZ / sample_rate)
    return k, 1 + k / _HIGHPASS_Q + k * k


def _block_powers(frames: FloatFrames, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the K-weighted power of each whole block, summed over channels."""
    n_hops = len(frames) * _HOPS_PER_SECOND // sample_rate
    if n_hops < _HOPS_PER_BLOCK:
        return np.zeros(0)
    power = np.square(_weighted(frames, sample_rate)).sum(axis=1)
    # Whole frames nearest to each tenth of a second, for rates that ten does not divide.
    edges = np.arange(n_hops + 1) * sample_rate // _HOPS_PER_SECOND
    hops = np.add.reduceat(power[: edges[-1]], edges[:-1])
    ends = np.concatenate([[0.0], np.cumsum(hops)])
    sums = ends[_HOPS_PER_BLOCK:] - ends[:-_HOPS_PER_BLOCK]
    powers: npt.NDArray[np.float64] = sums / (edges[_HOPS_PER_BLOCK:] - edges[:-_HOPS_PER_BLOCK])
    return powers


def _weighted(frames: FloatFrames, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the samples through the K-weighting filter, as from silence.

    By Fourier transform: scipy's filter is faster for one clip, but importing it takes longer than
    forty clips. What wraps round is below rounding: a second of silence is added, in which the
    filter's memory (a double pole at 240 rad/s) falls by a factor of 1e104.
    """
    n_padded = (-(-len(frames) // sample_rate) + 1) * sample_rate
    spectra = np.fft.rfft(frames.astype(np.float64), n_padded, axis=0)
    spectra *= _response(sample_rate, n_padded)[:, np.newaxis]
    weighted: npt.NDArray[np.float64] = np.fft.irfft(spectra, n_padded, axis=0)[: len(frames)]
    return weighted


@functools.lru_cache(maxsize=4)
def _response(sample_rate: int, n_points: int) -> npt.NDArray[np.complex128]:
    """Return the K-weighting filter's response at the frequencies of a transform."""
    delay = np.exp(-2j * np.pi * np.arange(n_points // 2 + 1) / n_points)
    response = np.ones(len(delay), dtype=np.complex128)
    for b0, b1, b2, a0, a1, a2 in _sections(sample_rate):
        response *= (b0 + delay * (b1 + delay * b2)) / (a0 + delay * (a1 + delay * a2))
    return response


def _checked(pcm: npt.ArrayLike, sample_rate: int) -> FloatFrames:
    frames = as_frames(pcm)
    k_weighting(sample_rate)
    if frames.shape[1] > 2:
        raise ParameterError(
            f"Loudness is measured of one or two channels, not {frames.shape[1]}: mix down first."
        )
    return frames


def _largest(frames: FloatFrames) -> float:
    return float(np.abs(frames).max(initial=0.0))


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
