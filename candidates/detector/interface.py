"""What every detector is: scores and an embedding for windows of one recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, Self

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from consonance.errors import ModelError, ParameterError

Float = NDArray[np.float32]

#: Score of a class the detector knows nothing about: it says neither yes nor no.
UNCOVERED_SCORE: Final = 0.5


class Detector(ABC):
    """A network that says, for a window of audio, how likely it holds each class.

    Subclasses give `windows` and the attributes; everything else is common.

    Parameters
    ----------
    version
        First 12 hexadecimal digits of the SHA-256 of weights and mapping: two detectors with the
        same version give the same scores.
    classes
        Names of the classes, in the order of the score columns.
    uncovered
        Those of `classes` about which this detector knows nothing. Their score is always
        `UNCOVERED_SCORE`, so that no order among excerpts can be read into it.
    provenance
        Where weights and mapping come from, under which licence; plain values only. The
        uncovered classes are added under ``"uncovered"``.
    """

    name: ClassVar[str]
    sample_rate: ClassVar[int]  #: Hz
    embedding_dim: ClassVar[int]
    min_samples: ClassVar[int]  #: shortest window the network can take

    def __init__(
        self,
        *,
        version: str,
        classes: tuple[str, ...],
        uncovered: tuple[str, ...],
        provenance: dict[str, Any],
    ) -> None:
        self.version = version
        self.classes = classes
        self.provenance: dict[str, Any] = {**provenance, "uncovered": list(uncovered)}
        self._uncovered = np.isin(np.array(classes), np.array(uncovered, dtype=str))

    @abstractmethod
    def windows(
        self, audio: Float, starts: NDArray[np.int64], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Yield scores and embedding of each window, in the order of `starts`.

        Parameters
        ----------
        audio : np.ndarray [shape=(n_samples,), dtype=float32]
            One recording at `sample_rate`; checked by the caller.
        starts : np.ndarray [shape=(n_windows,), dtype=int64]
            First sample of each window; every window lies within `audio`.
        length
            Samples in a window, at least `min_samples`.
        """

    def score(self, audio: ArrayLike, sample_rate: int) -> Float:
        """Return the likelihood of each class anywhere in a piece of audio.

        Parameters
        ----------
        audio : array_like [shape=(n_samples,), dtype=float32, in [-1, 1]]
            Mono audio, taken as one window. The networks are made for about ten seconds.
        sample_rate
            Of `audio`, in Hz; resampled with soxr's HQ filter when it is not the detector's.

        Returns
        -------
        np.ndarray [shape=(n_classes,), dtype=float32, in [0, 1]]

        Raises
        ------
        ParameterError
            If the audio is not a one-dimensional run of finite numbers, or is too short.
        """
        if sample_rate <= 0:
            raise ParameterError(f"A sample rate of {sample_rate} Hz is not possible.")
        samples = _mono(audio)
        if sample_rate != self.sample_rate:
            samples = np.ascontiguousarray(
                soxr.resample(samples, sample_rate, self.sample_rate, quality="HQ"), np.float32
            )
        self._check_length(samples.size)
        return self._mark_uncovered(self.score_one(samples))

    def score_one(self, audio: Float) -> Float:
        """Return the scores of a piece of audio at `sample_rate`, taken as one window."""
        scores, _ = next(self.windows(audio, np.zeros(1, np.int64), audio.size))
        return scores

    def to(self, device: str) -> Self:
        """Move to a device and return itself.

        Raises
        ------
        ModelError
            If the detector cannot run there.
        """
        if device != "cpu":
            raise ModelError(f"The detector {self.name!r} runs on the CPU only, not on {device}.")
        return self

    def score_pieces(
        self, pieces: Iterable[tuple[Float, NDArray[np.int64]]], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Score windows of many pieces of audio, of one recording or of several.

        A window's scores and embedding are the same bytes as those of `score_excerpts`, whatever
        else is scored with it.

        Parameters
        ----------
        pieces
            Audio at `sample_rate`, finite [shape=(n_samples,), dtype=float32], and the first
            sample of each window in it. Taken one by one: a piece may be freed when the next is
            asked for.
        length
            Samples in a window, at least `min_samples`.

        Yields
        ------
        scores : np.ndarray [shape=(n_windows, n_classes), dtype=float32, in [0, 1]]
        embeddings : np.ndarray [shape=(n_windows, embedding_dim), dtype=float32]
            Of each piece, in their order; not necessarily before the next one is asked for.
        """
        for audio, starts in pieces:
            scores = np.empty((starts.size, len(self.classes)), np.float32)
            embeddings = np.empty((starts.size, self.embedding_dim), np.float32)
            for row, (score, embedding) in enumerate(self.windows(audio, starts, length)):
                scores[row] = self._mark_uncovered(score)
                embeddings[row] = embedding
            yield scores, embeddings

    def score_excerpts(
        self, audio: ArrayLike, starts_ms: ArrayLike, window_ms: int = 10_000
    ) -> tuple[Float, Float]:
        """Score many windows of one recording.

        A window's score never depends on which others were asked for, not by a bit; see
        `batched` for how.

        Parameters
        ----------
        audio : array_like [shape=(n_samples,), dtype=float32, in [-1, 1]]
            A whole recording, mono, at `sample_rate`.
        starts_ms : array_like [shape=(n_excerpts,), dtype=int64]
            Where the windows begin, in ms.
        window_ms
            Length of every window, in ms.

        Returns
        -------
        scores : np.ndarray [shape=(n_excerpts, n_classes), dtype=float32, in [0, 1]]
        embeddings : np.ndarray [shape=(n_excerpts, embedding_dim), dtype=float32]

        Raises
        ------
        ParameterError
            If the audio is not a one-dimensional run of finite numbers, or a window does not lie
            entirely within it.
        """
        samples = _mono(audio)
        starts = self._starts(starts_ms)
        length = window_ms * self.sample_rate // 1000
        self._check_length(length)
        outside = (starts < 0) | (starts + length > samples.size)
        if outside.any():
            first = int(starts[outside][0]) * 1000 // self.sample_rate
            raise ParameterError(
                f"A window of {window_ms} ms at {first} ms does not lie within the recording of "
                f"{samples.size * 1000 // self.sample_rate} ms. Take the starts from the excerpt "
                "grid of its decoded duration."
            )
        return next(iter(self.score_pieces([(samples, starts)], length)))

    def _starts(self, starts_ms: ArrayLike) -> NDArray[np.int64]:
        starts = np.asarray(starts_ms)
        if starts.ndim != 1 or (starts.size and not np.issubdtype(starts.dtype, np.integer)):
            raise ParameterError(
                f"Starts must be one row of whole milliseconds, not {starts.dtype} of shape "
                f"{starts.shape}."
            )
        return starts.astype(np.int64) * self.sample_rate // 1000

    def _check_length(self, length: int) -> None:
        if length < self.min_samples:
            raise ParameterError(
                f"{length * 1000 / self.sample_rate:.0f} ms are too short for {self.name}: it "
                f"needs {self.min_samples * 1000 / self.sample_rate:.0f} ms or more."
            )

    def _mark_uncovered(self, scores: Float) -> Float:
        return np.where(self._uncovered, np.float32(UNCOVERED_SCORE), scores)


def _mono(audio: ArrayLike) -> Float:
    samples = np.ascontiguousarray(audio, dtype=np.float32)
    if samples.ndim != 1:
        raise ParameterError(
            f"A detector hears mono audio of shape (n_samples,), not {samples.shape}. Mix the "
            "channels down first."
        )
    if not np.isfinite(samples).all():
        raise ParameterError("The audio holds values that are not finite.")
    return samples
