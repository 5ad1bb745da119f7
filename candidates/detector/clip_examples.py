"""Labelled recordings as examples of one length."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np

from candidates.detector.clips import LabelledClip
from candidates.detector.interface import Float
from consonance.audio.decode import read_mono
from consonance.errors import ParameterError

_PIECES: Final = 12  # at most, of one recording: a long one is no dozen of recordings


def pieces(
    clips: Sequence[LabelledClip], *, sample_rate: int, duration_s: float = 10.0
) -> Iterator[tuple[Float, Collection[str]]]:
    """Yield audio of one length and the classes heard in it.

    What is shorter is repeated, what is longer gives several pieces.

    Parameters
    ----------
    clips
        Of complete labels.
    sample_rate
        To resample to, in Hz.
    duration_s
        Of a piece.

    Yields
    ------
    audio : np.ndarray [shape=(duration_s * sample_rate,), dtype=float32]
    classes : collection of str

    Raises
    ------
    ParameterError
        If a clip's labels are incomplete.
    IngestError
        If a file cannot be decoded.
    """
    length = round(duration_s * sample_rate)
    for clip in clips:
        if not clip.is_complete:
            raise ParameterError(f"{clip.path.name} has incomplete labels: leave it out.")
        audio = read_mono(clip.path, sample_rate=sample_rate)
        if audio.size < length:
            yield np.resize(audio, length).astype(np.float32), clip.classes
            continue
        for first in range(0, audio.size - length + 1, length)[:_PIECES]:
            yield audio[first : first + length], clip.classes
