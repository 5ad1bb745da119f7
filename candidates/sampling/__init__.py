"""Which excerpts to ask about, drawn from a detector's scores."""

from __future__ import annotations

from candidates.sampling.draw import TAILS, Draw, draw

__all__ = ["TAILS", "Draw", "draw"]
