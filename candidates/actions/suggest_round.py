"""Suggest the next round from what people have answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from candidates.actions.recalibrate import STEPS, Recalibrated, have_of, recalibrate
from candidates.loop.suggestion import Aim, Suggested, suggest
from candidates.models import ScoreSet
from candidates.rounds.recipes import RoundRecipe


def suggest_round(
    *,
    score_set: ScoreSet,
    aim: Aim,
    seed: int = 0,
    actor: Any = None,
    progress: Callable[[int, str], None] | None = None,
) -> dict[str, Any]:
    """Recalibrate, and say which classes to ask about next, how often and from which strata.

    Parameters
    ----------
    score_set
        To draw from; by a detector that was trained since the last round, if there is one.
    aim
        Quotas and the size of the round.
    seed
        Of the draw.
    actor
        A curator of the collection; None for the command line.
    progress
        As of `recalibrate`, with one step more.

    Returns
    -------
    dict
        JSON values: `recipe` for `draw_round` (None if every quota is met), `classes`, `archive`
        (how much of each class there is), `yields` of the rounds so far, and what it rests on.

    Raises
    ------
    NotAllowedError, StateError
        As `recalibrate`.
    """
    known = recalibrate(score_set=score_set, actor=actor, progress=progress)
    if progress:
        progress(STEPS, "Suggesting")
    detector = score_set.detector
    silent = detector.provenance.get("uncovered", [])
    names = detector.taxonomy.classes.order_by("position").values_list("name", flat=True)
    figures = {name: score_set.figures[name] for name in names if name in score_set.figures}
    suggested = suggest(
        figures,
        known.calibration,
        have=have_of(known.gathered),
        aim=aim,
        silent=[name for name in names if name in silent or name not in figures],
    )
    recipe = recipe_of(suggested, seed=seed)
    asked = sum(one.questions for one in suggested)
    number = sum(one.questions > 0 for one in suggested)
    basis = known.calibration.pooled.labels
    return {
        "score_set": str(score_set.pk),
        "detector": str(detector),
        "calibration": known.table.sha256,
        "is_calibrated": known.calibration.is_calibrated,
        "labels": basis,
        "waiting": known.gathered.labels.waiting,
        "recipe": recipe.as_json() if recipe else None,
        "classes": [_class(one) for one in suggested],
        "archive": _archive(known),
        "yields": known.table.facts["yields"],
        "summary": (
            f"Ask {asked} questions about {number} classes next, as {basis} labels suggest."
            if recipe and basis
            else f"Ask {asked} questions about {number} classes first: nobody has answered yet."
            if recipe
            else "Every class has what its quotas want."
        ),
    }


def recipe_of(suggested: Sequence[Suggested], *, seed: int) -> RoundRecipe | None:
    """Return the recipe that draws a suggestion; None where nothing is asked."""
    rows = tuple(
        (one.name, one.questions, tuple((s.name, s.low, s.high, s.share) for s in one.strata))
        for one in suggested
        if one.questions
    )
    return RoundRecipe(by_class=rows, seed=seed) if rows else None


def _class(one: Suggested) -> dict[str, Any]:
    return {
        "name": one.name,
        "questions": one.questions,
        "strata": [[s.name, s.low, s.high, round(s.share, 6)] for s in one.strata],
        "needed": None
        if one.needed is None
        else {
            "questions": one.needed.questions,
            "low": one.needed.low,
            "high": one.needed.high,
            "is_enough": one.needed.is_enough,
            "for_what": one.needed.for_what,
        },
        "expected": None
        if one.expected is None
        else {
            "positives": round(one.expected.positives, 2),
            "low": round(one.expected.low, 2),
            "high": round(one.expected.high, 2),
            "basis": one.expected.basis,
        },
    }


def _archive(known: Recalibrated) -> dict[str, Any]:
    return {
        name: {
            "excerpts": total.excerpts,
            "positives": round(total.positives),
            "low": round(total.low),
            "high": round(total.high),
            "covered": round(total.covered, 4),
        }
        for name, total in sorted(known.totals.items())
    }
