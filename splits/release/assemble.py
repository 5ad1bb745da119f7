"""The rows of a release: joined, ordered, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from consonance.errors import ParameterError
from splits.release.contract import few
from splits.release.relevance import relevance_of_trust
from splits.release.spec import ReleaseSpec, Tables

PRESENT, ABSENT = "present", "absent"


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """What is released, in the one order that every file keeps.

    Attributes
    ----------
    clips : pandas.DataFrame
        Columns of CLIPS with `partition`, `group` and `action`; sorted by sample key.
    labels : pandas.DataFrame
        Columns of LABELS with `sample_key`; `relevance` is computed here from ratings and trust.
        Sorted by sample key, then class.
    ratings : pandas.DataFrame
        Columns of RATINGS with `sample_key` and `trust`; sorted by sample key, class, rater, id.
    skills : pandas.DataFrame
        Raters of these ratings, sorted.
    candidates : pandas.DataFrame or None
        Sorted by sample key, then class.
    y : np.ndarray [shape=(n_clips, n_classes), dtype=int8, values in {1, 0, -1}]
        Decisions; undecided ones are unknown.
    relevance : np.ndarray [shape=(n_clips, n_classes), dtype=float32]
        Legacy relevance where `y` is known, 0.5 elsewhere.
    """

    clips: pd.DataFrame
    labels: pd.DataFrame
    ratings: pd.DataFrame
    skills: pd.DataFrame
    candidates: pd.DataFrame | None
    y: npt.NDArray[np.int8]
    relevance: npt.NDArray[np.float32]

    @property
    def decided(self) -> pd.DataFrame:
        """The labels that say present or absent."""
        return self.labels[self.labels["decision"].isin((PRESENT, ABSENT))]


def assemble(spec: ReleaseSpec, tables: Tables) -> Assembly:
    """Join the tables over the clips of the split.

    Parameters
    ----------
    spec : ReleaseSpec
        Gives the classes.
    tables : Tables
        Conformed or conformable tables.

    Raises
    ------
    ParameterError
        If a table does not fit its kind, a clip of the split is unknown, stands twice or has no
        group, a sample key stands twice, or a class of a label is not in the spec.
    """
    fitted = tables.conformed()
    clips = _clips(fitted)
    key_of = clips.set_index("clip_id")["sample_key"]
    ratings = _of_clips(fitted.ratings, key_of)
    labels = _of_clips(fitted.labels, key_of)
    _check_classes(spec, labels, "labels")
    _check_classes(spec, ratings, "ratings")
    skills = _frame(fitted.skills)
    if skills["rater"].duplicated().any():
        raise ParameterError("A rater stands twice in the skills table: give one row each.")
    ratings = ratings.merge(skills[["rater", "trust"]], on="rater", how="left")
    ratings = ratings.sort_values(
        ["sample_key", "class_name", "rater", "rating_id"], kind="stable", ignore_index=True
    )
    if labels.duplicated(["clip_id", "class_name"]).any():
        twice = labels[labels.duplicated(["clip_id", "class_name"])].iloc[0]
        raise ParameterError(
            f"Clip {twice['sample_key']} has two labels for {twice['class_name']}: give one."
        )
    labels = labels.sort_values(["sample_key", "class_name"], kind="stable", ignore_index=True)
    labels["relevance"] = _relevances(labels, ratings)
    y, relevance = _matrices(spec, clips, labels)
    candidates = None
    if fitted.candidates is not None:
        candidates = _of_clips(fitted.candidates, key_of).sort_values(
            ["sample_key", "class_name"], kind="stable", ignore_index=True
        )
    skills = skills[skills["rater"].isin(ratings["rater"])]
    return Assembly(
        clips=clips,
        labels=labels,
        ratings=ratings,
        skills=skills.sort_values("rater", kind="stable", ignore_index=True),
        candidates=candidates,
        y=y,
        relevance=relevance,
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
    return frame


def _clips(tables: Tables) -> pd.DataFrame:
    splits, groups, clips = (
        _frame(table) for table in (tables.splits, tables.groups, tables.clips)
    )
    for frame, name in ((splits, "splits"), (groups, "groups"), (clips, "clips")):
        twice = frame["clip_id"][frame["clip_id"].duplicated()]
        if len(twice):
            raise ParameterError(f"Clip {twice.iloc[0]} stands twice in the {name} table.")
    for frame, name in ((clips, "clips"), (groups, "groups")):
        missing = sorted(set(splits["clip_id"]) - set(frame["clip_id"]))
        if missing:
            raise ParameterError(f"Clips of the split are not in the {name} table: {few(missing)}.")
    if not len(splits):
        raise ParameterError("The split holds no clip: there is nothing to release.")
    joined = splits.merge(clips, on="clip_id").merge(groups, on="clip_id")
    joined = joined.sort_values("sample_key", kind="stable", ignore_index=True)
    twice = joined["sample_key"][joined["sample_key"].duplicated()]
    if len(twice):
        raise ParameterError(f"Two clips of the split have the sample key {twice.iloc[0]}.")
    bad = joined["sample_key"][~joined["sample_key"].str.fullmatch(r"\d{6,}_\d+")]
    if len(bad):
        raise ParameterError(
            f"Sample key {bad.iloc[0]!r} is not of the form 000046_3840 (track, start in ms)."
        )
    return joined


def _of_clips(table: pa.Table, key_of: pd.Series) -> pd.DataFrame:
    frame = _frame(table)
    frame = frame[frame["clip_id"].isin(key_of.index)].reset_index(drop=True)
    frame.insert(0, "sample_key", frame["clip_id"].map(key_of).astype(object))
    return frame


def _check_classes(spec: ReleaseSpec, frame: pd.DataFrame, name: str) -> None:
    strange = sorted(set(frame["class_name"]) - set(spec.classes))
    if strange:
        raise ParameterError(
            f"The {name} table has the class(es) {few(strange)}, which the release does not list."
        )


def _relevances(labels: pd.DataFrame, ratings: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the legacy relevance of each label from the ratings behind it.

    Where they say nothing, because there are none or as much trust stands behind either answer,
    the decision does: a curator's alone counts for all of the trust, a tie for half of it. So no
    decided label is without a number or at 0.5, which every loader takes for present.
    """
    keys = ["clip_id", "class_name"]
    weighted = ratings.assign(
        yes=ratings["trust"].where(ratings["answer"] == "yes", 0.0),
        no=ratings["trust"].where(ratings["answer"] == "no", 0.0),
    )
    # Plain sums in the table's order: pandas' compensated ones would differ in the last digit.
    sums = weighted.groupby(keys, sort=True)[["yes", "no"]].sum().reset_index()
    joined = labels[keys].merge(sums, on=keys, how="left").fillna({"yes": 0.0, "no": 0.0})
    value = relevance_of_trust(joined["yes"].to_numpy(), joined["no"].to_numpy())
    side = labels["decision"].map({PRESENT: 1.0, ABSENT: -1.0}).to_numpy(dtype=np.float64)
    is_decided = np.isfinite(side)
    value = np.where(is_decided & np.isnan(value), 0.5 + side / 2, value)
    return np.where(is_decided & (value == 0.5), 0.5 + side / 4, value)


def _matrices(
    spec: ReleaseSpec, clips: pd.DataFrame, labels: pd.DataFrame
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    shape = (len(clips), len(spec.classes))
    y = np.full(shape, -1, dtype=np.int8)
    relevance = np.full(shape, 0.5, dtype=np.float32)
    known = labels[labels["decision"].isin((PRESENT, ABSENT))]
    row = clips.reset_index().set_index("sample_key")["index"].loc[known["sample_key"]].to_numpy()
    column = np.array([spec.classes.index(name) for name in known["class_name"]], dtype=np.int64)
    y[row, column] = (known["decision"] == PRESENT).to_numpy()
    relevance[row, column] = known["relevance"].to_numpy()
    return y, relevance
