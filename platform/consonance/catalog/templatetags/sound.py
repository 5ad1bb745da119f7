"""`{% load sound %}`: lengths, places and sound of recordings, problems in words."""

from __future__ import annotations

from django import template

from consonance.catalog.licences import Licence, parse
from consonance.catalog.models import Clip
from consonance.catalog.sound_sources import SoundSource, sound_sources
from consonance.catalog.wording import clock, length, problem_words

register = template.Library()

register.filter("sound_length", length)
register.filter("clock", clock)


@register.filter
def problem(code: str) -> str:
    """Return a problem's code in words: `Wrong duration`."""
    return problem_words(code).capitalize()


@register.filter
def sources(clip: Clip) -> list[SoundSource]:
    """Return where a clip is heard, for `components/player.html`."""
    return sound_sources(clip)


@register.filter
def licence(spdx: str) -> Licence:
    """Return what an SPDX expression allows."""
    return parse(spdx)


@register.filter
def state_kind(state: str) -> str:
    """Return the pill's kind for a track's state."""
    return {"ready": "good", "quarantined": "bad", "missing": "warn"}.get(state, "")
