from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consonance.audio.content import audio_format, describe_other


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "WAV"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"OggS\0", "Ogg"),
        (b"fLaC", "FLAC"),
        (b"\0\0\0\x20ftypM4A ", "MP4"),
        (b"ID3\x04\0\0\0\0\0\0", "MP3"),
        (b"\xff\xfb\x90\x00".ljust(417, b"\0") * 2, "MP3"),
        (b"\xff\xfb\x90\x00" + bytes(1_000), None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_audio_is_known_by_its_marks(tmp_path, content: bytes, name: str | None) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert audio_format(path) == name


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\xef\xbb\xbf\r\n  <HTML lang='en'>", "an HTML page"),
        (b"<?xml version='1.0'?><Error/>", "an XML document"),
        (b'{"error": 404}', "text"),
        ("Größe".encode() * 2_000, "text"),
        (("x" + "ö" * 5_000).encode(), "text"),
        ("Größe".encode("latin-1"), "data of an unknown kind"),
        (b"PK\x03\x04...", "a ZIP archive"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (bytes(10_000), "a file of zero bytes only"),
        (b"\x01\x00\x02", "data of an unknown kind"),
    ],
)
def test_other_files_are_described(tmp_path, content: bytes, description: str) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert describe_other(path) == description


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_described(tmp_path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert audio_format(path) != ""
    assert describe_other(path)
