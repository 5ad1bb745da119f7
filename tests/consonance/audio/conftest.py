"""Synthetic recordings for the audio tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf

Frames = npt.NDArray[np.float32]
Synth = Callable[..., Frames]
Writer = Callable[..., Path]


@pytest.fixture(scope="session")
def golden() -> Path:
    return Path(__file__).resolve().parents[2] / "data" / "audio"


@pytest.fixture(scope="session")
def synth() -> Synth:
    """Return a maker of notes with noisy attacks: tonal, with transients, different by channel."""

    def make(seconds: float, *, sample_rate: int = 44_100, channels: int = 2) -> Frames:
        rng = np.random.default_rng(7)
        n_frames = round(seconds * sample_rate)
        time = np.arange(n_frames) / sample_rate
        since_attack = time % 0.37
        frames = np.empty((n_frames, channels))
        for channel in range(channels):
            hertz = 110.0 * 2 ** ((np.floor(time / 0.37) + 3 * channel) % 12 / 12)
            tone = np.sin(2 * np.pi * hertz * time) * np.exp(-4 * since_attack)
            attack = rng.standard_normal(n_frames) * np.exp(-80 * since_attack)
            frames[:, channel] = 0.3 * tone + 0.1 * attack
        return frames.clip(-0.99, 0.99).astype(np.float32)

    return make


@pytest.fixture
def write_audio(tmp_path: Path) -> Writer:
    """Return a writer of audio files; the ending of the name chooses the format."""

    def write(name: str, frames: Frames, sample_rate: int = 44_100, **options: object) -> Path:
        path = tmp_path / name
        channels = 1 if frames.ndim == 1 else frames.shape[1]
        with sf.SoundFile(path, "w", sample_rate, channels, **options) as file:
            for start in range(0, len(frames), 65_536):
                file.write(frames[start : start + 65_536])
        return path

    return write
