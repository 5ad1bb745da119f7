"""How many positives each round of a collection found, against what its first detector would."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from candidates.learning.evidence import (
    Gathered,
    evidence_of,
    newest_labels,
    rounds_of,
    strata_of,
)
from candidates.learning.learned import calibration_row
from candidates.loop.calibration import Calibration, calibrate
from candidates.loop.labels import CrowdLabels
from candidates.loop.yields import Rate, baseline, observed
from candidates.models import Candidate, SamplingRound, ScoreSet
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class RoundYield:
    """What one round's questions gave.

    Attributes
    ----------
    round
        Its id.
    number, score_set
        How it is called, and by which scores.
    detector
        Whose scores it was drawn from.
    drawn, questions, positives
        Candidates; those with a settled label; those labelled present.
    found
        Positives per hundred questions; None before there are any.
    first
        What the first detector would have given for the same questions of the same classes, by the
        first round's strata; None while nobody's labels calibrate it.
    """

    round: str
    number: int
    score_set: str
    detector: str
    drawn: int
    questions: int
    positives: int
    found: Rate | None
    first: Rate | None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return the yield of what `as_json` gave."""
        rates = {name: stored[name] and Rate(**stored[name]) for name in ("found", "first")}
        return cls(**{**stored, **rates})


@dataclass(frozen=True, kw_only=True)
class Yields:
    """What a collection's rounds have found, as the last calibration has stored it.

    Attributes
    ----------
    rounds
        Oldest first; none before it was computed.
    score_set
        Whose calibration it was stored with; None where nothing is scored.
    made_at
        When; None if never.
    is_current
        Whether no labels, rounds or scores have come since.
    is_answered
        Whether there are labels at all.
    """

    rounds: tuple[RoundYield, ...]
    score_set: ScoreSet | None
    made_at: datetime | None = None
    is_current: bool = True
    is_answered: bool = False


def yields_of(collection: UUID) -> Yields:
    """Return the stored yields of a collection's rounds."""
    scored = ScoreSet.objects.filter(collection_id=collection, is_complete=True)
    is_answered = bool(newest_labels(collection))
    newest: Yields | None = None
    score_sets = list(scored.select_related("collection", "detector").order_by("-created_at"))
    for score_set in score_sets:
        row, is_current = calibration_row(score_set)
        if row is None or (newest and newest.made_at and row.created_at < newest.made_at):
            continue
        found = Yields(
            rounds=tuple(RoundYield.from_json(one) for one in row.facts["yields"]),
            score_set=score_set,
            made_at=row.created_at,
            is_current=is_current,
            is_answered=is_answered,
        )
        newest = found
    if newest:
        return newest
    return Yields(
        rounds=(), score_set=score_sets[0] if score_sets else None, is_answered=is_answered
    )


def fitted_yields(
    score_set: ScoreSet, gathered: Gathered, calibration: Calibration
) -> list[RoundYield]:
    """Return the yields of a collection's rounds, oldest first: the numbers themselves, for jobs.

    Parameters
    ----------
    score_set, gathered, calibration
        Of the collection, its evidence, and what was fitted to it. If the first round was drawn
        by other scores, those are calibrated here, too.
    """
    rounds = rounds_of(score_set.collection_id)
    if not rounds or not gathered.tables:
        return []
    first = rounds[0]
    if first.score_set_id != score_set.pk:
        known = evidence_of(first.score_set).evidence
        calibration = calibrate(
            known.class_index, known.logit, known.truth, classes=known.classes,
            weight=known.weight, region=known.region,
        )  # fmt: skip
    try:
        strata = strata_of(first, sorted(first.score_set.figures))
    except ParameterError:
        strata = {}  # drawn by a recipe that this version does not know
    found = []
    for drawn in rounds:
        candidates, asked, positives = _counted(drawn, gathered.labels)
        rate = None
        if calibration.is_calibrated:
            rate = baseline(asked, first.score_set.figures, strata, calibration)
        questions = sum(asked.values())
        found.append(
            RoundYield(
                round=str(drawn.pk),
                number=drawn.number,
                score_set=str(drawn.score_set_id),
                detector=str(drawn.score_set.detector),
                drawn=candidates,
                questions=questions,
                positives=positives,
                found=observed(positives, questions),
                first=rate,
            )
        )
    return found


def _counted(drawn: SamplingRound, labels: CrowdLabels) -> tuple[int, Counter[str], int]:
    """Return a round's candidates, its questions by class, and its positives."""
    rows = Candidate.objects.filter(round=drawn).values_list("clip_id", "target__name")
    asked: Counter[str] = Counter()
    number = positives = 0
    for clip, name in rows:
        number += 1
        truth = labels.truth.get((str(clip), name))
        if truth is not None:
            asked[name] += 1
            positives += truth == 1
    return number, asked, positives
