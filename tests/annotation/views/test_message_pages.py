"""Messages in the browser, for those who answer and those who run a campaign."""

from __future__ import annotations

import html
import uuid

import pytest
from django.urls import reverse

from annotation.actions.send_message import MAX_TEXT, MAX_WAITING, send_message
from annotation.actions.take_measure import take_measure
from annotation.models import Message
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    UserFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>\n<img src=x onerror=alert(1)>"
INBOX = "/messages/"


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


@pytest.fixture
def ana():
    return annotator(username="ana")


def url(name, campaign, *arguments):
    return reverse(f"annotation:{name}", args=[campaign.pk, *arguments])


def own(campaign):
    return url("conversation", campaign)


# --- those who answer --------------------------------------------------------------------------
def test_one_writes_to_whoever_runs_a_campaign_and_sees_it(client_of, campaign, ana):
    client = client_of(ana)
    assert "Nothing written yet" in client.get(own(campaign)).content.decode()
    answer = client.post(own(campaign), {"text": "Clip 4 does not play."}, follow=True)
    assert answer.redirect_chain == [(own(campaign), 302)]
    assert "Clip 4 does not play." in answer.content.decode()
    sent = Message.objects.get()
    assert (sent.sender, sent.recipient) == (ana, None)


def test_reading_a_conversation_marks_it_as_read_after_showing_what_is_new(
    client_of, campaign, ana
):
    send_message(campaign=campaign, sender=admin(), recipient=ana, text="Was your sound on?")
    client = client_of(ana)
    assert "1 new" in client.get(INBOX).content.decode()
    assert ">New<" in client.get(own(campaign)).content.decode()
    assert ">New<" not in client.get(own(campaign)).content.decode()
    assert "1 new" not in client.get(INBOX).content.decode()


def test_one_s_own_words_are_not_new_to_oneself(client_of, campaign, ana):
    send_message(campaign=campaign, sender=ana, text="Hello?")
    assert ">New<" not in client_of(ana).get(own(campaign)).content.decode()


def test_hostile_words_are_shown_as_they_are_with_their_lines(client_of, campaign, ana):
    client = client_of(ana)
    client.post(own(campaign), {"text": HOSTILE})
    root = client_of(admin())
    for viewer, page in (
        (client, own(campaign)), (client, INBOX), (root, INBOX),
        (root, url("conversation_with", campaign, ana.pk)),
        (root, url("consistency_person", campaign, ana.pk)),
    ):  # fmt: skip
        text = viewer.get(page).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert html.escape("<script>alert('x')</script>") in text


@pytest.mark.parametrize(
    ("text", "told"), [("", "message is empty"), ("y" * (MAX_TEXT + 1), "at most 4,000 fit")]
)
def test_a_refused_message_is_not_lost(client_of, campaign, ana, text, told):
    answer = client_of(ana).post(own(campaign), {"text": text})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert told in page
    assert text in page
    assert not Message.objects.exists()


def test_too_many_unread_messages_are_refused_kindly(client_of, campaign, ana):
    for _ in range(MAX_WAITING):
        send_message(campaign=campaign, sender=ana, text="Hello?")
    answer = client_of(ana).post(own(campaign), {"text": "Is nobody there?"})
    assert answer.status_code == 409
    assert "Wait for an answer" in answer.content.decode()
    assert "Is nobody there?" in answer.content.decode()


def test_how_one_stands_is_told_beside_the_conversation(client_of, campaign, ana):
    take_measure(campaign=campaign, person=ana, kind="pause", reason="Was your sound on?")
    text = client_of(ana).get(own(campaign)).content.decode()
    assert "You are paused here" in text
    assert "Was your sound on?" in text
    assert "Answer questions" not in text


def test_the_inbox_offers_open_campaigns_to_write_about(client_of, campaign, ana):
    CampaignFactory(name="Long gone", state="closed")
    text = client_of(ana).get(INBOX).content.decode()
    assert "No messages yet" in text
    assert own(campaign) in text
    assert "Long gone" not in text
    assert "No messages yet" in client_of(researcher()).get(INBOX).content.decode()


def test_strangers_to_a_campaign_have_no_conversation_there(client_of, campaign):
    client = client_of(researcher())
    assert client.get(own(campaign)).status_code == 403
    assert client.post(own(campaign), {"text": "Hello?"}).status_code == 403
    missing = reverse("annotation:conversation", args=[uuid.uuid4()])
    assert client.get(missing).status_code == 404
    assert client_of(None).get(own(campaign)).status_code == 302
    assert client_of(None).get(INBOX).status_code == 302


# --- those who run it --------------------------------------------------------------------------
def test_an_admin_s_inbox_has_everybody_s_conversations_the_latest_first(client_of, campaign, ana):
    ben = annotator(username="ben")
    send_message(campaign=campaign, sender=ana, text="First.")
    send_message(campaign=campaign, sender=ben, text="Second.")
    client = client_of(admin())
    answer = client.get(INBOX)
    assert [row.person for row in answer.context["conversations"]] == [ben, ana]
    assert answer.context["unread"] == 2
    found = client.get(INBOX, {"q": "an"}).context["conversations"]
    assert [row.person for row in found] == [ana]
    assert "No conversation fits" in client.get(INBOX, {"q": "zzz"}).content.decode()
    # Reading is said, not guessed: two admins share the inbox.
    client.get(url("conversation_with", campaign, ana.pk))
    assert client.get(INBOX).context["unread"] == 2
    client.post(url("read_messages", campaign, ana.pk), {"from": "conversation"})
    unread = client.get(INBOX, {"show": "unread"}).context["conversations"]
    assert [row.person for row in unread] == [ben]


def test_an_answer_goes_to_the_person_and_marks_what_they_wrote_as_read(client_of, campaign, ana):
    send_message(campaign=campaign, sender=ana, text="Clip 4 does not play.")
    client = client_of(root := admin())
    form = {"text": "Thank you, it is repaired.", "from": "conversation"}
    answer = client.post(url("send_message", campaign, ana.pk), form)
    assert answer.url == url("conversation_with", campaign, ana.pk) + "#messages"
    sent = Message.objects.get(recipient=ana)
    assert sent.sender == root
    assert Message.objects.get(recipient=None).read_at is not None
    assert "repaired" in client_of(ana).get(own(campaign)).content.decode()


def test_from_a_person_s_page_one_comes_back_to_it(client_of, campaign, ana):
    answer = client_of(admin()).post(url("send_message", campaign, ana.pk), {"text": "Hello."})
    assert answer.url == url("consistency_person", campaign, ana.pk) + "#messages"


def test_an_admin_s_refused_message_is_not_lost_either(client_of, campaign, ana):
    text = "z" * (MAX_TEXT + 1)
    answer = client_of(admin()).post(url("send_message", campaign, ana.pk), {"text": text})
    assert answer.status_code == 400
    assert text in answer.content.decode()


def test_writing_to_oneself_is_refused_with_a_sentence(client_of, campaign):
    root = admin()
    answer = client_of(root).post(url("send_message", campaign, root.pk), {"text": "Hello me."})
    assert answer.status_code == 400
    assert "message to yourself" in answer.content.decode()


def test_a_long_conversation_is_paged_from_its_end(client_of, campaign, ana):
    root = admin()
    for place in range(60):
        send_message(campaign=campaign, sender=root, recipient=ana, text=f"Message {place:02d}.")
    client = client_of(ana)
    newest = client.get(own(campaign)).content.decode()
    assert "Message 59." in newest
    assert "Message 09." not in newest
    assert "Older messages" in newest
    older = client.get(own(campaign), {"page": "2"}).content.decode()
    assert "Message 09." in older
    assert "Newer messages" in older


@pytest.mark.parametrize("role", [Role.CURATOR, Role.ADMIN])
def test_a_campaign_s_own_curator_reads_answers_and_sees_how_many_wait(
    client_of, campaign, ana, role
):
    send_message(campaign=campaign, sender=ana, text="Clip 4 does not play.")
    send_message(campaign=CampaignFactory(), sender=annotator(), text="Not theirs.")
    client = client_of(person_with(role, place=campaign))
    page = client.get(INBOX)
    assert [row.person for row in page.context["conversations"]] == [ana]
    [waiting] = [item["count"] for item in page.context["user_items"] if "count" in item]
    assert waiting == page.context["unread"] == 1
    text = client.get(url("conversation_with", campaign, ana.pk)).content.decode()
    assert "Clip 4 does not play." in text
    assert ("Their page" in text) == (role == Role.ADMIN)
    answer = client.post(
        url("send_message", campaign, ana.pk),
        {"text": "It is repaired.", "from": "conversation"},
        follow=True,
    )
    assert answer.status_code == 200
    assert "It is repaired." in answer.content.decode()
    assert answer.context["unread"] == 0
    assert "It is repaired." in client_of(ana).get(own(campaign)).content.decode()


def test_a_curator_s_empty_inbox_leads_to_no_page_for_admins(client_of, campaign):
    admins_page = reverse("annotation:consistency")
    for person, leads in ((curator(), False), (admin(), True)):
        shown = client_of(person).get(INBOX).content.decode().partition("<main")[2]
        assert "No messages yet" in shown
        assert (f'href="{admins_page}"' in shown) == leads


def test_a_curator_never_comes_back_to_a_page_that_is_for_admins(client_of, campaign, ana):
    answer = client_of(curator()).post(url("send_message", campaign, ana.pk), {"text": "Hello."})
    assert answer.url == url("conversation_with", campaign, ana.pk) + "#messages"


@pytest.mark.parametrize("make", [annotator, researcher])
@pytest.mark.parametrize("name", ["conversation_with", "send_message", "read_messages"])
def test_only_curators_see_write_to_and_mark_others(client_of, campaign, ana, name, make):
    send_message(campaign=campaign, sender=ana, text="Between us.")
    address = url(name, campaign, ana.pk)
    elsewhere = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (make(), elsewhere, ana):
        client = client_of(person)
        answer = (
            client.get(address)
            if name == "conversation_with"
            else client.post(address, {"text": "Hello."})
        )
        assert answer.status_code == 403
    assert Message.objects.get().read_at is None


@pytest.mark.parametrize("name", ["conversation_with", "send_message", "read_messages"])
def test_people_without_a_part_in_the_campaign_are_not_found(client_of, campaign, name):
    client, stranger = client_of(admin()), UserFactory()
    for person in (stranger.pk, uuid.uuid4()):
        address = url(name, campaign, person)
        is_shown = name == "conversation_with"
        answer = client.get(address) if is_shown else client.post(address, {"text": "x"})
        assert answer.status_code == 404


def test_the_inbox_takes_few_queries_however_many_write(
    client_of, campaign, django_assert_max_num_queries
):
    for _ in range(25):
        send_message(campaign=campaign, sender=annotator(), text="Hello?")
    client = client_of(admin())
    with django_assert_max_num_queries(14):
        assert len(client.get(INBOX).context["conversations"]) == 25
