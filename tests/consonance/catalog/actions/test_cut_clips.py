"""Cutting excerpts to clips."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf
from django.core.files.storage import default_storage
from PIL import Image

from consonance.catalog.actions import cut_clips as action
from consonance.catalog.actions.cut_clips import CutClips, cut_clips
from consonance.catalog.models import Clip, Track
from consonance.errors import ParameterError
from tests.factories import CollectionFactory, TrackFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracks(archive: Callable[..., Path], media: Path) -> list[Track]:
    """Return two tracks of 15 s with files."""
    root = archive("1.wav", "2.wav", seconds=15)
    collection = CollectionFactory(root=str(root))
    return [
        TrackFactory(collection=collection, track_no=n, path=f"{n}.wav", duration_ms=15_000)
        for n in (1, 2)
    ]


def cut(*excerpts: tuple[Track, int], **fields: Any) -> CutClips:
    return cut_clips(excerpts=excerpts, **{"duration_ms": 10_000, "processes": 1, **fields})


def test_a_clip_has_its_sound_its_outline_and_its_picture(tracks: list[Track]) -> None:
    clip = cut((tracks[0], 3_840)).clips[tracks[0].pk, 3_840]
    assert (clip.sample_key, clip.sample_rate, clip.channels) == ("000001_3840", 44_100, 1)
    ogg = default_storage.open(clip.audio_name).read()
    assert hashlib.sha256(ogg).hexdigest() == clip.audio_sha256
    assert len(ogg) == clip.audio_bytes
    assert sf.info(io.BytesIO(ogg)).frames == 441_000
    picture = Image.open(default_storage.open(clip.spectrogram_name))
    assert (picture.format, picture.size) == ("PNG", (800, 200))
    assert len(clip.peaks) == 400
    assert max(high for _, high in clip.peaks) == pytest.approx(0.3 * 127, abs=3)


def test_cutting_again_gives_the_same_rows_and_decodes_nothing(
    tracks: list[Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    excerpts = [(track, start) for track in tracks for start in (0, 3_840)]
    first = cut(*excerpts)
    assert len(first.clips) == 4
    asked = []

    def none_asked(function: Any, items: Any, *, processes: int) -> Any:
        asked.extend(items)
        return iter(())

    monkeypatch.setattr(action, "run_each", none_asked)
    again = cut(*excerpts)
    assert asked == []
    assert again.clips == first.clips
    assert Clip.objects.count() == 4


def test_the_same_sound_is_stored_once(tracks: list[Track], media: Path) -> None:
    twin = TrackFactory(collection=tracks[0].collection, track_no=9, path="1.wav")
    made = cut((tracks[0], 0), (twin, 0)).clips
    assert len({clip.audio_sha256 for clip in made.values()}) == 1
    assert len(made) == 2
    assert len([path for path in media.rglob("*") if path.is_file()]) == 2


def test_an_excerpt_that_cannot_be_cut_is_told_and_the_rest_is_cut(tracks: list[Track]) -> None:
    gone = TrackFactory(collection=tracks[0].collection, track_no=3, path="gone.wav")
    made = cut((tracks[0], 0), (tracks[1], 9_000), (gone, 0))
    assert list(made.clips) == [(tracks[0].pk, 0)]
    assert "ends before the excerpt" in made.failures[tracks[1].pk, 9_000]
    assert "no file" in made.failures[gone.pk, 0]


def test_a_lost_or_half_written_file_is_made_again(tracks: list[Track], media: Path) -> None:
    clip = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    whole = (media / clip.audio_name).read_bytes()
    (media / clip.audio_name).write_bytes(whole[:100])
    (media / clip.spectrogram_name).unlink()
    assert cut((tracks[0], 0)).clips[tracks[0].pk, 0].pk == clip.pk
    assert (media / clip.audio_name).read_bytes() == whole
    assert (media / clip.spectrogram_name).is_file()


def test_clips_of_another_length_are_other_clips(tracks: list[Track]) -> None:
    cut((tracks[0], 0))
    cut((tracks[0], 0), duration_ms=5_000)
    assert Clip.objects.count() == 2


class Stopped(Exception):
    """Somebody stops the work."""


def test_stopping_keeps_what_is_finished(
    tracks: list[Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_BATCH", 1)

    def stop(done: int, total: int) -> None:
        assert total == 2
        if done == 1:
            raise Stopped

    with pytest.raises(Stopped):
        cut((tracks[0], 0), (tracks[1], 0), progress=stop)
    assert Clip.objects.count() == 1


def test_no_excerpt_is_no_work(db: None) -> None:
    assert cut() == CutClips()


@pytest.mark.parametrize(("start", "duration"), [(-1, 10_000), (0, 0)])
def test_times_out_of_range_are_refused(start: int, duration: int) -> None:
    with pytest.raises(ParameterError):
        cut((TrackFactory(), start), duration_ms=duration)
