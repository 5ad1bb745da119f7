"""What is done to music before a copy of it is planted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile as sf
import soxr
from scipy import signal

RATE: Final = 44_100
CLIP_S: Final = 10.0


def encoded(suffix: str, **options: Any) -> Callable[..., np.ndarray]:
    """Return a transform through a codec and back."""

    def through(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
        path = folder / f"coded.{suffix}"
        with sf.SoundFile(path, "w", RATE, 1, **options) as file:
            for start in range(0, len(sound), 65_536):
                file.write(sound[start : start + 65_536])
        back, _ = sf.read(path, dtype="float32")
        return back

    return through


def as_it_is(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
    return sound


def quieter(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
    return np.float32(10 ** (-12 / 20)) * sound


def resampled(rate: int) -> Callable[..., np.ndarray]:
    def change(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
        return soxr.resample(soxr.resample(sound, RATE, rate), rate, RATE)

    return change


def stretched(rate: float) -> Callable[..., np.ndarray]:
    def change(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
        import librosa

        return librosa.effects.time_stretch(sound, rate=rate)

    return change


def pitched(semitones: float) -> Callable[..., np.ndarray]:
    def change(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
        import librosa

        return librosa.effects.pitch_shift(sound, sr=RATE, n_steps=semitones)

    return change


def lowpassed(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
    sos = signal.butter(6, 4_000, fs=RATE, output="sos")
    return signal.sosfilt(sos, sound).astype(np.float32)


def noisy(sound: np.ndarray, folder: Path, rng: Any) -> np.ndarray:
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-20 / 20)
    return (sound + level * rng.standard_normal(len(sound))).astype(np.float32)


#: Change, tempo, seconds by which the clip is cut later, length of the clip.
TRANSFORMS: Final[dict[str, tuple[Callable[..., np.ndarray], float, float, float]]] = {
    # libsndfile takes 320 to 32 kbit/s as 0 to 1, and Vorbis's quality 1 to 0 likewise.
    "mp3_64k": (encoded("mp3", bitrate_mode="CONSTANT", compression_level=256 / 288), 1, 0, CLIP_S),
    "ogg_q0": (encoded("ogg", compression_level=1.0), 1, 0, CLIP_S),
    "gain_-12dB": (quieter, 1, 0, CLIP_S),
    "resampled_22k": (resampled(22_050), 1, 0, CLIP_S),
    "resampled_8k": (resampled(8_000), 1, 0, CLIP_S),
    "offset_0.1s": (as_it_is, 1, 0.1, CLIP_S),
    "offset_-0.25s": (as_it_is, 1, -0.25, CLIP_S),
    "offset_0.5s": (as_it_is, 1, 0.5, CLIP_S),
    "offset_0.37s_mp3": (
        encoded("mp3", bitrate_mode="CONSTANT", compression_level=256 / 288), 1, 0.37, CLIP_S,
    ),
    "tempo_+2%": (stretched(1.02), 1.02, 0, CLIP_S),
    "tempo_-2%": (stretched(0.98), 0.98, 0, CLIP_S),
    "pitch_+1": (pitched(1), 1, 0, CLIP_S),
    "pitch_-1": (pitched(-1), 1, 0, CLIP_S),
    "lowpass_4k": (lowpassed, 1, 0, CLIP_S),
    "noise_20dB": (noisy, 1, 0, CLIP_S),
    "crop_9.3s": (as_it_is, 1, 0.3, 9.3),
    "crop_5s": (as_it_is, 1, 0, 5.0),
}  # fmt: skip
