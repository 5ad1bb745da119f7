"""What worker processes do with one recording: inspect it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any


def inspect_file(path: str) -> dict[str, Any]:
    """Return `consonance.audio.inspect.inspect` of a file as JSON values."""
    from consonance.audio.inspect import inspect

    return asdict(inspect(path))
