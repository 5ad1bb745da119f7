from __future__ import annotations

import subprocess
import sys

import pytest

from annotation.aggregation.comparing import DECISIONS, compare_runs
from annotation.models import Question
from consonance.errors import ParameterError, StateError
from tests.annotation.aggregation.crowds import aggregate, crowd, rows
from tests.factories import (
    ClassFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def test_a_run_against_itself_has_no_change():
    run = aggregate(crowd(classes=2))
    found = compare_runs(run, run)
    assert (found.labels, found.changed, found.only_first, found.only_second) == (24, 0, 0, 0)
    assert len(found.changes()) == 0
    assert list(found.changes()) == []
    assert found.parameters == []
    assert found.exclusions == {"first": [], "second": []}
    assert sum(map(sum, found.matrix)) == 24
    assert all(found.matrix[row][column] == 0 for row in range(3) for column in range(3)
               if row != column)  # fmt: skip


def test_every_number_is_that_of_comparing_row_by_row():
    campaign = crowd(present=8, absent=8, good=3, spammers=2, classes=2, accuracy=0.75)
    first = aggregate(campaign)
    for person in campaign.yes_sayers:
        MeasureFactory(campaign=campaign, person=person, kind="exclude", reason="Says yes.")
    second = aggregate(campaign, present_from=0.7)
    found = compare_runs(first, second)
    one, other = (
        {(row["clip_id"], row["class_name"]): row for row in rows(run.labels)}
        for run in (first, second)
    )
    matrix = [[0] * 3 for _ in range(3)]
    changed = []
    for key, before in one.items():
        after = other[key]
        matrix[DECISIONS.index(before["decision"])][DECISIONS.index(after["decision"])] += 1
        if before["decision"] != after["decision"]:
            changed.append((abs(after["posterior_crowd"] - before["posterior_crowd"]), key))
    assert changed, "the spammers must matter, or this tests nothing"
    assert found.matrix == matrix
    assert found.changed == len(changed) == len(found.changes())
    assert [(row["clip"], row["class_name"]) for row in found.changes()] == [
        key for _, key in sorted(changed, key=lambda each: (-each[0], each[1]))
    ]
    for row in found.changes():
        before, after = (each[row["clip"], row["class_name"]] for each in (one, other))
        assert (row["first"], row["second"]) == (before["decision"], after["decision"])
        assert row["first_posterior"] == before["posterior_crowd"]
        assert row["second_posterior"] == after["posterior_crowd"]
        question = Question.objects.get(pk=row["question"])
        assert (str(question.clip_id), question.clip.sample_key) == (
            row["clip"], row["sample_key"],
        )  # fmt: skip
    assert [row["name"] for row in found.classes] == ["class-0", "class-1"]
    for row in found.classes:
        mine = found.changes(row["name"])
        assert row["changed"] == len(mine)
        assert {each["class_name"] for each in mine} <= {row["name"]}
        assert (row["labels"], sum(map(sum, row["matrix"]))) == (16, 16)
    assert found.parameters == [{"name": "present_from", "first": 0.8, "second": 0.7}]
    assert len(found.exclusions["second"]) == 2
    assert found.exclusions["first"] == []
    turned = compare_runs(second, first)
    assert turned.matrix == [list(column) for column in zip(*found.matrix, strict=True)]


def test_labels_that_one_run_has_alone_are_counted():
    campaign = crowd(present=2, absent=2)
    first = aggregate(campaign)
    RatingFactory(question=QuestionFactory(campaign=campaign), answer="yes")
    second = aggregate(campaign)
    found = compare_runs(first, second)
    assert (found.labels, found.only_first, found.only_second) == (4, 0, 1)


def test_a_class_without_a_guideline_goes_by_its_name():
    campaign = crowd(present=2, absent=2, good=3, spammers=0)
    target = ClassFactory(name="theremin", position=9)
    question = QuestionFactory(campaign=campaign, target=target, guideline=False)
    RatingFactory(question=question, person=campaign.people[0], guideline=None)
    run = aggregate(campaign)
    names = {row["name"]: row["display_name"] for row in compare_runs(run, run).classes}
    assert names["theremin"] == "theremin"
    assert names["class-0"] == "banjo"


def test_changes_are_looked_up_as_they_are_asked_for(django_assert_max_num_queries):
    campaign = crowd(present=8, absent=8, good=3, spammers=2, accuracy=0.7)
    first = aggregate(campaign)
    second = aggregate(campaign, present_from=0.999, absent_to=0.001)
    with django_assert_max_num_queries(2):
        found = compare_runs(first, second)
    changes = found.changes()
    assert len(changes) > 3
    with django_assert_max_num_queries(1):
        some = changes[1:3]
    assert [some[0], some[1]] == [changes[1], changes[2]]
    assert changes[-1] == list(changes)[-1]
    assert changes[len(changes) :] == []


def test_runs_of_different_campaigns_are_not_compared():
    with pytest.raises(ParameterError, match="different campaigns"):
        compare_runs(aggregate(crowd()), aggregate(crowd()))


def test_an_altered_table_is_refused():
    run = aggregate(crowd())
    run.labels.open().path.write_bytes(b"something else")
    with pytest.raises(StateError, match="altered"):
        compare_runs(run, run)


def test_comparing_loads_no_numeric_core():
    program = (
        "import sys, django; django.setup(); import annotation.aggregation.comparing; "
        "print([name for name in ('scipy', 'sklearn', 'statsmodels', 'annotation.consensus.engine')"
        " if name in sys.modules])"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
