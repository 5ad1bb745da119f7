"""How a release came to be, in sentences, from what its tables and provenance say.

The datasheet and Croissant's fields for responsible use are written from it. What the database does
not know is said to be unknown; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from splits.release.contract import few
from splits.release.material import Material

UNKNOWN: Final = "Not recorded."


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is known, each in one or more sentences.

    Attributes
    ----------
    days : tuple of str
        First and last day of an answer, YYYY-MM-DD; empty without ratings.
    sources, selection, cutting : str
        Where recordings come from, how excerpts were chosen, how they were made into clips.
    asking, per_item, people, demographics, deciding, quality : str
        How answers were asked for, how many, of whom, how they became labels, how far to trust
        them.
    machine : str
        What no person did.
    splitting, duplicates, missing, left_out : str
        How clips were divided and compared; what is not there.
    biases, limits, uses : tuple of str
        What to keep in mind.
    personal, rights, upkeep : str
        What may touch people, who owns what, what happens later.
    """

    days: tuple[str, ...]
    sources: str
    selection: str
    cutting: str
    asking: str
    per_item: str
    people: str
    demographics: str
    deciding: str
    quality: str
    machine: str
    splitting: str
    duplicates: str
    missing: str
    left_out: str
    biases: tuple[str, ...]
    limits: tuple[str, ...]
    uses: tuple[str, ...]
    personal: str
    rights: str
    upkeep: str


def account(material: Material) -> Account:
    """Return what a release's tables and provenance say of it."""
    spec, found = material.spec, material.found
    told = spec.provenance
    detector = _mapping(told.get("detector"))
    return Account(
        days=_days(material),
        sources=_sources(material),
        selection=_selection(material),
        cutting=_cutting(material),
        asking=_asking(material),
        per_item=_per_item(material),
        people=_people(material),
        demographics=(
            "The people are simulated: they have none."
            if spec.simulated
            else "Unknown: age, gender, origin, training and hearing of those who answered were "
            "not asked for, or are not released."
        ),
        deciding=_deciding(material),
        quality=_quality(material),
        machine=_machine(detector),
        splitting=_splitting(material),
        duplicates=_duplicates(_mapping(told.get("duplicates"))),
        missing=_missing(material),
        left_out=_left_out(told.get("left_out")),
        biases=_biases(material, detector),
        limits=_limits(material),
        uses=(
            "Training and evaluating models that tell which of the classes can be heard in ten "
            "seconds or so of music, with labels of which many are unknown."
            if np.median(found.clips["duration_ms"]) >= 5_000
            else "Training and evaluating models that tell which of the classes can be heard in a "
            "short piece of music, with labels of which many are unknown.",
            "Research on agreement between people, and on deciding from many answers.",
        ),
        personal=(
            "Nobody who answered is named: each has a pseudonym, derived under a key that is not "
            "released, which is the same throughout one collection and another one elsewhere. "
            "Answers carry their day, not their time; no external ids and no free text are "
            "released. Artists are named, as their licences ask."
        ),
        rights=_rights(material),
        upkeep=(
            "Versions are MAJOR.MINOR.PATCH; moving a clip to another partition is MAJOR. A "
            "published version is never overwritten. A clip whose licence or owner asks for it is "
            "withdrawn: its audio stops being served in all versions while the manifests stay, "
            "and verify.py reports it as withdrawn. Anyone can report a wrong label on the "
            "release's page."
        ),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _days(material: Material) -> tuple[str, ...]:
    moments = material.found.ratings["answered_at"]
    if not len(moments):
        return ()
    return (moments.min().date().isoformat(), moments.max().date().isoformat())


def _sources(material: Material) -> str:
    clips = material.found.clips
    collection = material.spec.provenance.get("collection")
    named = f" of the collection “{collection}”" if collection else ""
    return (
        f"{len(clips)} clips of {clips['track_no'].nunique()} recordings by "
        f"{clips['artist_key'].nunique()} artists{named}. ATTRIBUTION.csv says where each was "
        "found."
    )


def _selection(material: Material) -> str:
    rounds = material.spec.provenance.get("rounds")
    drawn = material.found.candidates
    if not isinstance(rounds, list) or drawn is None:
        return (
            "How the clips were chosen from the collection is not recorded with this release. "
            "They are no random sample that could stand for it."
        )
    tails = drawn["tail"].value_counts()
    parts = ", ".join(f"{tails[name]} {name}" for name in sorted(tails.index))
    return (
        f"A detector scored the collection, and {len(rounds)} round(s) drew clips for each class "
        f"from strata of its scores ({parts}), so that rare classes are there often enough and "
        "hard absent cases are there too. parquet/candidates.parquet has each draw's stratum, "
        "score, rank and, where known, probability; the recipes with their seeds stand in "
        "manifest.json."
    )


def _cutting(material: Material) -> str:
    clips = material.found.clips
    lengths = sorted(set((clips["duration_ms"] / 1000).round(3)))
    rates, channels = sorted(set(clips["sample_rate"])), sorted(set(clips["channels"]))
    return (
        f"Excerpts of {_listed(lengths)} s were cut and encoded once as Ogg Vorbis "
        f"({_listed(rates)} Hz, {_listed(channels)} channel(s)). Nothing else was done to the "
        "sound."
    )


def _asking(material: Material) -> str:
    if not len(material.found.ratings):
        return "No rating is behind these labels: curators decided them."
    versions = sorted(set(material.found.ratings["guideline_version"]))
    shown = f"guideline version(s) {_listed(versions)}" if any(versions) else "no guideline"
    return (
        "People listened to a clip and were asked of one class at a time whether it can be heard "
        f"in it: yes, no or unsure ({shown} was shown). Questions whose answer was known may be "
        "among them; those that are retired are marked."
    )


def _per_item(material: Material) -> str:
    decided = material.found.decided
    if not len(decided):
        return UNKNOWN
    numbers = (decided["n_yes"] + decided["n_no"] + decided["n_unsure"]).to_numpy()
    return (
        f"{numbers.mean():.2f} answers a label on average, from {numbers.min()} to {numbers.max()}."
    )


def _people(material: Material) -> str:
    number = len(material.found.skills)
    if material.spec.simulated:
        return f"{number} raters, among them simulated ones. This is no data about music."
    paid = "Whether and how they were paid is not recorded with this release."
    return f"{number} people who gave {len(material.found.ratings)} answers. {paid}"


def _deciding(material: Material) -> str:
    facts = _mapping(material.spec.provenance.get("consensus"))
    if not facts:
        return "How answers became labels is not recorded with this release."
    parameters = _mapping(facts.get("parameters"))
    limits = [
        f"{word} {parameters[name]}"
        for name, word in (("present_from", "present from"), ("absent_to", "absent up to"))
        if name in parameters
    ]
    method = str(facts.get("method", "not named"))
    how = "" if method == "majority" else ", which estimates how each person answers, too"
    bounds = f" ({', '.join(limits)})" if limits else ""
    return (
        f"Answers were combined by the method “{method}”{how}. A label is decided by the "
        f"posterior that the class is present{bounds}; between the bounds it stays undecided and "
        "counts as unknown. What a curator decided, or gold tells, stands whatever people "
        "answered. `posterior_crowd` uses no detector; `posterior_with_detector` does, and decides "
        "nothing."
    )


def _quality(material: Material) -> str:
    labels = material.found.decided
    known = labels["majority"].dropna()
    if not len(known):
        return "No label has a yes or a no behind it, so agreement cannot be told."
    agreed = float(np.maximum(known, 1 - known).mean())
    return (
        f"Of the yes and no answers behind a label, {100 * agreed:.1f} % are on its majority's "
        "side on average. Each person's estimated sensitivity, specificity and trust stand in "
        "parquet/skills.parquet."
    )


def _machine(detector: Mapping[str, Any]) -> str:
    if not detector:
        return "None is recorded. No label was given by a machine."
    what = f" {detector['what']}" if detector.get("what") else ""
    return (
        f"The detector {detector.get('name')} {detector.get('version')} chose what people were "
        f"asked.{what} No label was given by a machine."
    )


def _splitting(material: Material) -> str:
    held = material.found.clips["partition"].value_counts()
    sizes = ", ".join(f"{name} {held[name]}" for name in sorted(held.index))
    split = _mapping(material.spec.provenance.get("split"))
    seed = f" Seed {split['seed']}." if "seed" in split else ""
    whole = "artist and no group of duplicates"
    if not material.spec.contract.undivided_artists:
        whole = "group of duplicates"
    return (
        f"Stratified by the labels, present and absent apart: {sizes} clips. No {whole} is in two "
        f"of them.{seed}"
    )


def _duplicates(told: Mapping[str, Any]) -> str:
    if not told:
        return "No search for duplicates is recorded with this release."
    policy = {
        "keep_one": "of verified duplicates one was kept",
        "drop": "verified duplicates were all left out",
        "keep_together": "verified duplicates were kept in one partition",
    }.get(str(told.get("policy")), f"policy: {told.get('policy', 'not recorded')}")
    return (
        f"Clips were compared with each other for the same sound: {told.get('pairs', 0)} pair(s) "
        f"found, {told.get('verified', 0)} verified; {policy}; doubtful ones are always in one "
        f"partition. {told.get('dropped', 0)} clip(s) were left out for it."
    )


def _missing(material: Material) -> str:
    y = material.found.y
    return (
        f"{100 * float((y < 0).mean()):.1f} % of all pairs of clip and class are unknown: nobody "
        "was asked, or people did not agree. Unknown is never absent."
    )


def _left_out(told: object) -> str:
    if not isinstance(told, Mapping):
        return "Which labelled clips were left out is not recorded with this release."
    if not told:
        return "No clip with a label was left out."
    parts = "; ".join(f"{count} for {reason}" for reason, count in sorted(told.items()))
    return f"Clips with labels that were left out: {parts}."


def _biases(material: Material, detector: Mapping[str, Any]) -> tuple[str, ...]:
    found = material.found
    genres = found.clips["genres"].explode().dropna().value_counts()
    said = [
        "The clips come from one collection and share its genres, languages, countries, ways of "
        "recording and readiness to license."
    ]
    if len(genres):
        first = sorted(genres.index, key=lambda name: (-genres[name], str(name)))
        share = 100 * genres[first[0]] / len(found.clips)
        said.append(
            f"The most frequent genre, {first[0]}, is given for {share:.0f} % of the clips."
        )
    if detector:
        said.append(
            "Clips were drawn by a detector's scores: what it cannot hear is rare among them, and "
            "shares of present and absent are made, not found."
        )
    artists = found.clips["artist_key"].value_counts()
    said.append(f"One artist has {100 * artists.max() / len(found.clips):.1f} % of the clips.")
    if material.spec.simulated:
        said.append("The answers come from simulated people, who make simulated mistakes.")
    return tuple(said)


def _limits(material: Material) -> tuple[str, ...]:
    spec, y = material.spec, material.found.y
    weak = [
        name
        for index, name in enumerate(spec.classes)
        if (y[:, index] == 1).sum() < 500 or (y[:, index] >= 0).sum() < 1500
    ]
    said = ["Labels say whether a class can be heard somewhere in a clip, not when nor how loud."]
    if weak:
        said.append(
            "Fewer than OpenMIC-2018's promised 500 present clips and 1,500 labels have "
            f"{few(weak)}."
        )
    said.append(
        "Not meant to tell who plays, nor to decide about people, and shares of classes are no "
        "estimate of how often they occur in music."
    )
    return tuple(said)


def _rights(material: Material) -> str:
    counts = material.found.clips["licence_spdx"].value_counts()
    parts = ", ".join(f"{counts[name]} {name}" for name in sorted(counts.index))
    return (
        f"Each clip keeps the licence of its recording ({parts}); labels, ratings and "
        f"documentation are under {material.spec.licence_labels}; the code in it is under "
        "Apache-2.0."
    )


def _listed(values: list[Any]) -> str:
    return few([f"{value:g}" for value in values])
