"""A clip's page, a release's versions, their feeds, and what is said of agreement."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import feedparser
import krippendorff
import numpy as np
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from consonance.catalog.models import Clip
from consonance.jobs.context import JobContext
from splits.actions.build_release import build_release
from splits.label_facts import agreement, agreement_by_class
from splits.models import Release
from splits.presenting.loading import loading_pieces
from tests.factories import ReleaseClipFactory, ReleaseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def release(archive: Any, context: JobContext) -> Release:
    from splits.recipes import ReleaseRecipe

    recipe = ReleaseRecipe(
        name="attic-simulated", version="1.0.0", title="The Attic", min_positives=3, min_labels=8,
        seed=3,
    )  # fmt: skip
    build_release(labels=archive.labels(), recipe=recipe, context=context)
    made: Release = Release.objects.get()
    return made


class TestClip:
    def test_it_tells_labels_answers_credit_and_where_it_is_from(self, release: Release) -> None:
        row = release.clips.order_by("sample_key").first()
        answer = Client().get(f"{release.get_absolute_url()}clips/{row.sample_key}/")
        page = answer.content.decode()
        label = answer.context["labels"][0]
        assert (label["published"], label["n_yes"], label["n_no"]) == ("present", 2, 1)
        assert "0.970" in page
        assert row.clip.audio_sha256 in page
        assert "https://creativecommons.org/licenses/by/4.0/" in page
        assert "https://archive.example/1" in page
        assert "<audio" in page
        assert f"files/audio/{row.sample_key[:3]}/{row.sample_key}.ogg" in page
        told = Client().get(f"/api/v1/releases/attic-simulated/1.0.0/clips/{row.sample_key}").json()
        assert told["labels"][0]["posterior"] == pytest.approx(0.97)
        assert told["versions"] == ["attic-simulated 1.0.0"]
        assert told["audio_url"].startswith("http://testserver/media/")

    def test_a_withdrawn_one_has_its_page_and_no_player(self, release: Release) -> None:
        row = release.clips.first()
        Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=True)
        page = Client().get(f"{release.get_absolute_url()}clips/{row.sample_key}/").content.decode()
        assert "no longer served" in page
        assert "<audio" not in page
        assert ".ogg" not in page
        told = Client().get(f"/api/v1/releases/attic-simulated/1.0.0/clips/{row.sample_key}").json()
        assert (told["is_withdrawn"], told["audio_url"]) == (True, None)

    def test_it_leads_to_every_version_it_is_in(self) -> None:
        first = ReleaseClipFactory(release=ReleaseFactory(name="attic", version="1.9.0"))
        for version in ("1.10.0", "2.0.0"):
            ReleaseClipFactory(
                release=ReleaseFactory(name="attic", version=version), clip=first.clip,
                sample_key=first.sample_key,
            )  # fmt: skip
        page = Client().get(f"/releases/attic/1.9.0/clips/{first.sample_key}/").content.decode()
        places = [page.index(f"/releases/attic/{v}/clips/") for v in ("2.0.0", "1.10.0")]
        assert places == sorted(places)

    def test_without_its_tables_it_says_what_it_knows(self) -> None:
        row = ReleaseClipFactory(release__name="attic")
        page = Client().get(f"/releases/attic/1.0.0/clips/{row.sample_key}/").content.decode()
        assert "not asked" in page
        assert Client().get("/releases/attic/1.0.0/clips/nothing/").status_code == 404

    def test_they_are_listed_through_the_api(self, release: Release) -> None:
        address = "/api/v1/releases/attic-simulated/1.0.0/clips"
        found = Client().get(address, {"page_size": 4}).json()
        assert len(found["results"]) == 4
        assert len(Client().get(found["next"]).json()["results"]) == 4
        some = Client().get(address, {"partition": "test"}).json()["results"]
        assert {entry["partition"] for entry in some} == {"test"}


class TestVersions:
    def test_a_name_leads_to_its_newest_version_and_old_ones_stay(self) -> None:
        for version in ("1.9.0", "1.10.0", "1.2.0"):
            ReleaseFactory(name="attic", version=version)
        assert Client().get("/releases/attic/")["Location"] == "/releases/attic/1.10.0/"
        assert Client().get("/releases/cellar/").status_code == 404
        page = Client().get("/releases/attic/1.9.0/").content.decode()
        assert "There is a newer version" in page
        assert "/releases/attic/1.2.0/" in page
        assert "newer version" not in Client().get("/releases/attic/1.10.0/").content.decode()

    def test_changes_are_told_with_their_reasons(self) -> None:
        release = ReleaseFactory(
            name="attic", version="2.0.0",
            changes={
                "previous": "1.0.0", "bump": "major", "why": "2 clips moved.",
                "clips": {"added": 1_200, "removed": 0}, "labels": {"changed": 5},
                "partitions": {"moved": 2}, "classes": {"added": ["slide_guitar"], "removed": []},
                "by_class": {"banjo": {"added": 4}}, "why_counts": {"more ratings": 4},
                "examples": [{"sample_key": "000001_0", "what": "label", "class": "banjo",
                              "from": "absent", "to": "present", "why": "3 more ratings"}],
            },
        )  # fmt: skip
        page = Client().get(release.get_absolute_url()).content.decode()
        for text in ("Since 1.0.0", "2 clips moved.", "1,200", "slide guitar", "more ratings (4)",
                     "absent → present", "3 more ratings"):  # fmt: skip
            assert text in page
        release.changes = {"previous": "1.0.0"}
        release.save()
        assert "No clip, label or partition differs" in Client().get(
            release.get_absolute_url()
        ).content.decode()  # fmt: skip


class TestFeeds:
    def test_readers_parse_them_and_every_link_is_whole(self) -> None:
        ReleaseFactory(name="attic", version="1.0.0", title="Older & wiser\x0b")
        ReleaseFactory(
            name="attic", version="1.1.0", title="Newer",
            changes={"previous": "1.0.0", "labels": {"added": 3}, "why": "More labels."},
        )  # fmt: skip
        ReleaseFactory(name="cellar")
        answer = Client().get("/releases/feed.atom")
        assert answer["Content-Type"].startswith("application/atom+xml")
        feed = feedparser.parse(answer.content)
        assert not feed.bozo
        assert feed.version == "atom10"
        assert len(feed.entries) == 3
        for entry in feed.entries:
            assert entry.link.startswith("http://testserver/releases/")
            assert entry.id.startswith("urn:uuid:")
            assert entry.published_parsed
            assert entry.author
        assert feed.entries[-1].title == "Older & wiser 1.0.0"
        assert "labels added: 3" in feed.entries[1].summary
        one = feedparser.parse(Client().get("/releases/attic/feed.atom").content)
        assert [entry.title for entry in one.entries] == ["Newer 1.1.0", "Older & wiser 1.0.0"]
        assert one.feed.link == "http://testserver/releases/attic/"
        assert Client().get("/releases/nothing/feed.atom").status_code == 404

    def test_pages_name_their_feed(self) -> None:
        release = ReleaseFactory(name="attic")
        kind = 'rel="alternate" type="application/atom+xml"'
        for address, feed in (
            ("/releases/", "/releases/feed.atom"),
            (release.get_absolute_url(), "/releases/attic/feed.atom"),
        ):
            page = Client().get(address).content.decode()
            assert kind in page
            assert f'href="{feed}"' in page


class TestAgreement:
    @given(
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30).filter(
            lambda rows: any(yes + no >= 2 for yes, no in rows)
        )
    )
    def test_alpha_is_krippendorff_s(self, rows: list[tuple[int, int]]) -> None:
        counts = np.array([(no, yes) for yes, no in rows])
        found = agreement([yes for yes, _ in rows], [no for _, no in rows], [True] * len(rows))
        paired = counts[counts.sum(axis=1) >= 2]
        if (paired.sum(axis=0) == 0).any():
            assert found.alpha is None
        else:
            wanted = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
            assert found.alpha == pytest.approx(wanted)

    def test_without_answers_there_is_none(self) -> None:
        assert agreement([], [], []).agreeing is None
        assert agreement([0, 0], [0, 0], [True, False]).agreeing is None

    def test_a_release_tells_it_of_each_class(self, release: Release) -> None:
        # Present: yes yes no. Absent: no no unsure.
        found = agreement_by_class(release)
        assert found["banjo"].agreeing == pytest.approx(20 / 25)
        assert found["banjo"].answers == 25
        page = Client().get(release.get_absolute_url()).content.decode()
        assert "80 %" in page
        assert f"{found['banjo'].alpha:.2f}</span>" in page


class TestLoading:
    def test_what_the_page_offers_to_copy_runs(self, release: Release) -> None:
        pieces = loading_pieces(release, "https://a.example/releases/attic-simulated/1.0.0/")
        said = {piece.label.split(",")[0].split(":")[0]: piece for piece in pieces}
        assert {"Fetch it", "numpy", "pandas", "PyTorch", "Hugging Face datasets"} <= set(said)
        for piece in pieces:
            if piece.is_python:
                compile(piece.code, piece.label, "exec")
        for name in ("numpy", "PyTorch"):
            code = said[name].code + (
                "\nsound, y, mask = Clips('test')[0]\nassert sound.ndim == 1 and len(y) == 2\n"
                if name == "PyTorch"
                else "\nassert data.y.shape == (10, 2)\n"
            )
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=release.folder.parent, capture_output=True,
                text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        check = said["Check every byte"].code.replace("python ", f"{sys.executable} ")
        assert subprocess.run(check.split(), cwd=release.folder.parent).returncode == 0

    def test_a_release_without_a_tool_s_files_does_not_offer_it(self) -> None:
        labels = [piece.label for piece in loading_pieces(ReleaseFactory(), "https://a.example/")]
        assert not any("Hugging" in label or "mirdata" in label for label in labels)
