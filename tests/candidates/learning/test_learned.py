"""What label tables teach about a score set, once somebody has calibrated by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.conf import settings

from candidates.actions.recalibrate import recalibrate
from candidates.learning.learned import Learned, learned_from
from candidates.models import SamplingRound, ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.tables.schemas import LABELS
from consonance.tables.store import TableStore
from tests.factories import FrozenTableRowFactory, ScoreSetFactory, drawn_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


POSTERIORS = {"present": 0.95, "undecided": 0.5, "absent": 0.05}


def freeze(
    drawn: SamplingRound, decide: Any, *, campaign: str = "c1", absent_to: float = 0.2
) -> FrozenTableRow:
    """Freeze a label of each candidate: `decide(candidate)` is its decision."""
    rows = list(drawn.candidates.select_related("target"))
    thresholds = {"present_from": 0.8, "absent_to": absent_to}
    filled: dict[str, list[Any]] = {
        "clip_id": [str(row.clip_id) for row in rows],
        "class_name": [row.target.name for row in rows],
        "decision": [decide(row) for row in rows],
        "posterior_crowd": [POSTERIORS[decide(row)] for row in rows],
        "n_yes": [1] * len(rows),
        "n_no": [1] * len(rows),
        "n_unsure": [0] * len(rows),
        "stop_reason": ["posterior"] * len(rows),
    }
    columns = {field.name: filled.get(field.name, [None] * len(rows)) for field in LABELS}
    table = TableStore(Path(settings.TABLES_ROOT)).freeze(
        pa.table(columns, schema=LABELS),
        "labels",
        {"campaign": {"id": campaign}, "parameters": thresholds},
    )
    return FrozenTableRow.keep(table, drawn.score_set.collection)


def by_likelihood(row: Any) -> str:
    return "present" if row.likelihood > 0.5 else "absent"


def a_round(**fields: Any) -> SamplingRound:
    drawn = drawn_round(clips=20, classes=1, **fields)
    for place, row in enumerate(drawn.candidates.order_by("pk")):
        row.likelihood = 0.9 if place % 2 else 0.1
        row.inclusion = 0.5
        row.quantile = 0.95 if place % 2 else 0.05
        row.tail = "high" if place % 2 else "low"
        row.save()
    drawn.table = frozen(drawn)
    drawn.save()
    return drawn


def frozen(drawn: SamplingRound) -> FrozenTableRow:
    """Freeze a round's candidates, as a draw does."""
    rows = list(drawn.candidates.select_related("target").order_by("pk"))
    columns = {
        "clip_id": [str(row.clip_id) for row in rows],
        "class_name": [row.target.name for row in rows],
        **{
            name: [getattr(row, name) for row in rows]
            for name in ("tail", "likelihood", "quantile", "inclusion")
        },
    }
    table = TableStore(Path(settings.TABLES_ROOT)).freeze(
        pa.table(columns), "candidates", {"round": str(drawn.pk)}
    )
    return FrozenTableRow.keep(table, drawn.score_set.collection)


def name_of(drawn: SamplingRound) -> str:
    return str(drawn.candidates.first().target.name)  # type: ignore[union-attr]


def calibrated(score_set: ScoreSet) -> Learned:
    """Calibrate, as the job does, and read what it has stored."""
    recalibrate(score_set=score_set, leave_out_lost=True)
    return learned_from(score_set)


def test_before_anybody_has_answered_nothing_is_known() -> None:
    found = learned_from(ScoreSetFactory())
    assert not found.calibration.is_calibrated
    assert (found.labels, found.rounds, found.have, found.lost) == (0, (), {}, 0)
    assert (found.state, found.wants_calibration, found.made_at) == ("unanswered", False, None)


def test_labels_of_its_rounds_calibrate_and_are_counted() -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    found = calibrated(drawn.score_set)
    curve = found.calibration.of(name_of(drawn))
    assert (curve.basis, curve.labels, curve.positives) == ("labels", 20, 10)
    assert curve.present(2.2) > 0.7
    assert curve.present(-2.2) < 0.3
    assert found.have == {name_of(drawn): (10, 20)}
    assert (found.labels, found.rounds) == (20, (drawn.number,))


def test_a_campaign_s_newer_run_replaces_its_older_one_and_another_campaign_s_adds() -> None:
    drawn = a_round()
    freeze(drawn, lambda _: "absent")
    freeze(drawn, by_likelihood)
    assert calibrated(drawn.score_set).have == {name_of(drawn): (10, 20)}
    other = a_round(score_set=drawn.score_set)
    freeze(other, lambda _: "undecided", campaign="c2")
    found = calibrated(drawn.score_set)
    assert found.have[name_of(drawn)] == (10, 20)
    assert found.have[name_of(other)] == (0, 0)
    assert found.rounds == tuple(sorted([drawn.number, other.number]))


def test_labels_count_for_every_detector_of_a_collection_and_for_no_other() -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    other = ScoreSetFactory(collection=drawn.score_set.collection)
    found = calibrated(other)
    assert found.have == {name_of(drawn): (10, 20)}
    # Its scores of those clips are not to be had: they calibrate nothing.
    assert not found.calibration.is_calibrated
    assert calibrated(ScoreSetFactory()).have == {}


def test_a_table_that_is_not_there_is_told_of_and_stops_nothing() -> None:
    drawn = a_round()
    FrozenTableRowFactory(kind="labels", collection=drawn.score_set.collection)
    freeze(drawn, by_likelihood)
    found = calibrated(drawn.score_set)
    assert (found.lost, found.labels) == (1, 20)


def test_labels_that_lean_on_a_detector_are_left_out() -> None:
    drawn = a_round()
    # By these thresholds the crowd alone would not have called any of them absent.
    freeze(drawn, by_likelihood, absent_to=0.01)
    found = calibrated(drawn.score_set)
    assert (found.lost, found.labels, found.have) == (1, 0, {})


def test_reading_fits_nothing_and_tells_of_labels_that_are_not_in_it(
    django_assert_max_num_queries: Any,
) -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    before = learned_from(drawn.score_set)
    assert (before.state, before.wants_calibration) == ("never", True)
    assert not before.calibration.is_calibrated
    done = recalibrate(score_set=drawn.score_set)
    with django_assert_max_num_queries(5):
        first = learned_from(ScoreSet.objects.get(pk=drawn.score_set.pk))
    assert first.calibration.as_json() == done.calibration.as_json()
    assert (first.state, first.table, first.lost) == ("current", done.table.sha256, 0)
    assert first.made_at is not None
    freeze(drawn, lambda _: "present")
    later = learned_from(drawn.score_set)
    assert (later.state, later.have) == ("outdated", first.have), "the old one, and it is said"
    assert calibrated(drawn.score_set).have == {name_of(drawn): (20, 20)}


def test_a_new_round_makes_a_calibration_outdated() -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    assert calibrated(drawn.score_set).state == "current"
    a_round(score_set=drawn.score_set)
    assert learned_from(drawn.score_set).state == "outdated"


def test_labels_that_come_back_to_what_they_were_bring_their_calibration_back() -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    first = calibrated(drawn.score_set)
    other = freeze(drawn, lambda _: "present")
    assert calibrated(drawn.score_set).table != first.table
    other.delete()
    assert (learned_from(drawn.score_set).table, learned_from(drawn.score_set).state) == (
        first.table, "current",
    )  # fmt: skip


def test_a_calibration_whose_table_is_lost_or_altered_is_told_and_made_again() -> None:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    first = calibrated(drawn.score_set)
    path = Path(settings.TABLES_ROOT) / "calibrations" / f"{first.table}.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    found = learned_from(drawn.score_set)
    assert (found.state, found.calibration.is_calibrated) == ("lost", False)
    path.unlink()
    assert learned_from(drawn.score_set).state == "lost"
    assert calibrated(drawn.score_set).table == first.table


def test_certain_likelihoods_are_finite() -> None:
    drawn = a_round()
    for place, row in enumerate(drawn.candidates.order_by("pk")):
        row.likelihood = float(place % 2)
        row.save()
    drawn.table = frozen(drawn)
    drawn.save()
    freeze(drawn, by_likelihood)
    curve = calibrated(drawn.score_set).calibration.of(name_of(drawn))
    assert 0 < float(curve.present(14.0)) <= 1
