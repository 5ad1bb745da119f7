"""Chance from a hash of the seed, a purpose and an excerpt's lasting id, never from a position.

So neither the order of rows nor that of shards or classes changes a draw.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
#: As many hashes as there are; a hash below `WHOLE * p` has probability p.
WHOLE: Final = 2.0**64


def hashes(ids: NDArray[np.uint64], *, seed: int, key: str, purpose: str) -> Hashes:
    """Return a number per id that looks uniform over 64 bits and differs between ids.

    The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) is a bijection, so no
    two ids share a number.
    """
    before, after = _words(seed, key, purpose)
    mixed: Hashes = ids + before
    part = np.empty_like(mixed)
    # In place: this runs for every excerpt and class of an archive.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        np.right_shift(mixed, np.uint64(shift), out=part)
        np.bitwise_xor(mixed, part, out=mixed)
        if factor != 1:
            np.multiply(mixed, np.uint64(factor), out=mixed)
    mixed ^= after
    return mixed


def uniform(*, seed: int, key: str, purpose: str) -> float:
    """Return one number in [0, 1)."""
    return float(_words(seed, key, purpose)[0] >> np.uint64(11)) * 2.0**-53


def _words(seed: int, key: str, purpose: str) -> Hashes:
    text = f"{seed}\0{key}\0{purpose}".encode()
    return np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), np.uint64)
