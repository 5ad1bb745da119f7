from __future__ import annotations

import pytest
from django.urls import reverse

from annotation.models import Workload
from consonance.people.models import Role
from tests.annotation.conftest import welcomed
from tests.factories import CampaignFactory, QuestionFactory, annotator, person_with, researcher

pytestmark = pytest.mark.django_db
PAGES = ("welcome", "check_sound", "headphones", "headphone_sound")


def page(campaign, name):
    return reverse(f"annotation:{name}", args=[campaign.pk])


@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_a_newcomer_is_sent_to_the_welcome_then_to_the_headphones(client_of, name):
    campaign = CampaignFactory(checks_headphones=True)
    QuestionFactory(campaign=campaign)
    ana = annotator()
    client = client_of(ana)
    assert client.get(page(campaign, name)).url == page(campaign, "welcome")
    welcomed(ana, campaign)
    assert client.get(page(campaign, name)).url == page(campaign, "headphones")


def test_the_sound_check_is_passed_by_counting_and_a_wrong_count_makes_a_new_one(client_of):
    campaign, ana = CampaignFactory(description="Plucked strings."), annotator()
    client, url = client_of(ana), page(campaign, "welcome")
    assert "Plucked strings." in client.get(url).content.decode()
    assert "Nothing to hear?" in client.post(url, {"notes": "0"}).content.decode()
    assert "Not quite." in client.post(url, {"notes": "1"}).content.decode()  # never so few
    assert not Workload.objects.filter(welcomed_at__isnull=False).exists()
    right = client.session["sound_check"]
    assert client.post(url, {"notes": str(right)}).url == page(campaign, "rate")
    assert Workload.objects.get(person=ana).welcomed_at is not None
    assert "sound_check" not in client.session


def test_an_answer_to_a_sound_that_was_not_played_is_no_answer(client_of):
    campaign = CampaignFactory()
    client = client_of(annotator())
    text = client.post(page(campaign, "welcome"), {"notes": "3"}).content.decode()
    assert "That was another sound" in text
    assert not Workload.objects.filter(welcomed_at__isnull=False).exists()


def test_sounds_are_sent_in_parts_and_kept_by_nobody(client_of):
    campaign = CampaignFactory()
    client = client_of(annotator())
    client.get(page(campaign, "welcome"))
    whole = client.get(page(campaign, "check_sound"))
    assert whole["Content-Type"] == "audio/wav"
    assert "no-store" in whole["Cache-Control"]
    part = client.get(page(campaign, "check_sound"), HTTP_RANGE="bytes=0-9")
    assert part.status_code == 206
    assert b"".join(part.streaming_content) == b"".join(whole.streaming_content)[:10]


def test_there_is_no_sound_before_the_page_that_asks_about_it(client_of):
    campaign = CampaignFactory()
    client = client_of(annotator())
    for name in ("check_sound", "headphone_sound"):
        assert client.get(page(campaign, name)).status_code == 404


def test_the_headphone_test_ends_with_its_last_sound_and_tells_how_it_went(client_of):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    welcomed(ana, campaign)
    client, url = client_of(ana), page(campaign, "headphones")
    client.post(url)
    trials = client.session["headphone_test"]["trials"]
    for place, (_quiet, antiphase) in enumerate(trials, start=1):
        assert f"Sound {place} of 6" in client.get(url).content.decode()
        client.post(url, {"tone": str(antiphase + 1), "place": str(place)})  # as loudspeakers do
    text = client.get(url).content.decode()
    assert "0 of 6 were right" in text
    assert "Headphones, please" in client.get(url).content.decode()
    assert Workload.objects.get(person=ana).headphone_tries == 1
    client.post(url)
    for place, (quiet, _antiphase) in enumerate(client.session["headphone_test"]["trials"], 1):
        client.post(url, {"tone": str(quiet + 1), "place": str(place)})
    assert "Your headphones are on" in client.get(url).content.decode()


def test_a_sound_is_answered_once_and_only_with_one_of_its_tones(client_of):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    welcomed(ana, campaign)
    client, url = client_of(ana), page(campaign, "headphones")
    client.post(url)
    for _ in range(2):
        client.post(url, {"tone": "1", "place": "1"})
    assert client.session["headphone_test"]["answers"] == [0]
    assert client.post(url, {"tone": "4", "place": "2"}).status_code == 400
    assert client.session["headphone_test"]["answers"] == [0]


def test_a_test_of_another_campaign_counts_for_that_one_alone(client_of):
    here, there = CampaignFactory(checks_headphones=True), CampaignFactory(checks_headphones=True)
    client = client_of(annotator())
    client.post(page(there, "headphones"))
    assert "Headphones, please" in client.get(page(here, "headphones")).content.decode()
    assert client.get(page(here, "headphone_sound")).status_code == 404


def test_whoever_tries_again_and_again_is_asked_for_a_break(client_of):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    welcomed(ana, campaign)
    url = page(campaign, "headphones")
    client = client_of(ana)
    for tries in (1, 2, 3):
        client_of(ana).post(url)
        client = client_of(ana)  # a session of its own: the try goes on, with the same sounds
        client.post(url)
        trials = client.session["headphone_test"]["trials"]
        client.post(url)  # sent twice, it draws no others
        assert client.session["headphone_test"]["trials"] == trials
        assert Workload.objects.get(person=ana).headphone_tries == tries
        for place, (_quiet, antiphase) in enumerate(trials, start=1):
            client.post(url, {"tone": str(antiphase + 1), "place": str(place)})
    client = client_of(ana)
    text = client.get(url).content.decode()
    assert "You have tried 3 times" in text
    assert "in 30 min" in text
    assert "Start the test" not in text
    client.post(url)
    assert "headphone_test" not in client.session
    assert Workload.objects.get(person=ana).headphone_tries == 3


@pytest.mark.parametrize("name", PAGES)
def test_these_pages_are_for_annotators_of_the_campaign(client_of, name):
    campaign = CampaignFactory()
    foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
    for person in (researcher(), foreign):
        assert client_of(person).get(page(campaign, name)).status_code == 403
    assert client_of(None).get(page(campaign, name)).status_code == 302
