"""Links by which people join: made, used, never over-used, revoked."""

from __future__ import annotations

import importlib
import re
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people import consent, throttle
from consonance.people.actions.accept_invitation import (
    NO_GOOD,
    NO_NAME,
    accept_invitation,
    join_with_new_account,
)
from consonance.people.actions.create_invitation import create_invitation
from consonance.people.actions.revoke_invitation import revoke_invitation
from consonance.people.invitations import fingerprint
from consonance.people.models import Invitation, Membership, Role, Scope, User
from tests.factories import (
    PASSWORD,
    CampaignFactory,
    UserFactory,
    admin,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db
TERMS = {"is_adult": True, "agrees": True, "version": consent.VERSION}
FORM = {"adult": "on", "agreement": "on", "version": str(consent.VERSION)}


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def campaign():
    return CampaignFactory(name="Banjos", joining="invited", description="Hear <b>banjos</b>.")


def invite(campaign, **fields):
    return create_invitation(scope=Scope.CAMPAIGN, scope_id=campaign.pk, actor=None, **fields)


def new(token, **fields):
    given = {"username": "ana", "password": PASSWORD, **TERMS, **fields}
    return join_with_new_account(token=token, **given)


def is_in(person, campaign):
    return Membership.objects.filter(
        person=person, role=Role.ANNOTATOR, scope=Scope.CAMPAIGN, scope_id=campaign.pk
    ).exists()


# --- actions -----------------------------------------------------------------------------------
def test_the_token_is_kept_as_its_hash_only_and_the_making_is_on_record(campaign):
    maker = curator()
    invitation, token = create_invitation(
        scope="campaign", scope_id=campaign.pk, actor=maker, note=" For \n Ana ", max_uses=2
    )
    assert invitation.token_sha256 == fingerprint(token)
    assert token not in str(vars(invitation))
    assert invitation.note == "For Ana"
    entry = AuditEntry.objects.get(action="create_invitation")
    assert entry.actor == maker
    assert token not in str(entry.detail)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_uses": 0}, "1 to 1,000"),
        ({"max_uses": 1001}, "1 to 1,000"),
        ({"days": 0}, "1 to 365"),
        ({"days": 366}, "1 to 365"),
        ({"role": "emperor"}, "emperor"),
        ({"note": "x" * 201}, "201 characters"),
        ({"scope_id": uuid.uuid4()}, "no such place"),
        ({"scope_id": None}, "no such place"),
        ({"scope": "moon"}, "moon"),
    ],
)
def test_what_is_out_of_range_is_refused_and_nothing_stored(campaign, fields, said):
    given = {"scope": "campaign", "scope_id": campaign.pk, "actor": None, **fields}
    with pytest.raises(ParameterError, match=said):
        create_invitation(**given)
    assert not Invitation.objects.exists()


def test_nobody_hands_out_more_than_they_hold(campaign):
    here = {"scope": "campaign", "scope_id": campaign.pk}
    with pytest.raises(NotAllowedError):
        create_invitation(**here, actor=annotator())
    with pytest.raises(NotAllowedError):
        create_invitation(**here, actor=curator(), role="curator")
    with pytest.raises(NotAllowedError):
        create_invitation(**here, actor=person_with(Role.CURATOR, place=CampaignFactory()))
    with pytest.raises(NotAllowedError):
        create_invitation(scope="site", scope_id=None, actor=person_with(
            Role.CURATOR, place=campaign))  # fmt: skip
    create_invitation(**here, actor=person_with(Role.CURATOR, place=campaign.collection))
    create_invitation(**here, actor=admin(), role="curator")


def test_a_campaign_of_members_or_a_closed_one_takes_no_invitations(campaign):
    _, token = invite(campaign)
    for fields, said in ({"joining": "members"}, "role"), ({"state": "closed"}, "closed"):
        for name, value in {"joining": "invited", "state": "open", **fields}.items():
            setattr(campaign, name, value)
        campaign.save()
        with pytest.raises(StateError, match=said):
            invite(campaign)
        with pytest.raises(StateError, match=said):
            new(token)
    assert not User.objects.filter(username="ana").exists()


def test_a_new_account_has_the_role_there_and_nowhere_else_and_agreed(campaign):
    _, token = invite(campaign)
    ana = new(token)
    [held] = ana.memberships.all()
    assert (held.role, held.scope, held.scope_id) == ("annotator", "campaign", campaign.pk)
    assert ana.consent_version == consent.VERSION
    assert ana.consented_at is not None
    assert ana.check_password(PASSWORD)
    actions = set(AuditEntry.objects.filter(actor=ana).values_list("action", flat=True))
    assert actions == {"create_person", "give_consent", "accept_invitation"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"is_adult": False}, "Tick both"),
        ({"agrees": False}, "Tick both"),
        ({"version": consent.VERSION + 1}, "have changed"),
        ({"password": "short"}, "too short"),
        ({"password": "anaanaanaana", "username": "anaanaanaana"}, "similar"),
        ({"username": "BEN"}, NO_NAME),
        ({"username": "erased-1"}, NO_NAME),
        ({"username": "a b"}, NO_NAME),
        ({"username": "x" * 61}, NO_NAME),
    ],
)
def test_a_refused_account_uses_nothing_up(campaign, fields, said):
    UserFactory(username="ben")
    invitation, token = invite(campaign)
    with pytest.raises(ParameterError, match=re.escape(str(said))):
        new(token, **fields)
    invitation.refresh_from_db()
    assert invitation.uses == 0
    assert User.objects.count() == 1


def test_a_link_serves_as_many_as_it_says_and_each_once(campaign):
    invitation, token = invite(campaign, max_uses=2)
    ana, ben, cleo = (UserFactory() for _ in range(3))
    accept_invitation(token=token, person=ana)
    accept_invitation(token=token, person=ana)
    accept_invitation(token=token, person=ben)
    with pytest.raises(StateError):
        accept_invitation(token=token, person=cleo)
    accept_invitation(token=token, person=ana)
    invitation.refresh_from_db()
    assert invitation.uses == 2
    assert [is_in(one, campaign) for one in (ana, ben, cleo)] == [True, True, False]


def test_whoever_has_not_agreed_is_not_let_in(campaign):
    _, token = invite(campaign)
    with pytest.raises(NotAllowedError):
        accept_invitation(token=token, person=UserFactory(consent_version=0))


def test_links_that_are_no_good_say_the_same_whatever_the_reason(campaign):
    said = set()
    revoked, one = invite(campaign)
    revoke_invitation(invitation=revoked, actor=None)
    expired, two = invite(campaign)
    Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    _, used = invite(campaign)
    accept_invitation(token=used, person=UserFactory())
    for token in (one, two, used, "never made", ""):
        with pytest.raises(StateError) as error:
            accept_invitation(token=token, person=UserFactory())
        said.add(str(error.value))
    assert said == {NO_GOOD}


def test_only_its_curators_revoke_a_link_and_it_is_on_record_once(campaign):
    invitation, _ = invite(campaign)
    with pytest.raises(NotAllowedError):
        revoke_invitation(invitation=invitation, actor=annotator())
    for _ in range(2):
        revoke_invitation(invitation=invitation, actor=curator())
    assert AuditEntry.objects.filter(action="revoke_invitation").count() == 1


# --- the page ----------------------------------------------------------------------------------
def test_a_stranger_makes_an_account_and_is_in(campaign):
    _, token = invite(campaign)
    client = Client()
    page = client.get(reverse("people:join", args=[token]))
    told = page.content.decode()
    assert page.status_code == 200
    assert "Banjos" in told
    assert "Hear &lt;b&gt;banjos&lt;/b&gt;." in told
    assert all(paragraph[:40] in told for paragraph in consent.TERMS)
    answer = client.post(
        reverse("people:join", args=[token]),
        {"username": "ana", "password": PASSWORD, **FORM},
    )
    assert answer.status_code == 302
    assert answer["Location"] == campaign.get_absolute_url()
    ana = User.objects.get(username="ana")
    assert client.session["_auth_user_id"] == str(ana.pk)
    assert is_in(ana, campaign)
    assert client.get(reverse("people:join", args=[token])).status_code == 200  # finds the way


def test_somebody_with_an_account_joins_with_a_click_and_agrees_if_they_have_not(campaign):
    _, token = invite(campaign, max_uses=2)
    address = reverse("people:join", args=[token])
    client = Client()
    ana, ben = UserFactory(), UserFactory(consent_version=0)
    client.force_login(ana)
    assert client.post(address).status_code == 302
    client.force_login(ben)
    assert client.post(address).status_code == 400
    assert not is_in(ben, campaign)
    assert client.post(address, FORM).status_code == 302
    ben.refresh_from_db()
    assert ben.consent_version == consent.VERSION
    assert is_in(ana, campaign)
    assert is_in(ben, campaign)


@pytest.mark.parametrize("missing", ["adult", "agreement", "username", "password"])
def test_a_form_with_a_gap_comes_back_with_what_is_missing(campaign, missing):
    _, token = invite(campaign)
    fields = {"username": "ana", "password": PASSWORD, **FORM}
    del fields[missing]
    answer = Client().post(reverse("people:join", args=[token]), fields)
    assert answer.status_code == 400
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.filter(username="ana").exists()


def test_a_taken_name_reads_like_any_that_cannot_be_used(campaign):
    UserFactory(username="ben")
    _, token = invite(campaign)
    pages = []
    for name in ("ben", "study-1"):
        answer = Client().post(
            reverse("people:join", args=[token]), {"username": name, "password": PASSWORD, **FORM}
        )
        assert answer.status_code == 400
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
        pages.append(re.sub(r'x-csrftoken": "\w+"', "", text).replace(name, "NAME"))
    assert pages[0] == pages[1]


def test_whoever_guesses_is_slowed_down_and_good_links_count_for_nothing(campaign, monkeypatch):
    monkeypatch.setattr(throttle, "LIMIT", 3)
    _, token = invite(campaign)
    good, bad = (reverse("people:join", args=[one]) for one in (token, "guess"))
    client = Client()
    assert {client.get(good).status_code for _ in range(5)} == {200}
    assert [client.get(bad).status_code for _ in range(4)] == [404, 404, 404, 429]
    slowed = client.get(good)
    assert slowed.status_code == 429
    assert slowed["Retry-After"] == "600"
    assert Client(REMOTE_ADDR="10.0.0.9").get(good).status_code == 200


def test_joining_is_refused_without_the_forms_secret(campaign):
    _, token = invite(campaign)
    client = Client(enforce_csrf_checks=True)
    fields = {"username": "ana", "password": PASSWORD, **FORM}
    assert client.post(reverse("people:join", args=[token]), fields).status_code == 403
    assert not User.objects.filter(username="ana").exists()


def test_a_link_to_a_campaign_that_is_gone_is_no_good(campaign):
    _, token = invite(campaign)
    campaign.delete()
    assert Client().get(reverse("people:join", args=[token])).status_code == 404


def test_a_link_that_ran_out_leads_nowhere(campaign):
    invitation, token = invite(campaign)
    Invitation.objects.filter(pk=invitation.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert Client().get(reverse("people:join", args=[token])).status_code == 404


def test_the_last_use_goes_to_one_of_two_who_both_found_it_free(campaign, monkeypatch):
    module = importlib.import_module("consonance.people.actions.accept_invitation")
    invitation, token = invite(campaign)
    seen = module.find_invitation(token)  # both have looked before either of them joins
    monkeypatch.setattr(module, "find_invitation", lambda _: seen)
    ana = UserFactory()
    accept_invitation(token=token, person=ana)
    with pytest.raises(StateError, match="not valid"):
        accept_invitation(token=token, person=UserFactory())
    with pytest.raises(StateError, match="not valid"):
        new(token, username="cleo")
    invitation.refresh_from_db()
    assert (invitation.uses, invitation.max_uses) == (1, 1)
    assert Membership.objects.filter(scope_id=campaign.pk).count() == 1
    assert not User.objects.filter(username="cleo").exists()
