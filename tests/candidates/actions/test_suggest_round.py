"""The loop closes: a round's answers calibrate, train a head and suggest the next round."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.conf import settings
from django.core.cache import cache

from candidates.actions.draw_round import draw_round
from candidates.actions.recalibrate import recalibrate
from candidates.actions.score_collection import score_collection
from candidates.actions.suggest_round import suggest_round
from candidates.actions.train_head import train_head
from candidates.learning.evidence import evidence_of
from candidates.learning.yields import yields_of
from candidates.loop.suggestion import Aim
from candidates.models import SamplingRound, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from consonance.catalog.models import FrozenTableRow
from consonance.errors import NotAllowedError, StateError
from consonance.jobs.context import JobContext
from consonance.ledger.models import AuditEntry
from consonance.tables.schemas import LABELS
from consonance.tables.store import TableStore
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
AIM = Aim(positives=4, labels=8, questions=12)


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()


def is_there(row: Any) -> bool:
    """Whether people hear the class in a candidate's clip: tracks 3, 4 and 5 have a banjo."""
    return bool(row.clip.track.track_no > 2)


@pytest.fixture
def first_round(score_set: ScoreSet, context: JobContext) -> SamplingRound:
    return _drawn(
        score_set, context,
        RoundRecipe(per_class=8, classes=("banjo",), strata="uniform", max_per_track=2),
    )  # fmt: skip


def _drawn(score_set: ScoreSet, context: JobContext, recipe: RoundRecipe) -> SamplingRound:
    made = draw_round(score_set=score_set, recipe=recipe, context=context, processes=1)
    return SamplingRound.objects.get(pk=made["round"])


def answered(
    drawn: SamplingRound, *, with_detector: float | None = None, campaign: str = "one", **facts: Any
) -> FrozenTableRow:
    """Freeze what a crowd says of a round's candidates."""
    rows = list(drawn.candidates.select_related("clip__track", "target"))
    there = [is_there(row) for row in rows]
    columns = {
        "clip_id": [str(row.clip_id) for row in rows],
        "class_name": [row.target.name for row in rows],
        "decision": ["present" if yes else "absent" for yes in there],
        "posterior_crowd": [0.97 if yes else 0.03 for yes in there],
        "posterior_with_detector": [with_detector] * len(rows),
        "n_yes": [3 * yes for yes in there],
        "n_no": [3 * (not yes) for yes in there],
        "n_unsure": [0] * len(rows),
        "stop_reason": ["posterior"] * len(rows),
    }
    columns = {field.name: columns.get(field.name, [None] * len(rows)) for field in LABELS}
    table = TableStore(Path(settings.TABLES_ROOT)).freeze(
        pa.table(columns, schema=LABELS),
        "labels",
        {
            "campaign": {"id": campaign},
            "parameters": {"present_from": 0.8, "absent_to": 0.2},
            **facts,
        },
    )
    return FrozenTableRow.keep(table, drawn.score_set.collection)


def test_a_calibration_is_frozen_once_and_names_what_it_rests_on(
    first_round: SamplingRound,
) -> None:
    labels = answered(first_round)
    one, again = (recalibrate(score_set=first_round.score_set) for _ in range(2))
    assert one.table == again.table
    assert AuditEntry.objects.filter(action="recalibrate").count() == 1
    facts = one.table.open().facts
    assert facts["labels"] == [labels.sha256]
    assert facts["rounds"] == [str(first_round.pk)]
    curve = one.calibration.of("banjo")
    assert (curve.labels, curve.positives) == (8, sum(map(is_there, first_round.candidates.all())))
    # Eight of ten excerpts were drawn from all alike: they stand for ten.
    assert one.gathered.evidence.weight.sum() == pytest.approx(10)
    assert one.totals["banjo"].excerpts == 10


def test_the_posterior_with_the_detector_moves_no_calibration(first_round: SamplingRound) -> None:
    answered(first_round)
    one = recalibrate(score_set=first_round.score_set)
    answered(first_round, with_detector=0.5)
    other = recalibrate(score_set=first_round.score_set)
    assert one.table != other.table, "it rests on another table of labels"
    assert one.calibration.as_json() == other.calibration.as_json()


def test_labels_that_are_not_the_crowd_s_are_refused(first_round: SamplingRound) -> None:
    answered(first_round, parameters={"present_from": 0.99, "absent_to": 0.01})
    with pytest.raises(StateError, match="lean on the detector"):
        recalibrate(score_set=first_round.score_set)


def test_before_anybody_has_answered_a_first_round_is_suggested(score_set: ScoreSet) -> None:
    found = suggest_round(score_set=score_set, aim=AIM)
    assert not found["is_calibrated"]
    assert "nobody has answered yet" in found["summary"]
    assert all(row[1] == 0 or row[2] for row in found["recipe"]["by_class"])


def test_only_curators_may_recalibrate(score_set: ScoreSet) -> None:
    with pytest.raises(NotAllowedError):
        suggest_round(score_set=score_set, aim=AIM, actor=UserFactory())


def test_a_suggested_round_can_be_drawn_and_its_yield_is_told(
    first_round: SamplingRound, context: JobContext
) -> None:
    answered(first_round)
    found = suggest_round(score_set=first_round.score_set, aim=AIM)
    assert found["labels"] == 8
    [first] = found["yields"]
    positives = sum(map(is_there, first_round.candidates.all()))
    assert (first["questions"], first["positives"]) == (8, positives)
    assert first["found"]["value"] == pytest.approx(100 * positives / 8)
    # The same classes by the same strata and the same detector: what it found is what it finds.
    assert first["first"]["low"] < first["found"]["value"] < first["first"]["high"]
    recipe = RoundRecipe.from_json({**found["recipe"], "exclude_asked": False, "max_per_track": 9})
    second = _drawn(first_round.score_set, context, recipe)
    asked = {row["name"]: row["questions"] for row in found["classes"]}
    assert second.candidates.count() + sum(second.shortfall.values()) == sum(asked.values())
    assert {row.tail for row in second.candidates.all()} <= {"low", "uncertain", "high", "any"}
    # Each class's figure is marked at the ends of its own strata, not at some usual ones.
    for name, _, rows in recipe.by_class:
        if name in second.figures:
            ends = {end for _, low, high, share in rows if share for end in (low, high)} - {0, 1}
            assert {mark for mark, _ in second.figures[name]["lines"]} == ends
    stored = yields_of(first_round.score_set.collection_id)
    assert not stored.is_current, "a round was drawn since"
    recalibrate(score_set=first_round.score_set)
    stored = yields_of(first_round.score_set.collection_id)
    assert stored.is_current
    one, other = stored.rounds
    assert (other.number, other.questions <= other.drawn) == (second.number, True)
    assert one.questions == 8


def test_quotas_that_are_met_need_no_round(first_round: SamplingRound) -> None:
    answered(first_round)
    found = suggest_round(
        score_set=first_round.score_set, aim=Aim(positives=0, labels=0, questions=5)
    )
    assert found["recipe"] is None
    assert found["summary"] == "Every class has what its quotas want."


def test_a_round_drawn_by_one_detector_calibrates_the_next(
    first_round: SamplingRound,
    collection: Any,
    context: JobContext,
    settings: Any,
    house: Path,
    make_context: Callable[..., JobContext],
) -> None:
    from candidates.detector.heads import HeadRecipe

    settings.DETECTORS_ROOT = house / "detectors"
    labels = answered(first_round)
    version = train_head(
        score_set=first_round.score_set,
        recipe=HeadRecipe(hidden=0, epochs=3, patience=3, dropout=0.0),
        labels=labels,
        groups="track",
    )
    made = score_collection(
        collection=collection, context=make_context(), detector=version.name, processes=1,
        shard_tracks=2,
    )  # fmt: skip
    second = ScoreSet.objects.get(pk=made["score_set"])
    assert second.detector == version
    gathered = evidence_of(second)
    assert gathered.refused == ()
    known = gathered.evidence
    assert known.truth.size == 8
    first = evidence_of(first_round.score_set).evidence
    assert known.logit.tolist() != first.logit.tolist(), "by the new detector's scores"
    assert sorted(known.weight.tolist()) == pytest.approx(sorted(first.weight.tolist()))
    found = suggest_round(score_set=second, aim=AIM)
    assert found["is_calibrated"]
    assert found["detector"] == str(version)
