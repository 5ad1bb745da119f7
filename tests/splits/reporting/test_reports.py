"""Reports of wrong labels: made by anybody, decided by curators, listed without names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from splits.actions.decide_reports import decide_reports
from splits.actions.report_label import report_label
from splits.models import LabelReport, Release, ReleaseClip
from splits.reporting import limits
from splits.reporting.queue import for_next_version
from tests.factories import (
    CollectionFactory,
    LabelReportFactory,
    ReleaseClipFactory,
    ReleaseFactory,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def row() -> ReleaseClip:
    """Return a clip with a present banjo and an absent organ."""
    release = ReleaseFactory(name="attic")
    release.figures["classes"]["organ"] = release.figures["classes"]["banjo"]
    release.figures["classes"]["harp"] = release.figures["classes"]["banjo"]
    release.save()
    made: ReleaseClip = ReleaseClipFactory(release=release, absent=["organ"])
    return made


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="consonance.people.backends.AccountBackend")
    return client


def page_of(row: ReleaseClip) -> str:
    return f"/releases/attic/1.0.0/clips/{row.sample_key}/"


def send(row: ReleaseClip, client: Client | None = None, **changes: Any) -> Any:
    fields = {"class_name": "banjo", "says": "absent", "note": "A guitar.", "website": ""}
    return (client or Client()).post(f"{page_of(row)}report/", {**fields, **changes})


def send_json(row: ReleaseClip, client: Client | None = None, **changes: Any) -> Any:
    fields = {"class_name": "banjo", "says": "absent", **changes}
    address = f"/api/v1/releases/attic/1.0.0/clips/{row.sample_key}/reports"
    return (client or Client()).post(address, fields, content_type="application/json")


class TestMaking:
    def test_a_stranger_reports_and_it_waits_for_a_curator(self, row: ReleaseClip) -> None:
        answer = send(row)
        assert answer["Location"] == f"{page_of(row)}#reports"
        report = LabelReport.objects.get()
        assert (report.published, report.says, report.state) == ("present", "absent", "open")
        assert report.reporter is None
        page = Client().get(page_of(row)).content.decode()
        assert "published as present, reported “It is not there”" in page
        assert "A guitar." not in page  # nobody has read it yet

    def test_what_is_unknown_may_be_said_too(self, row: ReleaseClip) -> None:
        assert send_json(row, class_name="harp", says="present").status_code == 201
        assert LabelReport.objects.get().published == "unknown"

    def test_through_the_api_it_is_the_same(self, row: ReleaseClip) -> None:
        person = annotator()
        answer = send_json(row, client_of(person), note="x")
        assert answer.status_code == 201
        assert answer.json()["state"] == "open"
        assert LabelReport.objects.get().reporter == person

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"class_name": "kazoo"}, "Select a valid choice"),
            ({"says": "present"}, "The release says that already"),
            ({"says": "maybe"}, "Select a valid choice"),
            ({"note": "x" * 1001}, "at most 1000 characters"),
            ({"says": ""}, "This field is required"),
        ],
    )
    def test_what_makes_no_sense_is_told_beside_the_form(
        self, row: ReleaseClip, changes: dict[str, str], words: str
    ) -> None:
        answer = send(row, **changes)
        assert answer.status_code == 400
        assert words in answer.content.decode()
        assert not LabelReport.objects.exists()

    @pytest.mark.parametrize(
        "changes",
        [{"class_name": "kazoo"}, {"says": "present"}, {"says": 3}, {"note": "x" * 1001},
         {"website": "x"}, {"reporter": "me"}],
    )  # fmt: skip
    def test_the_api_refuses_the_same(self, row: ReleaseClip, changes: dict[str, Any]) -> None:
        assert send_json(row, **changes).status_code == 400
        assert not LabelReport.objects.exists()

    def test_of_another_site_s_page_nothing_is_taken(self, row: ReleaseClip) -> None:
        assert send(row, Client(enforce_csrf_checks=True)).status_code == 403
        assert not LabelReport.objects.exists()

    def test_a_program_that_fills_the_hidden_field_is_told_the_same_and_put_aside(
        self, row: ReleaseClip
    ) -> None:
        good, trapped = send(row), send(row, website="https://buy.example", class_name="organ",
                                        says="present")  # fmt: skip
        assert (trapped.status_code, trapped["Location"]) == (good.status_code, good["Location"])
        assert set(LabelReport.objects.values_list("state", flat=True)) == {"open", "spam"}
        page = Client().get(page_of(row)).content.decode()
        assert "organ</strong>" not in page

    def test_notes_are_text_and_never_markup(self, row: ReleaseClip) -> None:
        send(row, note="<script>alert(1)</script>")
        report = LabelReport.objects.get()
        decide_reports(ids=[report.pk], state="rejected", actor=curator(), reply="<b>no</b>")
        page = Client().get(page_of(row)).content.decode()
        assert "&lt;script&gt;" in page
        assert "&lt;b&gt;no&lt;/b&gt;" in page

    def test_one_person_reports_a_label_once_until_it_is_decided(self, row: ReleaseClip) -> None:
        person = annotator()
        report = report_label(release_clip=row, class_name="banjo", says="absent", reporter=person)
        with pytest.raises(StateError, match="already"):
            report_label(release_clip=row, class_name="banjo", says="unsure", reporter=person)
        assert send_json(row, client_of(person)).status_code == 409
        decide_reports(ids=[report.pk], state="rejected", actor=curator())
        report_label(release_clip=row, class_name="banjo", says="absent", reporter=person)


class TestLimits:
    def test_too_many_of_one_address_have_to_wait(self, row: ReleaseClip) -> None:
        for _ in range(limits.OF_ADDRESS):
            assert send(row).status_code == 302
        answer = send(row)
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= limits.WINDOW
        assert "wait" in answer.content.decode()
        assert LabelReport.objects.count() == limits.OF_ADDRESS
        refused = send_json(row)
        assert refused.status_code == 429
        assert refused["Content-Type"] == "application/problem+json"
        assert 0 < int(refused["Retry-After"]) <= limits.WINDOW
        elsewhere = Client(REMOTE_ADDR="198.51.100.7")
        assert send(row, elsewhere).status_code == 302
        assert send(row, client_of(annotator())).status_code == 302  # counted by account

    def test_all_addresses_of_one_customer_are_one(
        self, row: ReleaseClip, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "OF_ADDRESS", 2)
        of_one = [f"2001:db8:7:1:{n}::{n}" for n in (1, 2, 3)]
        statuses = [send(row, Client(REMOTE_ADDR=address)).status_code for address in of_one]
        assert statuses == [302, 302, 429]
        assert send(row, Client(REMOTE_ADDR="2001:db8:7:2::1")).status_code == 302

    def test_too_many_of_one_account_have_to_wait(
        self, row: ReleaseClip, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "OF_ACCOUNT", 2)
        client = client_of(annotator())
        said = [("banjo", "absent"), ("organ", "present"), ("harp", "present")]
        statuses = [send_json(row, client, class_name=n, says=s).status_code for n, s in said]
        assert statuses == [201, 201, 429]
        assert send_json(row, client_of(annotator())).status_code == 201

    def test_mistakes_in_the_form_do_not_count(self, row: ReleaseClip) -> None:
        for _ in range(limits.OF_ADDRESS + 5):
            assert send(row, says="").status_code == 400
        assert send(row).status_code == 302

    def test_no_address_is_kept(self, row: ReleaseClip) -> None:
        send(row, Client(REMOTE_ADDR="203.0.113.9"))
        assert "203.0.113.9" not in str(list(LabelReport.objects.values()))
        assert not [key for key in cache._cache if "203.0.113.9" in key]  # type: ignore[attr-defined]


class TestDeciding:
    def test_curators_accept_reject_and_take_back_each_step_audited(self, row: ReleaseClip) -> None:
        report, person = LabelReportFactory(release_clip=row), curator()
        decide_reports(ids=[report.pk], state="accepted", reply=" You are right. ", actor=person)
        report.refresh_from_db()
        assert (report.state, report.reply, report.decided_by) == (
            "accepted", "You are right.", person,
        )  # fmt: skip
        with pytest.raises(StateError, match="take that back first"):
            decide_reports(ids=[report.pk], state="rejected", actor=curator())
        decide_reports(ids=[report.pk], state="open", actor=person)
        report.refresh_from_db()
        assert (report.state, report.reply, report.decided_by) == ("open", "", None)
        entries = AuditEntry.objects.filter(action="decide_report").order_by("at")
        told = [(entry.detail["before"], entry.detail["after"]) for entry in entries]
        assert told == [("open", "accepted"), ("accepted", "open")]

    def test_all_are_decided_or_none(self, row: ReleaseClip) -> None:
        first = LabelReportFactory(release_clip=row)
        decided = LabelReportFactory(release_clip=row, state="rejected")
        with pytest.raises(StateError):
            decide_reports(ids=[first.pk, decided.pk], state="accepted", actor=curator())
        first.refresh_from_db()
        assert first.state == "open"

    def test_only_curators_of_the_collection_decide(self, row: ReleaseClip) -> None:
        report = LabelReportFactory(release_clip=row)
        mine = person_with(Role.CURATOR, place=row.release.collection)
        other = person_with(Role.CURATOR, place=CollectionFactory())
        for person in (researcher(), annotator(), other):
            with pytest.raises(NotAllowedError):
                decide_reports(ids=[report.pk], state="accepted", actor=person)
        assert decide_reports(ids=[report.pk], state="accepted", actor=mine) == [report]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"ids": []}, "No report"), ({"state": "gone"}, "cannot be"),
         ({"reply": "x" * 1001}, "characters")],
    )  # fmt: skip
    def test_nonsense_is_refused(
        self, row: ReleaseClip, changes: dict[str, Any], words: str
    ) -> None:
        report = LabelReportFactory(release_clip=row)
        asked: dict[str, Any] = {"ids": [report.pk], "state": "accepted", "actor": curator()}
        with pytest.raises(ParameterError, match=words):
            decide_reports(**{**asked, **changes})

    def test_what_is_accepted_waits_for_the_next_version(self, row: ReleaseClip) -> None:
        report = LabelReportFactory(release_clip=row, state="accepted")
        LabelReportFactory(release_clip=row, state="rejected")
        assert list(for_next_version()) == [report]
        page = client_of(curator()).get("/releases/build/").content.decode()
        assert row.sample_key in page
        ReleaseFactory(name="attic", version="1.1.0", previous=row.release)
        assert list(for_next_version()) == []


class TestQueue:
    def queue(self, client: Client, **query: str) -> Any:
        answer = client.get("/releases/reports/", query)
        assert answer.status_code == 200
        return answer

    def keys(self, client: Client, **query: str) -> set[str]:
        return {row.note for row in self.queue(client, **query).context["page"]}

    @pytest.fixture
    def notes(self, row: ReleaseClip) -> Release:
        LabelReportFactory(release_clip=row, note="first")
        LabelReportFactory(release_clip=row, note="second", class_name="organ", published="absent")
        LabelReportFactory(release_clip=row, note="done", state="rejected")
        LabelReportFactory(release_clip=row, note="rubbish", state="spam")
        LabelReportFactory(note="elsewhere")
        release: Release = row.release
        return release

    def test_it_is_filtered_by_state_collection_release_class_and_words(
        self, notes: Release
    ) -> None:
        client = client_of(curator())
        assert self.keys(client) == {"first", "second", "elsewhere"}
        assert self.keys(client, state="rejected") == {"done"}
        assert self.keys(client, state="spam") == {"rubbish"}
        assert self.keys(client, collection=notes.collection.slug) == {"first", "second"}
        assert self.keys(client, release="attic 1.0.0") == {"first", "second"}
        assert self.keys(client, **{"class": "organ"}) == {"second"}
        assert self.keys(client, q="FIRST") == {"first"}
        assert "No such report" in self.queue(client, q="zzz").content.decode()

    def test_a_curator_of_one_collection_sees_theirs_alone(self, notes: Release) -> None:
        client = client_of(person_with(Role.CURATOR, place=notes.collection))
        assert self.keys(client) == {"first", "second"}
        told = client.get("/api/v1/reports").json()["results"]
        assert {entry["note"] for entry in told} == {"first", "second"}
        assert client_of(researcher()).get("/releases/reports/").status_code == 403

    def test_many_are_put_aside_at_once_and_one_comes_back_to_where_one_was(
        self, notes: Release
    ) -> None:
        client = client_of(curator())
        chosen = [str(row.pk) for row in notes.label_reports.filter(state="open")]
        answer = client.post(
            "/releases/reports/decide/",
            {"report": chosen, "state": "spam", "back": "/releases/reports/?q=x"},
        )
        assert answer["Location"] == "/releases/reports/?q=x"
        assert notes.label_reports.filter(state="spam").count() == 3
        away = client.post(
            "/releases/reports/decide/",
            {"report": chosen, "state": "open", "back": "https://evil.example/"},
        )
        assert away["Location"] == "/releases/reports/"

    def test_mistakes_are_told_on_the_page(self, notes: Release) -> None:
        client = client_of(curator())
        for fields in ({"state": "spam"}, {"report": "x", "state": "spam"}):
            answer = client.post("/releases/reports/decide/", fields, follow=True)
            assert answer.context["messages"]

    def test_the_collection_s_page_says_how_many_wait(self, notes: Release) -> None:
        page = client_of(curator()).get(notes.collection.get_absolute_url()).content.decode()
        assert "2 open" in page
        assert f"/releases/reports/?collection={notes.collection.slug}" in page

    def test_its_queries_do_not_grow_with_its_reports(
        self, notes: Release, django_assert_max_num_queries: Any
    ) -> None:
        LabelReportFactory.create_batch(15, release_clip=notes.clips.get())
        client = client_of(curator())
        with django_assert_max_num_queries(16):
            self.queue(client)

    def test_through_the_api_curators_decide_all_or_none(self, notes: Release) -> None:
        client = client_of(curator())
        chosen = [str(row.pk) for row in notes.label_reports.filter(state="open")]
        answer = client.post(
            "/api/v1/reports/decide",
            {"reports": chosen, "state": "accepted", "reply": "Yes."},
            content_type="application/json",
        )
        assert answer.json() == {"changed": 2}
        again = client.post(
            "/api/v1/reports/decide",
            {"reports": chosen, "state": "rejected"},
            content_type="application/json",
        )
        assert again.status_code == 409


class TestListing:
    def test_everybody_reads_what_came_of_reports_and_nobody_s_name(self, row: ReleaseClip) -> None:
        person, decider = annotator(username="rita-reporter"), curator(username="carl-curator")
        for state in ("open", "accepted", "rejected", "spam"):
            LabelReportFactory(
                release_clip=row, state=state, reporter=person, note=f"note {state}",
                reply=f"reply {state}", decided_by=decider,
            )  # fmt: skip
        page = Client().get("/releases/attic/1.0.0/reports/").content.decode()
        for text in ("note accepted", "note rejected", "reply rejected"):
            assert text in page
        for text in ("spam", "note open", "rita-reporter", "carl-curator"):
            assert text not in page
        told = Client().get("/api/v1/releases/attic/1.0.0/reports").json()["results"]
        assert {entry["state"] for entry in told} == {"open", "accepted", "rejected"}
        assert "rita-reporter" not in str(told)
        assert "carl-curator" not in str(told)
        only = Client().get("/api/v1/releases/attic/1.0.0/reports?state=accepted").json()
        assert len(only["results"]) == 1
        spam = Client().get("/api/v1/releases/attic/1.0.0/reports?state=spam")
        assert spam.status_code == 400
        page = Client().get("/releases/attic/1.0.0/reports/?state=accepted").content.decode()
        assert "note rejected" not in page

    def test_without_any_it_says_so(self, row: ReleaseClip) -> None:
        page = Client().get("/releases/attic/1.0.0/reports/").content.decode()
        assert "Nothing was reported" in page
