"""What a benchmark tells of the machine, and of the times it took."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any


def machine() -> dict[str, Any]:
    """Return where and when a benchmark ran, and how busy it was there."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def milliseconds(seconds: Collection[float]) -> dict[str, float]:
    """Return number, median and 95th percentile (nearest rank) of some durations."""
    ordered = sorted(seconds)
    if not ordered:
        return {"number": 0}
    return {
        "number": len(ordered),
        "p50_ms": round(1000 * ordered[(len(ordered) - 1) // 2], 2),
        "p95_ms": round(1000 * ordered[max(0, -(-95 * len(ordered) // 100) - 1)], 2),
    }
