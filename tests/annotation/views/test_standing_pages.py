"""What a person is told of measures and messages on the pages they come to first."""

from __future__ import annotations

import pytest

from annotation.actions.send_message import send_message
from annotation.actions.take_measure import take_measure
from tests.factories import CampaignFactory, QuestionFactory, UserFactory, admin, annotator

pytestmark = pytest.mark.django_db


def header(text: str) -> str:
    return text.split("<header", 1)[1].split("</header", 1)[0]


@pytest.fixture
def campaign():
    return QuestionFactory(campaign=CampaignFactory(name="First listening")).campaign


@pytest.mark.parametrize("page", ["/", "/rate/"])
def test_whoever_is_paused_reads_why_and_is_not_asked_to_go_on(client_of, campaign, page):
    ana = annotator()
    client = client_of(ana)
    assert ">Start<" in client.get(page).content.decode()
    take_measure(campaign=campaign, person=ana, kind="pause", reason="Was your <b>sound</b> on?")
    text = client.get(page).content.decode()
    assert "You are paused here" in text
    assert "Was your &lt;b&gt;sound&lt;/b&gt; on?" in text
    assert ">Start<" not in text
    assert "No questions for you for now." in text


@pytest.mark.parametrize("page", ["/", "/rate/"])
def test_whoever_is_left_out_reads_so_and_may_go_on(client_of, campaign, page):
    ana = annotator()
    take_measure(campaign=campaign, person=ana, kind="exclude", reason="Trials.")
    text = client_of(ana).get(page).content.decode()
    assert "Your answers here are not counted at present" in text
    assert ">Start<" in text


def test_the_header_counts_what_waits_to_be_read_for_both_sides(client_of, campaign):
    ana, root = annotator(), admin()
    assert "unread" not in header(client_of(ana).get("/").content.decode())
    send_message(campaign=campaign, sender=root, recipient=ana, text="Hello.")
    assert '1<span class="visually-hidden"> unread message</span>' in header(
        client_of(ana).get("/").content.decode()
    )
    client_of(ana).get(f"/messages/{campaign.pk}/")
    assert "unread" not in header(client_of(ana).get("/").content.decode())
    for _ in range(2):
        send_message(campaign=campaign, sender=ana, text="Thank you.")
    assert '2<span class="visually-hidden"> unread messages</span>' in header(
        client_of(root).get("/").content.decode()
    )


def test_the_menu_leads_to_the_inbox_of_whoever_may_have_one(client_of, campaign):
    assert 'href="/messages/"' in header(client_of(annotator()).get("/").content.decode())
    assert 'href="/messages/"' not in header(client_of(UserFactory()).get("/").content.decode())
    assert 'href="/messages/"' not in header(client_of(None).get("/").content.decode())
