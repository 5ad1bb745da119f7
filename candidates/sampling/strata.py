"""Strata: which part of a class's scores is drawn from, and how much of the class comes from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consonance.errors import ParameterError

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
#: Keeps 0.1 * 30 from being counted as more than 3.
_SLACK: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """An interval of quantiles and its share of a class's candidates.

    Of m eligible excerpts, ordered by score and equal scores by chance, it holds those at the
    places ``ceil(low (m - 1))`` to ``floor(high (m - 1))``, counted from 0.

    Parameters
    ----------
    name
        Lower-case letters, digits, ``-`` and ``_``; at most 32.
    low, high
        Quantiles, ``0 <= low < high <= 1``.
    share
        Of the class's candidates, in [0, 1].
    """

    name: str
    low: float
    high: float
    share: float

    def __post_init__(self) -> None:
        """Refuse what is no stratum."""
        if not _NAME.fullmatch(self.name):
            raise ParameterError(
                f"{self.name!r} does not name a stratum: use at most 32 lower-case letters, "
                "digits, '-' and '_', a letter first."
            )
        if not 0.0 <= self.low < self.high <= 1.0:
            raise ParameterError(
                f"The stratum {self.name}: low = {self.low} and high = {self.high} must obey "
                "0 <= low < high <= 1."
            )
        if not 0.0 <= self.share <= 1.0:
            raise ParameterError(
                f"The stratum {self.name}: its share is {self.share}, but must lie from 0 to 1."
            )

    def places(self, m: int) -> tuple[int, int]:
        """Return the first place and the one after the last, among m ordered excerpts."""
        if not m:
            return 0, 0
        first = int(np.ceil(self.low * (m - 1) - _SLACK))
        last = int(np.floor(self.high * (m - 1) + _SLACK))
        return first, max(first, last + 1)


def lines_of(strata: Sequence[Stratum]) -> tuple[float, ...]:
    """Return the quantiles at which strata that give something begin or end, inside the scores."""
    ends = {end for stratum in strata if stratum.share > 0 for end in (stratum.low, stratum.high)}
    return tuple(sorted(ends - {0.0, 1.0}))


def tails(
    low: float = 0.1,
    high: float = 0.9,
    *,
    share_high: float = 0.5,
    share_low: float | None = None,
) -> tuple[Stratum, ...]:
    """Return both tails, and a uniform slice `any` for what their shares leave.

    Parameters
    ----------
    low, high
        The quantiles that bound the tails.
    share_high, share_low
        Of a class's candidates; `share_low` is by default the rest.

    Raises
    ------
    ParameterError
        If a number is out of range or the bounds cross.
    """
    if not low < high:
        raise ParameterError(f"low = {low} and high = {high} must obey 0 <= low < high <= 1.")
    part = 1.0 - share_high if share_low is None else share_low
    if not (share_high >= 0 and part >= 0 and share_high + part <= 1 + _SLACK):
        raise ParameterError(
            f"share_high = {share_high} and share_low = {part} must not be negative, nor be "
            "more than 1 together."
        )
    rest = max(0.0, 1.0 - share_high - part)
    made = []
    if low > 0 or part > 0:
        made.append(Stratum(name="low", low=0.0, high=low, share=part))
    if high < 1 or share_high > 0:
        made.append(Stratum(name="high", low=high, high=1.0, share=share_high))
    if rest > _SLACK:
        made.append(Stratum(name="any", low=0.0, high=1.0, share=rest))
    return checked(made)


def checked(strata: Sequence[Stratum]) -> tuple[Stratum, ...]:
    """Return the strata if they make a design.

    Raises
    ------
    ParameterError
        If there is none, a name stands twice, or the shares do not add up to 1.
    """
    if not strata:
        raise ParameterError("A design needs at least one stratum.")
    names = [stratum.name for stratum in strata]
    if len(set(names)) != len(names):
        raise ParameterError(f"Strata need different names, not {', '.join(names)}.")
    total = sum(stratum.share for stratum in strata)
    if abs(total - 1) > 1e-6:
        raise ParameterError(f"The strata's shares add up to {total:g}; they must add up to 1.")
    return tuple(strata)


def designs_of(
    strata: Sequence[Stratum] | Sequence[Sequence[Stratum]] | None, n_classes: int
) -> tuple[tuple[Stratum, ...], ...]:
    """Return each class's strata.

    Parameters
    ----------
    strata
        The same for all classes, or each class's own; `tails()` for None.
    n_classes
        How many classes there are.

    Raises
    ------
    ParameterError
        If a class's make no design, or differ from the first class's in number or names.
    """
    if strata is None:
        return (tails(),) * n_classes
    shared = [stratum for stratum in strata if isinstance(stratum, Stratum)]
    if len(shared) == len(strata):
        return (checked(shared),) * n_classes
    own = [checked(each) for each in strata if not isinstance(each, Stratum)]
    names = {tuple(stratum.name for stratum in design) for design in own}
    if len(own) != n_classes or len(names) != 1:
        raise ParameterError(
            f"Give strata once for all classes, or for each of the {n_classes}, as many and by the "
            "same names."
        )
    return tuple(own)


def apportioned(total: int, weights: Sequence[float] | NDArray[np.float64]) -> NDArray[np.int64]:
    """Divide a whole number by weights: largest remainders first, equal ones in order."""
    part = np.asarray(weights, np.float64)
    if not part.sum():
        return np.zeros(part.size, np.int64)
    exact = np.round(total * part / part.sum(), 9)
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


@dataclass(frozen=True)
class Region:
    """A run of places that the same strata share: strata that overlap are cut into regions.

    Parameters
    ----------
    first, after
        Places, the second one excluded.
    strata
        Positions of the strata that hold it.
    """

    first: int
    after: int
    strata: tuple[int, ...]


#: All excerpts alike: what is drawn of a class that the detector knows nothing about.
UNIFORM: Final = Stratum(name="any", low=0.0, high=1.0, share=0.0)


def with_uniform(
    designs: Sequence[Sequence[Stratum]], uniform: Sequence[bool]
) -> tuple[tuple[tuple[Stratum, ...], ...], NDArray[np.bool_]]:
    """Return each class's strata, and which of them it is drawn from.

    Parameters
    ----------
    designs
        Each class's strata, by the same names.
    uniform
        Of each class whether it is drawn from all its excerpts alike, whatever the design says.

    Returns
    -------
    designs
        The same; with a stratum of all excerpts, if a class needs one and there is none.
    uses : np.ndarray [shape=(n_classes, n_strata), dtype=bool]

    Raises
    ------
    ParameterError
        If the design calls something else `any`.
    """
    alike = np.array(uniform, dtype=bool)
    made = tuple(tuple(design) for design in designs)
    n_strata = len(made[0]) if made else 0
    uses = np.repeat(~alike[:, None], n_strata, axis=1)
    if not alike.any():
        return made, uses
    whole = next(
        (
            s
            for s in range(n_strata)
            if all((design[s].low, design[s].high) == (0.0, 1.0) for design in made)
        ),
        None,
    )
    if whole is None:
        if any(stratum.name == UNIFORM.name for stratum in made[0]):
            raise ParameterError(
                f"A class without a detector is drawn from the stratum {UNIFORM.name!r}, which "
                "holds all excerpts. Name the design's own otherwise."
            )
        whole = n_strata
        made = tuple((*design, UNIFORM) for design in made)
        uses = np.pad(uses, ((0, 0), (0, 1)))
    uses[alike, whole] = True
    return made, uses


def regions(
    strata: Sequence[Stratum], m: int, uses: Sequence[bool] | NDArray[np.bool_] | None = None
) -> list[Region]:
    """Return the regions of a class with m eligible excerpts, lowest first.

    Parameters
    ----------
    strata
        Of all classes.
    m
        The class's eligible excerpts.
    uses
        Which of the strata are the class's; by default all.
    """
    places = [
        stratum.places(m) if uses is None or uses[s] else (0, 0) for s, stratum in enumerate(strata)
    ]
    cuts = sorted({place for first, after in places if first < after for place in (first, after)})
    found = []
    for first, after in pairwise(cuts):
        inside = tuple(s for s, (a, b) in enumerate(places) if a <= first and after <= b)
        if inside:
            found.append(Region(first, after, inside))
    return found


#: What a curator may choose by name.
PRESETS: Final[dict[str, tuple[Stratum, ...]]] = {
    "tails": tails(),
    "tails_and_uniform": tails(share_high=0.4, share_low=0.4),
    # The notebook that drew OpenMIC-2018's clips takes positives alone, inside the top decile.
    "top_decile": (Stratum(name="high", low=0.9, high=1.0, share=1.0),),
    "uniform": (Stratum(name="any", low=0.0, high=1.0, share=1.0),),
}
