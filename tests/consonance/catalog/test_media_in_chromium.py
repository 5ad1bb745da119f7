"""What Chromium does with our headers and sources: it chooses, keeps and seeks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_started
from django.template import Context, Template
from playwright.sync_api import Browser, Page

from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.models import Clip
from consonance.catalog.sound_sources import sound_sources
from tests.consonance.catalog.stored_clips import forget_rendition
from tests.factories import CollectionFactory, TrackFactory, annotator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAYER = (
    '{% load sound %}{% include "components/player.html" with sources=clip|sources '
    'label="Clip" duration_ms=10000 only %}'
)
#: Plays to a place and tells which file it was, where the sound is, and how long it says it is.
PLAY = """async (at) => {
  const audio = document.querySelector("audio");
  await audio.play();
  if (at !== null) {
    audio.currentTime = at;
    await new Promise((done) => audio.addEventListener("seeked", done, { once: true }));
  }
  const from = audio.currentTime;
  while (audio.currentTime <= from) await new Promise((done) => setTimeout(done, 20));
  audio.pause();
  return { url: audio.currentSrc, at: audio.currentTime, duration: audio.duration };
}"""


@pytest.fixture
def clip(archive: Callable[..., Path], media: Path) -> Clip:
    """Return a clip with its rendition."""
    root = archive("1.wav", seconds=11)
    track = TrackFactory(
        collection=CollectionFactory(root=str(root)), path="1.wav", duration_ms=11_000
    )
    return cut_clips(excerpts=[(track, 0)], duration_ms=10_000, processes=1).clips[track.pk, 0]


@pytest.fixture
def asked(live_server: Any) -> Iterator[list[str]]:
    """Return the media addresses that the server was asked for, in order."""
    paths: list[str] = []

    def note(environ: dict[str, Any], **_: Any) -> None:
        if environ["PATH_INFO"].startswith("/media/"):
            paths.append(environ["PATH_INFO"])

    request_started.connect(note)
    yield paths
    request_started.disconnect(note)


@pytest.fixture
def page(live_server: Any, client: Any, chromium: Browser) -> Iterator[Page]:
    """Return a page of our site, opened by an annotator, with nothing on it but what tests put."""
    client.force_login(annotator())
    # A browser of its own, so that no other test has filled its cache.
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    )
    context = browser.new_context()
    cookie = client.cookies["sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    made = context.new_page()
    made.goto(f"{live_server.url}/health")
    yield made
    browser.close()


def put_player(page: Page, clip: Clip) -> None:
    page.set_content(Template(PLAYER).render(Context({"clip": clip})))


def test_the_browser_takes_the_rendition_and_seeks_to_the_place(
    page: Page, clip: Clip, live_server: Any
) -> None:
    put_player(page, clip)
    heard = page.evaluate(PLAY, 7.5)
    assert heard["url"] == live_server.url + sound_sources(clip)[0]["url"]
    assert heard["duration"] == pytest.approx(10, abs=0.001)
    assert 7.5 < heard["at"] < 9.5


def test_a_clip_without_a_rendition_is_played_from_its_file(
    page: Page, clip: Clip, live_server: Any
) -> None:
    forget_rendition(clip)
    clip.refresh_from_db()
    put_player(page, clip)
    heard = page.evaluate(PLAY, None)
    assert heard["url"] == live_server.url + sound_sources(clip)[0]["url"]
    assert heard["url"].endswith("/audio")


def test_a_rendition_that_is_lost_is_made_up_for_by_the_file(
    page: Page, clip: Clip, media: Path
) -> None:
    (media / clip.playback_name).unlink()
    put_player(page, clip)
    assert page.evaluate(PLAY, None)["url"].endswith("/audio")


def test_a_clip_that_was_fetched_ahead_is_played_without_asking_again(
    page: Page, clip: Clip, asked: list[str]
) -> None:
    address = sound_sources(clip)[0]["url"]
    size = page.evaluate(
        "async (url) => (await (await fetch(url)).arrayBuffer()).byteLength", address
    )
    assert size == clip.playback_bytes
    put_player(page, clip)
    for place in (None, 8.0, 1.0):
        page.evaluate(PLAY, place)
    assert asked == [address]


def test_a_clip_that_was_played_is_played_again_on_the_next_page_without_asking(
    page: Page, clip: Clip, live_server: Any, asked: list[str]
) -> None:
    put_player(page, clip)
    page.evaluate(PLAY, None)
    page.wait_for_function(
        "() => { const { buffered, duration } = document.querySelector('audio');"
        " return buffered.length && buffered.end(buffered.length - 1) >= duration - 0.1; }"
    )
    before = len(asked)
    page.goto(f"{live_server.url}/health")
    put_player(page, clip)
    page.evaluate(PLAY, 5.0)
    assert asked[before:] == []


def test_fetching_again_with_the_page_reloaded_asks_nothing(
    page: Page, clip: Clip, asked: list[str]
) -> None:
    address = sound_sources(clip)[0]["url"]
    for _ in range(2):
        page.evaluate("async (url) => { await (await fetch(url)).arrayBuffer(); }", address)
        page.reload()
    assert asked == [address]
