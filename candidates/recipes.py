"""What decides a draw, as a value that is stored with the round."""

from __future__ import annotations

from dataclasses import dataclass, field

from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class RoundRecipe:
    """Everything that decides a draw.

    Attributes
    ----------
    per_class
        Candidates wanted of each class.
    low, high
        Quantiles of the class's likelihoods: candidates come from at or below `low` and from at
        or above `high`.
    share_high
        Share of `per_class` that comes from the upper tail.
    max_per_track
        Candidates that one track may give, over all classes.
    classes
        Class names to ask about; empty for every class that the detector covers.
    licences
        `open`: only tracks whose licence lets a clip be cut and passed on; `all`: every track, when
        the curator takes the responsibility.
    explicit
        Whether tracks marked as explicit may be drawn.
    seed
        Of the draw.
    """

    per_class: int = 100
    low: float = 0.1
    high: float = 0.9
    share_high: float = 0.5
    max_per_track: int = 1
    classes: tuple[str, ...] = field(default=())
    licences: str = "open"
    explicit: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.licences not in {"open", "all"}:
            raise ParameterError(f"Licences are “open” or “all”, not {self.licences!r}.")
        if self.per_class < 1 or self.max_per_track < 1:
            raise ParameterError("A round takes 1 or more per class and per track.")
        if not 0 <= self.low < self.high <= 1 or not 0 <= self.share_high <= 1:
            raise ParameterError(
                f"Quantiles {self.low} and {self.high} and share {self.share_high} must lie from 0 "
                "to 1, the lower quantile below the upper."
            )
