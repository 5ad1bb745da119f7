"""What people see of their own work, and what they take with them."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.authtoken.models import Token

from annotation.actions.open_study import open_study
from annotation.actions.undo_rating import UNDO_WITHIN
from annotation.models import Assignment, Message, Participant, Rating
from annotation.people.own_statistics import own_work, rounded_share
from annotation.people.pseudonyms import Pseudonyms
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    annotator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ana():
    return annotator(username="ana")


def exported(client):
    answer = client.get("/me/export/")
    assert answer["Content-Type"] == "application/json"
    assert "attachment" in answer["Content-Disposition"]
    return json.loads(b"".join(answer))


# --- statistics --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [(9, 0, None), (10, 0, 100), (9, 1, 90), (13, 2, 85), (0, 10, 0), (87, 13, 85), (88, 12, 90)],
)
def test_accuracy_is_told_roughly_and_not_of_a_few(right, wrong, told):
    assert rounded_share(right, wrong) == told


def test_one_more_known_answer_does_not_show():
    shares = [rounded_share(17 + more, 3) for more in range(3)]
    assert len(set(shares)) == 1


def test_work_is_told_by_campaign_with_time_and_pay(client_of, ana):
    paid = CampaignFactory(name="Paid", pay_per_hour=Decimal(36))
    free = CampaignFactory(name="Free")
    RatingFactory(question__campaign=paid, person=ana, response_ms=10_000)
    RatingFactory(question__campaign=free, person=ana, response_ms=20_000)
    RatingFactory(question__campaign=free, person=ana, is_withdrawn=True, response_ms=0)
    RatingFactory(question__campaign=free)
    Assignment.objects.update(leased_at=timezone.now() - timedelta(minutes=1))
    work = own_work(ana)
    by_name = {row.campaign.name: row for row in work.campaigns}
    assert (by_name["Paid"].ratings, by_name["Free"].ratings, work.ratings) == (1, 1, 2)
    assert by_name["Paid"].earned == Decimal("0.10")
    assert by_name["Free"].earned is None
    assert work.earned == {"EUR": Decimal("0.10")}
    told = client_of(ana).get("/me/").content.decode()
    assert "0.10" in told
    assert "Go on with Free" in told


def test_the_page_of_somebody_new_says_what_to_do(client_of, ana):
    assert "You have not answered yet" in client_of(ana).get("/me/").content.decode()


def test_known_answers_are_told_by_class_where_there_are_enough(client_of, ana):
    campaign = CampaignFactory()
    for name, right in (("banjo", 12), ("flute", 3)):
        answer_gold(ana, campaign, ClassFactory(name=name, display_name=name), right)
    told = client_of(ana).get("/me/").content.decode()
    assert "banjo" not in told  # may still be undone
    Rating.objects.update(created_at=timezone.now() - UNDO_WITHIN - timedelta(hours=1))
    told = client_of(ana).get("/me/").content.decode()
    assert "banjo" in told
    assert "flute" not in told


def answer_gold(person, campaign, target, number, answer="yes"):
    """Let a person answer clips on which the class is."""
    for _ in range(number):
        question = QuestionFactory(campaign=campaign, target=target, is_gold=True)
        GoldAnswerFactory(question=question, truth="present")
        RatingFactory(question=question, person=person, answer=answer)


def test_one_known_answer_shows_neither_by_being_given_nor_by_being_corrected(client_of, ana):
    campaign, banjo = CampaignFactory(), ClassFactory(name="banjo")
    answer_gold(ana, campaign, banjo, 10)
    Rating.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert own_work(ana).gold_percent == 100
    answer_gold(ana, campaign, banjo, 9, answer="no")
    Rating.objects.filter(answer="no").update(created_at=timezone.now() - timedelta(hours=2))
    first = Rating.objects.order_by("created_at").first()
    first.superseded_by = RatingFactory(
        question=first.question, person=ana, answer="no", assignment=first.assignment
    )
    first.save()
    assert own_work(ana).gold_percent == 100
    [told] = exported(client_of(ana))["trust"]
    assert (told["class"], told["right_percent_about"]) == ("banjo", 100)


def test_the_share_moves_on_the_hour_and_not_with_the_answer_that_completes_it(ana, monkeypatch):
    campaign = CampaignFactory()
    answer_gold(ana, campaign, ClassFactory(name="banjo"), 10)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Rating.objects.update(created_at=hour + timedelta(minutes=5))

    def told_at(minutes):
        monkeypatch.setattr(timezone, "now", lambda: hour + timedelta(minutes=minutes))
        return own_work(ana).gold_percent

    # The tenth can no longer be undone 15 minutes past; all of that hour are told together.
    assert [told_at(14), told_at(16), told_at(69)] == [None, None, None]
    assert told_at(71) == 100


# --- answers -----------------------------------------------------------------------------------
def test_own_answers_are_listed_and_nobody_elses(client_of, ana):
    banjo = ClassFactory(display_name="banjo")
    flute = ClassFactory(display_name="flute")
    mine = RatingFactory(person=ana, question__target=banjo, answer="no")
    RatingFactory(question__target=flute)
    RatingFactory(person=ana, question__target=flute, is_withdrawn=True)
    client = client_of(ana)
    told = client.get("/me/answers/").content.decode()
    assert "banjo" in told
    assert "flute" not in told
    assert "No answer fits" in client.get("/me/answers/?answer=yes").content.decode()
    campaign = mine.question.campaign_id
    assert "banjo" in client.get(f"/me/answers/?campaign={campaign}&q=BAN").content.decode()
    for odd in ("?answer=x", "?campaign=x", "?page=x"):
        assert client.get(f"/me/answers/{odd}").status_code == 200


def test_many_answers_cost_as_many_queries_as_one(client_of, ana, django_assert_max_num_queries):
    campaign = CampaignFactory()
    for _ in range(12):
        RatingFactory(question__campaign=campaign, person=ana)
    client = client_of(ana)
    with django_assert_max_num_queries(12):
        client.get("/me/answers/")


def test_nobody_corrects_somebody_elses_answer(client_of, ana):
    theirs = RatingFactory()
    answer = client_of(ana).post(
        f"/me/answers/{theirs.pk}/correct/", {"answer": "no", "key": str(uuid.uuid4())}
    )
    assert answer.status_code == 404
    theirs.refresh_from_db()
    assert theirs.superseded_by_id is None


# --- open campaigns and links --------------------------------------------------------------------
def test_a_campaign_for_everybody_is_joined_by_a_click(client_of):
    ana = UserFactory()
    campaign = CampaignFactory(name="For all", joining="anybody")
    client = client_of(ana)
    assert "For all" in client.get("/me/").content.decode()
    assert client.get(f"/rate/{campaign.pk}/").status_code == 403
    answer = client.post(f"/campaigns/{campaign.pk}/join/")
    assert (answer.status_code, answer["Location"]) == (302, f"/rate/{campaign.pk}/")
    first = client.get(f"/rate/{campaign.pk}/")
    assert (first.status_code, first["Location"]) == (302, f"/rate/{campaign.pk}/welcome/")
    assert "Welcome to For all" in client.get(first["Location"]).content.decode()
    client.post(f"/campaigns/{campaign.pk}/join/")
    assert ana.memberships.count() == 1
    assert "For all" not in client.get("/me/").content.decode()


def test_who_has_not_agreed_agrees_while_joining(client_of):
    ana = UserFactory(consent_version=0)
    campaign = CampaignFactory(joining="anybody")
    client = client_of(ana)
    assert client.post(f"/campaigns/{campaign.pk}/join/").status_code == 400
    assert not ana.memberships.exists()


@pytest.mark.parametrize("fields", [{"joining": "members"}, {"joining": "invited"}])
def test_other_campaigns_have_no_such_door(client_of, fields):
    campaign = CampaignFactory(**fields)
    client = client_of(UserFactory())
    assert client.get(f"/campaigns/{campaign.pk}/join/").status_code == 404
    assert client.post(f"/campaigns/{campaign.pk}/join/").status_code == 404


def test_a_paused_campaign_lets_nobody_in(client_of):
    campaign = CampaignFactory(joining="anybody", state="paused")
    assert client_of(UserFactory()).post(f"/campaigns/{campaign.pk}/join/").status_code == 409


def test_a_curator_makes_a_link_sees_it_once_and_revokes_it(client_of):
    campaign = CampaignFactory(joining="invited")
    client = client_of(person_with(Role.CURATOR, place=campaign))
    address = f"/campaigns/{campaign.pk}/invitations/"
    made = client.post(address, {"note": "<b>Class</b> of May", "max_uses": "30", "days": "7"})
    told = made.content.decode()
    assert "http://testserver/join/" in told
    listed = client.get(address).content.decode()
    assert "/join/" not in listed
    assert "&lt;b&gt;Class&lt;/b&gt; of May" in listed
    assert "0 of 30" in listed
    link = told.split("http://testserver")[1].split("<")[0]
    assert client.get(link).status_code == 200
    invitation = listed.split("/revoke")[0].rsplit("/", 1)[1]
    assert client.post(f"{address}{invitation}/revoke/").status_code == 302
    assert client.get(link).status_code in {200, 404}
    assert "Revoked" in client.get(address).content.decode()


def test_links_of_another_campaign_cannot_be_revoked_through_ones_own(client_of):
    from consonance.people.actions.create_invitation import create_invitation
    from consonance.people.models import Invitation

    theirs, ours = (CampaignFactory(joining="invited") for _ in range(2))
    link, _ = create_invitation(scope="campaign", scope_id=theirs.pk, actor=None)
    client = client_of(person_with(Role.CURATOR, place=ours))
    address = f"/campaigns/{ours.pk}/invitations/{link.pk}/revoke/"
    assert client.post(address).status_code == 404
    assert Invitation.objects.get().revoked_at is None


@pytest.mark.parametrize("fields", [{"max_uses": "0"}, {"max_uses": "x"}, {"days": "1000"}])
def test_a_link_that_cannot_be_is_refused_with_a_sentence(client_of, fields):
    campaign = CampaignFactory(joining="invited")
    client = client_of(person_with(Role.CURATOR, place=campaign))
    given = {"note": "", "max_uses": "1", "days": "1", **fields}
    answer = client.post(f"/campaigns/{campaign.pk}/invitations/", given)
    assert answer.status_code == 400
    assert "field__error" in answer.content.decode()


# --- token and export ----------------------------------------------------------------------------
def test_a_token_is_shown_once_replaced_and_taken_away(client_of, ana):
    client = client_of(ana)
    assert "You have none" in client.get("/me/token/").content.decode()
    first = client.post("/me/token/", {"do": "renew"}).content.decode()
    key = Token.objects.get(user=ana).key
    assert key in first
    assert key not in client.get("/me/token/").content.decode()
    client.post("/me/token/", {"do": "renew"})
    assert Token.objects.get(user=ana).key != key
    client.post("/me/token/", {"do": "revoke"})
    assert not Token.objects.filter(user=ana).exists()


def test_the_export_holds_all_that_is_ones_own_and_nothing_of_others(client_of, ana):
    campaign = CampaignFactory()
    mine = RatingFactory(question__campaign=campaign, person=ana)
    theirs = RatingFactory(question__campaign=campaign)
    Message.objects.create(campaign=campaign, sender=ana, text="Ümläut")
    Message.objects.create(campaign=campaign, sender=theirs.person, text="not yours")
    study = open_study(campaign=campaign, provider="prolific", name="S", ratings_wanted=5)
    Participant.objects.create(study=study, person=ana, external_id="p1")
    told = exported(client_of(ana))
    assert [row["id"] for row in told["ratings"]] == [str(mine.pk)]
    assert [row["text"] for row in told["messages"]] == ["Ümläut"]
    assert told["pseudonyms"] == [
        {"collection": campaign.collection.slug,
         "name": Pseudonyms(campaign.collection_id).of(ana.pk)}
    ]  # fmt: skip
    assert told["studies"][0]["external_id"] == "p1"
    assert told["account"][0]["username"] == "ana"
    assert ana.password not in json.dumps(told)
    assert ana.pseudonym_key not in json.dumps(told)
    assert str(theirs.person_id) not in json.dumps(told)
    assert datetime.fromisoformat(told["exported_at"])


def test_the_export_does_not_tell_which_questions_were_gold(client_of, ana):
    question = QuestionFactory(is_gold=True)
    RatingFactory(question=question, person=ana)
    RatingFactory(question=QuestionFactory(campaign=question.campaign), person=ana)
    told = exported(client_of(ana))
    first, second = told["ratings"]
    assert first.keys() == second.keys()
    assert "gold" not in json.dumps(told["ratings"])


def test_an_export_of_nothing_is_whole(client_of):
    told = exported(client_of(UserFactory()))
    assert told["ratings"] == []
    assert len(told["account"]) == 1
