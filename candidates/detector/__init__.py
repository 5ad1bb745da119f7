"""What a machine hears in an excerpt: one interface, several networks, verified weights.

`load` returns a detector by name. Nothing here imports torch until a detector is loaded, so that
`candidates.detector.taxonomy` and the names of the detectors are free for web processes.
"""

from __future__ import annotations

from candidates.detector.registry import best_available, load, names

__all__ = ["best_available", "load", "names"]
