"""Balances stems, places them in a room, and tells when each of them is audible in the mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

Audio = NDArray[np.float32]

#: Levels are judged over blocks of this length.
BLOCK_MS: Final = 50
#: A stem's block is audible if it is no softer than this.
AUDIBLE_DBFS: Final = -52.0
#: ... and no further than this below the whole mix of the block.
AUDIBLE_BELOW_MIX_DB: Final = 24.0
#: Pauses up to this length do not end an interval: a listener does not hear them as absence.
BRIDGED_PAUSE_MS: Final = 250
#: A stem is brought to this level over its sounding blocks before its own `level_db`.
_STEM_DBFS: Final = -24.0
_SILENCE: Final = 1e-7


def block_rms(audio: Audio, sample_rate: int) -> NDArray[np.float32]:
    """Return the root mean square of each block of 50 ms.

    Parameters
    ----------
    audio : np.ndarray [shape=(n,) or (n, n_channels)]
        Samples.
    sample_rate
        In Hz.

    Returns
    -------
    np.ndarray [shape=(ceil(n / block),), dtype=float32]
    """
    size = sample_rate * BLOCK_MS // 1000
    # einsum, because a mean over an axis of two is slow in numpy.
    power = (
        np.square(audio)
        if audio.ndim == 1
        else np.einsum("nc,nc->n", audio, audio) / np.float32(audio.shape[1])
    )
    n_blocks = -(-len(power) // size)
    padded = np.zeros(n_blocks * size, dtype=np.float32)
    padded[: len(power)] = power
    return np.asarray(np.sqrt(padded.reshape(n_blocks, size).mean(axis=1)), dtype=np.float32)


def decibels(rms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return levels in dB re full scale, -140 for silence."""
    return np.asarray(20.0 * np.log10(np.maximum(rms, _SILENCE)), dtype=np.float32)


def levelled(stem: Audio, sample_rate: int, *, level_db: float, pan: float) -> Audio:
    """Return the stem at a known loudness, moved between the speakers.

    Presets of a SoundFont differ by more than 20 dB; without this the mix would be decided by
    the file and not by the arrangement.

    Parameters
    ----------
    stem : np.ndarray [shape=(n, 2)]
        As rendered.
    sample_rate
        In Hz.
    level_db
        Against the standard level of -24 dBFS over sounding blocks.
    pan
        -1 left to 1 right.
    """
    rms = block_rms(stem, sample_rate)
    sounding = rms[rms > rms.max(initial=0.0) * 0.03]
    if not len(sounding) or sounding.max() < _SILENCE:
        return stem
    loudness = float(np.sqrt(np.mean(np.square(sounding, dtype=np.float64))))
    gain = 10.0 ** ((_STEM_DBFS + level_db) / 20.0) / loudness
    angle = (pan + 1.0) * np.pi / 4.0
    sides = np.array([np.cos(angle), np.sin(angle)]) * np.sqrt(2.0) * gain
    return np.asarray(stem * sides.astype(np.float32), dtype=np.float32)


def room(sample_rate: int, rng: Generator, *, decay_s: float, n_channels: int = 2) -> Audio:
    """Return the impulse response of a plain room: decaying, darkening noise.

    Parameters
    ----------
    sample_rate
        In Hz.
    rng
        Source of the noise.
    decay_s
        Time to fall by 60 dB.
    n_channels
        Independent noise per channel gives the room its width.
    """
    n_frames = int(sample_rate * decay_s)
    time = np.arange(n_frames) / sample_rate
    noise = rng.standard_normal((n_frames, n_channels))
    # A running mean takes the hiss out of the tail; 60 dB are a factor of e ** 6.91.
    noise = (noise + np.roll(noise, 1, axis=0) + np.roll(noise, 2, axis=0)) / 3.0
    response = noise * np.exp(-6.91 * time / decay_s)[:, None]
    response[: int(0.008 * sample_rate)] = 0.0
    response /= np.sqrt(np.square(response).sum(axis=0, keepdims=True))
    return np.asarray(response, dtype=np.float32)


def in_room(dry: Audio, response: Audio, *, wet: float) -> Audio:
    """Return `dry` with `wet` times its reverberation added, at the same length."""
    # scipy.fft keeps float32, and scipy.signal would take longer to import than to convolve.
    size = fft.next_fast_len(len(dry) + len(response) - 1, real=True)
    spectrum = fft.rfft(dry, size, axis=0)
    spectrum *= fft.rfft(response, size, axis=0)
    tail = fft.irfft(spectrum, size, axis=0)[: len(dry)]
    return np.asarray(dry + np.float32(wet) * tail, dtype=np.float32)


def peak_at(audio: Audio, peak_dbfs: float) -> tuple[Audio, float]:
    """Return the audio with its peak at a level, and the gain that took."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < _SILENCE:
        return audio, 1.0
    gain = 10.0 ** (peak_dbfs / 20.0) / peak
    return np.asarray(audio * np.float32(gain), dtype=np.float32), gain


def audible_blocks(
    stem_rms: NDArray[np.float32], mix_rms: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Tell for each block whether a stem can be heard in the mix.

    Parameters
    ----------
    stem_rms, mix_rms : np.ndarray [shape=(n_blocks,)]
        From `block_rms`, at the level of the finished file.
    """
    level = decibels(stem_rms)
    return np.asarray((level >= AUDIBLE_DBFS) & (level >= decibels(mix_rms) - AUDIBLE_BELOW_MIX_DB))


def intervals(audible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the (start_ms, end_ms) in which a stem sounds, short pauses bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], audible.astype(np.int8), [0]))))
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2] * BLOCK_MS, edges[1::2] * BLOCK_MS, strict=True):
        if found and start - found[-1][1] <= BRIDGED_PAUSE_MS:
            found[-1] = (found[-1][0], int(end))
        else:
            found.append((int(start), int(end)))
    return found


def mixed(stems: Sequence[Audio]) -> Audio:
    """Return the sum of stems of equal shape."""
    total = np.zeros_like(stems[0])
    for stem in stems:
        total += stem
    return total
