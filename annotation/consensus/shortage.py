"""Too little data is a result that can be read, not an error and never a NaN."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NotEnoughData:
    """A statement that something could not be estimated, and what was missing.

    Parameters
    ----------
    what
        What is counted, in the plural: "ratings with a definite answer".
    have
        How many there are.
    needed
        How many there must be.
    """

    what: str
    have: int
    needed: int

    def __str__(self) -> str:
        return f"not enough data: {self.have} {self.what}, {self.needed} needed"
