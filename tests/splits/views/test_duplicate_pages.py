"""Curators' pages about copies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consonance.jobs.models import Job
from consonance.people.models import Role, Scope
from splits.models import DuplicatePair, DuplicateScan, DuplicateVerdict
from tests.factories import (
    ClipFactory,
    DuplicatePairFactory,
    DuplicateScanFactory,
    MembershipFactory,
    UserFactory,
    annotator,
    curator,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="consonance.people.backends.AccountBackend")
    return client


@pytest.fixture
def page() -> Client:
    """Return a curator's browser."""
    return browser(curator())


@pytest.fixture
def scan() -> DuplicateScan:
    """Return a scan with a verified pair and three doubtful ones, the likest last."""
    found = DuplicateScanFactory()
    DuplicatePairFactory(scan=found, score=0.99, is_verified=True, kind="bytes")
    for score in (0.64, 0.66, 0.68):
        DuplicatePairFactory(scan=found, score=score)
    return found


def of(scan: DuplicateScan, name: str, **query: Any) -> str:
    return reverse(f"splits:{name}", args=[scan.pk], query=query)


def verdict_url(pair: DuplicatePair) -> str:
    return reverse("splits:decide_pair", args=[pair.scan_id, pair.pk])


class TestScans:
    def test_nothing_compared_yet_says_how_to_begin(self, page: Client) -> None:
        html = page.get(reverse("splits:duplicates")).content.decode()
        assert "Nothing was compared yet" in html
        assert "./consonance find_duplicates" in html

    def test_each_scan_tells_how_many_pairs_wait(self, page: Client, scan: DuplicateScan) -> None:
        rows = page.get(reverse("splits:duplicates")).context["rows"]
        assert [(row["pairs"], row["verified"], row["waiting"]) for row in rows] == [(4, 1, 3)]

    def test_a_search_is_started_with_its_budget(self, page: Client) -> None:
        clip = ClipFactory()
        sent = {"collection": clip.track.collection_id, "expected_false_edges": "0.5"}
        response = page.post(reverse("splits:duplicates"), sent)
        job = Job.objects.get(kind="splits.find_duplicates")
        assert response["Location"] == reverse("jobs:detail", args=[job.pk])
        assert job.arguments["expected_false_edges"] == 0.5

    @pytest.mark.parametrize("budget", ["", "0", "2", "many"])
    def test_a_wrong_budget_is_told_beside_its_field(self, page: Client, budget: str) -> None:
        clip = ClipFactory()
        sent = {"collection": clip.track.collection_id, "expected_false_edges": budget}
        response = page.post(reverse("splits:duplicates"), sent)
        assert response.status_code == 400
        assert not Job.objects.filter(kind="splits.find_duplicates").exists()

    def test_a_curator_of_one_collection_sees_that_one_alone(self, scan: DuplicateScan) -> None:
        DuplicateScanFactory()
        person = UserFactory()
        MembershipFactory(
            person=person, role=Role.CURATOR, scope=Scope.COLLECTION, scope_id=scan.collection_id
        )
        rows = browser(person).get(reverse("splits:duplicates")).context["rows"]
        assert [row["scan"] for row in rows] == [scan]
        assert browser(annotator()).get(reverse("splits:duplicates")).status_code == 403

    def test_the_number_of_queries_does_not_grow_with_scans(
        self, page: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(5):
            DuplicatePairFactory()
        with django_assert_max_num_queries(14):
            page.get(reverse("splits:duplicates"))


class TestPairs:
    def test_doubtful_pairs_come_first_the_likest_before_others(
        self, page: Client, scan: DuplicateScan
    ) -> None:
        listed = page.get(of(scan, "duplicate_pairs")).context["page"]
        assert [pair.score for pair in listed] == [0.68, 0.66, 0.64, 0.99]

    @pytest.mark.parametrize(
        ("asked", "wanted"),
        [
            ({"state": "waiting"}, 2), ({"state": "decided"}, 1), ({"state": "verified"}, 1),
            ({"state": "nonsense"}, 4), ({"kind": "bytes"}, 1), ({"q": "Nessun dorma"}, 1),
            ({"q": "nobody wrote this"}, 0),
        ],
    )  # fmt: skip
    def test_pairs_are_narrowed(
        self, page: Client, scan: DuplicateScan, asked: dict[str, str], wanted: int
    ) -> None:
        pair = scan.pairs.filter(is_verified=False).first()
        assert pair is not None
        pair.first.track.title = "Nessun dorma"
        pair.first.track.save()
        page.post(verdict_url(pair), {"says": "unsure"})
        listed = page.get(of(scan, "duplicate_pairs", **asked)).context["page"]
        assert listed.paginator.count == wanted

    def test_the_published_curve_has_a_table_behind_it(
        self, page: Client, scan: DuplicateScan
    ) -> None:
        html = page.get(of(scan, "duplicate_pairs")).content.decode()
        assert "Strangers expected" in html
        assert "all compared" in html
        assert html.count('<td class="num">0.700</td>') == 1

    def test_a_search_without_pairs_says_so(self, page: Client) -> None:
        empty = DuplicateScanFactory()
        html = page.get(of(empty, "duplicate_pairs")).content.decode()
        assert "No clip is a copy of another" in html

    def test_pairs_are_shown_page_by_page_with_few_queries(
        self, page: Client, scan: DuplicateScan, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(30):
            DuplicatePairFactory(scan=scan)
        with django_assert_max_num_queries(16):
            listed = page.get(of(scan, "duplicate_pairs")).context["page"]
        assert len(listed) == 25
        assert listed.paginator.num_pages == 2


class TestReview:
    def test_the_likest_doubtful_pair_is_heard_first(
        self, page: Client, scan: DuplicateScan
    ) -> None:
        response = page.get(of(scan, "duplicate_review"))
        assert response.context["pair"].score == 0.68
        assert response.context["waiting"] == 3
        html = response.content.decode()
        assert html.count("data-player") == 2
        assert html.count('class="spectrogram"') == 2

    def test_a_verdict_brings_the_next_pair_at_once_and_can_be_taken_back(
        self, page: Client, scan: DuplicateScan
    ) -> None:
        first, second, _ = scan.pairs.filter(is_verified=False)
        response = page.post(verdict_url(first), {"says": "same", "note": "one take"}, follow=True)
        assert response.context["pair"] == second
        assert response.context["waiting"] == 2
        done = response.context["done"]
        assert done["verdict"].note == "one take"
        back = page.post(verdict_url(first), {"says": done["before"], "back": "1"}, follow=True)
        assert back.context["pair"] == first
        told = [row.says for row in DuplicateVerdict.objects.order_by("pk")]
        assert told == ["same", "unsure"]

    def test_after_the_last_pair_there_is_nothing_left_to_hear(
        self, page: Client, scan: DuplicateScan
    ) -> None:
        response = None
        for pair in scan.pairs.filter(is_verified=False):
            response = page.post(verdict_url(pair), {"says": "different"}, follow=True)
        assert response is not None
        assert "No doubtful pair is left" in response.content.decode()

    def test_equal_samples_are_not_asked_about(self, page: Client, scan: DuplicateScan) -> None:
        pair = scan.pairs.get(kind="bytes")
        html = page.get(of(scan, "duplicate_review", pair=pair.pk)).content.decode()
        assert "nothing to decide" in html
        assert 'value="different"' not in html
        response = page.post(verdict_url(pair), {"says": "different"}, follow=True)
        assert "they are the same sound" in response.content.decode()
        assert not DuplicateVerdict.objects.exists()

    @pytest.mark.parametrize("says", ["", "maybe"])
    def test_what_is_no_verdict_is_told_and_not_kept(
        self, page: Client, scan: DuplicateScan, says: str
    ) -> None:
        pair = scan.pairs.filter(is_verified=False).first()
        assert pair is not None
        response = page.post(verdict_url(pair), {"says": says}, follow=True)
        assert "is no verdict" in response.content.decode()
        assert not DuplicateVerdict.objects.exists()

    @pytest.mark.parametrize("asked", ["x", "-1", "1" * 30])
    def test_a_pair_that_is_no_number_is_refused(
        self, page: Client, scan: DuplicateScan, asked: str
    ) -> None:
        assert page.get(of(scan, "duplicate_review", pair=asked)).status_code == 400

    def test_another_scans_pair_is_not_there(self, page: Client, scan: DuplicateScan) -> None:
        other = DuplicatePairFactory()
        assert page.get(of(scan, "duplicate_review", pair=other.pk)).status_code == 404
        url = reverse("splits:decide_pair", args=[scan.pk, other.pk])
        assert page.post(url, {"says": "same"}).status_code == 404

    def test_a_curator_of_another_collection_neither_looks_nor_decides(
        self, scan: DuplicateScan
    ) -> None:
        person, other = UserFactory(), DuplicateScanFactory()
        MembershipFactory(
            person=person, role=Role.CURATOR, scope=Scope.COLLECTION, scope_id=other.collection_id
        )
        theirs = browser(person)
        pair = scan.pairs.first()
        assert pair is not None
        assert theirs.get(of(scan, "duplicate_pairs")).status_code == 403
        assert theirs.get(of(scan, "duplicate_review")).status_code == 403
        assert theirs.post(verdict_url(pair), {"says": "same"}).status_code == 403
        assert theirs.get(of(other, "duplicate_pairs")).status_code == 200
        assert not DuplicateVerdict.objects.exists()

    def test_both_sides_say_where_the_shared_part_begins(self, page: Client) -> None:
        pair = DuplicatePairFactory(lag_s=-0.37)
        sides = page.get(of(pair.scan, "duplicate_review")).context["sides"]
        assert [side["from_s"] for side in sides] == [0.37, 0.0]
