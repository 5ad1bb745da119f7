"""Where pages find a clip's sound."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client

from consonance.catalog.models import Clip, ClipFault
from consonance.catalog.sound_sources import sound_sources
from tests.factories import ClipFactory, curator

pytestmark = pytest.mark.django_db

PLAYER = (
    '{% load sound %}{% include "components/player.html" with sources=clip|sources '
    'label="Clip" duration_ms=10000 only %}'
)


@pytest.fixture
def rendered() -> Clip:
    """Return a clip with a rendition."""
    return ClipFactory(playback_sha256="ab" * 32, playback_bytes=9, loudness_lufs=-14.2)


def test_the_levelled_rendition_comes_before_the_file_of_the_release(rendered: Clip) -> None:
    assert [
        (source["url"].split("/")[-1], source["type"]) for source in sound_sources(rendered)
    ] == [
        ("playback", "audio/mpeg"),
        ("audio", "audio/ogg; codecs=vorbis"),
    ]


def test_a_clip_without_a_rendition_is_heard_as_it_was_cut() -> None:
    assert [source["type"] for source in sound_sources(ClipFactory())] == [
        "audio/ogg; codecs=vorbis"
    ]


def test_asking_where_a_clip_is_heard_asks_the_database_nothing(
    rendered: Clip, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        sound_sources(rendered)


def test_a_player_lets_the_browser_choose_by_type(rendered: Clip) -> None:
    page = Template(PLAYER).render(Context({"clip": rendered}))
    assert re.findall(r'<source src="([^"]+)" type="([^"]+)">', page) == [
        (source["url"], source["type"]) for source in sound_sources(rendered)
    ]
    assert '<audio controls preload="none" aria-label' in page  # no src: it would win


def test_a_player_of_one_address_still_has_it() -> None:
    include = '{% include "components/player.html" with src="/static/a.ogg" label="A" only %}'
    page = Template(include).render(Context({}))
    assert 'src="/static/a.ogg"' in page
    assert "<source" not in page


def test_a_recordings_page_plays_its_clips_and_names_what_has_a_fault(rendered: Clip) -> None:
    track = rendered.track
    ClipFault.objects.create(
        track=track, start_ms=3_840, duration_ms=10_000, reason="silent", detail="Nothing there.",
    )  # fmt: skip
    browser = Client()
    browser.force_login(curator())
    page = browser.get(f"/collections/{track.collection.slug}/tracks/{track.track_no}/")
    text = page.content.decode()
    for source in sound_sources(rendered):
        assert f'src="{source["url"]}"' in text
    assert "-14.2&nbsp;LUFS" in text
    assert "Excerpts with a fault" in text
    assert "Nothing there." in text
