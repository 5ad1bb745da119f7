"""What differs between two versions of a release, why, and which number that asks for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow.parquet as pq

from consonance.errors import ParameterError
from splits.release.assemble import ABSENT, PRESENT, Assembly
from splits.release.breaches import CURATOR
from splits.release.contract import Breach, few
from splits.release.spec import ReleaseSpec
from splits.release.staging import Staging

MAJOR, MINOR, PATCH = "major", "minor", "patch"
COLUMNS: Final = ("what", "sample_key", "class", "from", "to", "why")
_EXAMPLES: Final = 50
_CLIPS: Final = ["sample_key", "partition", "group", "artist_key"]
_LABELS: Final = [
    *("sample_key", "class_name", "decision", "n_yes", "n_no", "n_unsure", "stop_reason")
]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a version says of its clips, as far as versions are compared.

    Attributes
    ----------
    name, version : str
        Which.
    classes : tuple of str
        Its columns.
    clips : pandas.DataFrame
        `sample_key`, `partition`, `group`, `artist_key`.
    labels : pandas.DataFrame
        `sample_key`, `class_name`, `decision`, `n_yes`, `n_no`, `n_unsure`, `stop_reason`;
        undecided ones too.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    clips: pd.DataFrame
    labels: pd.DataFrame

    @classmethod
    def of_folder(cls, folder: Path) -> Snapshot:
        """Read a published tree.

        Raises
        ------
        ParameterError
            If it is no release.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            splits = _read(folder, "splits", ["sample_key", "partition"])
            groups = _read(folder, "groups", ["sample_key", "group", "artist_key"])
            labels = _read(folder, "labels", _LABELS)
            return cls(
                name=manifest["name"],
                version=manifest["version"],
                classes=tuple(manifest["classes"]),
                clips=splits.merge(groups, on="sample_key")[_CLIPS],
                labels=labels,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ParameterError(
                f"{folder} is no release that can be compared ({error}): give two release folders."
            ) from error

    @classmethod
    def of_assembly(cls, spec: ReleaseSpec, found: Assembly) -> Snapshot:
        """Return the snapshot of what is about to be built."""
        return cls(
            name=spec.name,
            version=spec.version,
            classes=spec.classes,
            clips=found.clips[_CLIPS],
            labels=found.labels[_LABELS].astype({"class_name": str, "decision": str}),
        )


@dataclass(frozen=True, kw_only=True)
class Known:
    """Why things changed, as far as tables cannot tell.

    Attributes
    ----------
    left_out : mapping of str to str
        Sample key to the reason why a clip is not in the later version: withdrawn, licence ...
    reported : frozenset of (str, str)
        Sample key and class of labels that a reader reported and a curator accepted.
    """

    left_out: Mapping[str, str] = field(default_factory=dict)
    reported: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Change:
    """One difference: of a clip, of its partition, or of a label."""

    what: str
    sample_key: str
    class_name: str
    before: str
    after: str
    why: str

    def as_row(self) -> tuple[str, ...]:
        """Return the cells of COLUMNS."""
        return (
            self.what, self.sample_key, self.class_name, self.before, self.after, self.why,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Everything that differs.

    Attributes
    ----------
    previous, version : str
        Versions compared.
    classes_added, classes_removed : tuple of str
        Columns.
    rows : tuple of Change
        Clips, then partitions, then labels, each by sample key and class.
    """

    previous: str
    version: str
    classes_added: tuple[str, ...]
    classes_removed: tuple[str, ...]
    rows: tuple[Change, ...]

    def of(self, what: str, kind: str) -> list[Change]:
        """Return the rows of a kind: added, removed, or changed."""
        return [row for row in self.rows if row.what == what and _kind(row) == kind]

    @property
    def bump(self) -> str:
        """The least that the version must claim: major, minor or patch."""
        return self.demand[0]

    @property
    def demand(self) -> tuple[str, str]:
        """The least that the version must claim, and what demands it."""
        moved = [row.sample_key for row in self.rows if row.what == "partition"]
        if moved:
            return MAJOR, f"{len(moved)} clip(s) moved to another partition: {few(moved)}"
        if self.classes_removed:
            return MAJOR, f"class(es) are gone: {few(list(self.classes_removed))}"
        if self.classes_added:
            return MINOR, f"class(es) are new: {few(list(self.classes_added))}"
        clips, labels = self.of("clip", "added"), self.of("label", "added")
        if clips:
            keys = [row.sample_key for row in clips]
            return MINOR, f"{len(clips)} clip(s) are new: {few(keys)}"
        if labels:
            names = [f"{row.sample_key} {row.class_name}" for row in labels]
            return MINOR, f"{len(labels)} label(s) are new: {few(names)}"
        if self.rows:
            return PATCH, f"{len(self.rows)} label(s) or clip(s) were corrected or taken out"
        return PATCH, "no clip, label or partition differs"

    def as_json(self) -> dict[str, Any]:
        """Return counts, reasons and the first rows, as a release's row stores them."""
        bump, why = self.demand
        by_class: dict[str, Counter[str]] = {}
        for row in self.rows:
            if row.what == "label":
                by_class.setdefault(row.class_name, Counter())[_kind(row)] += 1
        kinds = ("added", "removed", "changed")
        return {
            "previous": self.previous,
            "bump": bump,
            "why": f"{why[0].upper()}{why[1:]}.",
            "clips": {
                "added": len(self.of("clip", "added")),
                "removed": len(self.of("clip", "removed")),
                "withdrawn": sum(
                    row.why.startswith("withdrawn") for row in self.of("clip", "removed")
                ),
            },
            "labels": {kind: len(self.of("label", kind)) for kind in kinds},
            "partitions": {"moved": sum(row.what == "partition" for row in self.rows)},
            "classes": {
                "added": list(self.classes_added),
                "removed": list(self.classes_removed),
            },
            "by_class": {
                name: {kind: counts[kind] for kind in kinds}
                for name, counts in sorted(by_class.items())
            },
            "why_counts": dict(Counter(row.why for row in self.rows).most_common()),
            "examples": [
                {
                    "sample_key": row.sample_key, "what": row.what, "class": row.class_name,
                    "from": row.before, "to": row.after, "why": row.why,
                }
                for row in self.rows[:_EXAMPLES]
            ],
        }  # fmt: skip


def compare(old: Snapshot, new: Snapshot, known: Known | None = None) -> Changes:
    """Return what differs from one version to the next, and why.

    Parameters
    ----------
    old, new : Snapshot
        Versions of one release, the earlier one first.
    known : Known, optional
        What tables cannot tell.

    Returns
    -------
    Changes
        Equal inputs give equal rows in equal order.

    Raises
    ------
    ParameterError
        If they are versions of two releases.
    """
    if old.name != new.name:
        raise ParameterError(
            f"{old.name} and {new.name} are two releases: compare versions of one."
        )
    known = known or Known()
    rows = [*_clips(old, new, known), *_partitions(old, new), *_labels(old, new, known)]
    return Changes(
        previous=old.version,
        version=new.version,
        classes_added=tuple(name for name in new.classes if name not in old.classes),
        classes_removed=tuple(name for name in old.classes if name not in new.classes),
        rows=tuple(rows),
    )


def write_changes(staging: Staging, changes: Changes | None) -> None:
    """Write changes.csv; a first version has none."""
    if changes is not None:
        staging.write_csv("changes.csv", COLUMNS, (row.as_row() for row in changes.rows))


def check_version(changes: Changes) -> list[Breach]:
    """Return a breach if the version claims less than the changes ask for.

    Croissant's rule: moving a clip between partitions is MAJOR, as is taking a class away; new
    clips, labels or classes are MINOR; corrections are PATCH.
    """
    old, new = _numbers(changes.previous), _numbers(changes.version)
    bump, why = changes.demand
    place = (MAJOR, MINOR, PATCH).index(bump)
    least = (*old[:place], old[place] + 1, *(0,) * (2 - place))
    if new >= least:
        return []
    told = ".".join(str(number) for number in least)
    return [
        Breach(
            code="version_claims_less",
            sentence=f"Version {changes.version} claims less than it changes since "
            f"{changes.previous}: {why}, which is {bump.upper()}. Call it {told} or later.",
        )
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    frame = pq.read_table(folder / "parquet" / f"{name}.parquet", columns=columns).to_pandas()
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].astype(str)
    return frame


def _kind(row: Change) -> str:
    if row.before and row.after:
        return "changed"
    return "added" if row.after else "removed"


def _clips(old: Snapshot, new: Snapshot, known: Known) -> Iterator[Change]:
    was = dict(zip(old.clips["sample_key"], old.clips["partition"], strict=True))
    now = dict(zip(new.clips["sample_key"], new.clips["partition"], strict=True))
    for key in sorted(was.keys() ^ now.keys()):
        if key in now:
            yield Change("clip", key, "", "", now[key], "first labelled")
        else:
            why = known.left_out.get(key, "no decided label")
            yield Change("clip", key, "", was[key], "", why)


def _partitions(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    was = dict(zip(old.clips["sample_key"], old.clips["partition"], strict=True))
    clips = new.clips.assign(before=new.clips["sample_key"].map(was))
    moved = clips[clips["before"].notna() & (clips["before"] != clips["partition"])]
    if moved.empty:
        return
    forced = _forced(clips)
    for row in moved.sort_values("sample_key").itertuples(index=False):
        why = "duplicate group" if row.sample_key in forced else "split anew"
        yield Change("partition", row.sample_key, "", row.before, row.partition, why)


def _forced(clips: pd.DataFrame) -> set[str]:
    """Return clips that are now tied to others which were in another partition before."""
    from splits.stratify.groups import merge_groups

    tied = merge_groups(clips["group"].to_numpy(), clips["artist_key"].to_numpy(dtype=str))
    held = clips.assign(tied=tied).dropna(subset=["before"])
    spread = held.groupby("tied")["before"].nunique()
    return set(held["sample_key"][held["tied"].isin(spread.index[spread > 1])])


def _labels(old: Snapshot, new: Snapshot, known: Known) -> Iterator[Change]:
    keys = ["sample_key", "class_name"]
    joined = old.labels.merge(new.labels, on=keys, how="outer", suffixes=("_was", "_now"))
    joined = joined.sort_values(keys, kind="stable")
    there = (set(old.clips["sample_key"]), set(new.clips["sample_key"]))
    for row in joined.itertuples(index=False):
        before, after = _decided(row.decision_was), _decided(row.decision_now)
        if before == after:
            continue
        yield Change(
            "label", row.sample_key, row.class_name, before, after,
            _why(row, old, new, there, known),
        )  # fmt: skip


def _decided(decision: object) -> str:
    return str(decision) if decision in (PRESENT, ABSENT) else ""


def _why(
    row: Any, old: Snapshot, new: Snapshot, there: tuple[set[str], set[str]], known: Known
) -> str:
    """Return why a label came, went or changed."""
    was, now = there
    key, name = row.sample_key, row.class_name
    if key not in was:
        return "clip is new"
    if key not in now:
        return known.left_out.get(key, "no decided label")
    if name not in old.classes:
        return "class is new"
    if name not in new.classes:
        return "class left out"
    if (key, name) in known.reported:
        return "accepted report"
    if row.stop_reason_now == CURATOR:
        return "curator's correction"
    answers = [
        sum(_count(getattr(row, f"n_{answer}_{side}")) for answer in ("yes", "no", "unsure"))
        for side in ("was", "now")
    ]
    if answers[1] > answers[0]:
        return "more ratings"
    if answers[1] < answers[0]:
        return "ratings taken back"
    return "estimated again"


def _count(value: Any) -> int:
    return 0 if pd.isna(value) else int(value)
