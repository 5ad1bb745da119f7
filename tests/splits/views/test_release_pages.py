"""The public pages of releases, their download, and the curator's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from consonance.jobs.models import Job
from splits.forms import BuildReleaseForm
from splits.models import Release
from tests.factories import (
    FrozenTableRowFactory,
    ReleaseClipFactory,
    ReleaseFactory,
    annotator,
    curator,
    researcher,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="consonance.people.backends.AccountBackend")
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


class TestList:
    def test_anybody_sees_releases_newest_first(self) -> None:
        ReleaseFactory(title="Older")
        ReleaseFactory(title="Newer")
        page = text(Client().get("/releases/"))
        assert page.index("Newer") < page.index("Older")

    def test_it_is_searched_by_name_and_title(self) -> None:
        ReleaseFactory(name="banjo-set", title="Twelve")
        ReleaseFactory(name="organ-set", title="Pipes")
        found = Client().get("/releases/", {"q": "PIPES"}).context["page"]
        assert [release.name for release in found] == ["organ-set"]
        found = Client().get("/releases/", {"q": "banjo"}).context["page"]
        assert [release.name for release in found] == ["banjo-set"]

    def test_it_comes_in_pages(self) -> None:
        ReleaseFactory.create_batch(13)
        assert len(Client().get("/releases/").context["page"]) == 12
        assert len(Client().get("/releases/", {"page": 2}).context["page"]) == 1
        assert len(Client().get("/releases/", {"page": "no number"}).context["page"]) == 12

    def test_an_empty_one_says_so(self) -> None:
        assert "No release" in text(Client().get("/releases/"))

    @pytest.mark.parametrize(
        ("who", "shown"), [(curator, True), (annotator, False), (researcher, False)]
    )
    def test_only_curators_are_offered_to_build(self, who: Callable[[], Any], shown: bool) -> None:
        assert ("/releases/build/" in text(client_of(who()).get("/releases/"))) is shown


class TestDetail:
    @pytest.fixture
    def release(self) -> Release:
        made: Release = ReleaseFactory(name="attic", title="The Attic", is_simulated=True)
        for number, (partition, present, absent) in enumerate(
            [
                ("train", ["banjo"], []), ("train", [], ["banjo"]), ("test", ["banjo_bass"], []),
            ]
        ):  # fmt: skip
            ReleaseClipFactory(
                release=made, partition=partition, present=present, absent=absent,
                clip__track__title=f"Tune {number}", clip__track__artist=f"Artist {number}",
                sample_key=f"00000{number}_0",
            )  # fmt: skip
        made.figures["classes"]["banjo_bass"] = made.figures["classes"]["banjo"]
        made.save()
        return made

    def keys(self, release: Release, **query: Any) -> list[str]:
        page = Client().get(release.get_absolute_url(), query).context["page"]
        return [row.sample_key for row in page]

    def test_it_tells_contract_counts_and_how_to_load(self, release: Release) -> None:
        page = text(Client().get(release.get_absolute_url()))
        assert "1 positives and 2 labels a class" in page
        assert "attic-1.0.0/verify.py" in page
        assert release.manifest_sha256 in page
        assert "CC-BY-4.0" in page

    def test_simulated_ratings_are_not_to_be_overlooked(self, release: Release) -> None:
        page = text(Client().get(release.get_absolute_url()))
        assert "Simulated ratings" in page
        assert "never to train or to judge a model" in page
        release.is_simulated = False
        release.save()
        assert "Simulated ratings" not in text(Client().get(release.get_absolute_url()))

    def test_a_release_that_does_not_verify_says_so(self, release: Release) -> None:
        release.verification = {"ok": False}
        release.save()
        assert "Not whole" in text(Client().get(release.get_absolute_url()))

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ({}, [0, 1, 2]),
            ({"partition": "train"}, [0, 1]),
            ({"class": "banjo"}, [0, 1]),  # and not banjo_bass
            ({"class": "banjo_bass"}, [2]),
            ({"class": "banjo", "partition": "test"}, []),
            ({"q": "tune 1"}, [1]),
            ({"q": "Artist 2"}, [2]),
            ({"q": "000000_"}, [0]),
            ({"class": "%", "partition": "nowhere"}, [0, 1, 2]),  # no such thing: not filtered by
        ],
    )
    def test_its_clips_are_searched_and_filtered(
        self, release: Release, query: dict[str, str], numbers: list[int]
    ) -> None:
        assert self.keys(release, **query) == [f"00000{number}_0" for number in numbers]

    def test_nothing_found_says_what_to_do(self, release: Release) -> None:
        page = text(Client().get(release.get_absolute_url(), {"q": "zzz"}))
        assert "No clip fits" in page

    def test_withdrawn_clips_are_listed_and_cannot_be_played(self, release: Release) -> None:
        row = release.clips.get(sample_key="000001_0")
        row.clip.is_withdrawn = True
        row.clip.save()
        page = text(Client().get(release.get_absolute_url(), {"q": "tune 1"}))
        assert "withdrawn" in page.lower()
        assert "<audio" not in page

    def test_its_clips_are_everybodys_to_hear(self, release: Release) -> None:
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage

        clip = release.clips.first().clip
        default_storage.save(clip.audio_name, ContentFile(b"sound"))
        assert Client().get(f"/media/clips/{clip.pk}/audio").status_code == 200

    def test_many_clips_come_in_pages_that_keep_their_filter(self, release: Release) -> None:
        ReleaseClipFactory.create_batch(14, release=release, partition="validation")
        url = release.get_absolute_url()
        response = Client().get(url, {"partition": "validation"})
        assert len(response.context["page"]) == 12
        assert "partition=validation&amp;page=2" in text(response)
        assert len(Client().get(url, {"partition": "validation", "page": 2}).context["page"]) == 2

    def test_its_queries_do_not_grow_with_its_clips(
        self, release: Release, django_assert_max_num_queries: Any
    ) -> None:
        ReleaseClipFactory.create_batch(9, release=release)
        with django_assert_max_num_queries(8):
            Client().get(release.get_absolute_url())

    def test_what_is_not_published_is_not_found(self, release: Release) -> None:
        for place in ("attic/2.0.0/", "none/1.0.0/", "none/1.0.0/download", "a/1/manifest.json"):
            assert Client().get(f"/releases/{place}").status_code == 404

    def test_the_manifest_is_the_published_one(self, release: Release) -> None:
        response = Client().get(f"{release.get_absolute_url()}manifest.json")
        assert response.json() == release.manifest


CONTENT = bytes(range(256)) * 500


def fields(**changes: Any) -> dict[str, Any]:
    labels = FrozenTableRowFactory()
    return {
        "labels": str(labels.pk), "name": "attic-simulated", "version": "1.0.0", "title": "Attic",
        "description": "", "min_positives": 3, "min_labels": 8, "train": 0.6, "validation": 0.15,
        "test": 0.25, "duplicates": "keep_one", "seed": 0, **changes,
    }  # fmt: skip


class TestBuildForm:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"train": 0.5}, "The shares add up to 0.90. They must add up to 1."),
            ({"min_labels": 2}, "at least as many labels"),
            ({"min_positives": 0}, "greater than or equal to 1"),
            ({"name": "The Attic"}, "valid value"),
            ({"name": "-attic"}, "valid value"),
            ({"version": "1.0"}, "valid value"),
            ({"version": "v1.0.0"}, "valid value"),
            ({"duplicates": "drop_all"}, "valid choice"),
            ({"title": ""}, "required"),
            ({"homepage": "javascript:alert(1)"}, "Enter a valid URL"),
            ({"homepage": "ftp://example.org/x"}, "with http:// or https://"),
            ({"test": ""}, "required"),
            ({"labels": "00000000-0000-0000-0000-000000000000"}, "valid choice"),
        ],
    )
    def test_what_will_not_do_is_told_beside_the_form(
        self, changes: dict[str, Any], words: str
    ) -> None:
        client = client_of(curator())
        response = client.post("/releases/build/", fields(**changes))
        assert response.status_code == 400
        assert words in response.content.decode().replace("&#x27;", "'")
        assert not Job.objects.exists()

    def test_a_good_one_starts_a_job_with_exactly_this_recipe(self) -> None:
        person = curator()
        sent = fields(
            seed=9,
            duplicates="keep_together",
            creators="Ada Lovelace (https://orcid.org/0000-0002-1825-0097)\n\n Die Gruppe ",
            homepage="https://example.org/attic",
        )
        response = client_of(person).post("/releases/build/", sent)
        job = Job.objects.get(kind="splits.build_release")
        assert response["Location"] == f"/jobs/{job.pk}/"
        assert job.created_by == person
        recipe = job.arguments["recipe"]
        assert recipe["shares"] == {"train": 0.6, "validation": 0.15, "test": 0.25}
        assert (recipe["seed"], recipe["duplicates"]) == (9, "keep_together")
        assert recipe["creators"] == [
            "Ada Lovelace (https://orcid.org/0000-0002-1825-0097)",
            "Die Gruppe",
        ]
        assert recipe["homepage"] == "https://example.org/attic"
        assert recipe["any_licence"] is False

    def test_a_second_click_starts_no_second_build(self) -> None:
        client, sent = client_of(curator()), fields()
        assert client.post("/releases/build/", sent).status_code == 302
        again = client.post("/releases/build/", sent)
        assert again.status_code == 400
        assert "is being built: wait for that job" in again.content.decode()
        jobs = Job.objects.filter(kind="splits.build_release")
        jobs.update(state="running")
        assert client.post("/releases/build/", {**sent, "seed": 4}).status_code == 400
        assert jobs.count() == 1
        assert client.post("/releases/build/", {**sent, "version": "1.1.0"}).status_code == 302
        jobs.update(state="failed")
        assert client.post("/releases/build/", sent).status_code == 302

    def test_only_labels_may_be_chosen(self) -> None:
        FrozenTableRowFactory(kind="ratings")
        labels = FrozenTableRowFactory(kind="labels")
        assert list(BuildReleaseForm().fields["labels"].queryset) == [labels]  # type: ignore[attr-defined]

    def test_without_labels_it_says_what_to_do_first(self) -> None:
        page = text(client_of(curator()).get("/releases/build/"))
        assert "./consonance aggregate" in page

    @pytest.mark.parametrize("who", [annotator, researcher])
    def test_others_start_nothing(self, who: Callable[[], Any]) -> None:
        assert client_of(who()).post("/releases/build/", fields()).status_code == 403
        assert not Job.objects.exists()


class TestSharesThatCannotBe:
    """The form offers the nearest plan, and builds with it where that is chosen."""

    @pytest.fixture
    def client(self) -> Client:
        client = Client()
        client.force_login(curator())
        return client

    def sent(self, **fields: Any) -> dict[str, Any]:
        labels = FrozenTableRowFactory(kind="labels")
        return {
            "labels": labels.pk, "name": "my-set", "version": "1.0.0", "title": "My set",
            "min_positives": 5, "min_labels": 9, "train": 0.6, "validation": 0.2, "test": 0.4,
            "duplicates": "keep_one", "seed": 0, "engine": "consonance", **fields,
        }  # fmt: skip

    def test_it_is_said_and_offered(self, client: Client) -> None:
        response = client.post("/releases/build/", self.sent())
        page = response.content.decode()
        assert response.status_code == 400
        assert "The shares add up to 1.20" in page
        assert "0.5 train, 0.1667 validation, 0.3333 test" in page
        assert 'name="use_nearest"' in page

    def test_and_built_with_when_chosen(self, client: Client) -> None:
        response = client.post("/releases/build/", self.sent(use_nearest="1"))
        assert response.status_code == 302
        shares = Job.objects.get(kind="splits.build_release").arguments["recipe"]["shares"]
        assert shares == {"train": 0.5, "validation": 0.1667, "test": 0.3333}
