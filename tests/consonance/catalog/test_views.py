"""The collections' pages: who sees them, and what they show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from consonance.catalog import panels
from consonance.catalog.models import Collection
from consonance.catalog.overview import collection_overviews
from consonance.people.models import Role
from tests.factories import (
    ClipFactory,
    CollectionFactory,
    TrackFactory,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """Return a curator's browser."""
    client = Client()
    client.force_login(curator())
    return client


@pytest.fixture
def archive() -> Collection:
    """Return a collection with tracks in every state."""
    made = CollectionFactory(slug="attic", name="The Attic")
    TrackFactory(collection=made, track_no=1, title="Waltz", artist="Ana", artist_key="a")
    TrackFactory(collection=made, track_no=2, title="Polka", artist="Bo", artist_key="b",
                 licence_spdx="CC-BY-ND-4.0", duration_ms=60_000)  # fmt: skip
    silent = {"code": "silent", "detail": "All of it lies below -60 dBFS."}
    TrackFactory(collection=made, track_no=3, title="Hiss", state="quarantined", problems=[silent])
    lost = {"code": "no_file", "detail": "No file."}
    TrackFactory(collection=made, track_no=4, title="Lost", state="missing", problems=[lost])
    return made


def shown(client: Client, query: str = "") -> list[int]:
    response = client.get(f"/collections/attic/{query}")
    assert response.status_code == 200
    return [track.track_no for track in response.context["page"]]


PAGES = ["/collections/", "/collections/attic/", "/collections/attic/tracks/1/"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("archive")
def test_strangers_are_sent_to_sign_in(page: str) -> None:
    response = Client().get(page)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={page}"


@pytest.mark.parametrize("page", [*PAGES, "/collections/nothing/"])
@pytest.mark.parametrize("who", [annotator, researcher])
@pytest.mark.usefixtures("archive")
def test_others_than_curators_are_refused_and_learn_nothing(
    page: str, who: Callable[[], Any]
) -> None:
    client = Client()
    client.force_login(who())
    assert client.get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("archive")
def test_curators_see_every_page(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 200


@pytest.mark.usefixtures("archive")
def test_a_curator_of_one_collection_sees_that_one() -> None:
    client = Client()
    client.force_login(person_with(Role.CURATOR, place=Collection.objects.get()))
    CollectionFactory(slug="cellar")
    assert client.get("/collections/attic/").status_code == 200
    assert client.get("/collections/attic/tracks/1/").status_code == 200
    assert client.get("/collections/cellar/").status_code == 403


def test_without_collections_the_page_says_how_to_import(browser: Client) -> None:
    response = browser.get("/collections/")
    assert "./consonance import_tracks --audio DIR --collection my-archive" in str(response.content)


@pytest.mark.usefixtures("archive")
def test_the_list_counts_and_links_to_the_rows(browser: Client) -> None:
    text = browser.get("/collections/").content.decode()
    assert "The Attic" in text
    assert "1 min 30 s" in text
    assert "/collections/attic/?state=quarantined#tracks" in text


@pytest.mark.usefixtures("archive")
def test_the_list_is_searched_and_sorted(browser: Client) -> None:
    CollectionFactory(slug="cellar", name="Cellar")

    def names(query: str) -> list[str]:
        return [row.name for row in browser.get(f"/collections/{query}").context["page"]]

    assert names("") == ["Cellar", "The Attic"]
    assert names("?sort=-tracks") == ["The Attic", "Cellar"]
    assert names("?q=attic") == ["The Attic"]
    assert names("?q=nothing") == []
    assert names("?sort=root__password") == ["Cellar", "The Attic"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4]),
        ("?state=quarantined", [3]),
        ("?state=missing", [4]),
        ("?reason=silent", [3]),
        ("?reason=nothing", []),
        ("?licence=CC-BY-ND-4.0", [2]),
        ("?artist=b", [2]),
        ("?q=wal", [1]),
        ("?q=2", [2]),
        ("?q=000002.wav", [2]),
        ("?sort=-no", [4, 3, 2, 1]),
        ("?sort=title", [3, 4, 2, 1]),
        ("?sort=-length", [2, 1, 3, 4]),
        ("?page=99", [1, 2, 3, 4]),
        ("?page=x", [1, 2, 3, 4]),
        ("?state=nonsense&sort=collection__root", [1, 2, 3, 4]),
        ("?collection__tracks__clips__isnull=x", [1, 2, 3, 4]),
        ("?q=99999999999999999999", []),
    ],
)
@pytest.mark.usefixtures("archive")
def test_tracks_are_searched_filtered_and_sorted(
    browser: Client, query: str, numbers: list[int]
) -> None:
    assert shown(browser, query) == numbers


@pytest.mark.usefixtures("archive")
def test_quarantine_says_why(browser: Client) -> None:
    text = browser.get("/collections/attic/?state=quarantined").content.decode()
    assert "Silent." in text
    assert "All of it lies below -60 dBFS." in text


@pytest.mark.usefixtures("archive")
def test_licences_say_what_may_be_done(browser: Client) -> None:
    text = browser.get("/collections/attic/").content.decode()
    assert "Of 2 ready recordings, excerpts of 1 may be published." in text
    assert "Only whole and unaltered: no excerpts" in text


def test_many_tracks_come_in_pages(browser: Client) -> None:
    made = CollectionFactory(slug="attic")
    TrackFactory.create_batch(51, collection=made)
    assert len(shown(browser)) == 50
    assert len(shown(browser, "?page=2")) == 1


def test_pages_ask_the_same_few_queries_however_much_there_is(
    browser: Client, archive: Collection, django_assert_max_num_queries: Any
) -> None:
    TrackFactory.create_batch(40, collection=archive)
    with django_assert_max_num_queries(25):
        browser.get("/collections/attic/")
    CollectionFactory.create_batch(10)
    with django_assert_max_num_queries(10):
        browser.get("/collections/")


@pytest.mark.usefixtures("archive")
def test_what_an_archive_wrote_is_never_html(browser: Client) -> None:
    bad = "<script>alert(1)</script>"
    TrackFactory(
        collection=Collection.objects.get(), track_no=5, title=bad, artist=bad, album=bad,
        artist_key=f'"{bad}', licence_title=bad, licence_spdx="LicenseRef-unknown",
        path=f"{bad}.mp3", metadata={bad: bad}, genres=[bad],
        problems=[{"code": bad, "detail": bad}],
    )  # fmt: skip
    for page in ("", "tracks/5/", f"?q={bad}"):
        text = browser.get(f"/collections/attic/{page}").content.decode()
        assert bad not in text
        assert "&lt;script&gt;" in text


def test_a_track_shows_its_problems_and_its_clips(browser: Client, archive: Collection) -> None:
    waltz = archive.tracks.get(track_no=1)
    clip = ClipFactory(track=waltz, start_ms=3_840)
    gone = ClipFactory(track=waltz, start_ms=7_680, is_withdrawn=True)
    text = browser.get("/collections/attic/tracks/1/").content.decode()
    assert f"/media/clips/{clip.pk}/audio" in text
    assert f"/media/clips/{gone.pk}/audio" not in text
    assert "000001_3840" in text
    assert "0:03.8" in text
    assert "No file." in browser.get("/collections/attic/tracks/4/").content.decode()


@pytest.mark.parametrize(
    "page", ["/collections/none/", "/collections/attic/tracks/77/", "/collections/none/tracks/1/",
             "/collections/attic/tracks/99999999999999999999/"],
)  # fmt: skip
@pytest.mark.usefixtures("archive")
def test_what_does_not_exist_is_not_found(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 404


def test_upper_rooms_add_panels(
    browser: Client, archive: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_MAKERS", {})

    @panels.register_panel("collection", order=2)
    def later(collection: Collection, person: Any) -> panels.Panel:
        return panels.Panel(title="Later", facts=[panels.Fact("Rounds", "3", "/rounds/")])

    @panels.register_panel("collection", order=1)
    def sooner(collection: Collection, person: Any) -> panels.Panel:
        return panels.Panel(title=f"Scores of {collection.slug}", note="Not scored yet.")

    @panels.register_panel("collection", order=3)
    def none(collection: Collection, person: Any) -> None:
        return None

    @panels.register_panel("round", order=1)
    def elsewhere(drawn: Any, person: Any) -> panels.Panel:
        return panels.Panel(title="On another page")

    panels.register_panel("collection", order=9)(sooner)  # a module that is imported twice
    found = panels.panels_of("collection", archive, None)
    assert [panel.title for panel in found] == ["Scores of attic", "Later"]
    text = browser.get("/collections/attic/").content.decode()
    assert 'href="/rounds/"' in text
    assert "Not scored yet." in text


def test_overviews_count_only_what_is_theirs(archive: Collection) -> None:
    empty = CollectionFactory(name="Empty")
    ClipFactory(track=archive.tracks.get(track_no=1))
    overviews = {row.collection: row for row in collection_overviews()}
    full = overviews[archive]
    assert (full.tracks, full.ready, full.quarantined, full.missing, full.clips) == (4, 2, 1, 1, 1)
    assert (full.length, full.cuttable) == ("1 min 30 s", 1)
    assert [share.licence.spdx for share in full.licences] == ["CC-BY-4.0", "CC-BY-ND-4.0"]
    assert (overviews[empty].tracks, overviews[empty].licences) == (0, [])


@pytest.mark.parametrize("model", ["collection", "track", "clip", "taxonomy", "frozentablerow"])
def test_the_admin_shows_rows_and_changes_none(
    admin_client: Client, archive: Collection, model: str
) -> None:
    ClipFactory(track=archive.tracks.get(track_no=1))
    assert admin_client.get(f"/admin/catalog/{model}/").status_code == 200
    assert admin_client.get(f"/admin/catalog/{model}/add/").status_code == 403
