"""What a release's frozen labels say: of one clip, and how far answers agree on each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.core.cache import cache

from consonance.catalog.models import FrozenTableRow
from splits.models import Release

_CACHED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Agreement:
    """How far people agree on a class.

    Attributes
    ----------
    agreeing
        Share of the yes and no answers to decided labels that are the decision's, in [0, 1]; None
        without any.
    alpha
        Krippendorff's alpha of the yes and no answers, nominal; None where no clip has two, or all
        answers are alike.
    answers
        How many answers, unsure ones left out.
    """

    agreeing: float | None
    alpha: float | None
    answers: int


def agreement(n_yes: npt.ArrayLike, n_no: npt.ArrayLike, present: npt.ArrayLike) -> Agreement:
    """Return how far answers agree.

    Parameters
    ----------
    n_yes, n_no
        Answers to each label [shape=(n,)], whole numbers.
    present
        Whether the label is present [shape=(n,)].

    Notes
    -----
    Alpha for binary nominal data with missing answers: Krippendorff, Content Analysis (4th
    edition, 2018), section 12.3; labels with a single answer have no pair and do not count.
    """
    yes, no = np.asarray(n_yes, dtype=np.float64), np.asarray(n_no, dtype=np.float64)
    said = np.asarray(present, dtype=bool)
    total = float((yes + no).sum())
    if total == 0:
        return Agreement(None, None, 0)
    agreeing = float(np.where(said, yes, no).sum()) / total
    paired = yes + no >= 2
    yes, no = yes[paired], no[paired]
    number = float((yes + no).sum())
    expected = 2 * float(yes.sum()) * float(no.sum())
    if expected == 0:
        return Agreement(agreeing, None, int(total))
    observed = float((2 * yes * no / (yes + no - 1)).sum())
    return Agreement(agreeing, 1 - (number - 1) * observed / expected, int(total))


def agreement_by_class(release: Release) -> dict[str, Agreement]:
    """Return how far people agree on each class of a release; empty where its table is gone."""
    key = f"splits.agreement:{release.pk}"
    known: dict[str, Agreement] | None = cache.get(key)
    if known is None:
        known = _agreement_by_class(release)
        cache.set(key, known, _CACHED_SECONDS)
    return known


def _agreement_by_class(release: Release) -> dict[str, Agreement]:
    path = _path_of(release.labels)
    if path is None:
        return {}
    columns = ["clip_id", "class_name", "decision", "n_yes", "n_no"]
    table = pq.read_table(path, columns=columns)
    clips = [str(pk) for pk in release.clips.values_list("clip_id", flat=True)]
    decision = table["decision"].cast(pa.string())
    table = table.filter(
        pc.and_(
            pc.is_in(table["clip_id"], value_set=pa.array(clips, pa.string())),
            pc.is_in(decision, value_set=pa.array(["present", "absent"])),
        )
    )
    names = np.array(table["class_name"].cast(pa.string()).to_pylist(), dtype=object)
    present = np.array(table["decision"].cast(pa.string()).to_pylist(), dtype=object) == "present"
    yes, no = (table[name].to_numpy() for name in ("n_yes", "n_no"))
    return {
        name: agreement(yes[names == name], no[names == name], present[names == name])
        for name in release.figures["classes"]
    }


def labels_of_clip(release: Release, clip_id: UUID) -> dict[str, dict[str, Any]]:
    """Return a clip's rows of the release's frozen labels, by class; empty where the table is gone.

    Each has `decision`, `posterior_crowd`, `n_yes`, `n_no`, `n_unsure` and `stop_reason`.
    """
    path = _path_of(release.labels)
    if path is None:
        return {}
    table = pq.read_table(path, filters=[("clip_id", "=", str(clip_id))])
    return {row["class_name"]: row for row in table.to_pylist()}


def duplicates_of(release: Release, clip_id: UUID) -> list[UUID]:
    """Return the other clips of a clip's duplicate group."""
    path = _path_of(release.plan.groups)
    if path is None:
        return []
    groups = pq.read_table(path, columns=["clip_id", "group"])
    mine = groups.filter(pc.equal(groups["clip_id"], str(clip_id)))["group"]
    if not len(mine):
        return []
    same = groups.filter(pc.equal(groups["group"], mine[0]))["clip_id"].to_pylist()
    return [UUID(other) for other in same if other != str(clip_id)]


def _path_of(row: FrozenTableRow) -> Path | None:
    # A page does not hash a table of millions of rows: builds and the verifier do.
    path = Path(settings.TABLES_ROOT) / row.kind / f"{row.sha256}.parquet"
    return path if path.is_file() else None
