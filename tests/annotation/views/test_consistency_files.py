"""Reports as files."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from annotation.views.consistency.csv import CLASS_COLUMNS, DAY_COLUMNS, csv_response
from consonance.people.models import Role
from tests.annotation.reporting_data import live_report, report_data, thin_data
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db

FILES = ("classes_csv", "days_csv")


def url(campaign, name="classes_csv"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


def content(answer):
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return b"".join(answer.streaming_content).decode()


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(content(answer))))


def test_classes_are_written_in_full_and_unrounded(client_of):
    campaign = CampaignFactory()
    data = report_data(classes=("accordion", "banjo"))
    live_report(campaign, data)
    rows = rows_of(client_of(admin()).get(url(campaign)))
    assert list(rows[0]) == list(CLASS_COLUMNS)
    assert [row["class"] for row in rows] == ["accordion", "banjo"]
    stored = data["classes"][1]
    assert float(rows[1]["alpha"]) == stored["alpha"]["value"]
    assert float(rows[1]["unsure_rate_high"]) == stored["unsure_rate"]["high"]
    assert int(rows[1]["present"]) == stored["labels"]["present"]
    assert float(rows[1]["quota_days"]) == stored["quota"]["days"]
    assert rows[0]["gold_accuracy"] == rows[0]["fleiss_low"] == ""  # could not be computed


def test_days_are_written_as_they_are_stored(client_of):
    campaign = CampaignFactory()
    data = report_data(classes=())
    live_report(campaign, data)
    rows = rows_of(client_of(admin()).get(url(campaign, "days_csv")))
    assert list(rows[0]) == list(DAY_COLUMNS)
    assert [row["day"] for row in rows] == [day["day"] for day in data["campaign"]["days"]]


@pytest.mark.parametrize("name", FILES)
def test_a_thin_report_is_a_file_with_empty_cells(client_of, name):
    campaign = CampaignFactory()
    live_report(campaign, thin_data())
    assert "None" not in content(client_of(admin()).get(url(campaign, name)))


def test_a_run_s_file_says_so_in_its_name(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    live_report(campaign, thin_data(), run=ConsensusRunFactory(campaign=campaign, number=7))
    client = client_of(admin())
    of_run = client.get(url(campaign), {"run": "7"})
    assert of_run["Content-Disposition"].endswith('-run7-classes.csv"')
    assert len(rows_of(of_run)) == 1
    assert client.get(url(campaign))["Content-Disposition"].endswith('-latest-classes.csv"')


def test_text_that_a_spreadsheet_would_run_is_disarmed():
    rows = [["=1+1", "@SUM(A1)", "+x", "-x", "banjo", -0.5, None, 'a "b", c\n']]
    answer = csv_response("x.csv", ["a"] * 8, rows)
    _, row = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert row == ["'=1+1", "'@SUM(A1)", "'+x", "'-x", "banjo", "-0.5", "", 'a "b", c\n']


@pytest.mark.parametrize("name", FILES)
def test_before_the_first_report_there_is_no_file(client_of, name):
    answer = client_of(admin()).get(url(CampaignFactory(), name))
    assert answer.status_code == 409
    assert "has no report to download" in answer.content.decode()


@pytest.mark.parametrize("name", FILES)
def test_only_admins_of_the_campaign_may_take_files_away(client_of, name):
    campaign = CampaignFactory()
    live_report(campaign, thin_data())
    foreign = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (annotator(), curator(), researcher(), foreign):
        assert client_of(person).get(url(campaign, name)).status_code == 403
    for person in (admin(), person_with(Role.ADMIN, place=campaign)):
        assert client_of(person).get(url(campaign, name)).status_code == 200
    assert client_of(None).get(url(campaign, name)).status_code == 302
