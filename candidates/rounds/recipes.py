"""What decides a draw, as a value that is stored with the round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from candidates.sampling.caps import Caps
from candidates.sampling.strata import PRESETS, Stratum, checked, designs_of, tails
from consonance.errors import ParameterError

LICENCES = ("open", "commercial", "all")

#: Name, low and high quantile, share.
StratumRow = tuple[str, float, float, float]
#: Class name, candidates wanted, strata.
ClassRow = tuple[str, int, tuple[StratumRow, ...]]


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
    share_high, share_low
        Shares of `per_class` that come from the tails; `share_low` is by default the rest. What
        they leave is drawn uniformly from all excerpts.
    strata
        In place of the four above: a name in `sampling.PRESETS`, or strata of one's own, each
        (name, low, high, share).
    by_class
        In place of all the above and of `classes`: each class's own number and strata, by the same
        names for all, as `suggest_round` makes them.
    max_per_track, max_per_artist, max_per_album
        Candidates that one source may give, over all classes; None for no cap.
    classes
        Class names to ask about; empty for all. What the detector does not know is drawn
        uniformly.
    licences
        `open`: only tracks whose licence lets a clip be cut and passed on; `commercial`: of those,
        only ones that do not forbid commerce; `all`: every track, when the curator takes the
        responsibility.
    explicit
        Whether tracks marked as explicit may be drawn.
    min_seconds, max_seconds
        Only tracks that last so long.
    exclude_asked
        Leave out excerpts that overlap with a clip of an earlier round which was not rejected.
    exclude_similar
        Leave out excerpts at least so similar to such a clip, by the cosine of their embeddings;
        None for no such limit.
    seed
        Of the draw.
    """

    per_class: int = 100
    low: float = 0.1
    high: float = 0.9
    share_high: float = 0.5
    share_low: float | None = None
    strata: str | tuple[StratumRow, ...] = ""
    by_class: tuple[ClassRow, ...] = ()
    max_per_track: int | None = 1
    max_per_artist: int | None = None
    max_per_album: int | None = None
    classes: tuple[str, ...] = field(default=())
    licences: str = "open"
    explicit: bool = False
    min_seconds: float = 0.0
    max_seconds: float | None = None
    exclude_asked: bool = True
    exclude_similar: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.licences not in LICENCES:
            raise ParameterError(
                f"Licences are “open”, “commercial” or “all”, not {self.licences!r}."
            )
        if self.per_class < 1:
            raise ParameterError(f"A round takes 1 or more per class, not {self.per_class}.")
        if self.seed < 0:
            raise ParameterError(f"The seed is {self.seed}: a seed is not negative.")
        if self.min_seconds < 0 or (
            self.max_seconds is not None and self.max_seconds < self.min_seconds
        ):
            raise ParameterError(
                f"Tracks of {self.min_seconds:g} to {self.max_seconds:g} seconds: there are none."
                if self.max_seconds is not None
                else f"The shortest track is {self.min_seconds:g} seconds: use 0 or more."
            )
        if self.exclude_similar is not None and not 0 < self.exclude_similar <= 1:
            raise ParameterError(
                f"The similarity is {self.exclude_similar:g}; it must lie above 0, up to 1."
            )
        self.caps()
        self.design()
        self._check_classes()

    def _check_classes(self) -> None:
        """Refuse classes of their own strata that contradict the rest."""
        if not self.by_class:
            return
        names = self.names
        if self.strata or (self.classes and self.classes != names):
            raise ParameterError("Give either each class's own strata, or classes and strata.")
        if len(set(names)) != len(names):
            raise ParameterError("A class stands twice among those with strata of their own.")
        if any(number < 0 for _, number, _ in self.by_class):
            raise ParameterError("A class's number of candidates must not be negative.")
        if not any(number for _, number, _ in self.by_class):
            raise ParameterError("A round takes 1 or more candidates of some class.")
        self.designs(names)

    @property
    def names(self) -> tuple[str, ...]:
        """Classes to ask about; none for every class."""
        return tuple(name for name, _, _ in self.by_class) or self.classes

    def wanted(self, names: Sequence[str]) -> list[int]:
        """Return how many candidates each class is to get."""
        own = {name: number for name, number, _ in self.by_class}
        return [own.get(name, 0) if own else self.per_class for name in names]

    def designs(self, names: Sequence[str]) -> tuple[tuple[Stratum, ...], ...]:
        """Return each class's strata."""
        own = {name: _strata_of(rows) for name, _, rows in self.by_class}
        if not own:
            return designs_of(self.design(), len(names))
        return designs_of([own[name] for name in names], len(names))

    def caps(self) -> Caps:
        """Return the caps."""
        return Caps(
            recording=self.max_per_track, artist=self.max_per_artist, album=self.max_per_album
        )

    def design(self) -> tuple[Stratum, ...]:
        """Return the strata."""
        if isinstance(self.strata, str):
            if not self.strata:
                return tails(
                    self.low, self.high, share_high=self.share_high, share_low=self.share_low
                )
            if self.strata not in PRESETS:
                raise ParameterError(
                    f"No preset is called {self.strata!r}. Use one of: {', '.join(PRESETS)}."
                )
            return PRESETS[self.strata]
        return _strata_of(self.strata)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored; values at their defaults that came later are left out.

        So a recipe that was stored before they existed still equals its own.
        """
        first = {
            "per_class", "low", "high", "share_high", "max_per_track", "classes", "licences",
            "explicit", "seed",
        }  # fmt: skip
        stored: dict[str, Any] = {}
        for known in fields(self):
            value = getattr(self, known.name)
            if known.name in first or value != known.default:
                stored[known.name] = value
        stored["classes"] = list(self.classes)
        if "strata" in stored and not isinstance(self.strata, str):
            stored["strata"] = [list(stratum) for stratum in self.strata]
        if "by_class" in stored:
            stored["by_class"] = [
                [name, number, [list(stratum) for stratum in rows]]
                for name, number, rows in self.by_class
            ]
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the recipe of what `as_json` gave; other keys are left out."""
        known = {known.name for known in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        values["classes"] = tuple(values.get("classes", ()))
        if isinstance(values.get("strata"), list):
            values["strata"] = tuple(tuple(stratum) for stratum in values["strata"])
        try:
            values["by_class"] = tuple(
                (name, number, tuple(tuple(stratum) for stratum in rows))
                for name, number, rows in values.get("by_class", ())
            )
            return cls(**values)
        except (TypeError, ValueError) as error:
            if isinstance(error, ParameterError):
                raise
            raise ParameterError(f"This is no recipe of a round: {error}") from error


def _strata_of(rows: Sequence[StratumRow]) -> tuple[Stratum, ...]:
    return checked(
        [Stratum(name=name, low=low, high=high, share=share) for name, low, high, share in rows]
    )
