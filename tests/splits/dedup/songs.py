"""Made-up music to fingerprint. Not a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

RATE = 22_050


def song(seed: int, seconds: float = 14.0) -> np.ndarray:
    """Return notes with overtones and drum-like bursts at random times, float32."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    sound = np.zeros(n)
    for _ in range(int(seconds * 6)):
        start = int(rng.integers(0, n - RATE // 4))
        length = min(int(rng.integers(RATE // 5, RATE)), n - start)
        time = np.arange(length) / RATE
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        note = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 6))
        sound[start : start + length] += rng.uniform(0.3, 1) * note * np.exp(-3 * time)
    for _ in range(int(seconds * 3)):
        start = int(rng.integers(0, n - RATE // 4))
        length = RATE // 10
        burst = rng.standard_normal(length) * np.exp(-np.linspace(0, 6, length))
        sound[start : start + length] += 0.5 * burst
    # On the grid of 16 bits, so that WAV and FLAC hold the same samples.
    return (np.round(16_384 * sound / np.abs(sound).max()) / 32_768).astype(np.float32)


def cut(sound: np.ndarray, start_s: float, seconds: float = 10.0) -> np.ndarray:
    first = round(start_s * RATE)
    return sound[first : first + round(seconds * RATE)]


def at_rate(sound: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(sound, RATE, rate).astype(np.float32)


def write(path: Path, sound: np.ndarray, rate: int = RATE, **options: object) -> Path:
    """Write in blocks: libsndfile overflows its stack on one long Vorbis write."""
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    with sf.SoundFile(path, "w", rate, channels, **options) as file:
        for start in range(0, len(sound), 65_536):
            file.write(sound[start : start + 65_536])
    return path
