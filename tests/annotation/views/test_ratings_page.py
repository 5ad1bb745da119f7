from __future__ import annotations

import csv
import io
import re
import uuid

import pytest
from django.urls import reverse

from annotation.listing import ratings as rating_list
from annotation.models import Rating
from annotation.people.pseudonyms import Pseudonyms
from annotation.presenting.ratings import RATING_COLUMNS
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    GuidelineFactory,
    QuestionFactory,
    RatingFactory,
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


def page(campaign, name="consistency_ratings"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


def rated(campaign, *answers, name="ana", **fields):
    person = annotator(username=name)
    target = ClassFactory(name="banjo")
    GuidelineFactory(campaign=campaign, target=target)
    return [
        RatingFactory(
            question=QuestionFactory(campaign=campaign, target=target),
            person=person, answer=answer, **fields,
        )
        for answer in answers
    ]  # fmt: skip


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_ratings_are_listed_with_links_to_labels_and_people(client_of, campaign):
    [rating] = rated(campaign, "unsure")
    text = text_of(client_of(admin()).get(page(campaign)))
    assert "1 rating" in text
    assert reverse("annotation:question", args=[rating.question_id]) in text
    assert reverse("annotation:consistency_person", args=[campaign.pk, rating.person_id]) in text
    for shown in ("ana", "banjo", "Unsure", "2,500", "6,000"):
        assert shown in text


def test_filters_are_shown_as_chips_that_can_be_taken_off(client_of, campaign):
    first, _ = rated(campaign, "yes", "no")
    client = client_of(admin())
    text = text_of(
        client.get(page(campaign), {"person": first.person_id, "answer": "yes", "gold": "1"})
    )
    assert "No rating fits" in text
    for label, value in (("Person:", "ana"), ("Answer:", "Yes"), ("Only:", "On gold")):
        assert f"{label}</span> {value}" in text
    assert f'?person={first.person_id}&amp;answer=yes"' in text  # without gold
    assert f'?person={first.person_id}&amp;gold=1"' in text  # without the answer
    text = text_of(client.get(page(campaign), {"person": first.person_id, "answer": "yes"}))
    assert "1 rating<" in text


def test_chips_name_questions_days_and_pairs(client_of, campaign):
    [rating] = rated(campaign, "yes")
    ben = annotator(username="ben")
    client = client_of(admin())
    pair = f"{rating.person_id},{ben.pk}"
    text = text_of(client.get(page(campaign), {"pair": pair, "day": "2026-03-01"}))
    assert "ana and ben" in text
    assert "2026-03-01 (UTC)" in text
    text = text_of(client.get(page(campaign), {"question": rating.question_id}))
    assert str(rating.question.clip) in text
    foreign = QuestionFactory()
    text = text_of(client.get(page(campaign), {"question": foreign.pk}))
    assert "none of this campaign" in text
    assert str(foreign.clip) not in text


def test_the_form_chooses_one_kind_and_keeps_what_it_does_not_ask_for(client_of, campaign):
    [rating] = rated(campaign, "yes", is_late=True)
    client = client_of(admin())
    text = text_of(client.get(page(campaign), {"kind": "late", "person": rating.person_id}))
    assert "1 rating<" in text
    assert f'name="person" value="{rating.person_id}"' in text
    assert '<option value="late" selected' in text


def test_an_answer_on_gold_says_whether_it_was_right(client_of, campaign):
    right, wrong, unsure, argued = rated(campaign, "yes", "no", "unsure", "yes")
    for rating in (right, wrong, unsure, argued):
        GoldAnswerFactory(question=rating.question, truth="present")
    GoldAnswerFactory(question=argued.question, truth="absent")
    text = text_of(client_of(admin()).get(page(campaign)))
    assert text.count(">Gold: right</span>") == 1
    assert text.count(">Gold: wrong</span>") == 1
    assert text.count(">Gold</span>") == 1


def test_a_repeat_stands_beside_what_was_said_first(client_of, campaign):
    [first] = rated(campaign, "yes")
    RatingFactory(question=first.question, person=first.person, answer="no", occasion=1)
    text = text_of(client_of(admin()).get(page(campaign), {"repeat": "1"}))
    assert "first said yes" in text
    assert "1 rating<" in text


def test_pages_follow_each_other_by_key(client_of, campaign, monkeypatch):
    monkeypatch.setattr(rating_list, "PAGE", 2)
    rated(campaign, *["yes"] * 5)
    client = client_of(admin())
    seen, url = [], page(campaign)
    for _ in range(3):
        answer = client.get(url)
        seen += [row.rating.pk for row in answer.context["rows"]]
        url = page(campaign) + answer.context["older_url"]
    assert sorted(seen) == sorted(Rating.objects.values_list("pk", flat=True))
    assert answer.context["older_url"] == ""
    back = client.get(page(campaign) + answer.context["newer_url"])
    assert [row.rating.pk for row in back.context["rows"]] == seen[2:4]


def test_more_than_ten_thousand_are_not_counted(client_of, campaign, monkeypatch):
    monkeypatch.setattr(rating_list, "COUNTED", 1)
    monkeypatch.setattr("annotation.views.consistency.ratings.COUNTED", 1)
    rated(campaign, "yes", "no")
    assert "More than 1 ratings" in text_of(client_of(admin()).get(page(campaign)))


def test_without_ratings_the_page_says_so(client_of, campaign):
    assert "No ratings yet" in text_of(client_of(admin()).get(page(campaign)))


@pytest.mark.parametrize(
    "query",
    [{"person": "x"}, {"answer": "maybe"}, {"day": "x"}, {"pair": "x"}, {"after": "x"},
     {"before": "x"}, {"question": "x"}],
)  # fmt: skip
def test_values_of_no_use_are_a_bad_request_with_a_sentence(client_of, campaign, query):
    client = client_of(admin())
    answer = client.get(page(campaign), query)
    assert answer.status_code == 400
    assert "Traceback" not in answer.content.decode()
    if "after" not in query and "before" not in query:
        assert client.get(page(campaign, "ratings_csv"), query).status_code == 400


def test_columns_of_people_cannot_be_filtered_by(client_of, campaign):
    rated(campaign, "yes")
    text = text_of(client_of(admin()).get(page(campaign), {"person__password__startswith": "x"}))
    assert "1 rating<" in text


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_takes_few_queries(client_of, campaign, django_assert_max_num_queries, number):
    for rating in rated(campaign, *["yes"] * number):
        GoldAnswerFactory(question=rating.question)
    client = client_of(admin())
    with django_assert_max_num_queries(18):
        client.get(page(campaign), {"answer": "yes"})


# --- the file ------------------------------------------------------------------------------
def csv_of(answer):
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_has_what_the_list_shows_by_pseudonym(client_of, campaign, monkeypatch):
    monkeypatch.setattr(rating_list, "_CHUNK", 2)
    ratings = rated(campaign, "yes", "no", "yes", "unsure", "yes")
    GoldAnswerFactory(question=ratings[0].question, truth="absent")
    client = client_of(admin())
    answer = client.get(page(campaign, "ratings_csv"), {"answer": "yes"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f"{campaign.pk}-ratings.csv" in answer["Content-Disposition"]
    rows = csv_of(answer)
    assert tuple(rows[0]) == RATING_COLUMNS
    assert [row["rating_id"] for row in rows] == [
        str(rating.pk) for rating in reversed(ratings) if rating.answer == "yes"
    ]
    by_id = {row["rating_id"]: row for row in rows}
    row = by_id[str(ratings[0].pk)]
    assert row["rater"] == Pseudonyms(campaign.collection_id).of(ratings[0].person_id)
    assert (row["class"], row["gold"], row["occasion"]) == ("banjo", "absent", "0")
    assert row["sample_key"] == ratings[0].question.clip.sample_key
    assert (row["response_ms"], row["heard_ms"], row["is_late"]) == ("2500", "6000", "False")
    assert not any("ana" in value for row in rows for value in row.values())


def test_a_file_of_nothing_has_its_header(client_of, campaign):
    answer = client_of(admin()).get(page(campaign, "ratings_csv"))
    assert b"".join(answer.streaming_content).decode().strip() == ",".join(RATING_COLUMNS)


# --- access --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["consistency_ratings", "ratings_csv"])
def test_only_admins_of_the_campaign_may_look(client_of, campaign, name):
    foreign = person_with(Role.ADMIN, place=CampaignFactory())
    own = person_with(Role.ADMIN, place=campaign)
    for person, status in (
        (None, 302), (annotator(), 403), (researcher(), 403), (curator(), 403), (foreign, 403),
        (own, 200), (admin(), 200),
    ):  # fmt: skip
        assert client_of(person).get(page(campaign, name)).status_code == status
    unknown = reverse(f"annotation:{name}", args=[uuid.uuid4()])
    assert client_of(admin()).get(unknown).status_code == 404
