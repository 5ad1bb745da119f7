"""Where a page finds a clip's sound, best choice first."""

from __future__ import annotations

from typing import TypedDict

from django.urls import reverse

from consonance.catalog.models import Clip

PLAYBACK_TYPE = "audio/mpeg"
AUDIO_TYPE = "audio/ogg"


class SoundSource(TypedDict):
    """One `<source>`: a browser takes the first whose type it can play and that loads."""

    url: str
    type: str


def sound_sources(clip: Clip) -> list[SoundSource]:
    """Return the addresses of a clip's sound with their types, best choice first.

    The levelled rendition comes first, because every browser plays it and everybody then hears the
    same; the Ogg file stands behind it, and alone where there is no rendition yet. Asks the
    database nothing.
    """
    ogg = SoundSource(
        url=reverse("media:clip_audio", args=[clip.pk]), type=f"{AUDIO_TYPE}; codecs=vorbis"
    )
    if not clip.playback_sha256:
        return [ogg]
    mp3 = SoundSource(url=reverse("media:clip_playback", args=[clip.pk]), type=PLAYBACK_TYPE)
    return [mp3, ogg]
