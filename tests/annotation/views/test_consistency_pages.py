from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.aggregation.settings import RunSettings
from annotation.tasks import AGGREGATE
from consonance.jobs.models import Job
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    JobFactory,
    QuestionFactory,
    RatingFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def url(campaign, name="consistency_campaign"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


def rated(*, simulated: bool = False):
    """Make a campaign with twelve questions and four people who mostly agree."""
    campaign = CampaignFactory(name="First listening")
    people = [
        annotator(username=name, is_simulated=simulated) for name in ("ana", "ben", "cleo", "dan")
    ]
    target = ClassFactory(name="banjo")
    for index in range(12):
        question = QuestionFactory(campaign=campaign, target=target, answered=4)
        truth, other = ("yes", "no") if index % 2 else ("no", "yes")
        for place, person in enumerate(people):
            answer = other if (index + place) % 7 == 0 else truth
            RatingFactory(question=question, person=person, answer=answer)
    return campaign


def run_of(campaign, **fields):
    return aggregate_ratings(campaign=campaign, settings=RunSettings(**fields)).run


def test_the_list_shows_each_campaign_with_its_latest_run(client_of):
    campaign = rated()
    CampaignFactory(name="Untouched")
    run_of(campaign)
    run_of(campaign, method="majority")
    text = client_of(admin()).get("/consistency/").content.decode()
    assert "Run 2" in text
    assert "Not aggregated yet" in text


def test_an_empty_list_says_what_to_do_next(client_of):
    assert "No campaigns yet" in client_of(admin()).get("/consistency/").content.decode()


def test_the_report_shows_classes_people_and_agreement(client_of):
    campaign = rated()
    run = run_of(campaign)
    answer = client_of(admin()).get(url(campaign))
    text = answer.content.decode()
    for name in ("ana", "ben", "cleo", "dan", "banjo"):
        assert name in text
    assert f"{run.report['alpha']['value']:.2f}" in text
    assert run.labels.sha256 in text
    assert text.count('<svg class="chart__plot"') == 2
    assert text.count("Show as a table") == 2


def test_the_report_reads_no_rating_again(client_of, django_assert_max_num_queries):
    campaign = rated()
    run_of(campaign)
    client = client_of(admin())
    with django_assert_max_num_queries(12) as captured:
        client.get(url(campaign))
    assert not any("annotation_rating" in query["sql"] for query in captured.captured_queries)


def test_simulated_people_carry_a_badge(client_of):
    campaign = rated(simulated=True)
    run_of(campaign)
    text = client_of(admin()).get(url(campaign)).content.decode()
    assert "were given by simulated people" in text
    assert text.count(">Simulated<") == 4


def test_an_older_run_can_be_looked_at(client_of):
    campaign = rated()
    run_of(campaign)
    run_of(campaign, method="majority")
    client = client_of(admin())
    assert client.get(url(campaign)).context["run"].number == 2
    assert client.get(url(campaign), {"run": "1"}).context["run"].number == 1
    for wrong in ("9", "x", "-1"):
        assert client.get(url(campaign), {"run": wrong}).status_code == 404


def test_people_can_be_sorted_either_way(client_of):
    campaign = rated()
    run_of(campaign)
    client = client_of(admin())
    trusts = [row["trust"] for row in client.get(url(campaign), {"sort": "trust"}).context["page"]]
    turned = [row["trust"] for row in client.get(url(campaign), {"sort": "-trust"}).context["page"]]
    assert trusts == sorted(trusts)
    assert turned == sorted(trusts, reverse=True)
    assert client.get(url(campaign), {"sort": "nonsense"}).status_code == 200


def test_too_few_ratings_are_said_not_hidden(client_of):
    campaign = CampaignFactory()
    RatingFactory(question__campaign=campaign)
    run_of(campaign)
    text = client_of(admin()).get(url(campaign)).content.decode()
    assert "People could not be judged" in text
    assert "nan" not in text.lower().replace("consonance", "")


# --- starting a run ------------------------------------------------------------------------
def test_before_any_answer_there_is_nothing_to_start(client_of):
    campaign = CampaignFactory()
    text = client_of(admin()).get(url(campaign)).content.decode()
    assert "Nobody has answered yet" in text
    assert url(campaign, "aggregate") not in text


def test_before_the_first_run_a_button_starts_it_as_a_job(client_of):
    campaign, ada = rated(), admin()
    client = client_of(ada)
    assert "Not aggregated yet" in client.get(url(campaign)).content.decode()
    answer = client.post(url(campaign, "aggregate"), {"method": "majority"})
    assert (answer.status_code, answer.url) == (302, url(campaign))
    job = Job.objects.get()
    assert (job.kind, job.created_by) == (AGGREGATE, ada)
    assert job.arguments["campaign"] == str(campaign.pk)
    assert job.arguments["settings"] == {"method": "majority"}
    assert f"/jobs/{job.pk}/status" in client.get(url(campaign)).content.decode()


def test_a_second_click_starts_no_second_job(client_of):
    campaign = rated()
    JobFactory(kind=AGGREGATE, arguments={"campaign": str(campaign.pk)}, state="running")
    answer = client_of(admin()).post(url(campaign, "aggregate"), follow=True)
    assert "under way already" in answer.content.decode()
    assert Job.objects.count() == 1


def test_a_made_up_method_is_refused(client_of):
    answer = client_of(admin()).post(url(rated(), "aggregate"), {"method": "oracle"})
    assert answer.status_code == 400
    assert not Job.objects.exists()


# --- files ---------------------------------------------------------------------------------
def test_classes_and_people_can_be_downloaded_as_csv(client_of):
    campaign = rated()
    run = run_of(campaign)
    client = client_of(admin())
    classes = list(csv.DictReader(io.StringIO(client.get(url(campaign, "classes_csv")).text)))
    people = list(csv.DictReader(io.StringIO(client.get(url(campaign, "people_csv")).text)))
    assert classes[0]["class"] == "banjo"
    assert int(classes[0]["ratings"]) == run.report["ratings"]
    assert float(classes[0]["alpha"]) == run.report["classes"][0]["alpha"]["value"]
    assert {row["rater"] for row in people} == {row["rater"] for row in run.report["people"]}


def test_the_file_of_people_names_no_account(client_of):
    campaign = rated()
    run_of(campaign)
    text = client_of(admin()).get(url(campaign, "people_csv")).text
    assert "cleo" not in text


def test_before_the_first_run_there_is_no_file(client_of):
    assert client_of(admin()).get(url(rated(), "people_csv")).status_code == 400


# --- who -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["consistency_campaign", "classes_csv", "people_csv"])
def test_only_admins_of_the_campaign_may_read(client_of, name):
    campaign = rated()
    run_of(campaign)
    own = person_with(Role.ADMIN, place=campaign.collection)
    foreign = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (annotator(), curator(), researcher(), foreign):
        assert client_of(person).get(url(campaign, name)).status_code == 403
    for person in (admin(), own):
        assert client_of(person).get(url(campaign, name)).status_code == 200
    assert client_of(None).get(url(campaign, name)).status_code == 302


def test_only_admins_may_start_a_run(client_of):
    campaign = rated()
    for person in (annotator(), curator(), researcher()):
        assert client_of(person).post(url(campaign, "aggregate")).status_code == 403
    assert not Job.objects.exists()


def test_the_list_is_for_admins(client_of):
    for person, status in ((annotator(), 403), (curator(), 403), (admin(), 200), (None, 302)):
        assert client_of(person).get("/consistency/").status_code == status
