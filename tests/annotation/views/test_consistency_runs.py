"""Runs in a list, one of them, and starting another."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotation.aggregation.settings import RunSettings
from annotation.models import PersonReport
from annotation.tasks import AGGREGATE
from consonance.jobs.models import Job
from tests.annotation.reporting_data import live_report, no_calibration, report_data, thin_data
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    JobFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    admin,
)

pytestmark = pytest.mark.django_db

PARAMETERS = {"method": "dawid_skene", "present_from": 0.8, "absent_to": 0.2, "code": "0.2.0"}


def url(campaign, name="consistency_runs", *more):
    return reverse(f"annotation:{name}", args=[campaign.pk, *more])


def answered():
    campaign = CampaignFactory()
    RatingFactory(question=QuestionFactory(campaign=campaign, answered=1))
    return campaign


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def run_of(campaign, number, data=None, **fields):
    """Make a run with its report."""
    run = ConsensusRunFactory(
        campaign=campaign, number=number, **{"parameters": PARAMETERS, **fields}
    )
    live_report(campaign, data or report_data(classes=("banjo",)), run=run)
    return run


# --- the list ------------------------------------------------------------------------------
def test_runs_are_listed_newest_first_with_what_they_made(client_of):
    campaign = answered()
    run_of(campaign, 1)
    run_of(campaign, 2, report_data(calibration=no_calibration()), method="majority")
    answer = client_of(admin()).get(url(campaign))
    rows = answer.context["rows"]
    assert [row["run"].number for row in rows] == [2, 1]
    assert [row["method"] for row in rows] == ["Majority vote", "Dawid-Skene"]
    assert [row["ece"] for row in rows] == ["–", "1.4 %"]
    assert f"{rows[1]['decided']:,}" in text_of(answer)


def test_a_run_from_before_there_were_reports_is_listed(client_of):
    campaign = answered()
    ConsensusRunFactory(campaign=campaign, number=1)
    assert "no report" in text_of(client_of(admin()).get(url(campaign)))


def test_runs_can_be_turned_round_and_told_apart_by_method(client_of):
    campaign = answered()
    for number in (1, 2, 3):
        ConsensusRunFactory(
            campaign=campaign, number=number, method="majority" if number == 2 else "dawid_skene"
        )
    client = client_of(admin())

    def numbers(**query):
        return [row["run"].number for row in client.get(url(campaign), query).context["rows"]]

    assert numbers(sort="-number") == [1, 2, 3]
    assert numbers(method="majority") == [2]
    assert numbers(method="oracle") == numbers() == [3, 2, 1]


def test_many_runs_cost_no_more_queries_and_are_paged(client_of, django_assert_max_num_queries):
    campaign = answered()
    for number in range(1, 31):
        run_of(campaign, number, thin_data())
    client = client_of(admin())
    with django_assert_max_num_queries(22) as captured:
        answer = client.get(url(campaign))
    assert len(answer.context["rows"]) == 25
    whole = [q for q in captured.captured_queries if '"consistencyreport"."data",' in q["sql"]]
    assert len(whole) <= 1  # one report is read in full: that of the frame


def test_before_the_first_run_the_form_stands_there_already(client_of):
    campaign = answered()
    text = text_of(client_of(admin()).get(url(campaign)))
    assert "Not aggregated yet" in text
    assert f'action="{url(campaign, "aggregate")}"' in text
    assert "Compare two runs" not in text


# --- one run -------------------------------------------------------------------------------
def test_a_run_tells_how_it_was_made(client_of):
    campaign = answered()
    ada = admin(username="ada")
    run = run_of(campaign, 3, created_by=ada, uses_prior=True)
    text = text_of(client_of(ada).get(url(campaign, "consistency_run", 3)))
    for wanted in (
        "Run 3", "by ada", "Dawid-Skene", "Present from", "0.8", "settled, 14 iterations",
        "-81,234.5", "Reliability", "Nobody: everybody’s answers count.",
        "starts from the detector",
        run.ratings.sha256, run.labels.sha256, run.skills.sha256,
    ):  # fmt: skip
        assert wanted in text, wanted
    assert f'href="{url(campaign, "consistency_campaign")}?run=3"' in text


def test_a_run_shows_its_own_report_and_not_another_s(client_of):
    campaign = answered()
    run_of(campaign, 1, thin_data())
    run_of(campaign, 2)
    live_report(campaign)
    client = client_of(admin())
    assert client.get(url(campaign, "consistency_run", 1)).context["data"]["counts"]["ratings"] == 2
    # The address goes before what is asked beside it.
    page = client.get(url(campaign, "consistency_run", 1), {"run": "2"})
    assert page.context["run"].number == 1


def test_a_run_from_before_there_were_reports_shows_what_it_has(client_of):
    campaign = answered()
    run = ConsensusRunFactory(campaign=campaign, number=1, parameters={"present_from": 0.8})
    text = text_of(client_of(admin()).get(url(campaign, "consistency_run", 1)))
    assert "No report of this run" in text
    assert "not recorded" in text
    assert run.labels.sha256 in text


def test_who_was_left_out_is_told_with_the_reason(client_of):
    campaign = answered()
    eve = UserFactory(username="eve")
    gone, known = "r00000000000000ff", "r0000000000000001"
    run = run_of(
        campaign, 1,
        exclusions=[
            {"rater": known, "reason": "Answers <faster> than hearing", "rule": "too_fast",
             "ratings": 1_240},
            {"rater": gone, "reason": "Asked us to", "rule": "", "ratings": 3},
        ],
    )  # fmt: skip
    PersonReport.objects.create(
        report=run.consistency, person=eve, rater=known, ratings=1_240, unsure_share=0
    )
    text = text_of(client_of(admin()).get(url(campaign, "consistency_run", 1)))
    for wanted in (
        "eve",
        gone,
        "Answers &lt;faster&gt; than hearing",
        "too_fast",
        "by hand",
        "1,240",
    ):
        assert wanted in text, wanted
    assert known not in text
    assert f"{url(campaign, 'consistency_ratings')}?person={eve.pk}" in text


def test_many_who_were_left_out_are_paged(client_of, django_assert_max_num_queries):
    campaign = answered()
    rows = [{"rater": f"r{n:016x}", "reason": "Spam", "rule": "", "ratings": n} for n in range(60)]
    run_of(campaign, 1, exclusions=rows)
    client = client_of(admin())
    with django_assert_max_num_queries(22):
        page = client.get(url(campaign, "consistency_run", 1), {"page": "3"})
    assert [row["ratings"] for row in page.context["exclusions"]] == list(range(50, 60))


def test_a_run_that_is_not_there_is_not_found(client_of):
    campaign = answered()
    run_of(CampaignFactory(), 5)
    client = client_of(admin())
    assert client.get(url(campaign, "consistency_run", 5)).status_code == 404


# --- starting one --------------------------------------------------------------------------
def test_a_run_is_started_as_a_job_with_what_was_asked(client_of):
    campaign, ada = answered(), admin()
    client = client_of(ada)
    answer = client.post(
        url(campaign, "aggregate"),
        {"method": "majority", "present_from": "0.9", "absent_to": "0.05"},
    )
    assert (answer.status_code, answer.url) == (302, url(campaign))
    [job] = Job.objects.all()
    assert (job.kind, job.created_by) == (AGGREGATE, ada)
    assert job.arguments["campaign"] == str(campaign.pk)
    assert job.arguments["settings"] == {
        "method": "majority", "present_from": 0.9, "absent_to": 0.05, "use_detector": False,
    }  # fmt: skip
    assert "Something is being computed" in text_of(client.get(url(campaign)))


def test_a_button_elsewhere_may_aggregate_without_asking(client_of):
    campaign = answered()
    assert client_of(admin()).post(url(campaign, "aggregate"), {"x": ""}).status_code == 302
    settings = RunSettings(**Job.objects.get().arguments["settings"])
    assert settings == RunSettings()


def test_a_second_click_starts_no_second_job(client_of):
    campaign = answered()
    JobFactory(kind=AGGREGATE, arguments={"campaign": str(campaign.pk)}, state="running")
    answer = client_of(admin()).post(url(campaign, "aggregate"), follow=True)
    assert "being computed already" in answer.content.decode()
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method": "oracle"}, "oracle is not one of the available choices"),
        ({"present_from": "0.5", "absent_to": "0.5"}, "must lie on either side of 0.5"),
        ({"present_from": "1.2"}, "less than or equal to 1"),
        ({"present_from": "nan"}, "Enter a number"),
        ({"absent_to": "lots"}, "Enter a number"),
        ({"absent_to": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_computed_is_refused_beside_its_field(client_of, fields, words):
    campaign = answered()
    answer = client_of(admin()).post(url(campaign, "aggregate"), fields)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Job.objects.exists()
