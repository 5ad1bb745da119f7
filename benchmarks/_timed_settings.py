"""The app's settings, and each answer tells how long the database took."""

from __future__ import annotations

from consonance.web.settings import *  # noqa: F403
from consonance.web.settings import MIDDLEWARE as _MIDDLEWARE

MIDDLEWARE = ["benchmarks._database_time.DatabaseTime", *_MIDDLEWARE]
