"""Turns the notes of one part into sound with tinysoundfont."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import tinysoundfont
from numpy.typing import NDArray

from consonance.demo.corpus.score import Note
from consonance.demo.corpus.timbres import Timbre

_MAX_VOICES: Final = 128
_FRAME_BYTES: Final = 8  # two channels of float32
_DRAIN_FRAMES: Final = 4096
_CHANNEL: Final = 0


class StemRenderer:
    """Plays one part at a time; a SoundFont is loaded once and kept.

    Each call begins with every voice silent, so its result does not depend on earlier calls.

    Parameters
    ----------
    path
        The `.sf2` file.
    sample_rate
        In Hz.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._synth = tinysoundfont.Synth(samplerate=sample_rate)
        self._sfid: int = self._synth.sfload(str(path), max_voices=_MAX_VOICES)

    def render(
        self, timbre: Timbre, notes: Sequence[Note], n_frames: int, *, tuning: float = 0.0
    ) -> NDArray[np.float32]:
        """Return the sound of `notes`.

        Parameters
        ----------
        timbre
            Preset to play with.
        notes
            In seconds; what lies before 0 or after the end is not heard.
        n_frames
            Length of the result.
        tuning
            Semitones away from concert pitch.

        Returns
        -------
        np.ndarray [shape=(n_frames, 2), dtype=float32]
            Not limited to [-1, 1].
        """
        synth = self._synth
        synth.program_select(
            _CHANNEL, self._sfid, timbre.bank, timbre.program, is_drums=timbre.percussion
        )
        synth.set_tuning(_CHANNEL, tuning)
        out = np.zeros((n_frames, 2), dtype=np.float32)
        view = out.data.cast("B")
        position = 0
        for frame, velocity, pitch in self._events(notes, n_frames):
            if frame > position:
                synth.generate_simple(
                    frame - position, view[position * _FRAME_BYTES : frame * _FRAME_BYTES]
                )
                position = frame
            if velocity:
                synth.noteon(_CHANNEL, pitch, velocity)
            else:
                synth.noteoff(_CHANNEL, pitch)
        if position < n_frames:
            synth.generate_simple(n_frames - position, view[position * _FRAME_BYTES :])
        self._drain()
        return out

    def _events(self, notes: Sequence[Note], n_frames: int) -> list[tuple[int, int, int]]:
        # Sorted tuples put a note's end (velocity 0) before another's start in the same frame.
        events: list[tuple[int, int, int]] = []
        for note in notes:
            start = max(0, round(note.start * self.sample_rate))
            end = round((note.start + note.length) * self.sample_rate)
            if start < min(end, n_frames):
                events.append((start, note.velocity, note.pitch))
                events.append((min(end, n_frames), 0, note.pitch))
        events.sort()
        return events

    def _drain(self) -> None:
        """Stop every voice and wait until it is free, or the next part would inherit it."""
        self._synth.sounds_off(_CHANNEL)
        while np.frombuffer(self._synth.generate_simple(_DRAIN_FRAMES), np.float32).any():
            pass


@lru_cache(maxsize=2)
def renderer(path: Path, sample_rate: int) -> StemRenderer:
    """Return this process's renderer for a SoundFont and rate, loading it the first time."""
    return StemRenderer(path, sample_rate)
