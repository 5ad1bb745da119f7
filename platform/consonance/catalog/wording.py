"""Numbers as a person says them; used by pages and commands alike, no Django."""

from __future__ import annotations


def length(milliseconds: int) -> str:
    """Return a length of sound: `50 s`, `3 min 5 s`, `2 h 17 min`, `343 h`."""
    seconds = round(milliseconds / 1000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        minutes, rest = divmod(seconds, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours >= 100:
        return f"{round(seconds / 3600):,} h"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def clock(milliseconds: int) -> str:
    """Return a place in a recording: `0:03.8`, `4:10.0`."""
    tenths = milliseconds // 100
    minutes, tenths = divmod(tenths, 600)
    return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"


def counted(n: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: `1 track`, `1,204 tracks`."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


#: What a curator reads for each problem's code.
PROBLEM_WORDS = {
    "unreadable": "unreadable",
    "not_audio": "not audio",
    "empty": "empty",
    "silent": "silent",
    "too_short": "too short",
    "wrong_duration": "wrong duration",
    "too_many_channels": "too many channels",
    "no_file": "no file",
    "no_metadata": "no metadata",
    "same_sound": "same sound as another",
}


def problem_words(code: str) -> str:
    """Return a problem's code in words; unknown codes as they are."""
    return PROBLEM_WORDS.get(code, code.replace("_", " "))
