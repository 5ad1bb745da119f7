from __future__ import annotations

import csv
import io
import re
import uuid

import pytest
from django.urls import reverse

from annotation.presenting.disputes import CLIP_COLUMNS
from consonance.people.models import Role
from tests.annotation.reporting_data import live_report, report_data
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    QuestionFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


def page(campaign, name="consistency_clips"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def dispute(question, **fields):
    return {
        "question": str(question.pk), "clip": str(question.clip_id),
        "sample_key": question.clip.sample_key, "class_name": question.target.name,
        "display_name": question.target.display_name, "yes": 3, "no": 2, "unsure": 1,
        "posterior": 0.52, "entropy": 0.999, "state": "disputed",
    } | fields  # fmt: skip


def reported(campaign, *rows):
    """Store a report with these disputed clips."""
    live_report(campaign, report_data(clips=list(rows)))


def questions(campaign, number, name="banjo"):
    return QuestionFactory.create_batch(
        number, campaign=campaign, target=ClassFactory(name=name, display_name=name)
    )


def test_disputed_questions_are_listed_with_something_to_hear(client_of, campaign):
    [question] = questions(campaign, 1)
    reported(campaign, dispute(question))
    text = text_of(client_of(admin()).get(page(campaign)))
    assert reverse("annotation:question", args=[question.pk]) in text
    assert reverse("media:clip_audio", args=[question.clip_id]) in text
    assert question.clip.sample_key in text
    assert "0.52" in text
    assert "1 question<" in text
    assert f"question={question.pk}" in text  # the ratings behind


def test_the_most_doubtful_come_first_and_columns_sort(client_of, campaign):
    first, second, third = questions(campaign, 3)
    reported(
        campaign,
        dispute(first, entropy=0.7, yes=9, posterior=0.9),
        dispute(second, entropy=0.99, yes=1, posterior=0.5),
        dispute(third, entropy=0.8, yes=4, posterior=0.2),
    )
    client = client_of(admin())

    def order(**query):
        return [row.question for row in client.get(page(campaign), query).context["rows"]]

    assert order() == [second, third, first]
    assert order(sort="yes") == [first, third, second]
    assert order(sort="-yes") == [second, third, first]
    assert order(sort="posterior") == [first, second, third]
    assert order(sort="nonsense") == order()


def test_a_class_can_be_chosen(client_of, campaign):
    [banjo] = questions(campaign, 1, "banjo")
    [flute] = questions(campaign, 1, "flute")
    reported(campaign, dispute(banjo), dispute(flute))
    client = client_of(admin())
    answer = client.get(page(campaign), {"class": "flute"})
    assert [row.question for row in answer.context["rows"]] == [flute]
    assert "class=flute&amp;sort=" in text_of(answer)  # sorting keeps it
    assert "Nothing disputed in this class" in text_of(client.get(page(campaign), {"class": "<b>"}))


def test_long_lists_have_pages(client_of, campaign):
    reported(campaign, *(dispute(question) for question in questions(campaign, 30)))
    client = client_of(admin())
    assert len(client.get(page(campaign)).context["rows"]) == 25
    assert len(client.get(page(campaign), {"page": "2"}).context["rows"]) == 5
    assert len(client.get(page(campaign), {"page": "99"}).context["rows"]) == 5


def test_what_became_of_a_question_since_the_report_is_shown(client_of, campaign):
    question, gone = questions(campaign, 2)
    reported(
        campaign, dispute(question), dispute(gone), dispute(gone) | {"question": str(uuid.uuid4())}
    )
    question.state = "decided"
    question.save()
    gone.clip.is_withdrawn = True
    gone.clip.save()
    text = text_of(client_of(admin()).get(page(campaign)))
    assert "Decided" in text
    assert "withdrawn" in text
    assert reverse("media:clip_audio", args=[gone.clip_id]) not in text


def test_nothing_disputed_is_said(client_of, campaign):
    reported(campaign)
    assert "Nothing is disputed" in text_of(client_of(admin()).get(page(campaign)))


def test_without_a_report_the_page_says_what_to_do(client_of, campaign):
    text = text_of(client_of(admin()).get(page(campaign)))
    assert "Nobody has answered yet" in text
    assert client_of(admin()).get(page(campaign, "clips_csv")).status_code == 409


def test_the_page_takes_few_queries(client_of, campaign, django_assert_max_num_queries):
    reported(campaign, *(dispute(question) for question in questions(campaign, 20)))
    client = client_of(admin())
    with django_assert_max_num_queries(16):
        client.get(page(campaign))


def test_the_file_has_the_same_rows(client_of, campaign):
    [banjo] = questions(campaign, 1, "banjo")
    [flute] = questions(campaign, 1, "flute")
    reported(campaign, dispute(banjo, posterior=0.123456), dispute(flute))
    answer = client_of(admin()).get(page(campaign, "clips_csv"), {"class": "banjo"})
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert tuple(row) == CLIP_COLUMNS
    assert (row["question"], row["class"]) == (str(banjo.pk), "banjo")
    assert (row["yes"], row["posterior"], row["state"]) == ("3", "0.123456", "disputed")


@pytest.mark.parametrize("name", ["consistency_clips", "clips_csv"])
def test_curators_and_admins_of_the_campaign_may_look(client_of, campaign, name):
    reported(campaign)
    foreign = person_with(Role.CURATOR, place=CampaignFactory())
    own = person_with(Role.CURATOR, place=campaign)
    for person, status in (
        (None, 302), (annotator(), 403), (researcher(), 403), (foreign, 403), (own, 200),
        (curator(), 200), (admin(), 200),
    ):  # fmt: skip
        assert client_of(person).get(page(campaign, name)).status_code == status


def test_a_curator_gets_no_links_to_admins_pages(client_of, campaign):
    [question] = questions(campaign, 1)
    reported(campaign, dispute(question))
    text = text_of(client_of(curator()).get(page(campaign)))
    assert "/ratings/" not in text
