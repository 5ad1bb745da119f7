"""Hearing random excerpts of a bin, clips or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from candidates.listening import excerpt_sound
from candidates.models import ScoreSet
from consonance.catalog.models import Track
from tests.factories import ClipFactory, ScoreSetFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def fullest(score_set: ScoreSet) -> int:
    return int(np.argmax(score_set.figures["banjo"]["counts"]))


def listen(browser: Client, score_set: ScoreSet, **sent: Any) -> Any:
    query = {"class": "banjo", "bin": fullest(score_set), **sent}
    return browser.get(f"/rounds/scores/{score_set.pk}/listen/", query)


class TestList:
    def test_five_of_the_bin_s_excerpts_come_with_their_likelihoods(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        index = fullest(scored)
        context = listen(browser, scored).context
        assert context["among"] == scored.figures["banjo"]["counts"][index]
        assert len(context["heard"]) == min(5, context["among"])
        low = -12 + 0.25 * index
        for one in context["heard"]:
            logit = np.log(one.likelihood / (1 - one.likelihood))
            assert low - 0.01 <= logit <= low + 0.26

    def test_other_ones_are_others_and_the_same_address_gives_the_same(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        def keys(seed: int) -> list[str]:
            page = listen(browser, scored, n=1, seed=seed)
            return [one.key for one in page.context["heard"]]

        assert keys(3) == keys(3)
        assert len({key for seed in range(12) for key in keys(seed)}) > 1
        assert "seed=4" in listen(browser, scored, n=1, seed=3).content.decode()

    def test_recordings_in_quarantine_are_not_heard(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        Track.objects.of(scored.collection).update(state="quarantined")
        page = listen(browser, scored)
        assert page.context["among"] == 0
        assert "No excerpt lies here" in page.content.decode()

    def test_an_excerpt_that_is_a_clip_is_heard_as_that_clip(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        for track in Track.objects.of(scored.collection):
            ClipFactory(track=track, start_ms=0, duration_ms=10_000)
        sources = [one.sources for one in listen(browser, scored).context["heard"]]
        assert all(source[0]["url"].startswith("/media/clips/") for source in sources)

    def test_a_part_of_a_page_is_sent_to_a_script_and_a_page_to_everybody_else(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        query = {"class": "banjo", "bin": fullest(scored)}
        address = f"/rounds/scores/{scored.pk}/listen/"
        assert "<html" in browser.get(address, query).content.decode()
        part = browser.get(address, query, headers={"hx-request": "true"}).content.decode()
        assert "<html" not in part
        assert "data-player" in part

    @pytest.mark.parametrize(
        "changes",
        [
            {"class": "theremin"}, {"class": ""}, {"bin": 96}, {"bin": -1}, {"bin": "all"},
            {"n": 51}, {"seed": -1}, {"seed": 2**31}, {"path": "/etc/passwd"},
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(
        self, browser: Client, scored: ScoreSet, changes: dict[str, Any]
    ) -> None:
        assert listen(browser, scored, **changes).status_code == 400

    def test_its_queries_do_not_grow_with_what_is_heard(
        self,
        browser: Client,
        scored: ScoreSet,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_max_num_queries(12):
            listen(browser, scored, n=20)

    def test_scores_that_are_not_complete_are_not_there(self, browser: Client) -> None:
        half = ScoreSetFactory(is_complete=False)
        address = f"/rounds/scores/{half.pk}/listen/"
        assert browser.get(address, {"class": "banjo", "bin": 3}).status_code == 404


class TestSound:
    @pytest.fixture
    def track(self, scored: ScoreSet) -> Track:
        """Return a recording with a file: a tone."""
        made = Track.objects.of(scored.collection).get(track_no=7)
        time = np.arange(12 * 16_000) / 16_000
        made.file.parent.mkdir(parents=True, exist_ok=True)
        sf.write(made.file, 0.3 * np.sin(2 * np.pi * 440 * time), 16_000)
        made.file_sha256 = ""
        made.save()
        return made

    def address(self, score_set: ScoreSet, track_no: int = 7, start_ms: int = 0) -> str:
        return f"/rounds/scores/{score_set.pk}/excerpts/{track_no}/{start_ms}/sound"

    def test_it_is_cut_once_and_sent_in_parts(
        self, browser: Client, scored: ScoreSet, track: Track, tmp_path: Path
    ) -> None:
        whole = browser.get(self.address(scored))
        assert (whole.status_code, whole["Content-Type"]) == (200, "audio/mpeg")
        content = b"".join(whole.streaming_content)
        track.file.unlink()  # what was cut is kept
        part = browser.get(self.address(scored), headers={"range": "bytes=100-199"})
        assert part.status_code == 206
        assert b"".join(part.streaming_content) == content[100:200]
        again = browser.get(self.address(scored), headers={"if-none-match": whole["ETag"]})
        assert again.status_code == 304
        heard = tmp_path / "heard.mp3"
        heard.write_bytes(content)
        assert sf.info(heard).duration == pytest.approx(10, abs=0.05)

    def test_a_withdrawn_clip_is_not_heard_as_an_excerpt_either(
        self, browser: Client, scored: ScoreSet, track: Track
    ) -> None:
        ClipFactory(track=track, start_ms=0, duration_ms=scored.window_ms, is_withdrawn=True)
        response = browser.get(self.address(scored))
        assert (response.status_code, response["Cache-Control"]) == (410, "no-store")

    def test_a_recording_that_cannot_be_read_says_so(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        response = browser.get(self.address(scored), headers={"accept": "application/json"})
        assert response.status_code == 409
        assert "cannot be heard" in response.json()["detail"]
        assert (
            not list(excerpt_sound.folder().glob("*")) if excerpt_sound.folder().exists() else True
        )

    @pytest.mark.parametrize(("start_ms", "status"), [(1, 400), (3840, 400), (2_000_000_000, 400)])
    def test_only_excerpts_of_the_grid_are_cut(
        self, browser: Client, scored: ScoreSet, start_ms: int, status: int
    ) -> None:
        assert browser.get(self.address(scored, start_ms=start_ms)).status_code == status

    def test_only_recordings_of_the_collection_that_are_ready(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        assert browser.get(self.address(scored, track_no=9_999)).status_code == 404
        Track.objects.of(scored.collection).filter(track_no=7).update(state="quarantined")
        assert browser.get(self.address(scored)).status_code == 409

    def test_the_longest_unheard_is_dropped_when_too_many_are_kept(
        self, house: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(excerpt_sound, "KEPT", 3)
        place = excerpt_sound.folder()
        for number in range(5):
            excerpt_sound._keep(place / f"{number}.mp3", b"sound")
            # As if a second lay between two.
            os.utime(place / f"{number}.mp3", (number, number))
            if number == 3:
                excerpt_sound._touch(place / "1.mp3")
        assert {path.stem for path in place.iterdir()} == {"1", "3", "4"}

    def test_few_long_ones_are_dropped_alike_but_never_the_one_just_cut(
        self, house: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(excerpt_sound, "KEPT_BYTES", 12)
        place = excerpt_sound.folder()
        for number in range(4):
            excerpt_sound._keep(place / f"{number}.mp3", b"sound")
            os.utime(place / f"{number}.mp3", (number, number))
        assert {path.stem for path in place.iterdir()} == {"2", "3"}
        excerpt_sound._keep(place / "long.mp3", b"a very long sound")
        assert {path.stem for path in place.iterdir()} == {"long"}
