"""Clips as they may lie in a store: from before there were renditions, or at fault."""

from __future__ import annotations

import hashlib

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from consonance.audio.clips import encode_ogg
from consonance.audio.pcm import as_frames, pcm_sha256
from consonance.catalog.models import Clip

RATE = 8_000  # of the archives that tests write
_BARE = {
    "playback_sha256": "", "playback_bytes": 0, "playback_gain_db": None, "loudness_lufs": None,
    "true_peak_dbtp": None, "rendered_at": None,
}  # fmt: skip


def forget_rendition(clip: Clip) -> None:
    """Make a clip as it was cut before there were renditions."""
    if clip.playback_name:
        default_storage.delete(clip.playback_name)
    Clip.objects.filter(pk=clip.pk).update(**_BARE)


def replace_sound(clip: Clip, samples: np.ndarray, *, rate: int = 44_100) -> Clip:
    """Make a clip as though it had been cut with this sound, without anybody hearing it."""
    ogg = encode_ogg(samples, rate)
    forget_rendition(clip)
    Clip.objects.filter(pk=clip.pk).update(
        audio_sha256=hashlib.sha256(ogg).hexdigest(),
        pcm_sha256=pcm_sha256(as_frames(samples), rate),
        audio_bytes=len(ogg),
    )
    clip.refresh_from_db()
    default_storage.save(clip.audio_name, ContentFile(ogg))
    if not default_storage.exists(clip.spectrogram_name):
        default_storage.save(clip.spectrogram_name, ContentFile(b"\x89PNG picture"))
    return clip


def make_silent(clip: Clip) -> Clip:
    """Make a clip as an older installation may have cut it out of a pause."""
    return replace_sound(clip, np.zeros((clip.duration_ms * 441 // 10, clip.channels)))
