"""What people's answers have taught about a score set: its calibration, and which labels there are.

Campaigns stand above this room: their runs are met as frozen tables only. A label counts as the
crowd decided it, never with the detector as prior.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache

from candidates.evidence import evidence_of, newest_labels, rounds_of
from candidates.loop.calibration import Calibration, calibrate
from candidates.models import ScoreSet
from consonance.catalog.models import FrozenTableRow

_KEPT_SECONDS: Final = 24 * 3600


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
    """

    calibration: Calibration
    have: dict[str, tuple[int, int]]
    labels: int
    rounds: tuple[int, ...]
    lost: int = 0


def learned_from(score_set: ScoreSet) -> Learned:
    """Return what the newest labels of each of the collection's campaigns teach."""
    tables = newest_labels(score_set.collection_id)
    key = _key(score_set, tables)
    stored = cache.get(key)
    if stored is None:
        stored = _as_json(_fitted(score_set))
        cache.set(key, stored, _KEPT_SECONDS)
    return _of_json(stored)


def _key(score_set: ScoreSet, tables: list[FrozenTableRow]) -> str:
    rounds = [(str(drawn.pk), drawn.table_id) for drawn in rounds_of(score_set.collection_id)]
    text = repr(([row.sha256 for row in tables], rounds, score_set.sha256))
    return f"learned/{score_set.pk}/{hashlib.sha256(text.encode()).hexdigest()}"


def _fitted(score_set: ScoreSet) -> Learned:
    found = evidence_of(score_set)
    known = found.evidence
    have: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (_, name), truth in found.labels.truth.items():
        have[name][0] += truth == 1
        have[name][1] += truth >= 0
    decided = known.truth >= 0
    return Learned(
        calibration=calibrate(
            known.class_index,
            known.logit,
            known.truth,
            classes=known.classes,
            weight=known.weight,
            region=known.region,
        ),
        have={name: (numbers[0], numbers[1]) for name, numbers in have.items()},
        labels=int(decided.sum()),
        rounds=tuple(found.rounds[r].number for r in sorted(set(known.round_index.tolist()))),
        lost=len(found.refused),
    )


def _as_json(learned: Learned) -> dict[str, Any]:
    return {
        "calibration": learned.calibration.as_json(),
        "have": {name: list(numbers) for name, numbers in learned.have.items()},
        "labels": learned.labels,
        "rounds": list(learned.rounds),
        "lost": learned.lost,
    }


def _of_json(stored: dict[str, Any]) -> Learned:
    return Learned(
        calibration=Calibration.from_json(stored["calibration"]),
        have={name: (had[0], had[1]) for name, had in stored["have"].items()},
        labels=stored["labels"],
        rounds=tuple(stored["rounds"]),
        lost=stored["lost"],
    )
