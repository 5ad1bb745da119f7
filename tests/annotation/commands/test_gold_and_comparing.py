from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotation.actions.claim_questions import claim_questions
from annotation.actions.plant_gold import plant_gold
from annotation.models import ConsensusRun, GoldAnswer, Question, Rating
from consonance.ledger.models import AuditEntry
from tests.annotation.aggregation.crowds import crowd
from tests.factories import (
    ClassFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def told(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=io.StringIO())
    assert "\n" not in str(caught.value)
    return caught.value


# --- set_gold ------------------------------------------------------------------------------
def asked() -> list[Question]:
    """Make three questions about banjos in one collection."""
    first = QuestionFactory(target=ClassFactory(name="banjo"))
    more = [QuestionFactory(campaign=first.campaign, target=first.target) for _ in range(2)]
    return [first, *more]


def file_of(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "gold.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def slug(questions: list[Question]) -> str:
    return str(questions[0].campaign.collection.slug)


def keys(questions: list[Question]) -> list[str]:
    return [question.clip.sample_key for question in questions]


def test_gold_is_taken_over_from_a_file(tmp_path):
    questions = asked()
    one, two, three = keys(questions)
    path = file_of(
        tmp_path, "clip,class,truth,explanation", f"{one},banjo,present,Twang at 0:02",
        f"{two},banjo,absent", "", f"{three}, banjo , Present ,",
    )  # fmt: skip
    result = told("set_gold", "--collection", slug(questions), "--file", path, "--quiz")
    assert (result["lines"], result["added"], result["contradicting"]) == (3, 3, 0)
    rows = {row.clip.sample_key: row for row in GoldAnswer.objects.all()}
    assert [rows[key].truth for key in (one, two, three)] == ["present", "absent", "present"]
    assert rows[one].explanation == "Twang at 0:02"
    assert all(row.is_quiz and row.source == "imported" for row in rows.values())
    assert AuditEntry.objects.get(action="import_gold").detail["added"] == 3


def test_columns_may_come_in_another_order_and_without_a_name(tmp_path):
    questions = asked()
    one, two, _ = keys(questions)
    path = file_of(tmp_path, "truth,clip,class", f"present,{one},banjo")
    assert told("set_gold", "--collection", slug(questions), "--file", path)["added"] == 1
    path = file_of(tmp_path, f"{two},banjo,absent,No strings")
    assert told("set_gold", "--collection", slug(questions), "--file", path)["added"] == 1


def test_the_same_file_twice_changes_nothing_and_another_replaces(tmp_path):
    questions = asked()
    one, two, _ = keys(questions)
    words = ("set_gold", "--collection", slug(questions), "--file")
    path = file_of(tmp_path, f"{one},banjo,present", f"{two},banjo,present")
    told(*words, path)
    assert (told(*words, path)["unchanged"], AuditEntry.objects.count()) == (2, 1)
    path = file_of(tmp_path, f"{one},banjo,absent", f"{two},banjo,present")
    result = told(*words, path)
    assert (result["added"], result["replaced"], result["unchanged"]) == (0, 1, 1)
    assert GoldAnswer.objects.filter(retired_at=None).count() == 2
    assert GoldAnswer.objects.count() == 3


def test_a_file_that_is_all_of_it_retires_what_it_does_not_name(tmp_path):
    questions = asked()
    one, two, _ = keys(questions)
    words = ("set_gold", "--collection", slug(questions), "--file")
    told(*words, file_of(tmp_path, f"{one},banjo,present", f"{two},banjo,absent"))
    by_hand = GoldAnswerFactory(question=questions[0], truth="present")  # a curator's stays
    plant_gold(campaign=questions[0].campaign)
    GoldAnswerFactory(question=questions[2], truth="present", source="rendered", created_by=None)
    less = file_of(tmp_path, f"{two},banjo,absent")
    assert told(*words, less)["retired"] == 0
    result = told(*words, less, "--replace", "--dry-run")
    assert (result["retired"], result["unchanged"], result["stored"]) == (1, 1, False)
    assert "if it were stored" in result["summary"]
    assert GoldAnswer.objects.filter(retired_at=None).count() == 4
    result = told(*words, less, "--replace")
    assert (result["retired"], result["stored"]) == (1, True)
    assert "1 retired" in result["summary"]
    gone = GoldAnswer.objects.get(retired_at__isnull=False)
    assert (gone.clip.sample_key, gone.source) == (one, "imported")
    by_hand.refresh_from_db()
    assert by_hand.retired_at is None
    assert len(AuditEntry.objects.filter(action="import_gold").latest("at").detail["gone"]) == 1
    assert told(*words, less, "--replace")["retired"] == 0


def test_what_a_file_no_longer_names_is_no_longer_asked_as_gold(tmp_path):
    questions = asked()
    one, two, _ = keys(questions)
    Question.objects.update(state="decided", stopped_at=timezone.now(), answered=3, log_odds=4.0)
    words = ("set_gold", "--collection", slug(questions), "--file")
    told(*words, file_of(tmp_path, f"{one},banjo,present", f"{two},banjo,absent"))
    campaign = questions[0].campaign
    plant_gold(campaign=campaign)
    assert Question.objects.filter(is_gold=True).count() == 2
    told(*words, file_of(tmp_path, f"{two},banjo,absent"), "--replace")
    [left] = Question.objects.filter(is_gold=True)
    assert left.clip.sample_key == two
    person = annotator()
    leases = claim_questions(campaign=campaign, person=person, count=10).assignments
    assert questions[0].pk not in {lease.question_id for lease in leases}


def test_contradictions_with_somebody_elses_gold_are_told(tmp_path):
    questions = asked()
    GoldAnswerFactory(question=questions[0], truth="absent")
    path = file_of(tmp_path, f"{keys(questions)[0]},banjo,present")
    result = told("set_gold", "--collection", slug(questions), "--file", path)
    assert result["contradicting"] == 1
    assert "contradict" in result["summary"]


def test_every_bad_line_is_told_with_its_number_and_nothing_is_stored(tmp_path):
    questions = asked()
    one, two, _ = keys(questions)
    path = file_of(
        tmp_path, "clip,class,truth,explanation", f"{one},banjo,present", "000000_7,banjo,present",
        f"{one},kazoo,present", f"{two},banjo,perhaps", f"{one},banjo,absent",
        f"{two},banjo,absent,{'x' * 501}",
    )  # fmt: skip
    error = refused("set_gold", "--collection", slug(questions), "--file", path)
    assert error.returncode == 2
    text = str(error)
    for line, says in (
        (3, "no clip '000000_7'"), (4, "class 'kazoo'"), (5, "'perhaps' is no truth"),
        (6, "stands in line 2 already"), (7, "501 characters"),
    ):  # fmt: skip
        assert f"line {line}: " in text
        assert says in text
    assert "nothing was stored, because of 5 bad lines" in text
    assert not GoldAnswer.objects.exists()


def test_of_many_bad_lines_the_first_are_told(tmp_path):
    questions = asked()
    path = file_of(
        tmp_path, *(f"{number:06d}_0,banjo,present" for number in range(500_000, 500_040))
    )
    text = str(refused("set_gold", "--collection", slug(questions), "--file", path))
    assert "40 bad lines" in text
    assert "and 20 more" in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no gold"),
        (b"clip,class,truth\n", "holds no gold"),
        (b"clip,class\nx,banjo\n", "no column called truth"),
        (b"x,banjo\n", "2 columns, 3 needed"),
        (b"\xff\xfe\x00", "no CSV file in UTF-8"),
        (b'"unclosed,banjo,present\n', "columns"),
    ],
)
def test_a_file_that_is_no_gold_is_refused_in_a_sentence(tmp_path, content, says):
    path = tmp_path / "gold.csv"
    path.write_bytes(content)
    error = refused("set_gold", "--collection", slug(asked()), "--file", str(path))
    assert says in str(error)
    assert not GoldAnswer.objects.exists()


def test_what_is_not_there_is_said(tmp_path):
    questions = asked()
    missing = str(tmp_path / "none.csv")
    assert "cannot be read" in str(
        refused("set_gold", "--collection", slug(questions), "--file", missing)
    )
    assert "no collection" in str(refused("set_gold", "--collection", "none", "--file", missing))


# --- compare_runs --------------------------------------------------------------------------
def test_two_runs_are_compared_in_words_and_as_json():
    campaign = crowd(present=8, absent=8, good=3, spammers=2, accuracy=0.75)
    told("aggregate", "--campaign", str(campaign.pk))
    MeasureFactory(
        campaign=campaign, person=campaign.yes_sayers[0], kind="exclude", reason="Says yes."
    )
    told("aggregate", "--campaign", str(campaign.pk), "--present-from", "0.99")
    words = ("compare_runs", "--campaign", str(campaign.pk), "1", "2")
    result = told(*words)
    assert (result["labels"], sum(map(sum, result["matrix"]))) == (16, 16)
    assert result["decisions"] == ["present", "undecided", "absent"]
    assert len(result["changes"]) == result["changed"] > 0
    assert len(told(*words, "--changes", "1")["changes"]) == 1
    assert result["parameters"] == [{"name": "present_from", "first": 0.8, "second": 0.99}]
    [left_out] = result["exclusions"]["second"]
    assert left_out["ratings"] == 16
    out = io.StringIO()
    call_command(*words, stdout=out)
    text = out.getvalue()
    assert "Of 16 labels that runs 1 and 2 both have" in text
    assert "left out of run 2 only" in text
    assert "present_from: 0.8 -> 0.99" in text


def test_runs_that_are_not_there_are_refused():
    campaign = crowd(present=1, absent=1)
    error = refused("compare_runs", "--campaign", str(campaign.pk), "1", "2")
    assert "has no run 1. It has: none yet" in str(error)
    assert "no campaign" in str(refused("compare_runs", "--campaign", str(uuid.uuid4()), "1", "2"))


# --- aggregate -----------------------------------------------------------------------------
def test_aggregate_takes_a_cut_off_and_can_leave_the_detector_out():
    campaign = crowd(present=2, absent=2)
    moment = timezone.now() - timedelta(days=1)
    Rating.objects.update(created_at=moment - timedelta(days=1))
    first = Rating.objects.first()
    Rating.objects.filter(pk=first.pk).update(created_at=timezone.now())
    [run] = told(
        "aggregate", "--campaign", str(campaign.pk), "--no-detector", "--cutoff", moment.isoformat()
    )["runs"]
    assert run["ratings"] == 19
    assert run["cutoff"] == moment.isoformat()
    assert ConsensusRun.objects.get().parameters["use_detector"] is False


@pytest.mark.parametrize(
    ("cutoff", "says"),
    [
        ("yesterday", "is no time"),
        ("2026-01-01T10:00", "no time zone"),
        ("9026-01-01T10:00+00:00", "has not come yet"),
    ],
)
def test_a_cut_off_that_is_none_is_refused(cutoff, says):
    campaign = crowd(present=1, absent=1)
    assert says in str(refused("aggregate", "--campaign", str(campaign.pk), "--cutoff", cutoff))
    assert not ConsensusRun.objects.exists()
