"""A preview in words and in JSON: the page without script and the live numbers say the same."""

from __future__ import annotations

from typing import Any, Final

from candidates.rounds.previews import ClassPreview, Preview
from candidates.sampling.forecast import Expected, Needed

#: A number of questions is an estimate: two digits tell all there is to tell.
_DIGITS: Final = 2
_MANY: Final = 1_000_000


def preview_json(preview: Preview) -> dict[str, Any]:
    """Return a preview as the page's script reads it."""
    supply = preview.supply
    return {
        "eligible": {
            "tracks": supply.tracks,
            "all_tracks": supply.all_tracks,
            "excerpts": supply.excerpts,
            "all_excerpts": supply.all_excerpts,
            "artists": supply.artists,
        },
        "capacity": supply.capacity,
        "wanted": preview.wanted,
        "at_most": preview.at_most,
        "is_calibrated": preview.learned.calibration.is_calibrated,
        "classes": [class_json(row) for row in preview.classes],
        "sentences": sentences(preview),
        "basis": basis_sentence(preview),
    }


def class_json(row: ClassPreview) -> dict[str, Any]:
    """Return a class's numbers, and how they are told."""
    return {
        "name": row.name,
        "label": row.label,
        "strata": [
            {"name": one.name, "excerpts": one.excerpts, "at_most": one.at_most}
            for one in row.strata
        ],
        "at_most": row.at_most,
        "positives": _positives(row.expected),
        "have": row.have,
        "needed": _needed(row),
    }


def _positives(expected: Expected | None) -> dict[str, Any]:
    if expected is None:
        return {"expected": None, "low": None, "high": None, "text": "–", "interval": ""}
    return {
        "expected": round(expected.positives, 2),
        "low": round(expected.low, 2),
        "high": round(expected.high, 2),
        "text": f"{expected.positives:,.0f}",
        "interval": interval(expected),
    }


def _needed(row: ClassPreview) -> dict[str, Any]:
    needed = row.needed
    if needed is None:
        return {
            "questions": None, "low": None, "high": None, "text": "–", "interval": "",
            "sentence": needed_sentence(row),
        }  # fmt: skip
    return {
        "questions": needed.questions,
        "low": needed.low,
        "high": needed.high,
        "text": about(needed.questions),
        "interval": needed_interval(needed),
        "sentence": needed_sentence(row),
    }


def interval(expected: Expected) -> str:
    """Return an expectation's interval in whole positives."""
    return f"{expected.low:,.0f} to {expected.high:,.0f}"


def about(number: int) -> str:
    """Return a number with two digits that tell something: 900 for 913, none for 0."""
    if number <= 0:
        return "none"
    if number > _MANY:
        return "over 1,000,000"
    digits = len(str(number))
    rounded = round(number, _DIGITS - digits) if digits > _DIGITS else number
    return f"{rounded:,}"


def needed_interval(needed: Needed) -> str:
    """Return how sure a forecast is; empty where nothing is needed."""
    if not needed.questions:
        return ""
    return f"{about(needed.low)} to {about(needed.high)}"


def needed_sentence(row: ClassPreview) -> str:
    """Return what a class still needs: “Accordion needs about 900 more questions”."""
    label = row.label[:1].upper() + row.label[1:]
    needed = row.needed
    if needed is None:
        return f"{label} is unknown to the detector: it is drawn uniformly."
    if not needed.questions:
        return f"{label} has what is wanted."
    told = f"{label} needs about {about(needed.questions)} more questions"
    if needed.questions > _MANY:
        told = f"{label} needs {about(needed.questions)} more questions"
    if not needed.is_enough:
        return f"{told}; these strata hold {needed.supply:,} excerpts."
    return f"{told}."


def sentences(preview: Preview) -> list[str]:
    """Return what the numbers mean, before the numbers."""
    supply = preview.supply
    told = [
        f"{_of(supply.tracks, supply.all_tracks, 'recording')} may be drawn from, with about "
        f"{supply.excerpts:,} of {supply.all_excerpts:,} excerpts."
    ]
    if not preview.classes:
        return [*told, "No class is chosen that this detector scores."]
    count = len(preview.classes)
    classes = "1 class" if count == 1 else f"{count} classes"
    held = sum(row.at_most for row in preview.classes)
    if preview.is_capped:
        told.append(
            f"{preview.wanted:,} candidates are wanted for {classes}; the caps let at most "
            f"{preview.at_most:,} through, over all classes together."
        )
    elif held < preview.wanted:
        told.append(
            f"{preview.wanted:,} candidates are wanted for {classes}; the strata hold {held:,} "
            "at most."
        )
    else:
        told.append(f"At most {preview.at_most:,} candidates would be drawn for {classes}.")
    expected = sum(row.expected.positives for row in preview.classes if row.expected)
    told.append(
        f"About {expected:,.0f} of them are expected to be positives. The number of candidates is "
        "an upper bound: clips of earlier rounds are left out, and a recording that serves one "
        "class is lost to another."
    )
    return told


def basis_sentence(preview: Preview) -> str:
    """Return what the expected positives rest on, honestly."""
    learned = preview.learned
    lost = ""
    if learned.lost:
        lost = f" {_count(learned.lost, 'table')} of labels could not be read and is left out."
    if learned.state == "lost":
        return (
            "The calibration cannot be read: its file is lost or was altered. Until it is made "
            "again, expected positives take the detector’s likelihood at its word."
        )
    if learned.state == "never":
        return (
            "There are labels that nobody has calibrated by yet. Until then expected positives "
            "take the detector’s likelihood at its word."
        )
    newer = ""
    if learned.state == "outdated":
        newer = " Labels, rounds or scores that came since are not in it yet."
    if not learned.calibration.is_calibrated:
        known = sum(labels for _, labels in learned.have.values())
        why = "Nobody has answered questions of this collection yet."
        if known:
            why = (
                f"None of the collection’s {_count(known, 'label')} is of a round that calibrates "
                "these scores."
            )
        return (
            f"{why} Expected positives take the detector’s likelihood at its word, and the "
            f"intervals are as wide as that deserves.{lost}{newer}"
        )
    rounds = _listed([str(number) for number in learned.rounds])
    which = f"round{'' if len(learned.rounds) == 1 else 's'} {rounds}"
    bases = [row.expected.basis for row in preview.classes if row.expected is not None]
    without = sum(basis != "labels" for basis in bases)
    borrowed = ""
    if without:
        borrowed = (
            f" {_count(without, 'class')} without labels of {'its' if without == 1 else 'their'} "
            "own follow" + ("s" if without == 1 else "") + " what the others have taught."
        )
    return (
        f"Expected positives are calibrated on {_count(learned.labels, 'label')} of {which}, as "
        f"the crowd decided them.{borrowed}{lost}{newer}"
    )


def _of(some: int, whole: int, noun: str) -> str:
    return f"{some:,} of {_count(whole, noun)}"


def _count(number: int, noun: str) -> str:
    plural = {"class": "classes"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
