"""One wrapper round FAISS: exact or approximate by size. Knows no Django."""

from __future__ import annotations

from consonance.neighbours.similarity import EXACT_BELOW, Neighbours, search, search_between

__all__ = ["EXACT_BELOW", "Neighbours", "search", "search_between"]
