"""The sounds of the sound check and of the headphone test, made when they are asked for."""

from __future__ import annotations

import io
import wave
from typing import Final

import numpy as np
import numpy.typing as npt

Stereo = npt.NDArray[np.float64]

#: Enough for tones of a few hundred hertz; a trial of the headphone test then has 128 kB.
SAMPLE_RATE: Final = 8_000

#: The notes of the sound check. With this amplitude they are as loud as clips are levelled to
#: (-23 LUFS, EBU R 128), so that whoever sets the volume by them has set it for the clips.
NOTE_HZ: Final = (523.25, 659.26, 783.99, 1046.5)
NOTE_AMPLITUDE: Final = 0.094
NOTE_S: Final = 0.6
NOTE_EVERY_S: Final = 0.9
CHECK_S: Final = 4.2

#: Tones, pauses, ramps and the step in level of Woods et al., “Headphone screening to facilitate
#: web-based auditory experiments”, Attention, Perception, & Psychophysics 79 (2017).
TONE_HZ: Final = 200.0
TONE_S: Final = 1.0
PAUSE_S: Final = 0.5
RAMP_S: Final = 0.1
QUIETER_DB: Final = -6.0
TONE_AMPLITUDE: Final = 0.105


def sound_check(notes: int) -> bytes:
    """Return a rising row of notes as WAV; it lasts the same however many there are.

    Parameters
    ----------
    notes
        How many, 1 to 4.
    """
    frames = np.zeros((round(CHECK_S * SAMPLE_RATE), 2))
    for place in range(notes):
        note = _tone(NOTE_HZ[place], NOTE_S, 0.03) * NOTE_AMPLITUDE
        start = round((0.2 + place * NOTE_EVERY_S) * SAMPLE_RATE)
        frames[start : start + len(note)] += note[:, None]
    return wav(frames)


def headphone_trial(quiet: int, antiphase: int) -> bytes:
    """Return three tones as WAV, one of them quieter and another in antiphase.

    In the air the two sides of the antiphase tone cancel out, so that over loudspeakers it seems
    the quietest; over headphones the quieter one is.

    Parameters
    ----------
    quiet, antiphase
        Which of the three, 0 to 2; not the same.

    Returns
    -------
    bytes
        Stereo, 16 bit, `SAMPLE_RATE`; four seconds.
    """
    tone = _tone(TONE_HZ, TONE_S, RAMP_S) * TONE_AMPLITUDE
    pause = np.zeros((round(PAUSE_S * SAMPLE_RATE), 2))
    parts: list[Stereo] = []
    for place in range(3):
        left = tone * 10 ** (QUIETER_DB / 20) if place == quiet else tone
        parts += [np.stack([left, -left if place == antiphase else left], axis=1), pause]
    return wav(np.concatenate(parts[:-1]))


def wav(frames: Stereo) -> bytes:
    """Return frames (n_frames, 2) in [-1, 1] as a WAV file of 16 bit."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(np.round(frames * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def _tone(hertz: float, seconds: float, ramp: float) -> npt.NDArray[np.float64]:
    """Return a sine of amplitude 1 that swells and fades by half a cosine."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    edge = 0.5 - 0.5 * np.cos(np.pi * np.arange(round(ramp * SAMPLE_RATE)) / (ramp * SAMPLE_RATE))
    tone = np.sin(2 * np.pi * hertz * time)
    tone[: len(edge)] *= edge
    tone[-len(edge) :] *= edge[::-1]
    shaped: npt.NDArray[np.float64] = tone
    return shaped
