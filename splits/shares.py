"""Shares of partitions, for pages and splitters alike; nothing here is slow to import."""

from __future__ import annotations

import math
from collections.abc import Mapping


def nearest_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares of the same proportions, to four decimals, that sum to one exactly."""
    total = math.fsum(shares.values())
    rounded = {name: round(share / total, 4) for name, share in shares.items()}
    largest = max(rounded, key=lambda name: (rounded[name], name))
    rest = math.fsum(share for name, share in rounded.items() if name != largest)
    return {**rounded, largest: round(1 - rest, 4)}
