"""Kinds of work that the tests' programs and workers know."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from consonance.jobs.context import JobContext
from consonance.jobs.registry import register


@register("test.steps", label="Steps")
def steps(context: JobContext, *, folder: str, total: int, seconds: float) -> dict[str, Any]:
    """Make one file a step, passing over those that are there, as resumable work must."""
    made = 0
    for step in range(total):
        path = Path(folder, f"step-{step}")
        if not path.exists():
            time.sleep(seconds)
            path.write_text(str(os.getpid()))
            made += 1
        context.progress(step + 1, total, unit="steps")
    return {"made": made, "summary": f"{made} steps made."}


@register("test.silence", label="Silence")
def silence(context: JobContext, *, seconds: float) -> dict[str, Any]:
    """Say nothing for a while."""
    time.sleep(seconds)
    return {"summary": "Said nothing."}
