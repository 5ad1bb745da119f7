"""What is found in an archive's folder, and what is not reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from consonance.catalog.ingest.files import find_audio
from consonance.errors import ParameterError


def touch(*paths: Path) -> None:
    """Make small files."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_recordings_are_found_by_name_in_sorted_order(tmp_path: Path) -> None:
    touch(tmp_path / "b/2.MP3", tmp_path / "b/1.flac", tmp_path / "a.m4a", tmp_path / "notes.txt")
    touch(tmp_path / ".hidden/3.mp3", tmp_path / ".4.mp3")
    found = find_audio(tmp_path)
    assert list(found.files) == ["a.m4a", "b/1.flac", "b/2.MP3"]
    assert found.files["a.m4a"].byte_size == 1
    assert found.refused == ()


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "archive", tmp_path / "outside"
    touch(root / "1.mp3", outside / "secret.mp3")
    (root / "file.mp3").symlink_to(outside / "secret.mp3")
    (root / "folder").symlink_to(outside)
    (root / "nothing.mp3").symlink_to(root / "gone.mp3")
    (root / "inside.mp3").symlink_to(root / "1.mp3")
    found = find_audio(root)
    assert list(found.files) == ["1.mp3", "inside.mp3"]
    assert dict(found.refused) == {
        "folder": "a link out of the folder",
        "file.mp3": "a link out of the folder",
        "nothing.mp3": "a link to nothing",
    }


def test_a_linked_archive_is_the_archive(tmp_path: Path) -> None:
    touch(tmp_path / "real/1.mp3")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(find_audio(tmp_path / "link").files) == ["1.mp3"]


def test_a_name_that_no_database_can_hold_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "1.mp3")
    name = os.fsencode(tmp_path) + b"/caf\xe9.mp3"
    try:
        Path(os.fsdecode(name)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert find_audio(tmp_path).refused == (("caf?.mp3", "a name that is not UTF-8"),)


def test_a_pipe_is_no_recording(tmp_path: Path) -> None:
    touch(tmp_path / "1.mp3")
    os.mkfifo(tmp_path / "2.mp3")
    assert find_audio(tmp_path).refused == (("2.mp3", "not a plain file"),)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="does not exist"):
        find_audio(tmp_path / "none")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    touch(tmp_path / "1.mp3")
    with pytest.raises(ParameterError, match="is not a folder"):
        find_audio(tmp_path / "1.mp3")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "notes.txt")
    with pytest.raises(ParameterError, match=r"holds no recording\. Looked for .*\.mp3"):
        find_audio(tmp_path)


def test_a_folder_of_refused_links_says_so(tmp_path: Path) -> None:
    touch(tmp_path / "outside.mp3")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/1.mp3").symlink_to(tmp_path / "outside.mp3")
    with pytest.raises(ParameterError, match="1 refused: a link out of the folder"):
        find_audio(tmp_path / "archive")
