"""Find duplicates among clips and divide what is kept among partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from consonance.catalog.models import Clip, Collection, FrozenTableRow
from consonance.errors import StateError
from consonance.tables.store import TableStore
from splits.copies.search import (
    Copies,
    Sound,
    copies_among_clips,
    copies_among_recordings,
    figures,
    recordings_at_hand,
)
from splits.models import SplitPlan

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from consonance.jobs.context import JobContext
    from splits.dedup import DuplicateReport
    from splits.recipes import ReleaseRecipe


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A division that is not stored yet.

    Attributes
    ----------
    recipe
        What decided it.
    groups, splits
        Tables of these kinds.
    quality
        Figures of the split.
    duplicates
        Figures of the search for duplicates.
    """

    recipe: ReleaseRecipe
    groups: pa.Table
    splits: pa.Table
    quality: dict[str, Any]
    duplicates: dict[str, Any]

    def keep(self, collection: Collection) -> SplitPlan:
        """Freeze the tables and store the plan's row."""
        store = TableStore(settings.TABLES_ROOT)
        facts: dict[str, object] = {"recipe": self.recipe.as_json()}
        return SplitPlan.objects.create(
            collection=collection,
            recipe=self.recipe.as_json(),
            groups=FrozenTableRow.keep(store.freeze(self.groups, "groups", facts), collection),
            assignment=FrozenTableRow.keep(store.freeze(self.splits, "splits", facts), collection),
            quality=self.quality,
        )


def plan_split(
    *,
    clips: pa.Table,
    labels: pa.Table,
    classes: tuple[str, ...],
    recipe: ReleaseRecipe,
    context: JobContext,
    earlier: Mapping[str, str] | None = None,
) -> Planned:
    """Group duplicates, drop verified copies if the recipe says so, and split by artist.

    Parameters
    ----------
    clips, labels
        Tables of these kinds; clips without a decided label are left out.
    classes
        Names of the columns that are balanced.
    recipe
        Shares, seed and policy.
    context
        The running job.
    earlier
        Clip to its partition in the last version, where it stays unless a duplicate ties it to
        clips of another one.

    Raises
    ------
    StateError
        If no clip has a decided label.
    ParameterError
        If the shares are impossible.
    """
    from splits.stratify import divide, keep_partitions, merge_groups, quality

    frame = clips.to_pandas()
    decided = labels.to_pandas()
    decided = decided[decided["decision"].isin(["present", "absent"])]
    frame = frame[frame["clip_id"].isin(set(decided["clip_id"]))].reset_index(drop=True)
    if frame.empty:
        raise StateError("No clip has a decided label yet. Ask for more ratings, then aggregate.")
    report = _copied_clips(frame, context).report
    recordings = _copied_recordings(frame, context)
    group = merge_groups(report.group, _shared_recordings(frame["track_id"], recordings))
    drop = left_out(report, recipe.duplicates)
    groups = pa.table(
        {
            "clip_id": frame["clip_id"],
            "group": group,
            "action": np.where(drop, "drop", "keep"),
        }
    )
    kept = ~drop
    y = label_matrix(frame["clip_id"][kept], decided, classes)
    undivided = merge_groups(*_undivided(frame, group, whole_albums=recipe.whole_albums))[kept]
    was = [(earlier or {}).get(clip_id, "") for clip_id in frame["clip_id"][kept]]
    stay = keep_partitions(undivided, np.array(was, dtype=np.str_), recipe.shares)
    assignment = divide(
        y, undivided, recipe.shares, seed=recipe.seed, engine=recipe.engine, classes=classes,
        previous=stay.previous if earlier else None,
    )  # fmt: skip
    facts = quality(y, undivided, assignment, recipe.shares, classes=classes)
    splits = pa.table({"clip_id": frame["clip_id"][kept], "partition": assignment})
    duplicates = {
        **_told(report),
        "recordings": _told(recordings.report),
        "dropped": int(drop.sum()),
        "policy": recipe.duplicates,
    }
    context.log(
        f"{len(recordings.report.pairs)} pair(s) of recordings and {duplicates['pairs']} of clips "
        f"are duplicates, {int(drop.sum())} clip(s) dropped; "
        f"largest share error {facts.max_positive_share_error:.3f}."
    )
    for obstacle in facts.obstacles:
        context.log(obstacle, level="warning")
    balance = {
        "max_positive_share_error": facts.max_positive_share_error,
        "max_negative_share_error": facts.max_negative_share_error,
        "label_distribution": facts.label_distribution,
        "divided_groups": list(facts.leaked_groups),
        "obstacles": list(facts.obstacles),
        "kept": sum(bool(old) and old == now for old, now in zip(was, assignment, strict=True)),
        "moved": {
            key: old
            for key, old, now in zip(frame["sample_key"][kept], was, assignment, strict=True)
            if old and old != now
        },
        "sizes": dict(zip(facts.partitions, facts.sizes.tolist(), strict=True)),
    }
    return Planned(
        recipe=recipe, groups=groups, splits=splits, quality=balance, duplicates=duplicates
    )


def _undivided(
    frame: pd.DataFrame, group: NDArray[np.int64], *, whole_albums: bool
) -> list[NDArray[Any]]:
    """Return the keys whose rows stay together: artist, duplicate group, and album if asked for."""
    keys: list[NDArray[Any]] = [frame["artist_key"].astype(str).to_numpy(), group]
    if whole_albums:
        album = frame["album_key"]
        # A clip of no album is alone: what is unknown ties nothing together.
        alone = frame["clip_id"].map("no album of {}".format)
        keys.append(album.where(album.notna() & (album != ""), alone).astype(str).to_numpy())
    return keys


def label_matrix(
    clip_ids: pd.Series, decided: pd.DataFrame, classes: tuple[str, ...]
) -> NDArray[np.int8]:
    """Return three-valued labels.

    Parameters
    ----------
    clip_ids
        Of the rows.
    decided
        Labels that say present or absent.
    classes
        Of the columns.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes), dtype=int8, values in {1, 0, -1}]
    """
    # Here and not above: the web registers this job and must not load pandas for it.
    import pandas as pd

    row = pd.Series(np.arange(len(clip_ids)), index=clip_ids.to_numpy())
    column = {name: index for index, name in enumerate(classes)}
    y = np.full((len(clip_ids), len(classes)), -1, np.int8)
    known = decided[decided["clip_id"].isin(row.index)]
    y[
        row[known["clip_id"]].to_numpy(),
        known["class_name"].map(column).to_numpy(dtype=np.int64),
    ] = (known["decision"] == "present").to_numpy(dtype=np.int8)
    return y


def left_out(report: DuplicateReport, policy: str) -> NDArray[np.bool_]:
    """Return which clips a release does without; a doubtful pair never costs one.

    Parameters
    ----------
    report
        What is a copy of what.
    policy
        `keep_one`: of clips verified to be the same, all but one. `drop`: all of them.
        `keep_together`: none.
    """
    if policy == "keep_one":
        return report.drop
    drop = np.zeros(len(report.group), dtype=np.bool_)
    if policy == "drop":
        drop[report.pairs[report.verified].ravel()] = True
    return drop


def _copied_clips(frame: pd.DataFrame, context: JobContext) -> Copies:
    sounds = [
        Sound(
            pk=row.clip_id,
            key=f"{row.sample_key} {row.clip_id}",
            artist=row.artist_key,
            recording=row.track_id,
            file_sha256=row.audio_sha256,
            pcm_sha256=row.pcm_sha256,
            name=row.audio_name,
        )
        for row in frame.itertuples()
    ]
    owner = Clip.objects.values_list("track__collection_id", flat=True).get(pk=sounds[0].pk)
    return copies_among_clips(sounds, owner, context)


def _copied_recordings(frame: pd.DataFrame, context: JobContext) -> Copies:
    wanted = frame["track_id"].unique().tolist()
    sounds = recordings_at_hand(wanted)
    if len(sounds) < len(wanted):
        context.log(
            f"{len(wanted) - len(sounds)} recording(s) are not at hand: compared by clips only.",
            level="warning",
        )
    return copies_among_recordings(sounds, context)


def _shared_recordings(track_ids: pd.Series, copies: Copies) -> NDArray[np.str_]:
    """Return keys that clips share only if their recordings are copies of each other."""
    numbers = copies.report.group.tolist()
    several = {number for number, count in Counter(numbers).items() if count > 1}
    of_track = {
        sound.pk: f"recording {number}"
        for sound, number in zip(copies.sounds, numbers, strict=True)
        if number in several
    }
    return np.array([of_track.get(key, f"clip {row}") for row, key in enumerate(track_ids)])


def _told(report: DuplicateReport) -> dict[str, Any]:
    """Return what a release's provenance says of a search."""
    known = figures(report)
    names = ("pairs", "verified", "cut", "threshold", "expected_false_edges", "recall", "is_exact")
    said = int(np.count_nonzero(report.kind == "said"))
    return {**{name: known[name] for name in names}, "by_people_alone": said}
