"""Draw candidates from the quantile tails of each class's scores, with a cap per track.

OpenMIC-2018 asked about excerpts a detector found likely, for positives, and about excerpts it
found unlikely, for negatives (E. Humphrey, S. Durand, B. McFee, "OpenMIC-2018: an open dataset for
multiple instrument recognition", ISMIR 2018). Its rules are kept, two are made firmer:

* The cap per track holds over all classes together. OpenMIC went class by class, rarest first, so
  that the last classes found their tracks taken. Here the classes take turns, one candidate each,
  those with the fewest tracks per candidate they want first: when tracks run short, every class
  gets an equal part.
* Chance comes from a hash of the seed, the class, the tail and the excerpt's id, never from a
  position. The order of rows, and of columns, changes nothing (see `ids` and `class_keys`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candidates.sampling.tails import members_of, prioritised
from consonance.errors import ParameterError

#: ``low`` and ``high`` are the tails, ``any`` is drawn from all eligible excerpts alike.
TAILS: Final = ("low", "high", "any")
_LOOK_AHEAD: Final = 256  # queue entries examined at once for a track that is still free


@dataclass(frozen=True)
class Draw:
    """Candidates, one row each, by class, then tail, then the order in which they were drawn.

    Within a class and tail any first k rows are themselves a fair draw of k, except where the cap
    per track has interfered.

    Parameters
    ----------
    excerpt : np.ndarray [shape=(n_candidates,), dtype=int64]
        Row of `scores`.
    class_index : np.ndarray [shape=(n_candidates,), dtype=int64]
        Column of `scores`.
    tail : np.ndarray [shape=(n_candidates,), dtype=str]
        One of `TAILS`.
    likelihood : np.ndarray [shape=(n_candidates,), dtype=float32]
        The score.
    quantile : np.ndarray [shape=(n_candidates,), dtype=float32, in [0, 1]]
        Share of the class's eligible excerpts that score lower, equal ones counted half.
    thresholds : np.ndarray [shape=(n_classes, 2), dtype=float32]
        Score at the low and at the high quantile; NaN for a class without eligible excerpts.
    wanted : np.ndarray [shape=(n_classes, 3), dtype=int64]
        Candidates asked for, per class and tail.
    supply : np.ndarray [shape=(n_classes, 3), dtype=int64]
        Tracks with an excerpt in that tail. Less than `wanted` times the cap is a shortage of the
        archive, otherwise a shortfall comes from tracks that other classes needed too.
    shortfall : np.ndarray [shape=(n_classes, 3), dtype=int64]
        Candidates asked for and not found.
    """

    excerpt: NDArray[np.int64]
    class_index: NDArray[np.int64]
    tail: NDArray[np.str_]
    likelihood: NDArray[np.float32]
    quantile: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    wanted: NDArray[np.int64]
    supply: NDArray[np.int64]
    shortfall: NDArray[np.int64]

    @property
    def shortfall_per_class(self) -> NDArray[np.int64]:
        """Candidates asked for and not found, all tails together."""
        return np.asarray(self.shortfall.sum(axis=1), dtype=np.int64)


def draw(
    scores: ArrayLike,
    track: ArrayLike,
    *,
    per_class: int,
    low: float = 0.1,
    high: float = 0.9,
    share_high: float = 0.5,
    share_low: float | None = None,
    max_per_track: int = 1,
    eligible: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    class_keys: tuple[str, ...] | None = None,
    seed: int,
) -> Draw:
    """Draw candidates for every class.

    Parameters
    ----------
    scores : array_like [shape=(n, n_classes), dtype=float]
        Any measure that grows with the likelihood of the class.
    track : array_like [shape=(n,), dtype=int64]
        Which track each excerpt is from.
    per_class
        Candidates wanted per class, all tails together.
    low, high
        Quantiles that bound the tails. The low tail holds the ``floor(low (m - 1)) + 1`` lowest of
        the class's m eligible excerpts, the high tail is its mirror image. Of equal scores at a
        bound, a random choice belongs to the tail. When both bounds fall on one score (a detector
        that does not cover the class, say), excerpts with that score belong to neither.
    share_high, share_low
        Parts of `per_class` drawn from each tail; `share_low` is by default the rest. What they
        leave is drawn from all eligible excerpts, whatever their score.
    max_per_track
        Largest number of candidates, over all classes, from one track.
    eligible : array_like [shape=(n,) or (n, n_classes), dtype=bool], optional
        Excerpts that may be drawn, and that the quantiles are of; by default all.
    ids : array_like [shape=(n,), dtype=int64], optional
        Lasting identity of each excerpt; by default its row number. With ids, a reordered table
        gives the same draw.
    class_keys
        Lasting identity of each class; by default its column number. With names, adding a class
        changes the chances of the others only through the cap per track.
    seed
        Not negative. The same seed, scores, tracks and ids give the same draw.

    Returns
    -------
    Draw

    Raises
    ------
    ParameterError
        If shapes do not fit, a number is out of range, ids repeat, or an eligible score is NaN.
    """
    table, tracks = _checked_table(scores, track)
    n, n_classes = table.shape
    _check_numbers(per_class, low, high, max_per_track, seed)
    allowed = _checked_eligible(eligible, n, n_classes)
    identity = _checked_ids(ids, n)
    keys = _checked_keys(class_keys, n_classes)
    quota = _quota(per_class, share_high, 1.0 - share_high if share_low is None else share_low)

    codes = np.unique(tracks, return_inverse=True)[1]
    thresholds = np.full((n_classes, 2), np.nan, np.float32)
    supply = np.zeros((n_classes, len(TAILS)), np.int64)
    queues: list[_Queue] = []
    for j in range(n_classes):
        chance = partial(_chance, ids=identity, seed=seed, key=keys[j])
        column = members_of(
            table[:, j],
            None if allowed is None else allowed[:, j],
            low=low,
            high=high,
            chance=partial(chance, purpose="tie"),
        )
        thresholds[j] = column.low, column.high
        for t, tail in enumerate(TAILS):
            if not quota[t]:
                continue
            rows = column.rows(tail)
            order = chance(rows, purpose=tail)
            rows, n_tracks = prioritised(rows, order, codes, max_per_track)
            supply[j, t] = n_tracks
            quantile = column.quantile_of(table[rows, j])
            queues.append(
                _Queue(j, t, keys[j], rows, codes[rows], quantile, int(quota[t]), n_tracks)
            )
    _take_turns(queues, np.zeros(codes.max(initial=-1) + 1, np.int64), max_per_track, n_classes)
    return _collect(queues, table, thresholds, supply, quota)


@dataclass
class _Queue:
    """The excerpts one class may draw from one tail, in random order."""

    class_index: int
    tail: int
    key: str
    rows: NDArray[np.int64]
    tracks: NDArray[np.int64]
    quantile: NDArray[np.float32]
    wanted: int
    supply: int

    def __post_init__(self) -> None:
        self.drawn: list[int] = []
        self._at = 0

    @property
    def open(self) -> bool:
        return len(self.drawn) < self.wanted and self._at < self.rows.size

    def next_free(self, used: NDArray[np.int64], cap: int, taken: set[int]) -> int | None:
        """Return the position of the first excerpt that may still be drawn."""
        while self._at < self.rows.size:
            ahead = slice(self._at, self._at + _LOOK_AHEAD)
            free = np.flatnonzero(used[self.tracks[ahead]] < cap)
            if not free.size:
                self._at += _LOOK_AHEAD
                continue
            position = self._at + int(free[0])
            self._at = position + 1
            if int(self.rows[position]) not in taken:
                return position
        return None


def _take_turns(queues: list[_Queue], used: NDArray[np.int64], cap: int, n_classes: int) -> None:
    taken: list[set[int]] = [set() for _ in range(n_classes)]
    waiting = sorted(queues, key=lambda q: (q.supply / q.wanted, q.key, q.tail))
    while waiting:
        for queue in waiting:
            mine = taken[queue.class_index]
            position = queue.next_free(used, cap, mine)
            if position is not None:
                queue.drawn.append(position)
                mine.add(int(queue.rows[position]))
                used[queue.tracks[position]] += 1
        waiting = [queue for queue in waiting if queue.open]


def _collect(
    queues: list[_Queue],
    table: NDArray[np.floating],
    thresholds: NDArray[np.float32],
    supply: NDArray[np.int64],
    quota: NDArray[np.int64],
) -> Draw:
    shortfall = np.tile(quota, (len(thresholds), 1))
    excerpts, classes, tails, quantiles = [], [], [], []
    for queue in queues:
        drawn = np.array(queue.drawn, np.int64)
        shortfall[queue.class_index, queue.tail] -= drawn.size
        excerpts.append(queue.rows[drawn])
        classes.append(np.full(drawn.size, queue.class_index, np.int64))
        tails.append(np.full(drawn.size, TAILS[queue.tail]))
        quantiles.append(queue.quantile[drawn])
    empty = np.empty(0, np.int64)
    excerpt, class_index = (np.concatenate([empty, *parts]) for parts in (excerpts, classes))
    return Draw(
        excerpt=excerpt,
        class_index=class_index,
        tail=np.concatenate([np.empty(0, "<U4"), *tails]),
        likelihood=table[excerpt, class_index].astype(np.float32),
        quantile=np.concatenate([np.empty(0, np.float32), *quantiles]),
        thresholds=thresholds,
        wanted=np.tile(quota, (len(thresholds), 1)),
        supply=supply,
        shortfall=shortfall,
    )


def _chance(
    rows: NDArray[np.int64], *, purpose: str, ids: NDArray[np.uint64], seed: int, key: str
) -> NDArray[np.uint64]:
    """Return a number per row that looks random and differs between ids.

    The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) is a bijection, so no
    two ids share a number.
    """
    text = f"{seed}\0{key}\0{purpose}".encode()
    before, after = np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), np.uint64)
    z: NDArray[np.uint64] = ids[rows] + before
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    mixed: NDArray[np.uint64] = (z ^ (z >> np.uint64(31))) ^ after
    return mixed


def _quota(per_class: int, share_high: float, share_low: float) -> NDArray[np.int64]:
    slack = 1e-9
    if not (share_high >= 0 and share_low >= 0 and share_high + share_low <= 1 + slack):
        raise ParameterError(
            f"share_high = {share_high} and share_low = {share_low} must not be negative, nor be "
            "more than 1 together."
        )
    n_high = int(np.floor(per_class * share_high + 0.5))
    n_low = min(int(np.floor(per_class * share_low + 0.5)), per_class - n_high)
    if share_high + share_low >= 1 - slack:
        n_low = per_class - n_high
    return np.array([n_low, n_high, per_class - n_low - n_high], np.int64)


def _check_numbers(per_class: int, low: float, high: float, cap: int, seed: int) -> None:
    if per_class < 1:
        raise ParameterError(f"per_class = {per_class}: draw at least one candidate per class.")
    if not 0.0 <= low < high <= 1.0:
        raise ParameterError(f"low = {low} and high = {high} must obey 0 <= low < high <= 1.")
    if cap < 1:
        raise ParameterError(f"max_per_track = {cap}: allow at least one candidate per track.")
    if seed < 0:
        raise ParameterError(f"seed = {seed}: a seed is not negative.")


def _checked_table(
    scores: ArrayLike, track: ArrayLike
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    table, tracks = np.asarray(scores), np.asarray(track)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.floating):
        raise ParameterError(
            f"scores must be floating-point numbers of shape (n, n_classes), not {table.dtype} "
            f"of shape {table.shape}."
        )
    if tracks.shape != table.shape[:1] or (
        tracks.size and not np.issubdtype(tracks.dtype, np.integer)
    ):
        raise ParameterError(
            f"track must be one integer for each of the {table.shape[0]} excerpts, not "
            f"{tracks.dtype} of shape {tracks.shape}."
        )
    return table, tracks.astype(np.int64)


def _checked_eligible(
    eligible: ArrayLike | None, n: int, n_classes: int
) -> NDArray[np.bool_] | None:
    if eligible is None:
        return None
    allowed = np.asarray(eligible)
    if allowed.dtype != np.bool_ or allowed.shape not in ((n,), (n, n_classes)):
        raise ParameterError(
            f"eligible must be booleans of shape ({n},) or ({n}, {n_classes}), not "
            f"{allowed.dtype} of shape {allowed.shape}."
        )
    return np.broadcast_to(allowed.reshape(n, -1), (n, n_classes))


def _checked_ids(ids: ArrayLike | None, n: int) -> NDArray[np.uint64]:
    if ids is None:
        return np.arange(n, dtype=np.uint64)
    identity = np.asarray(ids)
    if identity.shape != (n,) or (n and not np.issubdtype(identity.dtype, np.integer)):
        raise ParameterError(f"ids must be one integer for each of the {n} excerpts.")
    if np.unique(identity).size != n:
        raise ParameterError("ids must differ: the same excerpt stands in two rows.")
    return identity.astype(np.int64).view(np.uint64)


def _checked_keys(class_keys: tuple[str, ...] | None, n_classes: int) -> tuple[str, ...]:
    if class_keys is None:
        return tuple(str(j) for j in range(n_classes))
    if len(class_keys) != n_classes or len(set(class_keys)) != n_classes:
        raise ParameterError(f"class_keys must be {n_classes} different names.")
    return tuple(class_keys)
