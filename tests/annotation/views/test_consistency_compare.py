"""Two runs against each other."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.aggregation.settings import RunSettings
from annotation.models import Measure
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    ClassFactory,
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


def url(campaign):
    return reverse("annotation:consistency_compare", args=[campaign.pk])


def rated():
    """Make twenty questions that four people answer as it is and one the other way round."""
    campaign = CampaignFactory(name="First listening")
    people = [annotator(username=name) for name in ("ana", "ben", "cleo", "dan", "eve")]
    targets = [ClassFactory(name=name, display_name=name) for name in ("banjo", "bass")]
    for index in range(20):
        question = QuestionFactory(campaign=campaign, target=targets[index % 2], answered=5)
        truth, other = ("yes", "no") if index % 3 else ("no", "yes")
        for place, person in enumerate(people):
            is_wrong = person.username == "eve" or (index + place) % 5 == 0
            RatingFactory(question=question, person=person, answer=other if is_wrong else truth)
    return campaign, people


def run_of(campaign, **fields):
    return aggregate_ratings(campaign=campaign, settings=RunSettings(**fields)).run


def compared(client, campaign, first=1, second=2, **more):
    return client.get(url(campaign), {"from": first, "to": second, **more})


def test_leaving_somebody_out_is_told_with_name_reason_and_the_labels_it_changed(client_of):
    campaign, people = rated()
    run_of(campaign, method="majority", present_from=0.7, absent_to=0.3)
    Measure.objects.create(
        campaign=campaign, person=people[-1], kind="exclude", reason="Says the <opposite>"
    )
    run_of(campaign, method="majority", present_from=0.7, absent_to=0.3)
    answer = compared(client_of(admin()), campaign)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "eve" in text
    assert "Says the &lt;opposite&gt;" in text
    assert "None: only answers and people may differ." in text
    [row] = answer.context["exclusions"]
    assert (row["run"], row["ratings"]) == (2, 20)
    found = answer.context["found"]
    assert found.labels == 20
    assert found.changed > 0
    changes = list(answer.context["page"])
    assert len(changes) == found.changed
    for change in changes:
        assert reverse("annotation:question", args=[change["question"]]) in text


def test_equal_runs_say_that_nothing_changed(client_of):
    campaign, _ = rated()
    run_of(campaign)
    text = compared(client_of(admin()), campaign, 1, 1).content.decode()
    assert "No label changed" in text
    assert "Nobody: both left out the same people." in text


def test_parameters_that_differ_are_told_in_words(client_of):
    campaign, _ = rated()
    run_of(campaign)
    run_of(campaign, method="majority", present_from=0.9)
    rows = compared(client_of(admin()), campaign).context["parameters"]
    told = {row["label"]: (row["first"], row["second"]) for row in rows}
    assert told["Method"] == ("Dawid-Skene", "Majority vote")
    assert told["Present from"] == ("0.8", "0.9")


def test_changes_can_be_read_class_by_class(client_of):
    campaign, _ = rated()
    run_of(campaign)
    run_of(campaign, method="majority", present_from=0.95, absent_to=0.05)
    client = client_of(admin())
    everything = compared(client, campaign).context
    assert {row["name"] for row in everything["classes"]} == {"banjo", "bass"}
    changed = [row["changed"] for row in everything["classes"]]
    assert changed == sorted(changed, reverse=True)
    one = compared(client, campaign, **{"class": "banjo"}).context
    assert {row["class_name"] for row in one["page"]} == {"banjo"}
    assert (
        sum(row["changed"] for row in everything["classes"]) == everything["page"].paginator.count
    )
    nothing = compared(client, campaign, **{"class": "<zither>"})
    assert "<zither>" not in nothing.content.decode()
    assert nothing.context["page"].paginator.count == 0


def test_many_changes_are_paged_and_cost_no_more_queries(client_of, django_assert_max_num_queries):
    campaign, _ = rated()
    run_of(campaign)
    run_of(campaign, method="majority", present_from=0.99, absent_to=0.01)
    client = client_of(admin())
    with django_assert_max_num_queries(24) as captured:
        page = compared(client, campaign, page="99").context["page"]
    assert page.number == page.paginator.num_pages
    assert not any('FROM "annotation_rating"' in q["sql"] and "COUNT" not in q["sql"]
                   for q in captured.captured_queries)  # fmt: skip


def test_without_numbers_the_newest_two_are_compared(client_of):
    campaign, _ = rated()
    client = client_of(admin())
    run_of(campaign)
    assert "fewer than two runs" in client.get(url(campaign)).content.decode()
    run_of(campaign, present_from=0.7)
    run_of(campaign, present_from=0.9)
    shown = client.get(url(campaign)).context
    assert (shown["first"].number, shown["second"].number) == (2, 3)


@pytest.mark.parametrize("wrong", ["x", "-1", "9", "1.0", "99999999999999"])
def test_a_run_that_is_not_there_is_not_found(client_of, wrong):
    campaign, _ = rated()
    run_of(campaign)
    client = client_of(admin())
    assert compared(client, campaign, 1, wrong).status_code == 404
    assert compared(client, campaign, wrong, 1).status_code == 404


def test_a_run_of_another_campaign_is_not_found(client_of):
    campaign, _ = rated()
    run_of(campaign)
    assert compared(client_of(admin()), CampaignFactory(), 1, 1).status_code == 404


def test_a_table_that_is_gone_is_said_not_hidden(client_of, settings):
    campaign, _ = rated()
    run = run_of(campaign)
    run.labels.open().path.unlink()
    answer = compared(client_of(admin()), campaign, 1, 1)
    assert answer.status_code == 409
    assert run.labels.sha256[:12] in answer.content.decode()


def test_only_admins_of_the_campaign_may_compare(client_of):
    campaign, _ = rated()
    run_of(campaign)
    foreign = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (annotator(), curator(), researcher(), foreign):
        assert compared(client_of(person), campaign, 1, 1).status_code == 403
    for person in (admin(), person_with(Role.ADMIN, place=campaign)):
        assert compared(client_of(person), campaign, 1, 1).status_code == 200
    assert compared(client_of(None), campaign, 1, 1).status_code == 302
