"""Which excerpts to ask about, drawn from a detector's scores. Knows no Django.

`draw` and what it needs are loaded on first use: web pages know strata and caps, and no SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from candidates.sampling.caps import Caps
from candidates.sampling.strata import PRESETS, Stratum, tails

if TYPE_CHECKING:
    from candidates.sampling.arguments import Sources
    from candidates.sampling.drawing import Draw, draw, draw_from
    from candidates.sampling.source import LogitBatch, LogitSource

__all__ = [
    "PRESETS",
    "Caps",
    "Draw",
    "LogitBatch",
    "LogitSource",
    "Sources",
    "Stratum",
    "draw",
    "draw_from",
    "tails",
]

_LATE = {
    "Draw": "drawing",
    "Sources": "drawing",
    "draw": "drawing",
    "draw_from": "drawing",
    "LogitBatch": "source",
    "LogitSource": "source",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
