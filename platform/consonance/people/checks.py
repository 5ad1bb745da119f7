"""What `check --deploy` says of how tries at doors are counted."""

from __future__ import annotations

import os
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

_OWN_MEMORY: Final = "django.core.cache.backends.locmem.LocMemCache"


@register(Tags.caches, deploy=True)
def tries_are_counted_together(**_: Any) -> list[CheckMessage]:
    """Warn where several web processes count tries, each for itself.

    `WEB_CONCURRENCY` is what gunicorn takes its number of processes from; unset, there may be any.
    """
    if settings.CACHES["default"]["BACKEND"] != _OWN_MEMORY:
        return []
    if os.environ.get("WEB_CONCURRENCY", "").strip() == "1":
        return []
    return [
        Warning(
            "Each web process has a cache of its own, so with several of them somebody who guesses"
            " passwords or links has as many tries in each.",
            hint="Set CONSONANCE_CACHE=redis://host:port/number, or run one process"
            " (WEB_CONCURRENCY=1).",
            id="consonance.W001",
        )
    ]
