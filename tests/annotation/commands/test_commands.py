from __future__ import annotations

import io
import json
import uuid

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Campaign, ConsensusRun, Question
from consonance.jobs.models import Job
from tests.factories import CampaignFactory, QuestionFactory, RatingFactory, drawn_round

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def told(*words: str) -> dict:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*words, stdout=io.StringIO())
    assert "\n" not in str(caught.value)
    return caught.value


# --- open_campaign -------------------------------------------------------------------------
def test_open_campaign_asks_about_the_latest_drawn_round_of_a_collection():
    old = drawn_round(clips=1)
    new = drawn_round(clips=3, classes=2, score_set=old.score_set)
    slug = new.score_set.collection.slug
    result = told("open_campaign", "--collection", slug, "--name", "First", "--max-ratings", "7")
    campaign = Campaign.objects.get()
    assert result["campaign"] == str(campaign.pk)
    assert (result["questions"], result["classes"]) == (6, 2)
    assert (campaign.name, campaign.max_ratings) == ("First", 7)
    assert list(campaign.rounds.all()) == [new]


def test_open_campaign_wants_the_quiz_first_unless_it_is_told_otherwise():
    drawn = drawn_round(clips=1)
    told("open_campaign", "--round", str(drawn.pk), "--name", "With")
    told("open_campaign", "--round", str(drawn.pk), "--name", "Without", "--no-requires-quiz")
    asked = Campaign.objects.values_list("name", "requires_quiz")
    assert dict(asked) == {"With": True, "Without": False}


def test_open_campaign_takes_several_rounds_by_id():
    first = drawn_round(clips=2)
    second = drawn_round(clips=1, score_set=first.score_set)
    result = told("open_campaign", "--round", str(first.pk), "--round", str(second.pk))
    assert result["questions"] == 3
    assert Campaign.objects.get().name == str(first)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--collection", "nowhere"], 3, "draw_round"),
        (["--round", str(uuid.UUID(int=7))], 2, "no sampling round"),
        (["--round", "seven"], 2, "'seven'"),
    ],
)
def test_open_campaign_says_what_it_did_not_find(words, code, says):
    error = refused("open_campaign", *words)
    assert says in str(error)
    assert error.returncode == code


def test_open_campaign_takes_audit_repeats_quotas_and_pay():
    drawn = drawn_round(clips=10)
    result = told(
        "open_campaign", "--round", str(drawn.pk), "--audit-share", "0.5", "--repeat-share", "0.1",
        "--quota-positives", "5", "--quota-labels", "9", "--pay-per-hour", "12.50",
        "--currency", "USD",
    )  # fmt: skip
    assert result["audited"] == 5
    campaign = Campaign.objects.get()
    assert (campaign.audit_share, campaign.repeat_share) == (0.5, 0.1)
    assert (campaign.quota_positives, campaign.quota_labels) == (5, 9)
    assert (str(campaign.pay_per_hour), campaign.pay_currency) == ("12.50", "USD")


@pytest.mark.parametrize(
    "words", [("--audit-share", "2"), ("--pay-per-hour", "much"), ("--currency", "Euro")]
)
def test_open_campaign_refuses_what_no_campaign_can_have(words):
    refused("open_campaign", "--round", str(drawn_round(clips=1).pk), *words)
    assert not Campaign.objects.exists()


def test_open_campaign_refuses_wrong_numbers():
    drawn = drawn_round(clips=1)
    assert refused("open_campaign", "--round", str(drawn.pk), "--min-ratings", "9").returncode == 2
    assert not Campaign.objects.exists()


def test_open_campaign_said_twice_opens_one_and_a_name_with_other_rules_is_refused():
    drawn = drawn_round(clips=1)
    words = ["open_campaign", "--round", str(drawn.pk), "--name", "First"]
    assert told(*words)["campaign"] == told(*words)["campaign"]
    assert refused(*words, "--min-ratings", "2").returncode == 3
    assert Question.objects.count() == 1


# --- aggregate -----------------------------------------------------------------------------
def rated(**fields):
    campaign = CampaignFactory(**fields)
    for answers in (["yes"] * 3, ["no"] * 3, ["yes", "no", "no"]):
        question = QuestionFactory(campaign=campaign)
        for answer in answers:
            RatingFactory(question=question, answer=answer)
    return campaign


def test_aggregate_makes_a_run_as_a_job():
    campaign = rated()
    result = told("aggregate", "--campaign", str(campaign.pk))
    [run] = result["runs"]
    stored = ConsensusRun.objects.get()
    assert run["run"] == str(stored.pk)
    assert run["tables"]["labels"] == stored.labels.sha256
    assert sum(run["labels"].values()) == 3
    job = Job.objects.get()
    assert (job.state, job.progress_done, job.progress_total) == ("done", 6, 6)
    assert job.disk_bytes > 0


def test_aggregate_twice_makes_one_run_and_says_so():
    campaign = rated()
    first, again = (told("aggregate", "--campaign", str(campaign.pk)) for _ in range(2))
    assert first["runs"][0]["is_new"]
    assert not again["runs"][0]["is_new"]
    assert "nothing has changed" in again["summary"]
    assert ConsensusRun.objects.count() == 1


def test_aggregate_takes_every_campaign_of_a_collection_that_has_ratings():
    first = rated()
    rated(collection=first.collection)
    QuestionFactory(campaign=CampaignFactory(collection=first.collection))
    rated()
    result = told("aggregate", "--collection", first.collection.slug, "--method", "majority")
    assert len(result["runs"]) == 2
    assert {run["method"] for run in result["runs"]} == {"majority"}


def test_aggregate_stores_its_thresholds_with_the_run():
    campaign = rated()
    told("aggregate", "--campaign", str(campaign.pk), "--present-from", "0.7", "--absent-to", "0.3")
    parameters = ConsensusRun.objects.get().parameters
    assert (parameters["present_from"], parameters["absent_to"]) == (0.7, 0.3)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--collection", "nowhere"], 3, "'nowhere'"),
        (["--campaign", str(uuid.UUID(int=7))], 2, "no campaign"),
        (["--campaign", "seven"], 2, "'seven'"),
    ],
)
def test_aggregate_says_what_it_did_not_find(words, code, says):
    error = refused("aggregate", *words)
    assert says in str(error)
    assert error.returncode == code


def test_aggregate_refuses_wrong_thresholds_before_making_a_job():
    campaign = rated()
    words = ["aggregate", "--campaign", str(campaign.pk), "--present-from"]
    assert refused(*words, "0.4").returncode == 2
    assert not Job.objects.exists()


def test_aggregate_without_ratings_fails_with_a_sentence_and_the_job_tells_it():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    assert "no ratings yet" in str(refused("aggregate", "--campaign", str(campaign.pk)))
    assert "no ratings yet" in Job.objects.get().error


@pytest.mark.parametrize("command", ["open_campaign", "aggregate"])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as left:
        call_command(command, "--help")
    assert left.value.code == 0
    assert f"Example: ./consonance {command}" in " ".join(capsys.readouterr().out.split())
