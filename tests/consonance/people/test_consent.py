"""People agree before their answers are published; a new wording is asked about again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from consonance.ledger.models import AuditEntry
from consonance.people import consent
from consonance.people.actions.create_person import create_person
from consonance.people.models import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FORM = {"adult": "on", "agreement": "on", "version": str(consent.VERSION)}
TERMS = "/me/terms/"


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def test_an_account_that_the_staff_made_has_agreed_to_nothing():
    ana = create_person(username="ana", roles=[Role.ANNOTATOR])
    assert (ana.consented_at, ana.consent_version) == (None, 0)
    assert not consent.is_given(ana)
    assert not consent.is_outdated(ana)


def test_simulated_people_need_not_agree():
    bot = create_person(username="bot", roles=[Role.ANNOTATOR], is_simulated=True)
    assert consent.is_given(bot)


def test_one_agrees_by_ticking_both_and_goes_on_where_one_wanted():
    ana = UserFactory(consent_version=0, consented_at=None)
    client = signed_in(ana)
    page = client.get(f"{TERMS}?next=/rate/").content.decode()
    assert str(consent.ADULT) in page
    assert str(consent.AGREEMENT) in page
    answer = client.post(TERMS, {**FORM, "next": "/rate/"})
    assert (answer.status_code, answer["Location"]) == (302, "/rate/")
    ana.refresh_from_db()
    assert ana.consent_version == consent.VERSION
    assert AuditEntry.objects.get(action="give_consent").detail == {"version": consent.VERSION}
    assert client.post(TERMS, FORM).status_code == 302
    assert AuditEntry.objects.filter(action="give_consent").count() == 1


@pytest.mark.parametrize("missing", ["adult", "agreement", "version"])
def test_half_an_agreement_is_none(missing):
    ana = UserFactory(consent_version=0)
    fields = {name: value for name, value in FORM.items() if name != missing}
    assert signed_in(ana).post(TERMS, fields).status_code == 400
    ana.refresh_from_db()
    assert ana.consent_version == 0


def test_a_page_with_an_older_wording_is_not_taken_for_the_present_one():
    ana = UserFactory(consent_version=0)
    answer = signed_in(ana).post(TERMS, {**FORM, "version": str(consent.VERSION - 1)})
    assert answer.status_code == 400
    assert "read it again" in answer.content.decode().lower()


def test_who_agreed_to_an_older_wording_is_asked_again(monkeypatch):
    ana = UserFactory()
    monkeypatch.setattr(consent, "VERSION", consent.VERSION + 1)
    assert consent.is_outdated(ana)
    page = signed_in(ana).get(TERMS).content.decode()
    assert "The terms have changed" in page


@pytest.mark.parametrize("outside", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_one_is_never_sent_to_another_site(outside):
    ana = UserFactory(consent_version=0)
    answer = signed_in(ana).post(TERMS, {**FORM, "next": outside})
    assert answer["Location"] == "/"


def test_strangers_sign_in_first():
    assert Client().get(TERMS)["Location"].startswith(reverse("account_login"))
