"""Calibrate a score set's detector by what people have answered, and keep the calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from candidates.learning.evidence import Gathered, basis_of, evidence_of
from candidates.learning.learned import calibration_table
from candidates.learning.yields import fitted_yields
from candidates.loop.calibration import Calibration, calibrate
from candidates.loop.totals import Total, archive_totals
from candidates.models import ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from consonance.tables.store import TableStore

#: Of the work, as `progress` counts them.
STEPS: Final = 3


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


def recalibrate(
    *,
    score_set: ScoreSet,
    actor: Any = None,
    leave_out_lost: bool = False,
    progress: Callable[[int, str], None] | None = None,
) -> Recalibrated:
    """Fit the calibration to the crowd's labels of the collection's rounds, and freeze it.

    The same rounds and labels are the same table; with it are stored the numbers that pages show:
    labels there are, and what each round has found.

    Parameters
    ----------
    score_set
        Whose detector.
    actor
        A curator of the collection; None for the command line.
    leave_out_lost
        Go on without tables of labels that are lost or not the crowd's, and say which; else they
        are an error.
    progress
        Called with how many of `STEPS` are done, and what comes next; what it raises stops here,
        and nothing is stored.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If the scores are not complete, or a table of labels is lost or not the crowd's.
    """
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, score_set.collection_id))
    if not score_set.is_complete:
        raise StateError("The archive is not scored to the end. Run ./consonance score again.")
    tell = progress or _silently
    tell(0, "Gathering labels")
    basis = basis_of(score_set)
    found = evidence_of(score_set)
    if found.refused and not leave_out_lost:
        raise StateError(f"Not all labels can be used. {' '.join(found.refused)}")
    tell(1, "Fitting the curves")
    known = found.evidence
    calibration = calibrate(
        known.class_index,
        known.logit,
        known.truth,
        classes=known.classes,
        weight=known.weight,
        region=known.region,
    )
    tell(2, "Counting what rounds have found")
    yields = fitted_yields(score_set, found, calibration)
    frozen = TableStore(Path(settings.TABLES_ROOT)).freeze(
        calibration_table(calibration),
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
            "basis": basis,
            "have": {name: list(had) for name, had in sorted(have_of(found).items())},
            "decided": int((known.truth >= 0).sum()),
            "round_numbers": _numbers(found),
            "refused": list(found.refused),
            "yields": [one.as_json() for one in yields],
        },
    )
    with transaction.atomic():
        is_new = not FrozenTableRow.objects.filter(
            kind="calibrations", sha256=frozen.sha256
        ).exists()
        table = FrozenTableRow.keep(frozen, score_set.collection)
        if is_new:
            record("recalibrate", target=score_set, actor=actor, table=table.sha256)
    tell(STEPS, "Done")
    return Recalibrated(
        calibration=calibration,
        gathered=found,
        totals=archive_totals(known, score_set.figures, calibration, found.strata),
        table=table,
    )


def have_of(gathered: Gathered) -> dict[str, tuple[int, int]]:
    """Return class name → positives and decided labels that there are."""
    have: dict[str, tuple[int, int]] = {}
    for (_, name), truth in gathered.labels.truth.items():
        positives, labels = have.get(name, (0, 0))
        have[name] = positives + (truth == 1), labels + (truth >= 0)
    return have


def _numbers(gathered: Gathered) -> list[int]:
    """Return the numbers of the rounds that labels calibrate by."""
    with_labels = sorted(set(gathered.evidence.round_index.tolist()))
    return [gathered.rounds[place].number for place in with_labels]


def _silently(_: int, __: str) -> None:
    """Tell nobody."""
