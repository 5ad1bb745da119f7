"""Detectors whose network takes several windows at once, always equally many."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.interface import Detector, Float
from candidates.detector.melspectrum import FrontEnd, runs
from consonance.errors import ModelError

_ON_ACCELERATOR = 64


@dataclass
class _Piece:
    """A piece of audio whose windows are being scored."""

    scores: Float
    embeddings: Float
    missing: int


def probabilities_of(logits: Tensor) -> Tensor:
    """Return the logistic function of logits, each row as if it were alone.

    Over a whole batch the last few numbers are computed by another routine, and differ in the last
    bit from the same numbers elsewhere in the batch.
    """
    return torch.stack([torch.sigmoid(row) for row in logits])


class BatchedDetector(Detector):
    """A detector that hears windows as log-mel frames and applies its network to some at a time.

    Batches are always full: what is missing in the last one is silence. A window's score then
    depends, to the last bit, neither on its place in the batch nor on its neighbours (tests hold
    networks to that), so windows of several recordings may share a batch. Windows that overlap
    share their frames, and what `hear` makes of these.

    Subclasses give `apply` and `class_scores`, and set `_network` and `_log_mel`.
    """

    batch: ClassVar[int] = 4  #: windows at once on a CPU; larger ones leave its cache

    _network: nn.Module
    _log_mel: FrontEnd
    _device: torch.device = torch.device("cpu")

    @abstractmethod
    def apply(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and embeddings of a batch, a row a window."""

    def hear(self, audio: Tensor, starts: NDArray[np.int64], length: int) -> list[Tensor]:
        """Return what `apply` takes of windows that overlap; see `FrontEnd.windows`."""
        return self._log_mel.windows(audio, starts, length)

    def hear_alone(self, audio: Tensor) -> Tensor:
        """Return what `apply` takes of a piece of audio, taken as one window."""
        return self._log_mel(audio)

    @abstractmethod
    def class_scores(self, probabilities: Float) -> Float:
        """Return the score of each class from one window's row of probabilities."""

    def to(self, device: str) -> Self:
        """Move network and front end to a device and return the detector."""
        if device == "cpu" and self._device.type == "cpu":
            return self
        try:
            self._network = self._network.to(device)
            self._log_mel = self._log_mel.to(torch.device(device))
        except (RuntimeError, AssertionError) as error:
            raise ModelError(f"{self.name} cannot run on {device!r}: {error}") from error
        # Shorter mantissas would be faster and differ from a CPU's logits by more than 0.001.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        self._device = torch.device(device)
        return self

    def windows(
        self, audio: Float, starts: NDArray[np.int64], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Yield class scores and embedding of each window; see `Detector.windows`."""
        for scores, embeddings in self.score_pieces([(audio, starts)], length):
            yield from zip(scores, embeddings, strict=True)

    def score_pieces(
        self, pieces: Iterable[tuple[Float, NDArray[np.int64]]], length: int
    ) -> Iterator[tuple[Float, Float]]:
        """Yield scores and embeddings piece by piece; see `Detector.score_pieces`."""
        size = self.batch if self._device.type == "cpu" else _ON_ACCELERATOR
        under_way: deque[_Piece] = deque()
        waiting: list[tuple[_Piece, int, Tensor]] = []
        for audio, starts in pieces:
            n_windows = len(starts)
            piece = _Piece(
                scores=np.empty((n_windows, len(self.classes)), np.float32),
                embeddings=np.empty((n_windows, self.embedding_dim), np.float32),
                missing=n_windows,
            )
            under_way.append(piece)
            row = 0
            for group in runs(starts, length, self._log_mel.hop):
                with torch.inference_mode():
                    first, last = int(group[0]), int(group[-1]) + length
                    part = torch.from_numpy(audio[first:last]).to(self._device)
                    heard = self.hear(part, group - first, length)
                for each in heard:
                    waiting.append((piece, row, each))
                    row += 1
                    if len(waiting) == size:
                        self._score(waiting, size)
                        waiting = []
            while under_way and not under_way[0].missing:
                done = under_way.popleft()
                yield done.scores, done.embeddings
        if waiting:
            self._score(waiting, size)
        for piece in under_way:
            yield piece.scores, piece.embeddings

    def score_one(self, audio: Float) -> Float:
        """Return the scores of a piece of audio, taken as one window; see `Detector`."""
        with torch.inference_mode():
            part = torch.from_numpy(audio).to(self._device)
            probabilities, _ = self.apply(self.hear_alone(part)[None])
            return self.class_scores(probabilities[0].cpu().numpy())

    def _score(self, waiting: list[tuple[_Piece, int, Tensor]], size: int) -> None:
        with torch.inference_mode():
            batch = waiting[0][2].new_zeros((size, *waiting[0][2].shape))
            for place, (_, _, heard) in enumerate(waiting):
                batch[place] = heard
            probabilities, embeddings = (part.cpu().numpy() for part in self.apply(batch))
        for place, (piece, row, _) in enumerate(waiting):
            piece.scores[row] = self._mark_uncovered(self.class_scores(probabilities[place]))
            piece.embeddings[row] = embeddings[place]
            piece.missing -= 1
