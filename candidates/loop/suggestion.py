"""Which round to draw next: tails for the quotas, the uncertain for the detector, and coverage.

A class's questions come from four strata. *low* and *high* are the tails, shared by what its quotas
still lack. *uncertain* is the tenth of its excerpts whose answers are hardest to foretell, by the
calibrated P(1 - P): there labels teach a detector most (D. Lewis, W. Gale, SIGIR 1994). *any* is
all excerpts alike: it reaches what no tail holds, and keeps estimates for the archive unbiased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from candidates.loop.calibration import Calibration, Curve
from candidates.sampling.forecast import Expected, Needed, expected_positives, quota_forecast
from candidates.sampling.strata import Stratum, apportioned, checked
from consonance.errors import ParameterError

#: In this order in every suggestion.
NAMES: Final = ("low", "uncertain", "high", "any")
_TAIL: Final = 0.1  # of the excerpts: each tail, and the uncertain ones
_LEAST: Final = 0.2  # of the tails' questions: either tail, however little its quota lacks
_STEPS: Final = 100


#: What a round may be drawn for first: name → shares of uncertain excerpts and of coverage.
DESIGNS: Final = {
    "balanced": (0.25, 0.2),
    "tails": (0.0, 0.1),
    "uncertainty": (0.6, 0.1),
    "coverage": (0.1, 0.6),
}


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What is wanted of all rounds together, and of the next one.

    Attributes
    ----------
    positives, labels
        Quotas of each class.
    questions
        Of the next round, over all classes, at most.
    uncertain, coverage
        Shares of a class's questions; the tails have the rest.
    """

    positives: int = 500
    labels: int = 1500
    questions: int = 2000
    uncertain: float = 0.25
    coverage: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what cannot be aimed at."""
        if self.positives < 0 or self.labels < 0 or self.questions < 1:
            raise ParameterError("Aim at 0 or more labels, with 1 or more questions.")
        if not (self.uncertain >= 0 and self.coverage > 0 and self.uncertain + self.coverage <= 1):
            raise ParameterError(
                "The share of coverage must be above 0 and that of uncertain excerpts not "
                "negative; together they are 1 at most."
            )


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """What the next round should ask of one class.

    Attributes
    ----------
    name
        The class.
    questions
        How many.
    strata
        By the names in `NAMES`.
    needed
        What its quotas still need by these strata; None for a class without a detector.
    expected
        What these questions should give; None likewise.
    """

    name: str
    questions: int
    strata: tuple[Stratum, ...]
    needed: Needed | None
    expected: Expected | None


def suggest(
    figures: Mapping[str, Mapping[str, Any]],
    calibration: Calibration,
    *,
    have: Mapping[str, tuple[int, int]],
    aim: Aim,
    silent: Sequence[str] = (),
) -> tuple[Suggested, ...]:
    """Suggest each class's number of questions and strata.

    Parameters
    ----------
    figures
        `ScoreSet.figures`: class name → fine histogram.
    calibration
        From earlier rounds' labels.
    have
        Class name → positives and labels that there are.
    aim
        What is wanted.
    silent
        Classes that the detector knows nothing about: drawn from all excerpts alike.

    Returns
    -------
    tuple
        Classes whose quotas are not met, by name. None if all are.
    """
    strata: dict[str, tuple[Stratum, ...]] = {}
    needs: dict[str, Needed | None] = {}
    wanted: dict[str, int] = {}
    for name in sorted({*figures, *silent}):
        had = have.get(name, (0, 0))
        missing = max(0, aim.positives - had[0]), max(0, aim.labels - had[1])
        if not any(missing):
            continue
        if name in silent:
            strata[name], needs[name] = _everywhere(), None
            wanted[name] = max(missing)
            continue
        curve = calibration.of(name)
        strata[name] = _strata(figures[name], curve, missing, aim, calibration.is_calibrated)
        need = quota_forecast(
            {name: figures[name]},
            strata[name],
            calibration,
            have=have,
            positives=aim.positives,
            labels=aim.labels,
        )[name]
        needs[name] = need
        wanted[name] = min(need.questions, need.supply)
    names = list(wanted)
    asked = [wanted[name] for name in names]
    if sum(asked) > aim.questions:
        asked = apportioned(aim.questions, np.array(asked, np.float64)).tolist()
    found = []
    for name, number in zip(names, asked, strict=True):
        expected = None
        if needs[name] is not None:
            one = {name: figures[name]}
            expected = expected_positives(one, strata[name], number, calibration)[name]
        found.append(
            Suggested(
                name=name, questions=number, strata=strata[name], needed=needs[name],
                expected=expected,
            )
        )  # fmt: skip
    return tuple(found)


def _everywhere() -> tuple[Stratum, ...]:
    return checked([Stratum(name=n, low=0.0, high=1.0, share=float(n == NAMES[-1])) for n in NAMES])


def _strata(
    histogram: Mapping[str, Any],
    curve: Curve,
    missing: tuple[int, int],
    aim: Aim,
    is_calibrated: bool,
) -> tuple[Stratum, ...]:
    # Nobody knows where a detector is uncertain before anybody has answered.
    uncertain = aim.uncertain if is_calibrated else 0.0
    tails = 1 - aim.uncertain - aim.coverage
    negatives = max(0, missing[1] - missing[0])
    part = missing[0] / max(1, missing[0] + negatives)
    high = tails * min(1 - _LEAST, max(_LEAST, part))
    first = _hardest(histogram, curve)
    return checked(
        [
            Stratum(name="low", low=0.0, high=_TAIL, share=tails - high),
            Stratum(name="uncertain", low=first, high=round(first + _TAIL, 6), share=uncertain),
            Stratum(name="high", low=1 - _TAIL, high=1.0, share=high),
            Stratum(name="any", low=0.0, high=1.0, share=1 - tails - uncertain),
        ]
    )


def _hardest(histogram: Mapping[str, Any], curve: Curve) -> float:
    """Return where the tenth of the excerpts begins whose P(1 - P) is largest on average."""
    counts = np.asarray(histogram["counts"], np.float64)
    ends = np.cumsum(counts) / max(1.0, counts.sum())
    edges = float(histogram["first"]) + np.arange(counts.size + 1) * float(histogram["step"])
    middle = (np.arange(_STEPS) + 0.5) / _STEPS
    p = curve.present(np.interp(middle, np.append(0.0, ends), edges))
    width = round(_TAIL * _STEPS)
    total = np.convolve(p * (1 - p), np.ones(width), mode="valid")
    return int(np.argmax(total)) / _STEPS
