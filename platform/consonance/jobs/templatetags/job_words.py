"""`{% load job_words %}`: a job's state and times in words."""

from __future__ import annotations

from datetime import timedelta

from django import template

from consonance.jobs.command import duration

register = template.Library()


@register.filter
def spell(seconds: float | timedelta | None) -> str:
    """Return a time span in words: `45 s`, `3 min`, `2 h 10 min`; a dash for none."""
    if seconds is None:
        return "–"
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    return duration(seconds)


@register.filter
def job_kind(state: str) -> str:
    """Return the pill's kind for a job's state."""
    return {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}.get(state, "")
