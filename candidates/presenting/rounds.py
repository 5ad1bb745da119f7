"""A round's recipe in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from candidates.models import SamplingRound
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling import Stratum
from consonance.errors import ConsonanceError

_STRATA = {"high": "Likely", "low": "Unlikely", "any": "From everywhere"}


def stratum_words(name: str) -> str:
    """Return what a stratum holds, in words where it is one of ours."""
    return _STRATA.get(name, name.replace("_", " ").capitalize())


def recipe_sentence(stored: Mapping[str, Any]) -> str:
    """Return where a round's candidates come from."""
    try:
        recipe = RoundRecipe.from_json(stored)
        strata = recipe.design()
    except ConsonanceError:
        return "By a recipe that this version does not know."
    if recipe.by_class:
        return "Each class has a number and strata of its own."
    told = [_stratum_sentence(stratum) for stratum in strata if stratum.share > 0]
    return f"Of each class {_listed(told)}."


def _stratum_sentence(stratum: Stratum) -> str:
    share = f"{100 * stratum.share:.3g} %"
    if stratum.low == 0 and stratum.high == 1:
        return f"{share} from all its scores"
    if stratum.low == 0:
        return f"{share} from below the {_ordinal(stratum.high)} percentile"
    if stratum.high == 1:
        return f"{share} from above the {_ordinal(stratum.low)} percentile"
    return f"{share} from the {_ordinal(stratum.low)} to the {_ordinal(stratum.high)} percentile"


def recipe_facts(drawn: SamplingRound) -> list[dict[str, Any]]:
    """Return what decided a round, as names and values; what was not asked for is left out."""
    facts: list[dict[str, Any]] = [
        {"label": "Detector", "value": str(drawn.score_set.detector), "code": True}
    ]
    try:
        recipe = RoundRecipe.from_json(drawn.recipe)
    except ConsonanceError:
        return facts
    caps = [
        (recipe.max_per_track, "a recording"),
        (recipe.max_per_artist, "an artist"),
        (recipe.max_per_album, "an album"),
    ]
    told = ", ".join(f"{cap} {what}" for cap, what in caps if cap is not None)
    facts += [
        {"label": "Wanted a class", "value": _wanted(recipe)},
        {"label": "At most", "value": told or "no cap"},
        {"label": "Licences", "value": _licences(recipe)},
    ]
    if recipe.min_seconds or recipe.max_seconds is not None:
        longest = "any length" if recipe.max_seconds is None else f"{recipe.max_seconds:g} s"
        facts.append({"label": "Lasting", "value": f"{recipe.min_seconds:g} s to {longest}"})
    facts.append({"label": "Left out", "value": _left_out(recipe)})
    facts.append({"label": "Seed", "value": str(recipe.seed), "code": True})
    return facts


def _wanted(recipe: RoundRecipe) -> str:
    if not recipe.by_class:
        return f"{recipe.per_class:,}"
    numbers = [number for _, number, _ in recipe.by_class]
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _licences(recipe: RoundRecipe) -> str:
    told = {
        "open": "clips may be cut and passed on",
        "commercial": "clips may be passed on, commerce allowed",
        "all": "every recording",
    }[recipe.licences]
    return f"{told}; explicit ones, too" if recipe.explicit else told


def _left_out(recipe: RoundRecipe) -> str:
    told = []
    if recipe.exclude_asked:
        told.append("clips of earlier rounds")
    if recipe.exclude_similar is not None:
        told.append(f"what sounds like them (cosine from {recipe.exclude_similar:g})")
    return _listed(told) if told else "nothing"


def _ordinal(quantile: float) -> str:
    percent = 100 * quantile
    if abs(percent - round(percent)) > 1e-9:
        return f"{percent:.4g}th"
    number = round(percent)
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
