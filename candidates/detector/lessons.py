"""What two published networks say of audio, gathered for the small one to learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from candidates.detector.audioset import label_index
from candidates.detector.bags import UNKNOWN
from candidates.detector.distillation import Lessons
from candidates.detector.interface import Float
from candidates.detector.mn04 import N_LABELS, Mn04
from candidates.detector.mn04 import SAMPLE_RATE as TEACHER_RATE
from candidates.detector.student import SAMPLE_RATE, LogMel
from candidates.detector.yamnet import Yamnet
from consonance.audio.decode import read_mono
from consonance.errors import IngestError, ParameterError

#: Labels that count in full: voices from whimper to rap (24 to 36), music and all that makes it
#: (137 to 282); the five before those came along.
_HEARD: Final = (slice(24, 37), slice(132, 283))
_OTHERS: Final = 0.2


def label_weights() -> NDArray[np.float32]:
    """Return how much each of AudioSet's labels counts in teaching.

    Returns
    -------
    np.ndarray [shape=(527,), dtype=float32]
    """
    weights = np.full(N_LABELS, _OTHERS, np.float32)
    for part in _HEARD:
        weights[part] = 1.0
    return weights


def gather(
    examples: Iterable[tuple[Float, NDArray[np.int8]]], mn04: Mn04, yamnet: Yamnet
) -> Lessons:
    """Ask both teachers about every example.

    Parameters
    ----------
    examples
        Audio at 32 kHz, all of one length, and a row of labels: unknown, absent, present.
    mn04, yamnet
        The teachers. A label that YAMNet does not give is mn04's alone.

    Raises
    ------
    ParameterError
        If there are no examples, or they differ in length.
    """
    log_mel = LogMel()
    index, other = label_index(), label_index("yamnet_index")
    shared = np.array([[index[mid], place] for mid, place in other.items() if place >= 0])
    frames, taught, embeddings, labels = [], [], [], []
    for audio, row in examples:
        half = soxr.resample(audio, TEACHER_RATE, SAMPLE_RATE).astype(np.float32)
        probabilities, embedding = mn04.tag(np.ascontiguousarray(audio, np.float32))
        mean = probabilities.copy()
        patches = yamnet.tag(half)[0].mean(axis=0)
        mean[shared[:, 0]] = (mean[shared[:, 0]] + patches[shared[:, 1]]) / 2.0
        frames.append(log_mel(torch.from_numpy(half)).half())
        taught.append(torch.from_numpy(mean))
        embeddings.append(torch.from_numpy(embedding))
        labels.append(torch.from_numpy(row))
    if len({part.shape for part in frames}) != 1:
        raise ParameterError("Lessons are gathered from examples of one length, at least one.")
    return Lessons(
        frames=torch.stack(frames),
        taught=torch.stack(taught),
        embeddings=torch.stack(embeddings),
        labels=torch.stack(labels),
    )


def cut(
    recordings: Sequence[Path], *, duration_s: float, hop_s: float, n_classes: int
) -> Iterator[tuple[Float, NDArray[np.int8]]]:
    """Yield excerpts of recordings of which nobody said what is heard.

    A recording that cannot be decoded is left out.
    """
    unknown = np.full(n_classes, UNKNOWN, np.int8)
    length = round(duration_s * TEACHER_RATE)
    for path in recordings:
        try:
            audio = read_mono(path, sample_rate=TEACHER_RATE)
        except IngestError:
            continue
        for first in range(0, audio.size - length + 1, round(hop_s * TEACHER_RATE)):
            yield audio[first : first + length].copy(), unknown
