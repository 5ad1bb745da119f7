"""From expected numbers to whole ones, so that every expectation is kept exactly.

This is dependent rounding (R. Gandhi, S. Khuller, S. Parthasarathy, A. Srinivasan, "Dependent
rounding and its applications to approximation algorithms", Journal of the ACM 53, 2006), known to
survey samplers as controlled rounding (L. H. Cox, JASA 82, 1987), bit by bit: the expected numbers
are multiples of 2^-bits, and each pass clears the lowest bit of all of them at once. Entries with
that bit set are paired within their cell and within their recording, part and artist; along the
chains and cycles that the pairs make, up and down alternate, and one fair coin says which comes
first. Hence every entry keeps its expectation, every cell its sum, and no cap that held before is
broken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from candidates.sampling.chance import hashes

Integers = NDArray[np.int64]


def rounded(
    units: Integers, cell: Integers, groups: Sequence[Integers], *, bits: int, seed: int
) -> Integers:
    """Round expected numbers to whole ones.

    Parameters
    ----------
    units : np.ndarray [shape=(n,), dtype=int64]
        Expected number of each entry, times 2^bits. Every cell's sum is a whole number of 2^bits.
    cell : np.ndarray [shape=(n,), dtype=int64]
        Whose sum may not change.
    groups
        From the innermost to the outermost, each like `cell`, and with equal values side by side:
        sums that may change by less than 1.
    bits
        See `units`.
    seed
        Of the coins.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int64]
        Whole numbers.
    """
    held = units.copy()
    for bit in range(bits):
        odd = np.flatnonzero(held >> bit & 1)
        if odd.size:
            sign = _signs(odd, cell[odd], [group[odd] for group in groups], bit, seed)
            held[odd] += sign * (1 << bit)
    return held >> bits


def _signs(odd: Integers, cell: Integers, groups: list[Integers], bit: int, seed: int) -> Integers:
    n = odd.size
    shuffled = np.lexsort(
        (hashes(odd.view(np.uint64), seed=seed, key=str(bit), purpose="pair"), cell)
    )
    one, other = _pairs(shuffled, cell)[:2]
    waiting = np.arange(n)
    for group in groups:
        left, right, waiting = _pairs(waiting, group)
        one, other = np.append(one, left), np.append(other, right)
    # Two copies of each entry, up and down; a pair ties the up of one to the down of the other.
    links = coo_array(
        (
            np.ones(2 * one.size, np.int8),
            (np.append(one, one + n), np.append(other + n, other)),
        ),
        shape=(2 * n, 2 * n),
    )
    chain = connected_components(links, directed=False)[1].astype(np.int64)
    up, down = chain[:n], chain[n:]
    # A chain and its mirror image have two labels. The coin is the lower one's.
    lower = np.minimum(up, down)
    coin = hashes(lower.view(np.uint64), seed=seed, key=str(bit), purpose="coin") >> np.uint64(63)
    return np.where((up < down) == coin.astype(bool), 1, -1)


def _pairs(order: Integers, key: Integers) -> tuple[Integers, Integers, Integers]:
    """Pair neighbours in `order` that share a key; return both sides and who is left over."""
    if not order.size:
        return order, order, order
    keys = key[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    size = np.diff(first, append=keys.size)
    place = np.arange(keys.size) - np.repeat(first, size)
    total = np.repeat(size, size)
    begins = (place % 2 == 0) & (place + 1 < total)
    left = np.flatnonzero(begins)
    alone = (place % 2 == 0) & (place + 1 == total)
    return order[left], order[left + 1], order[alone]
