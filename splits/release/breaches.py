"""Whether what we are about to publish keeps its promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from consonance.errors import ReleaseError
from splits.release.assemble import Assembly, assemble
from splits.release.attribution import MISSING_PARTS, missing_parts
from splits.release.contract import Breach, Contract, few
from splits.release.spec import SIMULATED_MARK, ReleaseSpec, Tables

#: The `stop_reason` of a label that a curator decided.
CURATOR: Final = "curator"


class BreachedContractError(ReleaseError):
    """A release would break its contract.

    Parameters
    ----------
    name : str
        Of the release.
    breaches : list of Breach
        All of them.
    """

    def __init__(self, name: str, breaches: list[Breach]) -> None:
        told = "\n".join(f"- {breach.sentence}" for breach in breaches)
        super().__init__(f"{name} is not published: it would break its contract.\n{told}")
        self.breaches = breaches


def check(spec: ReleaseSpec, tables: Tables) -> list[Breach]:
    """Return every way in which the tables break the contract.

    Parameters
    ----------
    spec : ReleaseSpec
        With the contract.
    tables : Tables
        What would be released.

    Returns
    -------
    list of Breach
        Empty when the release may be built. The audio itself is checked while building.

    Raises
    ------
    ParameterError
        If the tables cannot be joined at all.
    """
    return check_assembly(spec, assemble(spec, tables))


def check_assembly(spec: ReleaseSpec, found: Assembly) -> list[Breach]:
    """Return the breaches of joined tables (see `check`)."""
    contract = spec.contract
    return [
        *_simulation(spec, found),
        *_counts(spec, found),
        *_partitions(contract, found.clips),
        *_groups(contract, found.clips),
        *_licences(contract, found.clips),
        *_traces(contract, found),
    ]


def _simulation(spec: ReleaseSpec, found: Assembly) -> Iterator[Breach]:
    simulated = bool(found.ratings["rater_is_simulated"].any())
    if simulated and not spec.simulated:
        yield Breach(
            code="simulation_hidden",
            sentence="Ratings of simulated people are in it, but it is not declared simulated: "
            "set simulated and end the name in -simulated.",
        )
    if (simulated or spec.simulated) and not spec.name.endswith(SIMULATED_MARK):
        yield Breach(
            code="simulation_unnamed",
            sentence=f"Its people are simulated, so its name must end in {SIMULATED_MARK}: call it "
            f"{spec.name}{SIMULATED_MARK}.",
        )
    if not simulated and (spec.simulated or spec.name.endswith(SIMULATED_MARK)):
        yield Breach(
            code="simulation_claimed",
            sentence="It is called simulated, but no rating of a simulated person is in it.",
        )


def _counts(spec: ReleaseSpec, found: Assembly) -> Iterator[Breach]:
    positives = (found.y == 1).sum(axis=0)
    labels = (found.y >= 0).sum(axis=0)
    rules = (
        ("positives", positives, spec.contract.min_positives),
        ("labels", labels, spec.contract.min_labels),
    )
    for index, name in enumerate(spec.classes):
        for word, counts, wanted in rules:
            have = int(counts[index])
            if have < wanted:
                yield Breach(
                    code=f"too_few_{word}",
                    sentence=f"{name} has {have} of {wanted} {word}: {wanted - have} more needed.",
                )


def _partitions(contract: Contract, clips: pd.DataFrame) -> Iterator[Breach]:
    held = set(clips["partition"])
    for name in contract.partitions:
        if name not in held:
            yield Breach(code="empty_partition", sentence=f"Partition {name} holds no clip.")
    for name in sorted(held - set(contract.partitions)):
        yield Breach(
            code="unknown_partition",
            sentence=f"Partition {name} is none of {', '.join(contract.partitions)}.",
        )


def _groups(contract: Contract, clips: pd.DataFrame) -> Iterator[Breach]:
    rules = [("duplicate group", "group", "divided_group")]
    if contract.undivided_artists:
        rules.append(("artist", "artist_key", "divided_artist"))
    for word, column, code in rules:
        spread = clips.groupby(column)["partition"].nunique()
        for key in spread.index[spread > 1]:
            members = clips[clips[column] == key]
            where = ", ".join(sorted(set(members["partition"])))
            yield Breach(
                code=code,
                sentence=f"The {word} {key} is in {where} ({few(list(members['sample_key']))}): "
                "split again with it as a group.",
            )
    dropped = sorted(clips["sample_key"][clips["action"] == "drop"])
    if dropped:
        yield Breach(
            code="dropped_duplicate",
            sentence=f"{len(dropped)} clip(s) marked as duplicates to drop are in the split: "
            f"{few(dropped)}.",
        )


def _licences(contract: Contract, clips: pd.DataFrame) -> Iterator[Breach]:
    for licence, members in clips.groupby("licence_spdx", sort=True):
        if not contract.allows(str(licence)):
            yield Breach(
                code="licence_not_allowed",
                sentence=f"{len(members)} clip(s) are under {licence or 'no known licence'}, which "
                f"the contract does not allow: {few(list(members['sample_key']))}.",
            )
    if not contract.require_attribution:
        return
    lacking = missing_parts(clips)
    for part in MISSING_PARTS:
        keys = list(clips["sample_key"][lacking[part]])
        if keys:
            yield Breach(
                code="attribution_missing",
                sentence=f"{len(keys)} clip(s) lack {MISSING_PARTS[part]}, so they cannot be "
                f"attributed: {few(keys)}.",
            )


def _traces(contract: Contract, found: Assembly) -> Iterator[Breach]:
    if found.ratings["trust"].isna().any():
        raters = sorted(set(found.ratings["rater"][found.ratings["trust"].isna()]))
        yield Breach(
            code="rater_without_skill",
            sentence=f"{len(raters)} rater(s) have no row in the skills table: {few(raters)}.",
        )
    decided = found.decided
    keys = ["clip_id", "class_name"]
    votes = (
        found.ratings.assign(definite=found.ratings["answer"] != "unsure")
        .groupby(keys)["definite"]
        .agg(["sum", "size"])
        .reset_index()
    )
    joined = decided.merge(votes, on=keys, how="left").fillna({"sum": 0, "size": 0})
    names = joined["sample_key"] + " " + joined["class_name"]
    # A curator's decision is an answer of its own, whoever else counts.
    by_crowd = joined["stop_reason"].astype(str) != CURATOR
    untraced = list(names[by_crowd & (joined["sum"] < contract.min_answers_per_label)])
    if untraced:
        yield Breach(
            code="label_without_rating",
            sentence=f"{len(untraced)} label(s) rest on fewer than "
            f"{contract.min_answers_per_label} yes or no answers: {few(untraced)}.",
        )
    counted = joined["n_yes"] + joined["n_no"] + joined["n_unsure"]
    differing = list(names[counted != joined["size"]])
    if differing:
        yield Breach(
            code="label_counts_differ",
            sentence=f"{len(differing)} label(s) count other answers than the ratings table holds "
            f"(freeze both from one run): {few(differing)}.",
        )
