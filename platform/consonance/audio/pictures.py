"""What a browser shows of a clip: its outline and its spectrogram, computed once on the server."""

from __future__ import annotations

import functools
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from consonance.audio.palette import dark_to_bright
from consonance.audio.pcm import as_frames
from consonance.errors import ParameterError

PEAK_SCALE = 127  # full scale in `peaks`

DYNAMIC_RANGE_DB = 80.0  # below this much under the loudest spot everything is darkest
QUIETEST_TOP_DB = -70.0  # the loudest spot counts as at least this loud, or noise would glow
LOWEST_HZ = 30.0
HIGHEST_HZ = 16_000.0  # little is heard, and after lossy coding little is left, above
_WINDOW_SECONDS = 0.046  # 2,048 samples at 44.1 kHz; rounded to a power of two
_COLOURS = 128  # steps of 0.63 dB, below what is seen; half the file size of 256
_COLUMNS_AT_ONCE = 256  # bounds the memory for long recordings
_SMALLEST_POWER = 10 ** ((QUIETEST_TOP_DB - DYNAMIC_RANGE_DB) / 10)  # nothing darker is drawn


def peaks(pcm: npt.ArrayLike, n_points: int = 400) -> npt.NDArray[np.int8]:
    """Return the outline of a sound: lowest and highest sample of equal stretches of time.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        Samples; channels share one outline.
    n_points : int
        Number of stretches, at least 1.

    Returns
    -------
    np.ndarray [shape=(n_points, 2), dtype=int8, in [-127, 127]]
        Minimum and maximum of each stretch, 127 being full scale; beyond it is clipped. A sound
        of fewer frames than points repeats frames; an empty one is flat.

    Raises
    ------
    ParameterError
        If the samples are ill-formed or `n_points` is less than 1.
    """
    frames = as_frames(pcm)
    if n_points < 1:
        raise ParameterError(f"n_points must be at least 1, not {n_points}.")
    if len(frames) == 0:
        return np.zeros((n_points, 2), dtype=np.int8)
    # Where two stretches start at one frame, reduceat gives the first that frame itself.
    starts = np.arange(n_points, dtype=np.int64) * len(frames) // n_points
    lowest = np.minimum.reduceat(frames.min(axis=1), starts)
    highest = np.maximum.reduceat(frames.max(axis=1), starts)
    outline = np.rint(PEAK_SCALE * np.column_stack([lowest, highest]))
    clipped: npt.NDArray[np.int8] = np.clip(outline, -PEAK_SCALE, PEAK_SCALE).astype(np.int8)
    return clipped


def spectrogram_png(
    pcm_mono: npt.ArrayLike, sample_rate: int, *, width: int = 800, height: int = 200
) -> bytes:
    """Draw the log-mel spectrogram of a sound.

    Time runs to the right, mel-spaced frequency from `LOWEST_HZ` upward to `HIGHEST_HZ` (or half
    the sample rate). Colour is power in decibels, from the loudest spot down over
    `DYNAMIC_RANGE_DB`, in the scale of `palette`.

    Parameters
    ----------
    pcm_mono : array_like [shape=(n_frames,) or (n_frames, 1), full scale -1 to 1]
        Samples of one channel.
    sample_rate : int
        Frames per second, at least 1,000.
    width, height : int
        Size of the picture in pixels, at least 1 each.

    Returns
    -------
    bytes
        A PNG with 8-bit palette; the same samples give the same bytes.

    Raises
    ------
    ParameterError
        If the samples are not mono or ill-formed, or another argument is out of range.
    """
    frames = as_frames(pcm_mono)
    if frames.shape[1] != 1:
        raise ParameterError(f"A spectrogram is of one channel, not {frames.shape[1]}: mix down.")
    if sample_rate < 1_000:
        raise ParameterError(f"sample_rate must be at least 1000, not {sample_rate}.")
    if width < 1 or height < 1:
        raise ParameterError(f"A picture has at least one pixel, not {width} by {height}.")
    decibels = mel_decibels(frames[:, 0], sample_rate, n_columns=width, n_bands=height)
    top = max(float(decibels.max()), QUIETEST_TOP_DB)
    brightness = 1 + (decibels - top) / DYNAMIC_RANGE_DB
    levels = np.rint((_COLOURS - 1) * np.clip(brightness, 0, 1)).astype(np.uint8)
    pixels = np.ascontiguousarray(levels.T[::-1])  # high frequencies at the top
    image = Image.frombytes("P", (width, height), pixels.tobytes())
    image.putpalette(dark_to_bright(_COLOURS).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()


def mel_decibels(
    mono: npt.NDArray[np.float32], sample_rate: int, *, n_columns: int, n_bands: int
) -> npt.NDArray[np.float32]:
    """Return mel band powers at evenly spaced times.

    Each column is the mean over windows (Hann, about 46 ms, overlapping by half or more) centred
    within its stretch of time; so a long recording is averaged, not sampled.

    Parameters
    ----------
    mono : np.ndarray [shape=(n_frames,), dtype=float32]
        Samples; silence is assumed outside.
    sample_rate : int
        Frames per second.
    n_columns : int
        Number of stretches the sound is divided into.
    n_bands : int
        Number of mel bands.

    Returns
    -------
    np.ndarray [shape=(n_columns, n_bands), dtype=float32]
        Decibels of the power averaged over a band's bins, in which a full-scale sine has 0 dB in
        its own bin. Low bands first.
    """
    n_window = 1 << round(np.log2(sample_rate * _WINDOW_SECONDS))
    window = np.hanning(n_window + 1)[:-1].astype(np.float32)
    window *= np.float32(2 / window.sum())  # a full-scale sine has power 1 in its bin
    bands = _mel_bands(sample_rate, n_window, n_bands)
    padded = np.pad(mono, n_window // 2)
    column_frames = len(mono) / n_columns
    per_column = max(1, int(np.ceil(column_frames / (n_window / 2))))
    n_at_once = max(1, _COLUMNS_AT_ONCE // per_column)
    power = np.empty((n_columns, n_bands), dtype=np.float32)
    within = (np.arange(per_column) + 0.5) / per_column
    for first in range(0, n_columns, n_at_once):
        columns = np.arange(first, min(first + n_at_once, n_columns))
        centres = ((columns[:, np.newaxis] + within) * column_frames).astype(np.int64).ravel()
        windows = padded[centres[:, np.newaxis] + np.arange(n_window)] * window
        spectra = np.abs(np.fft.rfft(windows, axis=1)).astype(np.float32) ** 2
        banded = (spectra @ bands.T).reshape(len(columns), per_column, n_bands)
        power[columns] = banded.mean(axis=1)
    decibels: npt.NDArray[np.float32] = 10 * np.log10(np.maximum(power, _SMALLEST_POWER))
    return decibels


@functools.lru_cache(maxsize=8)
def _mel_bands(sample_rate: int, n_window: int, n_bands: int) -> npt.NDArray[np.float32]:
    """Return triangular mel filters [shape=(n_bands, n_window // 2 + 1)], each summing to 1.

    Where bands lie closer than the bins of the transform, a triangle is made as wide as one bin,
    which interpolates between bins; otherwise low bands would catch none and stay black.
    """
    highest = min(HIGHEST_HZ, sample_rate / 2)
    # O'Shaughnessy's formula, mel = 2595 log10(1 + f / 700): equal steps of its logarithm.
    edges = 700 * (np.geomspace(1 + LOWEST_HZ / 700, 1 + highest / 700, n_bands + 2) - 1)
    bin_hz = sample_rate / n_window
    centres = edges[1:-1, np.newaxis]
    rise = np.maximum(centres - edges[:-2, np.newaxis], bin_hz)
    fall = np.maximum(edges[2:, np.newaxis] - centres, bin_hz)
    bins = bin_hz * np.arange(n_window // 2 + 1)
    rising, falling = 1 + (bins - centres) / rise, 1 + (centres - bins) / fall
    bands = np.maximum(0, np.minimum(rising, falling))
    normed: npt.NDArray[np.float32] = (bands / bands.sum(axis=1, keepdims=True)).astype(np.float32)
    return normed
