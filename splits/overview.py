"""Releases for the front page."""

from __future__ import annotations

from splits.models import Release


def latest_releases(*, limit: int) -> list[Release]:
    """Return the newest releases."""
    return list(Release.objects.order_by("-published_at")[:limit])
