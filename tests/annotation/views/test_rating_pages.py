from __future__ import annotations

import json
import re
import uuid

import pytest
from django.urls import reverse

from annotation.models import Assignment, Rating
from annotation.overview import campaigns_for
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, give
from tests.factories import (
    CampaignFactory,
    QuestionFactory,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
LIST = "/rate/"


def page(campaign, name="rate"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


# --- the list ------------------------------------------------------------------------------
def test_strangers_are_sent_to_sign_in_and_back(client):
    answer = client.get(LIST)
    assert answer.status_code == 302
    assert answer.url.endswith("?next=/rate/")


def test_the_list_shows_what_is_left_and_where_to_start(client_of):
    campaign = CampaignFactory(name="First listening")
    QuestionFactory.create_batch(3, campaign=campaign)
    ana = annotator()
    give(ana, claim_one(campaign, ana))
    text = client_of(ana).get(LIST).content.decode()
    assert "First listening" in text
    assert "2 questions left for you" in text
    assert page(campaign) in text
    assert "Go on" in text


def test_a_person_sees_only_campaigns_they_may_answer_in(client_of):
    mine, other = CampaignFactory(name="Mine"), CampaignFactory(name="Other")
    for campaign in (mine, other):
        QuestionFactory(campaign=campaign)
    text = client_of(person_with(Role.ANNOTATOR, place=mine)).get(LIST).content.decode()
    assert "Mine" in text
    assert "Other" not in text


def test_membership_of_the_collection_counts_for_its_campaigns():
    campaign = CampaignFactory()
    CampaignFactory()
    ana = person_with(Role.ANNOTATOR, place=campaign.collection)
    assert [card.campaign for card in campaigns_for(ana)] == [campaign]


def test_closed_campaigns_are_not_listed_and_paused_ones_say_so(client_of):
    CampaignFactory(name="Gone", state="closed")
    paused = CampaignFactory(name="Resting", state="paused")
    QuestionFactory(campaign=paused)
    text = client_of(annotator()).get(LIST).content.decode()
    assert "Gone" not in text
    assert "Paused" in text
    assert page(paused) not in text


def test_an_empty_list_says_what_to_do_next(client_of):
    assert "No campaign asks you" in client_of(researcher()).get(LIST).content.decode()
    text = client_of(curator()).get(LIST).content.decode()
    assert reverse("annotation:campaign_new") in text


# --- the rating page -----------------------------------------------------------------------
def test_the_rating_page_tells_its_script_where_everything_is(client_of):
    campaign = CampaignFactory(min_heard_ms=2500)
    QuestionFactory(campaign=campaign)
    ana = annotator()
    text = client_of(ana).get(page(campaign)).content.decode()
    config = json.loads(re.search(r'<script id="rate-config"[^>]*>(.*?)</script>', text)[1])
    assert config["claim_url"] == "/api/v1/questions/claim"
    assert config["ratings_url"] == "/api/v1/ratings"
    assert config["undo_url"] == "/api/v1/ratings/undo"
    assert config["campaign"] == str(campaign.pk)
    assert config["person"] == str(ana.pk)
    assert config["min_heard_ms"] == 2500
    assert len(config["csrf"]) > 30
    assert page(campaign, "rate_plain") in text


def test_opening_the_page_takes_nothing_into_hand(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client_of(annotator()).get(page(campaign))
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_only_annotators_of_the_campaign_may_open_it(client_of, name):
    campaign = CampaignFactory()
    foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
    for person, status in ((annotator(), 200), (researcher(), 403), (foreign, 403)):
        assert client_of(person).get(page(campaign, name)).status_code == status


@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_an_unknown_campaign_is_not_found(client_of, name):
    url = reverse(f"annotation:{name}", args=[uuid.uuid4()])
    assert client_of(annotator()).get(url).status_code == 404


# --- without script ------------------------------------------------------------------------
def form_of(text):
    return {
        name: re.search(rf'name="{name}" value="([^"]+)"', text)[1]
        for name in ("key", "assignment")
    }


def test_without_script_one_question_after_the_other_is_answered(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    client, url = client_of(annotator()), page(campaign, "rate_plain")
    for answer in ("yes", "unsure"):
        text = client.get(url).content.decode()
        assert "Do you hear a banjo?" in text
        sent = client.post(url, {**form_of(text), "answer": answer})
        assert (sent.status_code, sent.url) == (302, url)
    assert sorted(Rating.objects.values_list("answer", flat=True)) == ["unsure", "yes"]
    assert "Nothing left to ask you" in client.get(url).content.decode()


def test_a_form_sent_twice_stores_one_answer(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client, url = client_of(annotator()), page(campaign, "rate_plain")
    form = form_of(client.get(url).content.decode())
    for _ in range(2):
        assert client.post(url, {**form, "answer": "no"}).status_code == 302
    assert Rating.objects.count() == 1


def test_a_reloaded_form_asks_the_same_question(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(3, campaign=campaign)
    client, url = client_of(annotator()), page(campaign, "rate_plain")
    first, again = (form_of(client.get(url).content.decode()) for _ in range(2))
    assert first["assignment"] == again["assignment"]
    assert Assignment.objects.count() == 1


def test_a_form_without_an_answer_says_so(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client, url = client_of(annotator()), page(campaign, "rate_plain")
    form = form_of(client.get(url).content.decode())
    assert "is no answer" in client.post(url, form, follow=True).content.decode()
    assert not Rating.objects.exists()


@pytest.mark.parametrize("form", [{}, {"key": "x", "assignment": "y", "answer": "yes"}])
def test_a_broken_form_is_a_bad_request(client_of, form):
    campaign = CampaignFactory()
    answer = client_of(annotator()).post(page(campaign, "rate_plain"), form)
    assert answer.status_code == 400
    assert "incomplete" in answer.content.decode()


def test_a_paused_campaign_says_so_without_script(client_of):
    campaign = CampaignFactory(state="paused")
    QuestionFactory(campaign=campaign)
    text = client_of(annotator()).get(page(campaign, "rate_plain")).content.decode()
    assert "This campaign is paused" in text
