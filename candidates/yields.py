"""How many positives each round of a collection found, against what its first detector would."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final, Self
from uuid import UUID

from django.core.cache import cache

from candidates.evidence import newest_labels, rounds_of, strata_of
from candidates.learned import learned_from
from candidates.loop.labels import CrowdLabels, crowd_labels
from candidates.loop.yields import Rate, baseline, observed
from candidates.models import Candidate, SamplingRound
from consonance.errors import ConsonanceError, ParameterError

_KEPT_SECONDS: Final = 24 * 3600


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


def yields_of(collection: UUID) -> list[RoundYield]:
    """Return the yields of a collection's rounds, oldest first; none before there are labels.

    What was computed is kept until there are new labels.
    """
    inputs = [row.sha256 for row in newest_labels(collection)]
    rounds = rounds_of(collection) if inputs else []
    if not rounds:
        return []
    inputs += [f"{drawn.pk} {drawn.score_set.sha256}" for drawn in rounds]
    key = f"yields/{collection}/{hashlib.sha256(' '.join(inputs).encode()).hexdigest()}"
    stored = cache.get(key)
    if stored is None:
        stored = [one.as_json() for one in _fitted(collection, rounds)]
        cache.set(key, stored, _KEPT_SECONDS)
    return [RoundYield.from_json(one) for one in stored]


def _fitted(collection: UUID, rounds: list[SamplingRound]) -> list[RoundYield]:
    labels = _labels(collection)
    first = rounds[0]
    known = learned_from(first.score_set)
    try:
        strata = strata_of(first, sorted(first.score_set.figures))
    except ParameterError:
        strata = {}  # drawn by a recipe that this version does not know
    found = []
    for drawn in rounds:
        candidates, asked, positives = _counted(drawn, labels)
        rate = None
        if known.calibration.is_calibrated:
            rate = baseline(asked, first.score_set.figures, strata, known.calibration)
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


def _labels(collection: UUID) -> CrowdLabels:
    truth: dict[tuple[str, str], int] = {}
    waiting = 0
    for row in newest_labels(collection):
        try:
            table = row.open()
            one = crowd_labels([(table.read(), table.facts)])
        except (ConsonanceError, OSError):
            continue  # told where a calibration is shown
        truth.update(one.truth)
        waiting += one.waiting
    return CrowdLabels(truth=truth, waiting=waiting)


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
