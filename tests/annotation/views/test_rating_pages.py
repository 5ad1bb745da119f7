from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.campaigns.cards import campaigns_for
from annotation.models import Assignment, Campaign, ClassTally, ClipFlag, Rating, Skip
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, give, welcomed
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
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
    ana = welcomed(annotator(), campaign)
    text = client_of(ana).get(page(campaign)).content.decode()
    config = json.loads(re.search(r'<script id="rate-config"[^>]*>(.*?)</script>', text)[1])
    assert config["claim_url"] == "/api/v1/questions/claim"
    assert config["ratings_url"] == "/api/v1/ratings"
    assert config["undo_url"] == "/api/v1/ratings/undo"
    assert config["campaign"] == str(campaign.pk)
    assert config["person"] == str(ana.pk)
    assert config["min_heard_ms"] == 2500
    assert config["skip_url"] == "/api/v1/questions/skip"
    assert config["flag_url"] == "/api/v1/questions/flag"
    assert config["end_url"] == page(campaign, "rate_end")
    assert len(config["csrf"]) > 30
    assert page(campaign, "rate_plain") in text


def test_opening_the_page_takes_nothing_into_hand(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client_of(welcomed(annotator(), campaign)).get(page(campaign))
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_only_annotators_of_the_campaign_may_open_it(client_of, name):
    campaign = CampaignFactory()
    foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
    ana = welcomed(annotator(), campaign)
    for person, status in ((ana, 200), (researcher(), 403), (foreign, 403)):
        assert client_of(person).get(page(campaign, name)).status_code == status


@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_an_unknown_campaign_is_not_found(client_of, name):
    url = reverse(f"annotation:{name}", args=[uuid.uuid4()])
    assert client_of(annotator()).get(url).status_code == 404


# --- without script ------------------------------------------------------------------------
def form_of(text):
    """Return the hidden fields of the first form: what a browser would send with the answer."""
    first = text.split("<main", 1)[1].split("<form", 1)[1].split("</form>")[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', first))


def test_without_script_one_question_after_the_other_is_answered(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    client, url = client_of(welcomed(annotator(), campaign)), page(campaign, "rate_plain")
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
    client, url = client_of(welcomed(annotator(), campaign)), page(campaign, "rate_plain")
    form = form_of(client.get(url).content.decode())
    for _ in range(2):
        assert client.post(url, {**form, "answer": "no"}).status_code == 302
    assert Rating.objects.count() == 1


def test_a_reloaded_form_asks_the_same_question(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(3, campaign=campaign)
    client, url = client_of(welcomed(annotator(), campaign)), page(campaign, "rate_plain")
    first, again = (form_of(client.get(url).content.decode()) for _ in range(2))
    assert first["assignment"] == again["assignment"]
    assert Assignment.objects.count() == 1


def test_a_form_without_an_answer_says_so(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client, url = client_of(welcomed(annotator(), campaign)), page(campaign, "rate_plain")
    form = form_of(client.get(url).content.decode())
    assert "Choose an answer first" in client.post(url, form, follow=True).content.decode()
    assert not Rating.objects.exists()


@pytest.mark.parametrize("form", [{}, {"key": "x", "assignment": "y", "answer": "yes"}])
def test_a_broken_form_is_a_bad_request(client_of, form):
    campaign = CampaignFactory()
    ana = welcomed(annotator(), campaign)
    answer = client_of(ana).post(page(campaign, "rate_plain"), form)
    assert answer.status_code == 400
    assert "incomplete" in answer.content.decode()


def test_a_paused_campaign_says_so_without_script(client_of):
    campaign = CampaignFactory(state="paused")
    QuestionFactory(campaign=campaign)
    text = (
        client_of(welcomed(annotator(), campaign))
        .get(page(campaign, "rate_plain"))
        .content.decode()
    )
    assert "This campaign is paused" in text


def test_without_script_one_says_how_sure_one_is_where_the_campaign_asks(client_of):
    campaign = CampaignFactory(asks_confidence=True)
    QuestionFactory(campaign=campaign)
    client = client_of(welcomed(annotator(), campaign))
    url = page(campaign, "rate_plain")
    form = form_of(client.get(url).content.decode())
    sure = {f"confidence-{form['assignment']}": "3"}
    client.post(url, {**form, **sure, "answer": "yes"})
    rating = Rating.objects.get()
    assert rating.confidence == 3
    assert rating.guideline == campaign.guidelines.get()


def test_without_script_a_clip_pass_takes_the_answers_that_are_given(client_of):
    campaign = CampaignFactory(asks="clip")
    clip = ClipFactory(track__collection=campaign.collection)
    QuestionFactory.create_batch(3, campaign=campaign, clip=clip)
    client = client_of(welcomed(annotator(), campaign))
    url = page(campaign, "rate_plain")
    text = client.get(url).content.decode()
    leases = list(Assignment.objects.order_by("pk"))
    assert all(str(lease.pk) in text for lease in leases)
    assert text.count("<audio") == 1
    form = {
        "assignment": [str(lease.pk) for lease in leases],
        **{f"key-{lease.pk}": str(uuid.uuid4()) for lease in leases},
        f"answer-{leases[0].pk}": "yes",
        f"answer-{leases[2].pk}": "no",
    }
    client.post(url, form)
    given = dict(Rating.objects.values_list("assignment", "answer"))
    assert given == {leases[0].pk: "yes", leases[2].pk: "no"}
    assert str(leases[1].pk) in client.get(url).content.decode()  # what was left open comes again


def test_without_script_an_answer_is_taken_back_until_it_is_too_late(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    client = client_of(welcomed(annotator(), campaign))
    url = page(campaign, "rate_plain")
    client.post(url, {**form_of(client.get(url).content.decode()), "answer": "yes"})
    assert Rating.objects.in_force().count() == 1
    text = client.post(url, {"do": "undo"}, follow=True).content.decode()
    assert "Taken back" in text
    assert not Rating.objects.in_force().exists()
    client.post(url, {**form_of(text), "answer": "no"})
    Rating.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert "Too late" in client.post(url, {"do": "undo"}, follow=True).content.decode()
    assert Rating.objects.in_force().get().answer == "no"


@pytest.mark.parametrize(
    ("form", "told", "kept"),
    [
        ({"do": "skip", "reason": "unpleasant"}, "Skipped", 1),
        ({"do": "flag", "kind": "silence", "note": "Empty."}, "Somebody will listen", 1),
        ({"do": "flag", "kind": "boring"}, "nothing to report", 0),
        ({"do": "skip", "reason": ""}, "no reason to skip", 0),
    ],
)
def test_without_script_a_clip_is_passed_on(client_of, form, told, kept):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    client = client_of(welcomed(annotator(), campaign))
    url = page(campaign, "rate_plain")
    lease = form_of(client.get(url).content.decode())["assignment"]
    text = client.post(url, {**form, "assignment": lease}, follow=True).content.decode()
    assert told in text
    assert Skip.objects.count() + ClipFlag.objects.count() == kept
    assert Assignment.objects.filter(pk=lease, state="skipped").count() == kept


# --- what the person chooses -------------------------------------------------------------------
def test_mode_and_class_are_offered_where_the_campaign_leaves_them_open(client_of):
    campaign = CampaignFactory(asks="both")
    banjo, cello = ClassFactory(name="banjo"), ClassFactory(name="cello", display_name="Cello")
    for target in (banjo, cello):
        QuestionFactory(campaign=campaign, target=target)
    client = client_of(welcomed(annotator(), campaign))
    text = client.get(page(campaign) + "?mode=clip&class=cello").content.decode()
    assert re.search(r'value="clip" checked', text)
    assert re.search(r'value="cello" selected', text)
    Campaign.objects.update(asks="clip")
    text = client.get(page(campaign) + "?mode=class&class=cello").content.decode()
    assert 'name="mode"' not in text
    assert 'id="rate-class"' not in text


def test_without_script_the_class_that_was_chosen_is_asked_and_stays_chosen(client_of):
    campaign = CampaignFactory()
    for name in ("banjo", "cello"):
        target = ClassFactory(name=name, display_name=name.title())
        QuestionFactory.create_batch(2, campaign=campaign, target=target)
    client = client_of(welcomed(annotator(), campaign))
    url = page(campaign, "rate_plain") + "?class=cello"
    text = client.get(url).content.decode()
    assert "Cello" in text.split("<h1")[1].split("</h1>")[0].title()
    sent = client.post(url, {**form_of(text), "answer": "yes"})
    assert sent.url == url


# --- the end card ------------------------------------------------------------------------------
def test_the_end_card_tells_how_the_class_stands_and_what_comes_next(client_of):
    campaign = CampaignFactory(quota_labels=400, quota_positives=100)
    banjo = ClassFactory(name="banjo", display_name="Banjo")
    cello = ClassFactory(name="cello", display_name="Cello")
    QuestionFactory(campaign=campaign, target=cello)
    QuestionFactory(campaign=campaign, target=banjo, free=0)
    ClassTally.objects.create(
        campaign=campaign, target=banjo, decided=120, positives=30, counted_at=timezone.now()
    )
    ana = welcomed(annotator(), campaign)
    query = "?reason=nothing_left&given=7&class=banjo"
    text = client_of(ana).get(page(campaign, "rate_end") + query).content.decode()
    assert "You answered 7 questions in this sitting" in text
    assert "120 of 400 labels" in text
    assert "30 of 100 found present" in text
    assert page(campaign) + "?class=cello" in text
    assert "No other clip of this class is open to you" in text
    assert reverse("annotation:my_answers") in text
    assert reverse("annotation:me") in text


def test_the_end_card_tells_ones_own_accuracy_once_it_gives_nothing_away(client_of):
    campaign = CampaignFactory()
    ana = welcomed(annotator(), campaign)
    for number in range(10):
        question = QuestionFactory(campaign=campaign, is_gold=True)
        GoldAnswerFactory(question=question, truth="present")
        RatingFactory(question=question, person=ana, answer="yes" if number else "no")
    card = page(campaign, "rate_end")
    told = "9 of 10 right"
    assert told not in client_of(ana).get(card).content.decode()  # may still be taken back
    Rating.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert told in client_of(ana).get(card).content.decode()


@pytest.mark.parametrize(
    ("reason", "title"),
    [
        ("nothing_left", "Nothing left to ask you"),
        ("hands_full", "Another window has your clips"),
        ("paused", "This campaign is paused"),
        ("closed", "This campaign is closed"),
        ("paused_you", "You are paused here"),
        ("quiz", "A short quiz first"),
        ("consent", "The terms have changed"),
        ("study_done", "You have finished the study"),
        ("welcome", "Instructions first"),
        ("headphones", "Headphones first"),
        ("<script>", "Nothing left to ask you"),
    ],
)
def test_every_reason_has_its_own_end_card_with_a_next_step(client_of, reason, title):
    campaign = CampaignFactory()
    answer = client_of(annotator()).get(
        page(campaign, "rate_end"), {"reason": reason, "given": "x" * 9, "class": "nobody"}
    )
    text = answer.content.decode()
    assert title in text
    assert "<script>" not in text
    assert 'href="/' in text


def test_the_end_card_is_for_annotators_of_the_campaign(client_of):
    campaign = CampaignFactory()
    foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
    for person in (researcher(), foreign):
        assert client_of(person).get(page(campaign, "rate_end")).status_code == 403
