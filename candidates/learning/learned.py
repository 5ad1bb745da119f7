"""What people's answers have taught about a score set, as the last calibration has stored it.

Campaigns stand above this room: their runs are met as frozen tables only. A label counts as the
crowd decided it, never with the detector as prior. Nothing is fitted here: pages read what
`actions.recalibrate` has frozen, and are told when there are answers that are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from candidates.learning.evidence import basis_of, newest_labels
from candidates.loop.calibration import Calibration, Curve, uncalibrated
from candidates.models import ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.errors import StateError

State = Literal["unanswered", "never", "outdated", "lost", "current"]
_POOLED = ""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What is known.

    Attributes
    ----------
    calibration
        Of this score set's detector; `is_calibrated` says whether anybody's labels are in it.
    have
        Class name → labels “present”, and decided labels, of the collection.
    labels
        Labels that the calibration rests on: of the collection's rounds.
    rounds
        Numbers of those rounds.
    lost
        Label tables that are listed and cannot be read, or are not the crowd's own.
    state
        `unanswered`: there are no labels; `never`: there are, and nobody has calibrated by them;
        `outdated`: there are labels, rounds or scores that it does not rest on; `lost`: its table
        cannot be read; `current`.
    made_at
        When it was calibrated; None if never.
    table
        The hash of the calibration's table; empty if there is none.
    """

    calibration: Calibration
    have: dict[str, tuple[int, int]]
    labels: int
    rounds: tuple[int, ...]
    lost: int = 0
    state: State = "current"
    made_at: datetime | None = None
    table: str = ""

    @property
    def wants_calibration(self) -> bool:
        """Whether calibrating now would change what is known."""
        return self.state in ("never", "outdated", "lost")


def calibration_row(score_set: ScoreSet) -> tuple[FrozenTableRow | None, bool]:
    """Return a score set's calibration, if there is one, and whether it rests on all there is."""
    basis = basis_of(score_set)
    if not basis:
        return None, False
    rows = FrozenTableRow.objects.filter(
        kind="calibrations",
        collection_id=score_set.collection_id,
        facts__score_set=str(score_set.pk),
        facts__has_key="basis",
    ).order_by("-created_at")
    # Labels may have come back to what they were: then an older table is the right one again.
    same = rows.filter(facts__basis=basis).first()
    return (same, True) if same else (rows.first(), False)


def learned_from(score_set: ScoreSet) -> Learned:
    """Return what the last calibration says."""
    row, is_current = calibration_row(score_set)
    if row is None:
        state: State = "never" if newest_labels(score_set.collection_id) else "unanswered"
        return Learned(calibration=uncalibrated(), have={}, labels=0, rounds=(), state=state)
    facts = row.facts
    try:
        calibration = calibration_of(row.open().read())
    except (StateError, OSError, pa.ArrowException):
        return Learned(calibration=uncalibrated(), have={}, labels=0, rounds=(), state="lost")
    return Learned(
        calibration=calibration,
        have={name: (had[0], had[1]) for name, had in facts["have"].items()},
        labels=facts["decided"],
        rounds=tuple(facts["round_numbers"]),
        lost=len(facts["refused"]),
        state="current" if is_current else "outdated",
        made_at=row.created_at,
        table=row.sha256,
    )


def calibration_table(calibration: Calibration) -> pa.Table:
    """Return the rows of a calibration; `calibration_of` undoes it."""
    rows = [
        {
            "class_name": name,
            "basis": curve.basis,
            "labels": curve.labels,
            "positives": curve.positives,
            "decided": curve.decided,
            "parameters": curve.parameters.tolist(),
            "covariance": curve.covariance.reshape(-1).tolist(),
        }
        # The pooled curve stands for every class that nobody was asked about.
        for name, curve in [*sorted(calibration.curves.items()), (_POOLED, calibration.pooled)]
    ]
    return pa.Table.from_pylist(rows)


def calibration_of(table: pa.Table) -> Calibration:
    """Return the calibration of a frozen table's rows."""
    curves = {row["class_name"]: _curve(row) for row in table.to_pylist()}
    return Calibration(pooled=curves.pop(_POOLED), curves=curves)


def _curve(row: dict[str, Any]) -> Curve:
    return Curve(
        parameters=np.array(row["parameters"], np.float64),
        covariance=np.array(row["covariance"], np.float64).reshape(3, 3),
        basis=row["basis"],
        labels=row["labels"],
        positives=row["positives"],
        decided=row["decided"],
    )
