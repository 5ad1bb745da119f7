"""How fast music is scored, and how long the rest will take."""

from __future__ import annotations

import time

from consonance.jobs.command import duration

_WARM_UP_SECONDS = 1.0


class Pace:
    """Music heard since the start, by everybody who helps.

    Parameters
    ----------
    total_s
        Music to be heard, in seconds.
    """

    def __init__(self, total_s: float) -> None:
        self._total = total_s
        self._heard = 0.0
        self._begun = time.monotonic()

    def heard(self, seconds: float) -> None:
        """Count music that was heard."""
        self._heard += seconds

    def sentence(self) -> str:
        """Return rate and time left in words; only "Scoring" until there is a rate."""
        took = time.monotonic() - self._begun
        if took < _WARM_UP_SECONDS or not self._heard:
            return "Scoring"
        rate = self._heard / took
        left = max(0.0, self._total - self._heard) / rate
        return f"Scoring {rate:,.0f} s of music a second, about {duration(left)} left"
