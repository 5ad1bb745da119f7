"""Calibrate a score set's detector by what people have answered, and keep the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from candidates.evidence import Gathered, evidence_of
from candidates.loop.calibration import Calibration, calibrate
from candidates.loop.totals import Total, archive_totals
from candidates.models import ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role
from consonance.tables.store import TableStore


@dataclass(frozen=True, kw_only=True)
class Recalibrated:
    """A calibration and what it rests on.

    Attributes
    ----------
    calibration
        Of the score set's detector.
    gathered
        Rounds and labels.
    totals
        Class name → how much of it the archive holds.
    table
        The calibration, frozen.
    """

    calibration: Calibration
    gathered: Gathered
    totals: dict[str, Total]
    table: FrozenTableRow


def recalibrate(*, score_set: ScoreSet, actor: Any = None) -> Recalibrated:
    """Fit the calibration to the crowd's labels of the collection's rounds, and freeze it.

    The same rounds and labels are the same table.

    Parameters
    ----------
    score_set
        Whose detector.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If the scores are not complete, or a table of labels is lost or not the crowd's.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    if not score_set.is_complete:
        raise StateError("The archive is not scored to the end. Run ./consonance score again.")
    found = evidence_of(score_set)
    if found.refused:
        raise StateError(f"Not all labels can be used. {' '.join(found.refused)}")
    known = found.evidence
    calibration = calibrate(
        known.class_index,
        known.logit,
        known.truth,
        classes=known.classes,
        weight=known.weight,
        region=known.region,
    )
    frozen = TableStore(Path(settings.TABLES_ROOT)).freeze(
        _table(calibration),
        "calibrations",
        {
            "score_set": str(score_set.pk),
            "scores": score_set.sha256,
            "detector": str(score_set.detector),
            "labels": [row.sha256 for row in found.tables],
            "rounds": [str(drawn.pk) for drawn in found.rounds],
            "campaigns": [row.facts.get("campaign") for row in found.tables],
            "unlabelled": known.unlabelled,
            "unweighted": known.unweighted,
        },
    )
    with transaction.atomic():
        is_new = not FrozenTableRow.objects.filter(
            kind="calibrations", sha256=frozen.sha256
        ).exists()
        table = FrozenTableRow.keep(frozen, score_set.collection)
        if is_new:
            record("recalibrate", target=score_set, actor=actor, table=table.sha256)
    return Recalibrated(
        calibration=calibration,
        gathered=found,
        totals=archive_totals(known, score_set.figures, calibration, found.strata),
        table=table,
    )


def _table(calibration: Calibration) -> pa.Table:
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
        for name, curve in [*sorted(calibration.curves.items()), ("", calibration.pooled)]
    ]
    return pa.Table.from_pylist(rows)
