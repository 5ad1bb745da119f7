"""Find duplicates among clips and divide what is kept among partitions."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.core.files.storage import default_storage

from consonance.catalog.models import Collection, FrozenTableRow, Track
from consonance.errors import StateError
from consonance.tables.store import TableStore
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

    Raises
    ------
    StateError
        If no clip has a decided label.
    ParameterError
        If the shares are impossible.
    """
    from splits.stratify import merge_groups, quality, split

    frame = clips.to_pandas()
    decided = labels.to_pandas()
    decided = decided[decided["decision"].isin(["present", "absent"])]
    frame = frame[frame["clip_id"].isin(set(decided["clip_id"]))].reset_index(drop=True)
    if frame.empty:
        raise StateError("No clip has a decided label yet. Ask for more ratings, then aggregate.")
    report = _duplicate_clips(frame, context)
    tracks = _duplicate_tracks(frame, context)
    group = merge_groups(report.group, _copied_recordings(frame["track_id"], tracks))
    drop = report.drop & (recipe.duplicates == "keep_one")
    groups = pa.table(
        {
            "clip_id": frame["clip_id"],
            "group": group,
            "action": np.where(drop, "drop", "keep"),
        }
    )
    kept = ~drop
    y = label_matrix(frame["clip_id"][kept], decided, classes)
    undivided = merge_groups(frame["artist_key"].astype(str), group)[kept]
    assignment = split(y, undivided, recipe.shares, seed=recipe.seed, classes=classes)
    facts = quality(y, undivided, assignment, recipe.shares, classes=classes)
    splits = pa.table({"clip_id": frame["clip_id"][kept], "partition": assignment})
    duplicates = {
        **_figures(report),
        "recordings": _figures(tracks.report),
        "dropped": int(drop.sum()),
        "policy": recipe.duplicates,
    }
    context.log(
        f"{len(tracks.report.pairs)} pair(s) of recordings and {duplicates['pairs']} of clips are "
        f"duplicates, {int(drop.sum())} clip(s) dropped; "
        f"largest share error {facts.max_positive_share_error:.3f}."
    )
    figures = {
        "max_positive_share_error": facts.max_positive_share_error,
        "max_negative_share_error": facts.max_negative_share_error,
        "label_distribution": facts.label_distribution,
        "divided_groups": list(facts.leaked_groups),
        "obstacles": list(facts.obstacles),
        "sizes": dict(zip(facts.partitions, facts.sizes.tolist(), strict=True)),
    }
    return Planned(
        recipe=recipe, groups=groups, splits=splits, quality=figures, duplicates=duplicates
    )


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


def _duplicate_clips(frame: pd.DataFrame, context: JobContext) -> DuplicateReport:
    from splits.dedup import Settings, find_duplicates

    def tell(done: int, total: int, what: str) -> None:
        context.progress(done, total, unit="steps", message=f"Looking for duplicates: {what}")

    with _local(frame["audio_name"]) as paths:
        return find_duplicates(
            paths,
            keys=frame["sample_key"].tolist(),
            artist=frame["artist_key"].tolist(),
            recording=frame["track_id"].tolist(),
            pcm_sha256=frame["pcm_sha256"].tolist(),
            settings=Settings(threads=settings.NUMERIC_THREADS),
            progress=tell,
        )


@dataclass(frozen=True, kw_only=True)
class _Tracks:
    keys: list[str]
    report: DuplicateReport


def _duplicate_tracks(frame: pd.DataFrame, context: JobContext) -> _Tracks:
    """Compare whole recordings: clips cut apart in two copies of one share no sound."""
    from splits.dedup import Settings, find_duplicates

    def tell(done: int, total: int, what: str) -> None:
        context.progress(done, total, unit="steps", message=f"Comparing recordings: {what}")

    wanted = frame["track_id"].unique().tolist()
    found = Track.objects.filter(pk__in=wanted).select_related("collection").order_by("track_no")
    tracks = [track for track in found if track.file.is_file()]
    if len(tracks) < len(wanted):
        context.log(
            f"{len(wanted) - len(tracks)} recording(s) are not at hand: compared by clips only.",
            level="warning",
        )
    report = find_duplicates(
        [track.file for track in tracks],
        keys=[f"{track.track_no:09d}" for track in tracks],
        artist=[track.artist_key for track in tracks],
        # Recordings whose sound was never hashed are equal to nothing.
        pcm_sha256=[track.pcm_sha256 or f"none {track.pk}" for track in tracks],
        settings=Settings(threads=settings.NUMERIC_THREADS),
        progress=tell,
    )
    return _Tracks(keys=[str(track.pk) for track in tracks], report=report)


def _copied_recordings(track_ids: pd.Series, tracks: _Tracks) -> NDArray[np.str_]:
    """Return keys that clips share only if their recordings are copies of each other."""
    numbers = tracks.report.group.tolist()
    copies = {number for number, count in Counter(numbers).items() if count > 1}
    of_track = {
        key: f"recording {number}"
        for key, number in zip(tracks.keys, numbers, strict=True)
        if number in copies
    }
    return np.array([of_track.get(key, f"clip {row}") for row, key in enumerate(track_ids)])


@contextmanager
def _local(names: pd.Series) -> Iterator[list[Path]]:
    """Give paths of stored files: their own where storage is a folder, copies elsewhere."""
    try:
        yield [Path(default_storage.path(name)) for name in names]
        return
    except NotImplementedError:
        pass  # storage without paths (S3): copied for as long as they are needed
    with tempfile.TemporaryDirectory(prefix="consonance-clips-") as folder:
        paths = []
        for index, name in enumerate(names):
            path = Path(folder) / f"{index:06d}.ogg"
            with default_storage.open(name) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            paths.append(path)
        yield paths


def _figures(report: DuplicateReport) -> dict[str, Any]:
    return {
        "pairs": len(report.pairs),
        "verified": int(report.verified.sum()),
        "threshold": float(report.threshold),
        "expected_false_edges": float(report.expected_false_edges),
        "recall": float(report.recall),
    }
