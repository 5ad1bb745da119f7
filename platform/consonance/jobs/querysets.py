"""Reads of jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models


class JobQuerySet(models.QuerySet):
    """Chainable reads of jobs."""

    def unfinished(self) -> Self:
        """Return jobs that wait or run."""
        return self.filter(state__in=["queued", "running"])

    def claimable(self, now: datetime) -> Self:
        """Return jobs that a worker may take: waiting ones, and those whose worker died."""
        return self.filter(
            models.Q(state="queued") | models.Q(state="running", lease_until__lt=now)
        )

    def abandoned(self, now: datetime) -> Self:
        """Return running jobs whose lease has run out."""
        return self.filter(state="running", lease_until__lt=now)

    def forgotten(self, now: datetime, *, after: timedelta) -> Self:
        """Return waiting jobs whose message may be lost."""
        return self.filter(state="queued", published_at__lt=now - after)

    def recent(self) -> Self:
        """Return the newest first."""
        return self.order_by("-created_at")
