"""Tell from a file's first bytes whether it was ever audio, for files that do not decode."""

from __future__ import annotations

from pathlib import Path

from consonance.audio import mp3_header

_HEAD_BYTES = 4_096

# (offset, bytes, name) of audio containers, decodable here or not.
_AUDIO_MARKS = (
    (8, b"WAVE", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (8, b"AIFF", "AIFF"),
    (8, b"AIFC", "AIFF-C"),
    (0, b"caff", "CAF"),
    (0, b".snd", "AU"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (4, b"ftyp", "MP4"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (0, b"ID3", "MP3"),
)
_OTHER_MARKS = (
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
)


def audio_format(path: Path) -> str | None:
    """Return the audio format a file seems to have.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str or None
        Name of the format whose mark the file carries, or "MP3" where MPEG frames follow one
        another near its start; None if neither is so.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    name = _marked(_head(path), _AUDIO_MARKS)
    if name is None and mp3_header.read_header(path) is not None:
        return "MP3"
    return name


def describe_other(path: Path) -> str:
    """Say what a file that is no audio seems to be.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str
        A noun with its article, such as "an HTML page" or "data of an unknown kind".

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    head = _head(path)
    marked = _marked(head, _OTHER_MARKS)
    if marked is not None:
        return marked
    if not head.strip(b"\0"):
        return "a file of zero bytes only"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML document"
    return "text" if _is_text(head) else "data of an unknown kind"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _marked(head: bytes, marks: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, mark, name in marks if head.startswith(mark, at)), None)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The head may end in the middle of a character, which has at most four bytes.
        return len(head) == _HEAD_BYTES and error.start > _HEAD_BYTES - 4
    return True
