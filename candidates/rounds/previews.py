"""What a recipe would give before anything is drawn: the numbers of the curator's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from candidates.learning.learned import Learned, learned_from
from candidates.models import ScoreSet
from candidates.rounds.recipes import RoundRecipe
from candidates.rounds.supply import Supply, supply_of
from candidates.sampling import Stratum
from candidates.sampling.forecast import (
    Expected,
    Needed,
    counts_by_stratum,
    expected_positives,
    quota_forecast,
)
from candidates.sampling.strata import UNIFORM, apportioned

Figures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class StratumPreview:
    """One stratum of a class: excerpts it holds, and how many of them would be drawn at most."""

    name: str
    excerpts: int
    at_most: int


@dataclass(frozen=True, kw_only=True)
class ClassPreview:
    """One class.

    Attributes
    ----------
    name, label
        Of the class.
    strata
        What each holds and gives.
    at_most
        Candidates, before caps that bind over all classes together.
    expected
        Positives among what would be drawn; None where the detector knows nothing of the class.
    needed
        Questions until the positives are there that are wanted; None likewise.
    have
        Positives that there are.
    """

    name: str
    label: str
    strata: Sequence[StratumPreview]
    at_most: int
    expected: Expected | None
    needed: Needed | None
    have: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a recipe would give at most.

    Attributes
    ----------
    supply
        What it may draw from.
    classes
        In the order of the taxonomy.
    wanted, at_most
        Candidates over all classes: as asked for, and as strata and caps let through.
    learned
        What the expectations rest on.
    """

    supply: Supply
    classes: Sequence[ClassPreview]
    wanted: int
    at_most: int
    learned: Learned

    @property
    def is_capped(self) -> bool:
        """Whether the caps let less through than the strata hold."""
        return self.at_most < sum(row.at_most for row in self.classes)


def class_labels(score_set: ScoreSet) -> dict[str, str]:
    """Return the classes that a round can ask about: name → what people call it."""
    rows = score_set.detector.taxonomy.classes.order_by("position", "name")
    uncovered = score_set.detector.uncovered
    return {
        name: label or name
        for name, label in rows.values_list("name", "display_name")
        if name in score_set.figures or name in uncovered
    }


def is_silent(score_set: ScoreSet, name: str) -> bool:
    """Return whether the detector knows nothing of a class, so that it is drawn uniformly."""
    return name in score_set.detector.uncovered or name not in score_set.figures


def preview_of(score_set: ScoreSet, recipe: RoundRecipe, *, positives: int) -> Preview:
    """Return what a recipe would give.

    Parameters
    ----------
    score_set
        With the histograms of its classes.
    recipe
        What would be drawn.
    positives
        Wanted of each class, over all rounds together.
    """
    labels = class_labels(score_set)
    names = [name for name in labels if not recipe.names or name in recipe.names]
    supply = supply_of(score_set, recipe)
    told = [name for name in names if not is_silent(score_set, name)]
    figures = {name: _within(score_set.figures[name], supply) for name in told}
    strata = dict(zip(names, recipe.designs(names), strict=True))
    wanted = dict(zip(names, recipe.wanted(names), strict=True))
    learned = learned_from(score_set)
    shown = {
        name: _strata(strata[name], wanted[name], figures[name])
        if name in figures
        else _uniform(wanted[name], supply)
        for name in names
    }
    most = {name: sum(row.at_most for row in shown[name]) for name in names}
    total = sum(most.values())
    at_most = total if supply.capacity is None else min(total, supply.capacity)
    # Where caps bind, classes get alike less of what they ask for: a draw shares them out.
    asked = {name: most[name] * at_most // total if total else 0 for name in names}
    expected: dict[str, Expected] = {}
    needed: dict[str, Needed] = {}
    for name, figure in figures.items():
        own, one = strata[name], {name: figure}
        expected |= expected_positives(one, own, asked, learned.calibration)
        needed |= quota_forecast(
            one, own, learned.calibration, have=learned.have, positives=positives
        )
    return Preview(
        supply=supply,
        classes=[
            ClassPreview(
                name=name,
                label=labels[name],
                strata=shown[name],
                at_most=most[name],
                expected=_at_most(expected[name], asked[name]) if name in expected else None,
                needed=needed.get(name),
                have=learned.have.get(name, (0, 0))[0],
            )
            for name in names
        ],
        wanted=sum(wanted.values()),
        at_most=at_most,
        learned=learned,
    )


def _uniform(wanted: int, supply: Supply) -> list[StratumPreview]:
    """Return what a class gives of which the detector knows nothing: anything, by chance."""
    most = min(wanted, supply.excerpts)
    return [StratumPreview(name=UNIFORM.name, excerpts=supply.excerpts, at_most=most)]


def _within(figure: Mapping[str, Any], supply: Supply) -> dict[str, Any]:
    """Return a class's histogram as if it held only what the filters leave, spread like the rest.

    Quantiles are taken among the excerpts that may be drawn from; histograms are of all.
    """
    n = int(figure["n"])
    kept = min(n, supply.excerpts)
    share = kept / n if n else 0.0
    return {**figure, "n": kept, "counts": [count * share for count in figure["counts"]]}


def _strata(
    strata: Sequence[Stratum], wanted: int, figure: Mapping[str, Any]
) -> list[StratumPreview]:
    held = counts_by_stratum({"": figure}, strata)[""]
    parts = apportioned(wanted, [stratum.share for stratum in strata]).tolist()
    return [
        StratumPreview(
            name=stratum.name, excerpts=held[stratum.name], at_most=min(part, held[stratum.name])
        )
        for stratum, part in zip(strata, parts, strict=True)
    ]


def _at_most(expected: Expected, questions: int) -> Expected:
    """Return an expectation of no more positives than questions: rounding may not promise one."""
    return replace(expected, high=min(expected.high, float(questions)))
