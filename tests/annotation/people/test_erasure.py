"""Erasing: who somebody was is destroyed, what they answered and what is published stays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.authtoken.models import Token

from annotation.aggregation.collected import collect
from annotation.models import (
    ClipFlag,
    ConsistencyReport,
    Measure,
    Message,
    Participant,
    PersonReport,
    Rating,
    Workload,
)
from annotation.people.own_data import ERASED_TEXT
from annotation.people.pseudonyms import Pseudonyms
from consonance.errors import NotAllowedError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people import throttle
from consonance.people.actions.erase_person import erase_person
from consonance.people.models import User
from consonance.people.own_browser import remember
from consonance.people.own_data import sections
from tests.annotation.aggregation.crowds import aggregate, crowd
from tests.factories import (
    PASSWORD,
    AssignmentFactory,
    CampaignFactory,
    QuestionFactory,
    UserFactory,
    admin,
    annotator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"
    settings.RELEASES_ROOT = tmp_path / "releases"
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def campaign():
    return crowd(present=3, absent=3)


def tree(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(root).rglob("*"))
        if path.is_file() and "live" not in path.parts
    }


def everything(settings):
    """Return the whole database as text, without the audit trail's and sessions' own times."""
    import io

    out = io.StringIO()
    call_command("dumpdata", "--exclude", "sessions", stdout=out)
    return out.getvalue()


def test_whoever_is_erased_can_no_longer_be_told_from_anything_stored(
    campaign, settings, django_capture_on_commit_callbacks
):
    ana = campaign.people[0]
    User.objects.filter(pk=ana.pk).update(
        username="ana-lovelace", first_name="Ana", last_name="Lovelace", email="ana@example.org"
    )
    ana.refresh_from_db()
    boss = admin()
    EmailAddress.objects.create(user=ana, email="ana@example.org")
    token = Token.objects.create(user=ana)
    Message.objects.create(campaign=campaign, sender=ana, text="I am Ana Lovelace of Ockham.")
    Message.objects.create(campaign=campaign, sender=boss, recipient=ana, text="Dear Ana Lovelace")
    study = campaign.studies.create(
        provider="prolific", name="S", completion_code="A1234", screened_out_code="B1234"
    )
    Participant.objects.create(
        study=study, person=ana, external_id="5f3-ana-lovelace", session_id="s-ana-lovelace"
    )
    question = campaign.questions.first()
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=ana, kind="other", note="Ana Lovelace says"
    )
    before = Pseudonyms(campaign.collection_id).of(ana.pk)
    old_key = ana.pseudonym_key
    ratings = Rating.objects.filter(person=ana).count()
    with django_capture_on_commit_callbacks(execute=True):
        gone = erase_person(person=ana, actor=ana)
    assert (gone["messages"], gone["tokens"], gone["addresses"]) == (2, 1, 1)
    stored = everything(settings).lower()
    for trace in ("ana-lovelace", "lovelace", "ana@example", old_key, token.key, "s-ana"):
        assert trace not in stored
    ana.refresh_from_db()
    assert ana.username.startswith("erased-")
    assert not ana.is_active
    assert not ana.has_usable_password()
    assert ana.erased_at is not None
    assert not ana.memberships.exists()
    assert Rating.objects.filter(person=ana).count() == ratings
    assert set(Message.objects.values_list("text", flat=True)) == {ERASED_TEXT}
    assert Pseudonyms(campaign.collection_id).of(ana.pk) != before
    assert AuditEntry.objects.filter(action="erase_person", object_id=str(ana.pk)).count() == 1


def test_what_is_frozen_stays_byte_for_byte_and_later_runs_show_an_unconnected_name(
    campaign, settings, django_capture_on_commit_callbacks
):
    run = aggregate(campaign)
    ana = campaign.people[0]
    old = Pseudonyms(campaign.collection_id).of(ana.pk)
    published = Path(settings.RELEASES_ROOT) / "attic-1.0.0" / "ratings.csv"
    published.parent.mkdir(parents=True)
    published.write_text(f"rater\n{old}\n")
    released = tree(settings.RELEASES_ROOT)
    frozen = tree(settings.TABLES_ROOT)
    assert len(frozen) >= 3
    rows = [vars(table).copy() for table in (run.ratings, run.labels, run.skills)]
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(person=ana, actor=ana)
    assert tree(settings.TABLES_ROOT) == frozen
    assert tree(settings.RELEASES_ROOT) == released
    assert not list(Path(settings.TABLES_ROOT).glob("live/*"))
    for table, row in zip((run.ratings, run.labels, run.skills), rows, strict=True):
        table.refresh_from_db()
        assert (table.sha256, table.rows) == (row["sha256"], row["rows"])
    assert old in {row["rater"] for row in run.ratings.open().read().to_pylist()}
    later = aggregate(campaign)
    names = {row["rater"] for row in later.ratings.open().read().to_pylist()}
    assert old not in names
    assert Pseudonyms(campaign.collection_id).of(ana.pk) in names
    assert later.ratings.rows == run.ratings.rows
    assert {key: value for key, value in tree(settings.TABLES_ROOT).items() if key in frozen} == (
        frozen
    )


def test_a_measure_still_holds_for_an_erased_persons_ratings(campaign):
    spammer = campaign.yes_sayers[0]
    Measure.objects.create(campaign=campaign, person=spammer, kind="exclude", reason="Always yes.")
    before = collect(campaign)
    erase_person(person=spammer, actor=spammer)
    after = collect(campaign)
    assert len(after.left_out) == len(before.left_out) > 0
    assert len(after.answers) == len(before.answers)
    assert after.exclusions[0].pseudonym != before.exclusions[0].pseudonym


def test_what_they_had_in_hand_goes_back():
    ana = annotator()
    lease = AssignmentFactory(question=QuestionFactory(), person=ana)
    erase_person(person=ana, actor=ana)
    lease.refresh_from_db()
    assert lease.lease_until <= User.objects.get(pk=ana.pk).erased_at


def test_nobody_erases_somebody_else_but_an_admin():
    ana, ben = annotator(), annotator()
    with pytest.raises(NotAllowedError):
        erase_person(person=ana, actor=ben)
    erase_person(person=ana, actor=admin())
    with pytest.raises(StateError, match="already"):
        erase_person(person=ana, actor=None)


def test_the_last_admin_cannot_leave_the_site_alone():
    boss = admin()
    with pytest.raises(StateError, match="last"):
        erase_person(person=boss, actor=boss)
    admin()
    erase_person(person=boss, actor=boss)


# --- the page ----------------------------------------------------------------------------------
def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def test_it_asks_for_the_password_and_ends_every_session():
    ana = UserFactory()
    other, client = signed_in(ana), signed_in(ana)
    assert "What stays" in client.get("/me/erase/").content.decode()
    for fields in ({}, {"sure": "on"}, {"sure": "on", "password": "wrong"}, {"password": PASSWORD}):
        assert client.post("/me/erase/", fields).status_code == 400
    answer = client.post("/me/erase/", {"sure": "on", "password": PASSWORD})
    assert "Your account is erased" in answer.content.decode()
    for one in (client, other):
        assert one.get("/me/")["Location"].startswith("/accounts/login/")
    left = [row.get_decoded().get("_auth_user_id") for row in Session.objects.all()]
    assert str(ana.pk) not in left


def test_the_token_ends_with_the_account():
    ana = annotator()
    key = Token.objects.create(user=ana).key
    erase_person(person=ana, actor=ana)
    answer = Client().post(
        "/api/v1/questions/claim", json.dumps({"campaign": str(CampaignFactory().pk), "count": 1}),
        content_type="application/json", headers={"authorization": f"Token {key}"},
    )  # fmt: skip
    assert answer.status_code == 401


def test_passwords_are_not_guessed_here(monkeypatch):
    monkeypatch.setattr(throttle, "LIMIT", 2)
    client = signed_in(UserFactory())
    wrong = {"sure": "on", "password": "wrong"}
    assert [client.post("/me/erase/", wrong).status_code for _ in range(3)] == [400, 400, 429]
    right = {"sure": "on", "password": PASSWORD}
    assert client.post("/me/erase/", right).status_code == 429


def test_nothing_is_erased_without_the_forms_secret():
    ana = UserFactory()
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.post("/me/erase/", {"sure": "on", "password": PASSWORD}).status_code == 403
    ana.refresh_from_db()
    assert ana.erased_at is None


def test_whoever_came_from_a_study_has_no_password_to_give():
    ana = UserFactory()
    ana.set_unusable_password()
    ana.save()
    client, response = signed_in(ana), HttpResponse()
    assert client.post("/me/erase/", {"sure": "on"}).status_code == 403
    remember(RequestFactory().get("/"), response, ana)  # the browser they began in
    client.cookies.update(response.cookies)
    assert client.post("/me/erase/", {"sure": "on"}).status_code == 200
    ana.refresh_from_db()
    assert ana.erased_at is not None


# --- nothing is forgotten --------------------------------------------------------------------
STAYS = "a row of their work; stays with the emptied account"
TRAIL = "what they did for others; told in the audit trail, stays with the emptied account"
#: Every reference to a person: the section of the export that tells it, and what erasure does.
REFERENCES = {
    "account.EmailAddress.user": ("account", "deleted"),
    "admin.LogEntry.user": ("", "Django's own log of its staff; stays with the emptied account"),
    "annotation.Adjudication.decided_by": ("adjudications", STAYS),
    "annotation.Assignment.person": ("questions_in_hand", STAYS),
    "annotation.Campaign.created_by": ("audit_trail", TRAIL),
    "annotation.ClipFlag.person": ("flags", "its words are emptied"),
    "annotation.ClipFlag.resolved_by": ("audit_trail", TRAIL),
    "annotation.ConsensusRun.created_by": ("audit_trail", TRAIL),
    "annotation.GoldAnswer.created_by": ("gold_given", STAYS),
    "annotation.GoldTrust.person": ("trust", STAYS),
    "annotation.GuidelineVersion.created_by": ("audit_trail", TRAIL),
    "annotation.Measure.created_by": ("audit_trail", TRAIL),
    "annotation.Measure.lifted_by": ("audit_trail", TRAIL),
    "annotation.Measure.person": ("measures", "still holds for the answers that stay"),
    "annotation.Message.recipient": ("messages", "its words are emptied"),
    "annotation.Message.sender": ("messages", "its words are emptied"),
    "annotation.Participant.person": ("studies", "its external ids are emptied"),
    "annotation.PersonReport.person": ("reports", "untied"),
    "annotation.QuizAttempt.person": ("quiz_answers", STAYS),
    "annotation.Rating.person": ("ratings", STAYS),
    "annotation.SkillSnapshot.person": ("skills", STAYS),
    "annotation.Study.created_by": ("audit_trail", TRAIL),
    "annotation.Workload.person": ("work", "deleted"),
    "authtoken.Token.user": ("account", "deleted"),
    "candidates.DetectorSearch.created_by": ("audit_trail", TRAIL),
    "candidates.DetectorVersion.created_by": ("audit_trail", TRAIL),
    "candidates.SamplingRound.created_by": ("audit_trail", TRAIL),
    "candidates.SamplingRound.reviewed_by": ("audit_trail", TRAIL),
    "catalog.Taxonomy.created_by": ("audit_trail", TRAIL),
    "catalog.Withdrawal.lifted_by": ("audit_trail", TRAIL),
    "catalog.Withdrawal.withdrawn_by": ("audit_trail", TRAIL),
    "jobs.Job.created_by": ("audit_trail", TRAIL),
    "ledger.AuditEntry.actor": ("audit_trail", TRAIL),
    "mfa.Authenticator.user": ("account", "deleted"),
    "people.Invitation.created_by": ("audit_trail", TRAIL),
    "people.Membership.person": ("roles", "deleted"),
    "people.User_groups.user": ("", "Django's groups of its staff: nobody here is in one"),
    "people.User_user_permissions.user": ("", "Django's rights of its staff: nobody has one"),
    "splits.Deposit.created_by": ("audit_trail", TRAIL),
    "splits.DuplicateScan.created_by": ("audit_trail", TRAIL),
    "splits.DuplicateVerdict.person": ("duplicate_verdicts", STAYS),
    "splits.LabelReport.decided_by": ("audit_trail", TRAIL),
    "splits.LabelReport.reporter": ("label_reports", "untied"),
    "splits.Release.published_by": ("audit_trail", TRAIL),
}
#: Models that hang on one of these and hold a person's own words or answers.
HANGING = {"annotation.Skip": "skips", "annotation.QuizItem": "quiz_answers"}


def test_every_reference_to_a_person_is_told_and_erased_or_has_its_reason():
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in model._meta.get_fields()
        if field.concrete and getattr(field, "related_model", None) is User
    } - {"people.User_groups", "people.User_user_permissions"}
    assert found == set(REFERENCES)
    told = {name for name, _ in sections()}
    assert {section for section, _ in REFERENCES.values()} - {""} <= told
    assert set(HANGING.values()) <= told
    # And nothing is told that this list does not know of.
    assert told - {"pseudonyms"} == (
        {section for section, _ in REFERENCES.values()} | set(HANGING.values())
    ) - {""}


def test_what_is_deleted_is_gone_and_what_was_counted_is_told_before(campaign):
    person = campaign.people[0]
    Workload.objects.create(
        campaign=campaign, person=person, answered=6, headphone_tries=2,
        headphones_at=timezone.now(),
    )  # fmt: skip
    EmailAddress.objects.create(user=person, email="ana@site.example")
    Token.objects.create(user=person)
    exporters = dict(sections())
    [row] = exporters["work"](person)
    assert (row["campaign__name"], row["answered"], row["headphone_tries"]) == (
        campaign.name, 6, 2,
    )  # fmt: skip
    assert list(exporters["roles"](person))
    erase_person(person=person, actor=None)
    for reference, (_, done) in REFERENCES.items():
        label, _, field = reference.rpartition(".")
        rows = apps.get_model(label)._default_manager.filter(**{field: person})
        assert not (done in {"deleted", "untied"} and rows.exists()), reference
    assert Rating.objects.filter(person=person).count() == 6


def test_nothing_told_of_reports_and_runs_is_measured_on_gold(campaign):
    """Told exactly, and by the live report after each answer, it would say which was known."""
    run = aggregate(campaign)
    person = run.skill_rows.first().person
    report = ConsistencyReport.objects.create(campaign=campaign, cutoff=timezone.now(), ratings=6)
    PersonReport.objects.create(
        report=report, person=person, rater="r1", ratings=6, unsure_share=0.0, gold_accuracy=0.75,
        trust=0.875, sensitivity=0.625, specificity=0.5625,
    )  # fmt: skip
    exporters = dict(sections())
    for section in ("reports", "skills"):
        rows = list(exporters[section](person))
        assert rows
        for row in rows:
            measured = ("gold", "trust", "sensitivity", "specificity", "weight")
            assert not [name for name in row if any(word in name for word in measured)]
