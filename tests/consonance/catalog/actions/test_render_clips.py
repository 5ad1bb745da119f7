"""Renditions for clips that were cut without, and what is found on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from consonance.audio.decoded import decode_clip
from consonance.audio.loudness import integrated_lufs
from consonance.audio.playback import TARGET_LUFS
from consonance.catalog.actions import render_clips as action
from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.actions.render_clips import RenderedClips, render_clips
from consonance.catalog.models import Clip, ClipFault, Track
from consonance.jobs.models import Job, JobState
from consonance.ledger.models import AuditEntry
from tests.consonance.catalog.stored_clips import forget_rendition, make_silent, replace_sound
from tests.factories import CollectionFactory, TrackFactory

pytestmark = pytest.mark.django_db

CLIP_MS = 3_000


@pytest.fixture
def clips(archive: Callable[..., Path], media: Path) -> list[Clip]:
    """Return three clips as they were cut before there were renditions."""
    root = archive("1.wav", "2.wav", "3.wav")
    collection = CollectionFactory(root=str(root), slug="tones")
    tracks = [
        TrackFactory(collection=collection, track_no=n, path=f"{n}.wav", duration_ms=11_000)
        for n in (1, 2, 3)
    ]
    made = cut_clips(excerpts=[(track, 0) for track in tracks], duration_ms=CLIP_MS, processes=1)
    for clip in made.clips.values():
        forget_rendition(clip)
    return list(Clip.objects.select_related("track__collection").order_by("track__track_no"))


def render(*clips: Clip, **fields: Any) -> RenderedClips:
    return render_clips(clips=[clip.pk for clip in clips], **{"processes": 1, **fields})


def played(clip: Clip) -> bytes:
    clip.refresh_from_db()
    content: bytes = default_storage.open(clip.playback_name).read()
    return content


def bend(clip: Clip) -> bytes:
    """Damage a clip's file in the store and return what it was."""
    whole: bytes = default_storage.open(clip.audio_name).read()
    default_storage.delete(clip.audio_name)
    middle = len(whole) // 2
    default_storage.save(
        clip.audio_name, ContentFile(whole[:middle] + bytes(500) + whole[middle + 500 :])
    )
    return whole


def lose_recording(clip: Clip) -> None:
    clip.track.file.unlink()


def test_a_rendition_is_the_one_that_cutting_makes(clips: list[Clip]) -> None:
    track = Track.objects.get(track_no=1)
    twin = TrackFactory(collection=track.collection, track_no=9, path="1.wav", duration_ms=11_000)
    cut = cut_clips(excerpts=[(twin, 0)], duration_ms=CLIP_MS, processes=1).clips[twin.pk, 0]
    done = render(*clips)
    assert done.rendered == {clip.pk for clip in clips}
    assert not done.failures
    clips[0].refresh_from_db()
    assert clips[0].playback_sha256 == cut.playback_sha256
    assert clips[0].loudness_lufs == cut.loudness_lufs
    assert len(played(clips[0])) == clips[0].playback_bytes


def test_a_clip_whose_recording_is_gone_is_rendered_from_its_file(clips: list[Clip]) -> None:
    lose_recording(clips[0])
    assert render(clips[0]).rendered == {clips[0].pk}
    frames, sample_rate = decode_clip(played(clips[0]))
    assert integrated_lufs(frames, sample_rate) == pytest.approx(TARGET_LUFS, abs=0.2)


def test_a_recording_that_became_another_is_not_what_people_hear(clips: list[Clip]) -> None:
    before = default_storage.open(clips[0].audio_name).read()
    clips[0].track.file.write_bytes(clips[1].track.file.read_bytes())
    render(*clips[:2])
    heard, _ = decode_clip(played(clips[0]))
    cut, _ = decode_clip(before)
    likeness = float((heard * cut).sum() / np.sqrt(np.square(heard).sum() * np.square(cut).sum()))
    assert likeness > 0.99


def test_a_damaged_file_is_made_again_byte_for_byte(clips: list[Clip]) -> None:
    whole = bend(clips[0])
    done = render(*clips)
    assert done.repaired == {clips[0].pk}
    assert default_storage.open(clips[0].audio_name).read() == whole
    assert len(done.rendered) == 3


def test_a_lost_file_is_made_again(clips: list[Clip]) -> None:
    whole = default_storage.open(clips[0].audio_name).read()
    default_storage.delete(clips[0].audio_name)
    assert render(clips[0]).repaired == {clips[0].pk}
    assert default_storage.open(clips[0].audio_name).read() == whole


def test_a_damaged_file_that_cannot_be_made_again_is_taken_away(clips: list[Clip]) -> None:
    whole = bend(clips[0])
    lose_recording(clips[0])
    done = render(*clips)
    assert set(done.failures) == {clips[0].pk}
    assert not done.withdrawn  # a backup may bring it back
    assert not default_storage.exists(clips[0].audio_name)
    assert ClipFault.objects.get().reason == "missing"

    default_storage.save(clips[0].audio_name, ContentFile(whole))
    assert render(clips[0]).rendered == {clips[0].pk}
    assert not ClipFault.objects.exists()


def test_a_silent_clip_is_withdrawn_with_its_reason(clips: list[Clip]) -> None:
    make_silent(clips[0])
    done = render(*clips)
    assert done.withdrawn == {clips[0].pk}
    assert done.rendered == {clip.pk for clip in clips[1:]}
    assert list(Clip.objects.filter(is_withdrawn=True)) == [clips[0]]
    assert ClipFault.objects.get().reason == "silent"
    entry = AuditEntry.objects.get(action="withdraw_clip")
    assert entry.object_id == str(clips[0].pk)
    assert entry.detail["reason"] == "silent"


def test_a_clip_of_the_wrong_length_is_withdrawn(clips: list[Clip]) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((100_000, 1))
    replace_sound(clips[0], noise)
    assert render(clips[0]).withdrawn == {clips[0].pk}
    assert ClipFault.objects.get().reason == "wrong_length"


def test_a_clip_whose_file_is_another_sound_in_the_middle_is_withdrawn(clips: list[Clip]) -> None:
    """Its hash fits the row and it decodes; only the recording knows what it should be."""
    wanted = clips[0].pcm_sha256
    frames, _ = decode_clip(default_storage.open(clips[0].audio_name).read())
    frames[88_200:100_000] = frames[88_200:100_000][::-1] * np.float32(0.2)
    replace_sound(clips[0], frames)
    Clip.objects.filter(pk=clips[0].pk).update(pcm_sha256=wanted)
    assert render(clips[0]).withdrawn == {clips[0].pk}
    fault = ClipFault.objects.get()
    assert fault.reason == "damaged"
    assert "first at 2.0" in fault.detail


def test_withdrawn_clips_are_passed_over(clips: list[Clip]) -> None:
    Clip.objects.filter(pk=clips[0].pk).update(is_withdrawn=True)
    assert render(*clips).rendered == {clip.pk for clip in clips[1:]}


def test_no_clip_is_no_work(db: None) -> None:
    told = []
    assert render(progress=lambda *state: told.append(state)) == RenderedClips()
    assert told[-1] == (0, 0)


class Stopped(Exception):
    """Somebody stops the work."""


def test_stopping_keeps_what_is_finished(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_BATCH", 1)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        render(*clips, progress=stop)
    assert Clip.objects.exclude(playback_sha256="").count() == 2


# --- the command ----------------------------------------------------------------------------


def command(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("render_clips", *words, "--json", "--processes=1", stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


def test_the_command_renders_what_has_none_and_then_has_nothing_to_do(clips: list[Clip]) -> None:
    make_silent(clips[2])
    first = command()
    assert (first["rendered"], first["failed"], first["withdrawn"]) == (2, 1, 1)
    job = Job.objects.get(pk=first["job"])
    assert job.state == JobState.DONE
    assert any("nothing to hear" in event.text for event in job.events.all())
    assert command("--collection", "tones")["rendered"] == 0


def test_again_renders_everything_once(clips: list[Clip]) -> None:
    command()
    before = dict(Clip.objects.values_list("pk", "rendered_at"))
    assert command("--again")["rendered"] == 3
    after = dict(Clip.objects.values_list("pk", "rendered_at"))
    assert all(after[pk] > before[pk] for pk in before)


def test_the_command_renders_one_collection_only(clips: list[Clip]) -> None:
    CollectionFactory(slug="other")
    assert command("--collection", "other")["rendered"] == 0
    assert not Clip.objects.exclude(playback_sha256="").exists()


@pytest.mark.parametrize("words", [("--collection", "nowhere"), ("--processes", "0")])
def test_what_cannot_be_rendered_is_refused_in_a_sentence(words: tuple[str, ...], db: None) -> None:
    with pytest.raises(CommandError):
        call_command("render_clips", *words)
    assert not Job.objects.exists()
