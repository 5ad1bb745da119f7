"""Pairs that hang together: what was measured, and what people said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from splits.dedup.align import Alignment, align
from splits.dedup.prints import Fingerprint

EXACT_BYTES: Final = "exact_bytes"
EXACT_PCM: Final = "exact_pcm"
NEAR: Final = "near"
SAID: Final = "said"

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]


class Saying(StrEnum):
    """What somebody heard in a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Edges between recordings, one a row.

    Attributes
    ----------
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        i < j.
    kind : np.ndarray [shape=(m,), dtype=str]
        `EXACT_BYTES`, `EXACT_PCM`, `NEAR`, or `SAID` for what only a person holds for a pair.
    score, peak, similarity, overlap, lag_s : np.ndarray [shape=(m,)]
        As in `splits.dedup.report.DuplicateReport`.
    strength : np.ndarray [shape=(m,)]
        By how much an edge passes its threshold: of doubtful ones the weakest are cut first.
    verified : np.ndarray [shape=(m,), dtype=bool]
        The same sound, beyond doubt.
    """

    pairs: Pairs
    kind: npt.NDArray[np.str_]
    score: Floats
    peak: Floats
    similarity: Floats
    overlap: Floats
    lag_s: Floats
    strength: Floats
    verified: npt.NDArray[np.bool_]

    @classmethod
    def exact(cls, pairs: Pairs, kinds: Sequence[str]) -> Self:
        """Return edges between exact copies."""
        n = len(pairs)
        ones = np.ones(n)
        return cls(
            pairs=pairs, kind=np.array(kinds, dtype="<U11"), score=ones, peak=ones,
            similarity=ones, overlap=ones, lag_s=np.zeros(n), strength=np.full(n, np.inf),
            verified=np.ones(n, dtype=np.bool_),
        )  # fmt: skip

    @classmethod
    def measured(
        cls,
        pairs: Pairs,
        alignments: Sequence[Alignment],
        *,
        kind: str,
        strength: Floats,
        verified: npt.NDArray[np.bool_],
    ) -> Self:
        """Return edges between recordings that were aligned; where nothing was heard, zeros."""

        def channel(name: str) -> Floats:
            return np.nan_to_num(
                np.array([getattr(one, name) for one in alignments], dtype=np.float64)
            )

        return cls(
            pairs=pairs, kind=np.full(len(pairs), kind, dtype="<U11"), score=channel("agreement"),
            peak=channel("peak"), similarity=channel("similarity"), overlap=channel("overlap"),
            lag_s=channel("lag_s"), strength=strength, verified=verified,
        )  # fmt: skip

    def and_(self, other: Edges) -> Edges:
        """Return these edges and then the others."""
        return Edges(
            **{
                one.name: np.concatenate([getattr(self, one.name), getattr(other, one.name)])
                for one in fields(self)
            }
        )

    def only(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Edges:
        """Return some of them."""
        return Edges(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def listen_to(
    edges: Edges,
    said: Mapping[tuple[int, int], Saying],
    first: npt.NDArray[np.int64],
    prints: Sequence[Fingerprint],
) -> Edges:
    """Return the edges as people's words leave them.

    "Same" verifies an edge, "different" takes it away, "unsure" makes it doubtful; a pair that was
    said to be the same, or perhaps the same, and is no edge becomes one. Exact copies are what
    they are, whatever is said.

    Parameters
    ----------
    edges
        What was measured.
    said
        By pairs of recordings in either order.
    first
        The first of every recording's exact copies: whatever holds for a copy holds for it.
    prints
        Of the recordings.
    """
    words: dict[tuple[int, int], Saying] = {}
    for (one, two), what in said.items():
        pair = sorted((int(first[one]), int(first[two])))
        if pair[0] != pair[1]:
            words[pair[0], pair[1]] = what
    if not words:
        return edges
    stays = np.ones(len(edges.pairs), dtype=np.bool_)
    verified = edges.verified.copy()
    for row, (one, two) in enumerate(edges.pairs.tolist()):
        word: Saying | None = words.pop((one, two), None)
        if word is None or edges.kind[row] in (EXACT_BYTES, EXACT_PCM):
            continue
        stays[row] = word != Saying.DIFFERENT
        verified[row] = word == Saying.SAME
    found = replace(edges, verified=verified).only(stays)
    added = sorted(pair for pair, what in words.items() if what != Saying.DIFFERENT)
    if not added:
        return found
    is_same = np.array([words[pair] == Saying.SAME for pair in added])
    return found.and_(
        Edges.measured(
            np.array(added, dtype=np.int64),
            [align(prints[one], prints[two]) for one, two in added],
            kind=SAID,
            strength=np.where(is_same, np.inf, 0.0),
            verified=is_same,
        )
    )
