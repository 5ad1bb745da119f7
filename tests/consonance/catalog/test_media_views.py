"""Sound and pictures: who may have them, and which bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from consonance.catalog import media_access
from consonance.catalog.models import Clip
from consonance.people.models import Role
from tests.factories import (
    ClipFactory,
    CollectionFactory,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db

SOUND = bytes(range(256)) * 600  # more than two chunks
HEARD = bytes(reversed(SOUND))  # the rendition's bytes


@pytest.fixture
def clip(media: Path) -> Clip:
    """Return a clip whose files lie in the media store."""
    made = ClipFactory(
        audio_bytes=len(SOUND), playback_sha256="ab" * 32, playback_bytes=len(HEARD),
        rendered_at=datetime(2026, 10, 21, 7, 28, 0, 900_000, tzinfo=UTC),
    )  # fmt: skip
    default_storage.save(made.audio_name, ContentFile(SOUND))
    default_storage.save(made.playback_name, ContentFile(HEARD))
    default_storage.save(made.spectrogram_name, ContentFile(b"\x89PNG picture"))
    return made


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test register rules of its own."""
    monkeypatch.setattr(media_access, "_PUBLIC", [])
    monkeypatch.setattr(media_access, "_READERS", [])


@pytest.fixture
def listener() -> Client:
    """Return an annotator's browser."""
    client = Client()
    client.force_login(annotator())
    return client


def audio(clip: Clip) -> str:
    return reverse("media:clip_audio", args=[clip.pk])


def playback(clip: Clip) -> str:
    return reverse("media:clip_playback", args=[clip.pk])


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_the_whole_sound_is_sent_with_its_length_and_fixed_type(
    clip: Clip, listener: Client
) -> None:
    response = listener.get(audio(clip))
    assert response.status_code == 200
    assert body(response) == SOUND
    assert response["Content-Type"] == "audio/ogg"
    assert response["Content-Length"] == str(len(SOUND))
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["ETag"] == f'"{clip.audio_sha256}"'


def test_the_rendition_is_sent_as_what_it_is(clip: Clip, listener: Client) -> None:
    response = listener.get(playback(clip))
    assert response.status_code == 200
    assert body(response) == HEARD
    assert response["Content-Type"] == "audio/mpeg"
    assert response["ETag"] == f'"{clip.playback_sha256}"'
    assert response["Last-Modified"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert response["Cache-Control"] == "private, max-age=604800, immutable"
    part = listener.get(playback(clip), headers={"Range": "bytes=5-9"})
    assert (part.status_code, body(part)) == (206, HEARD[5:10])


def test_a_clip_without_a_rendition_has_its_sound_all_the_same(
    clip: Clip, listener: Client
) -> None:
    Clip.objects.filter(pk=clip.pk).update(playback_sha256="", rendered_at=None)
    assert listener.get(playback(clip)).status_code == 404
    assert body(listener.get(audio(clip))) == SOUND


def test_the_picture_has_a_type_and_a_tag_of_its_own(clip: Clip, listener: Client) -> None:
    response = listener.get(reverse("media:clip_spectrogram", args=[clip.pk]))
    assert body(response) == b"\x89PNG picture"
    assert response["Content-Type"] == "image/png"
    assert response["ETag"] != listener.get(audio(clip))["ETag"]


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-1", 0, 2),
        ("bytes=70000-140000", 70_000, 140_001),
        ("bytes=153599-", 153_599, 153_600),
        ("bytes=-5", 153_595, 153_600),
    ],
)
def test_a_part_is_sent_as_that_part(
    clip: Clip, listener: Client, header: str, start: int, stop: int
) -> None:
    response = listener.get(audio(clip), headers={"Range": header})
    assert response.status_code == 206
    assert body(response) == SOUND[start:stop]
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(SOUND)}"
    assert response["Content-Length"] == str(stop - start)


def test_several_parts_are_answered_with_the_whole(clip: Clip, listener: Client) -> None:
    response = listener.get(audio(clip), headers={"Range": "bytes=0-1,5-6"})
    assert response.status_code == 200
    assert len(body(response)) == len(SOUND)


def test_a_part_behind_the_end_is_416_with_the_length(clip: Clip, listener: Client) -> None:
    response = listener.get(audio(clip), headers={"Range": f"bytes={len(SOUND)}-"})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f'"{"ab" * 32}"', 206),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 206),
        ('"old"', 200),
        (f'W/"{"ab" * 32}"', 200),
        ("Wed, 21 Oct 2026 07:27:59 GMT", 200),
        ("Wed, 21 Oct 2026 07:28:01 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_if_range_gives_the_part_of_the_same_file_and_the_whole_of_another(
    clip: Clip, listener: Client, condition: str, status: int
) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": condition}
    response = listener.get(playback(clip), headers=headers)
    assert response.status_code == status
    assert len(body(response)) == (2 if status == 206 else len(HEARD))


def test_if_range_with_another_tag_makes_an_impossible_range_no_matter(
    clip: Clip, listener: Client
) -> None:
    headers = {"Range": "bytes=9999999-", "If-Range": '"old"'}
    assert listener.get(audio(clip), headers=headers).status_code == 200


def test_head_tells_the_whole_length_and_sends_nothing(clip: Clip, listener: Client) -> None:
    response = listener.head(audio(clip), headers={"Range": "bytes=0-1"})
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(SOUND))
    assert body(response) == b""


def test_what_the_browser_has_is_not_sent_again(clip: Clip, listener: Client) -> None:
    response = listener.get(audio(clip), headers={"If-None-Match": f'"{clip.audio_sha256}"'})
    assert response.status_code == 304
    assert response.content == b""


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-None-Match", f'"{"ab" * 32}"', 304),
        ("If-None-Match", f'"x", W/"{"ab" * 32}"', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"x"', 200),
        ("If-Modified-Since", "Wed, 21 Oct 2026 07:28:00 GMT", 304),
        ("If-Modified-Since", "Wed, 21 Oct 2026 07:27:59 GMT", 200),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Match", f'"{"ab" * 32}"', 200),
        ("If-Match", '"x"', 412),
        ("If-Unmodified-Since", "Wed, 21 Oct 2026 07:28:00 GMT", 200),
        ("If-Unmodified-Since", "Wed, 21 Oct 2026 07:27:59 GMT", 412),
    ],
)
def test_conditions_are_answered_as_the_standard_says(
    clip: Clip, listener: Client, header: str, value: str, status: int
) -> None:
    for method in (listener.get, listener.head):
        assert method(playback(clip), headers={header: value}).status_code == status


def test_a_tag_outweighs_a_date(clip: Clip, listener: Client) -> None:
    headers = {"If-None-Match": '"x"', "If-Modified-Since": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert listener.get(playback(clip), headers=headers).status_code == 200


def test_what_was_not_sent_again_may_still_be_kept(clip: Clip, listener: Client) -> None:
    response = listener.get(playback(clip), headers={"If-None-Match": "*"})
    assert "immutable" in response["Cache-Control"]
    assert response["ETag"] == f'"{clip.playback_sha256}"'


def test_nothing_can_be_posted(clip: Clip, listener: Client) -> None:
    assert listener.post(audio(clip)).status_code == 405


@pytest.mark.parametrize(
    ("who", "status"), [(annotator, 200), (curator, 200), (researcher, 403), (None, 403)]
)
def test_annotators_and_curators_may_hear_a_clip_that_is_not_public(
    clip: Clip, who: Callable[[], Any] | None, status: int
) -> None:
    client = Client()
    if who:
        client.force_login(who())
    assert client.get(audio(clip)).status_code == status
    assert client.get(playback(clip)).status_code == status


def test_an_annotator_of_one_collection_hears_no_other(clip: Clip) -> None:
    here, elsewhere = Client(), Client()
    here.force_login(person_with(Role.ANNOTATOR, place=clip.track.collection))
    elsewhere.force_login(person_with(Role.ANNOTATOR, place=CollectionFactory()))
    assert here.get(audio(clip)).status_code == 200
    assert elsewhere.get(audio(clip)).status_code == 403


@pytest.mark.usefixtures("rules")
def test_a_rule_of_an_upper_room_lets_a_person_hear(clip: Clip) -> None:
    person = researcher()
    media_access.readable_when(lambda asked, who: asked.pk == clip.pk and who.pk == person.pk)
    client = Client()
    client.force_login(person)
    assert client.get(audio(clip)).status_code == 200
    assert Client().get(audio(clip)).status_code == 403


@pytest.mark.usefixtures("rules")
def test_a_published_clip_is_everybodys_and_cached_for_all(clip: Clip) -> None:
    media_access.public_when(lambda asked: asked.pk == clip.pk)
    response = Client().get(audio(clip))
    assert response.status_code == 200
    assert response["Cache-Control"].startswith("public")
    assert "immutable" in response["Cache-Control"]
    assert "Cookie" not in response.get("Vary", "")


def test_a_clip_that_is_not_public_is_cached_by_its_hearer_only(
    clip: Clip, listener: Client
) -> None:
    response = listener.get(audio(clip))
    assert response["Cache-Control"].startswith("private")
    assert "Cookie" in response["Vary"]


@pytest.mark.usefixtures("rules")
def test_a_withdrawn_clip_is_gone_for_everybody(clip: Clip, listener: Client) -> None:
    media_access.public_when(lambda asked: True)
    Clip.objects.filter(pk=clip.pk).update(is_withdrawn=True)
    for client in (Client(), listener):
        for name in ("clip_audio", "clip_playback", "clip_spectrogram"):
            response = client.get(reverse(f"media:{name}", args=[clip.pk]))
            assert response.status_code == 410
            assert response["Cache-Control"] == "no-store"


def test_an_unknown_clip_and_a_lost_file_are_not_found(clip: Clip, listener: Client) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    assert listener.get(f"/media/clips/{unknown}/audio").status_code == 404
    for name, address in ((clip.audio_name, audio), (clip.playback_name, playback)):
        default_storage.delete(name)
        assert listener.get(address(clip)).status_code == 404


def test_a_path_is_no_address(listener: Client) -> None:
    assert listener.get("/media/clips/../../secret_key/audio").status_code == 404


def test_a_front_server_is_told_the_file_after_the_person_is_checked(
    clip: Clip, listener: Client, settings: Any
) -> None:
    settings.MEDIA_ACCEL_PREFIX = "/internal/media/"
    for address, name, content_type in (
        (audio(clip), clip.audio_name, "audio/ogg"),
        (playback(clip), clip.playback_name, "audio/mpeg"),
    ):
        response = listener.get(address, headers={"Range": "bytes=0-1"})
        assert response.status_code == 200
        assert response["X-Accel-Redirect"] == f"/internal/media/{name}"
        assert response["Content-Type"] == content_type
        assert response.content == b""
        assert "Content-Range" not in response
        assert "X-Accel-Redirect" not in Client().get(address)


def test_a_file_is_closed_when_it_has_been_sent(
    clip: Clip, listener: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    really_open = default_storage.open

    def watched(name: str, mode: str = "rb") -> Any:
        opened.append(really_open(name, mode))
        return opened[-1]

    monkeypatch.setattr(default_storage._wrapped, "open", watched, raising=False)
    for ask in (
        lambda: listener.get(audio(clip)),
        lambda: listener.head(audio(clip)),
        lambda: listener.get(audio(clip), headers={"Range": "bytes=999999-"}),
    ):
        response = ask()
        if response.streaming:
            list(_exhaust(response))
        response.close()
    assert len(opened) == 1  # headers alone and a refusal need no file
    assert all(file.closed for file in opened)


def _exhaust(response: Any) -> Iterator[bytes]:
    yield from response.streaming_content


def test_serving_asks_the_database_little(
    clip: Clip, listener: Client, django_assert_max_num_queries: Any
) -> None:
    # Session, person, clip, whether a release holds it, roles everywhere and here.
    with django_assert_max_num_queries(6):
        listener.get(playback(clip), headers={"Range": "bytes=0-"})
