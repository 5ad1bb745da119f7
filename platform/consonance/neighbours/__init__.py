"""One wrapper round FAISS: exact or approximate by size. Knows no Django."""

from __future__ import annotations

from consonance.neighbours.indexes import EXACT_BELOW
from consonance.neighbours.similarity import Neighbours, StandingIndex, search, search_between

__all__ = ["EXACT_BELOW", "Neighbours", "StandingIndex", "search", "search_between"]
