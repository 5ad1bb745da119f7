"""Who stands where after a rung, and whether the winner beats the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.detector.bags import Bags
from candidates.search import measures
from candidates.search.material import Material
from candidates.search.schedule import DEFAULT

Likelihoods = Sequence[NDArray[np.float32]]

#: Resamples behind each interval of the leaderboard, and behind the verdict.
RESAMPLES: Final = 400
VERDICT_RESAMPLES: Final = 2000
#: Groups below which resampling them says too little to call anybody better.
FEWEST_GROUPS: Final = 8
_DIGITS: Final = 6


def standing(
    material: Material, said: Mapping[int, Likelihoods], *, seed: int
) -> dict[str, dict[str, Any]]:
    """Return what each configuration reached on the validation excerpts, with its interval.

    Parameters
    ----------
    material
        What was trained on.
    said
        Number of a configuration → likelihoods of the validation excerpts by each of its seeds.
    seed
        Of the search.

    Returns
    -------
    dict
        Number (as text, for JSON) → value, low, high, by_seed.
    """
    part = material.validation
    weights = measures.group_weights(part.groups, resamples=RESAMPLES, seed=seed)
    found = {}
    for number, likelihoods in sorted(said.items()):
        got = _reached(material, part, likelihoods, weights, seed=seed, number=number)
        found[str(number)] = {**_plain(got.estimate), "by_seed": _round(got.by_seed)}
    return found


def first_of(values: Mapping[int, float]) -> int:
    """Return the number with the highest value; of equals the lowest number."""
    return min(values, key=lambda number: (-values[number], number))


def verdict(
    material: Material,
    *,
    winner: int,
    validation: Mapping[int, Likelihoods],
    held_out: Mapping[int, Likelihoods],
    seed: int,
) -> dict[str, Any]:
    """Return whether the winner beats the default, by excerpts that chose it and by others.

    The winner was chosen on the validation excerpts, so it looks better there than it is. What
    counts is the difference on the held-out ones, which nothing was chosen by.

    Parameters
    ----------
    material
        What was trained on.
    winner
        Its number.
    validation, held_out
        Likelihoods by each seed of the winner and, unless its trainings failed, of the default.
    seed
        Of the search.

    Returns
    -------
    dict
        `winner`; per part its estimates, or None where the part cannot be measured; and `beats`:
        whether the difference's interval lies above zero on the held-out excerpts (on the
        validation ones if nothing was held out); None if there is nothing to compare, or fewer
        than `FEWEST_GROUPS` groups to compare on.
    """
    found: dict[str, Any] = {"winner": winner, "resamples": VERDICT_RESAMPLES}
    parts = (
        ("validation", material.validation, validation, 0),
        ("held_out", material.held_out, held_out, 1),
    )
    for name, part, said, place in parts:
        found[name] = _compared(material, part, said, place, winner=winner, seed=seed)
    judged = found["held_out"] or found["validation"]
    found["judged_on"] = "held_out" if found["held_out"] else "validation"
    apart = judged["difference"] if judged else None
    found["beats"] = None
    if judged and apart and judged["groups"] >= FEWEST_GROUPS:
        found["beats"] = apart["low"] > 0
    return found


def _compared(
    material: Material,
    part: Bags,
    said: Mapping[int, Likelihoods],
    place: int,
    *,
    winner: int,
    seed: int,
) -> dict[str, Any] | None:
    counted = material.counted(part)
    if not counted.any():
        return None
    weights = measures.group_weights(part.groups, resamples=VERDICT_RESAMPLES, seed=seed)
    got = {
        number: _reached(material, part, said[number], weights, seed=seed, number=number)
        for number in sorted({winner, DEFAULT} & set(said))
    }
    result: dict[str, Any] = {
        "winner": _plain(got[winner].estimate),
        "default": _plain(got[DEFAULT].estimate) if DEFAULT in got else None,
        "difference": None,
        "as_it_is": None,
        "classes": [n for n, is_in in zip(material.classes, counted, strict=True) if is_in],
        "excerpts": len(part),
        "groups": len(set(part.groups)),
    }
    if DEFAULT in got and winner != DEFAULT:
        result["difference"] = _plain(measures.difference(got[winner], got[DEFAULT]))
    if material.as_it_is is not None:
        alone = [material.as_it_is[place]]
        itself = _reached(material, part, alone, weights, seed=seed, number=-1)
        result["as_it_is"] = _plain(itself.estimate)
    return result


def _reached(
    material: Material,
    part: Bags,
    likelihoods: Likelihoods,
    weights: measures.Weights,
    *,
    seed: int,
    number: int,
) -> measures.Reached:
    counted = material.counted(part)
    by_seed = [measures.mean_ap(part.labels, said, weights, counted) for said in likelihoods]
    return measures.reached(by_seed, seed=seed, number=number + 1)


def _plain(estimate: measures.Estimate) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in asdict(estimate).items()}


def _round(values: Sequence[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]
