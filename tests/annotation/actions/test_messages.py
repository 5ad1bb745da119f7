from __future__ import annotations

import pytest

from annotation.actions.read_messages import read_messages
from annotation.actions.send_message import MAX_TEXT, MAX_WAITING, send_message
from annotation.models import Message
from annotation.people.correspondence import conversations, shown, thread, unread_by
from annotation.people.measures import standing
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Membership, Role
from tests.factories import (
    CampaignFactory,
    RatingFactory,
    UserFactory,
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


def send(campaign, sender, recipient=None, text="Did you hear the drone as well?"):
    return send_message(campaign=campaign, sender=sender, recipient=recipient, text=text)


# --- who may write to whom ---------------------------------------------------------------------
def test_an_admin_writes_to_somebody_who_answers_and_is_answered(campaign):
    root, ana = admin(), annotator()
    send(campaign, root, ana)
    assert standing(ana, campaign).unread == 1
    send(campaign, ana, text="Only the tanpura.")
    assert [row.text for row in thread(campaign, ana)] == [
        "Only the tanpura.",
        "Did you hear the drone as well?",
    ]


def test_a_curator_is_written_to_and_answers(campaign):
    carol, ana = curator(), annotator()
    send(campaign, ana, text="A clip does not play.")
    assert unread_by(carol) == 1
    send(campaign, carol, ana, text="Which one?")
    assert standing(ana, campaign).unread == 1
    assert read_messages(campaign=campaign, reader=carol, person=ana) == 1
    assert unread_by(carol) == 0


@pytest.mark.parametrize("make", [annotator, researcher])
def test_only_curators_write_to_a_person(campaign, make):
    with pytest.raises(NotAllowedError, match="curator"):
        send(campaign, make(), annotator())
    assert not Message.objects.exists()


@pytest.mark.parametrize("role", [Role.CURATOR, Role.ADMIN])
def test_whoever_runs_another_campaign_does_not(campaign, role):
    with pytest.raises(NotAllowedError):
        send(campaign, person_with(role, place=CampaignFactory()), annotator())


def test_whoever_has_no_part_in_a_campaign_does_not_write_about_it(campaign):
    with pytest.raises(NotAllowedError, match="no part in First listening"):
        send(campaign, researcher())


def test_whoever_answered_once_and_lost_the_role_may_still_write(campaign):
    ana = UserFactory()
    RatingFactory(question__campaign=campaign, person=ana)
    assert send(campaign, ana).recipient is None


def test_whoever_was_written_to_may_answer_even_without_a_role(campaign):
    ana = annotator()
    send(campaign, admin(), ana)
    Membership.objects.filter(person=ana).delete()
    assert send(campaign, ana).sender == ana


def test_nobody_is_written_to_who_has_no_part(campaign):
    with pytest.raises(ParameterError, match="has no part in First listening"):
        send(campaign, admin(), UserFactory())


def test_a_message_to_oneself_is_refused(campaign):
    root = admin()
    with pytest.raises(ParameterError, match="to yourself"):
        send(campaign, root, root)


# --- words -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "message is empty"),
        (" \r\n\t\x00 ", "message is empty"),
        ("x" * (MAX_TEXT + 1), "4,001 characters, at most 4,000 fit"),
    ],
)
def test_no_words_and_too_many_are_refused(campaign, text, told):
    with pytest.raises(ParameterError, match=told):
        send(campaign, annotator(), text=text)
    assert not Message.objects.exists()


def test_lines_are_kept_as_lines_and_nothing_else_is_touched(campaign):
    text = "  Dear all,\r\n\r\n\r\n\r\n<script>alert('x')</script>  \r\nAna\x00\x1b "
    sent = send(campaign, annotator(), text=text)
    assert sent.text == "Dear all,\n\n<script>alert('x')</script>\nAna"


def test_a_text_of_the_full_length_fits_with_the_line_ends_of_a_browser(campaign):
    lines = "x" * 1_999 + "\r\n" + "y" * 2_000
    assert len(send(campaign, annotator(), text=lines).text) == MAX_TEXT


def test_too_many_unread_messages_have_to_wait_until_one_is_read(campaign):
    ana = annotator()
    for _ in range(MAX_WAITING):
        send(campaign, ana)
    with pytest.raises(StateError, match=f"{MAX_WAITING} messages of yours"):
        send(campaign, ana)
    send(CampaignFactory(), ana)  # another campaign's people are others
    read_messages(campaign=campaign, reader=admin(), person=ana)
    send(campaign, ana)


def test_the_audit_knows_who_wrote_to_whom_and_never_the_words(campaign):
    root, ana = admin(), annotator()
    sent = send(campaign, root, ana, text="A secret.")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == ("send_message", root, str(sent.pk))
    assert entry.detail == {"campaign": str(campaign.pk), "recipient": str(ana.pk)}


# --- reading -----------------------------------------------------------------------------------
def test_one_reads_what_was_written_to_oneself(campaign):
    root, ana, ben = admin(), annotator(), annotator()
    for person in (ana, ana, ben):
        send(campaign, root, person)
    send(CampaignFactory(), root, ana)
    assert unread_by(ana) == 3
    assert read_messages(campaign=campaign, reader=ana) == 2
    assert read_messages(campaign=campaign, reader=ana) == 0
    assert (unread_by(ana), unread_by(ben)) == (1, 1)


@pytest.mark.parametrize("role", [Role.CURATOR, Role.ADMIN])
def test_what_one_of_those_who_run_it_has_read_is_read_for_all(campaign, role):
    first, second, ana = admin(), person_with(role, place=campaign), annotator()
    send(campaign, ana)
    elsewhere = person_with(role, place=CampaignFactory())
    assert [unread_by(person) for person in (first, second, elsewhere, ana)] == [1, 1, 0, 0]
    read_messages(campaign=campaign, reader=second, person=ana)
    assert unread_by(first) == 0


@pytest.mark.parametrize("make", [annotator, researcher])
def test_only_curators_read_what_others_wrote(campaign, make):
    ana = annotator()
    send(campaign, ana)
    with pytest.raises(NotAllowedError):
        read_messages(campaign=campaign, reader=make(), person=ana)
    assert Message.objects.get().read_at is None


def test_an_admin_s_own_words_to_whoever_runs_it_wait_for_the_others(campaign):
    first, second = admin(), admin()
    send(campaign, first)
    assert (unread_by(first), unread_by(second)) == (0, 1)


# --- conversations -----------------------------------------------------------------------------
def seen_by(reader, **filters):
    return shown(reader, list(conversations(reader, **filters)))


def test_each_side_sees_the_conversation_as_its_own(campaign):
    root, ana = admin(), annotator(username="ana")
    send(campaign, root, ana, text="First.")
    last = send(campaign, ana, text="Last.")
    [of_ana], [of_root] = seen_by(ana), seen_by(root)
    assert (of_ana.is_own, of_ana.number, of_ana.unread, of_ana.last) == (True, 2, 1, last)
    assert (of_root.is_own, of_root.number, of_root.unread, of_root.last) == (False, 2, 1, last)
    assert of_root.person == ana
    assert of_ana.url != of_root.url


def test_nobody_sees_what_is_not_theirs(campaign):
    ana, ben = annotator(), annotator()
    send(campaign, ana)
    assert seen_by(ben) == []
    assert seen_by(researcher()) == []
    for role in (Role.CURATOR, Role.ADMIN):
        assert seen_by(person_with(role, place=CampaignFactory())) == []
    assert len(seen_by(curator())) == 1
    assert len(seen_by(person_with(Role.CURATOR, place=campaign))) == 1
    assert len(seen_by(person_with(Role.ADMIN, place=campaign.collection))) == 1
    assert len(seen_by(UserFactory(is_superuser=True))) == 1


def test_conversations_are_found_by_person_and_campaign_and_by_what_waits(campaign):
    root, ana, ben = admin(), annotator(username="ana"), annotator(username="ben")
    other = CampaignFactory(name="Second round")
    send(campaign, ana)
    send(other, root, ben)
    assert [row.person for row in seen_by(root, words="BEN")] == [ben]
    assert [row.person for row in seen_by(root, words="first")] == [ana]
    assert [row.person for row in seen_by(root, only_unread=True)] == [ana]
    assert [row.person for row in seen_by(root)] == [ben, ana]


def test_what_is_left_when_an_account_is_gone_breaks_nothing(campaign):
    root, ana = admin(), annotator()
    send(campaign, ana)
    send(campaign, root, ana)
    ana.delete()
    assert seen_by(root) == []
    assert unread_by(root) == 1 - Message.objects.filter(read_at__isnull=False).count()


def test_many_conversations_take_few_queries(campaign, django_assert_max_num_queries):
    root = admin()
    for _ in range(10):
        send(campaign, annotator())
    with django_assert_max_num_queries(6):
        assert len(seen_by(root)) == 10
