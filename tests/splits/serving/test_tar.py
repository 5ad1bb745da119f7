"""A tar file whose bytes are computed: the one that Python would have written."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splits.archive import pack
from splits.serving.tar import Member, TarLayout, VirtualTar

_NAME = st.text(st.sampled_from("ab-._é"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)
_FILES = st.dictionaries(
    st.lists(_NAME, min_size=1, max_size=3).map("/".join), st.binary(max_size=1500), max_size=8
)


def consistent(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out files that would be folders of others."""
    return {
        name: data
        for name, data in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }


def virtual(files: dict[str, bytes]) -> tuple[int, VirtualTar]:
    layout = TarLayout(Member(name, len(data)) for name, data in files.items())

    def open_file(name: str, offset: int) -> IO[bytes]:
        return io.BytesIO(files[name][offset:])

    return layout.size, VirtualTar(layout, open_file)


@given(files=_FILES)
def test_its_bytes_are_those_of_the_archive_that_pack_writes(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("tree") / "attic-1.0.0"
    folder.mkdir()
    files = {f"attic-1.0.0/{name}": data for name, data in consistent(files).items()}
    for name, data in files.items():
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    size, tar = virtual(files)
    written = pack(folder).path.read_bytes()
    assert size == len(written)
    assert tar.read() == written


@given(
    files=_FILES,
    start=st.integers(0, 12_000),
    steps=st.lists(st.integers(1, 3000), min_size=1, max_size=6),
)
def test_any_part_of_it_is_the_same_part_of_the_whole(
    files: dict[str, bytes], start: int, steps: list[int]
) -> None:
    files = {f"root/{name}": data for name, data in consistent(files).items()}
    _, tar = virtual(files)
    whole = tar.read()
    _, again = virtual(files)
    again.seek(start)
    for step in steps:
        assert again.read(step) == whole[start : start + step]
        start = min(start + step, max(start, len(whole)))


def test_long_names_and_great_sizes_have_headers_that_tarfile_reads() -> None:
    long = "root/" + "/".join(["a" * 90] * 3)
    _, tar = virtual({long: b"content", "root/b": b"x"})
    with tarfile.open(fileobj=io.BytesIO(tar.read())) as read:
        assert [entry.name for entry in read if entry.isfile()] == [long, "root/b"]
    layout = TarLayout([Member("root/huge", 9 * 2**30), Member("root/z", 3)])
    found = layout.member_at(0)
    assert found is not None
    assert found[:2] == ("root/huge", 9 * 2**30)
    assert found[3] > 512  # its size stands in a header of its own
    assert layout.size > 9 * 2**30


def test_a_file_that_was_cut_short_ends_the_archive_early_and_loudly() -> None:
    layout = TarLayout([Member("root/a", 2000), Member("root/b", 10)])
    tar = VirtualTar(layout, lambda name, offset: io.BytesIO(b"short"[offset:]))
    got = tar.read()
    assert len(got) == 512 + 5
    assert tar.read() == b""


def test_files_are_closed_when_they_are_done_with() -> None:
    opened: list[io.BytesIO] = []

    def open_file(name: str, offset: int) -> IO[bytes]:
        opened.append(io.BytesIO(bytes(700)[offset:]))
        return opened[-1]

    layout = TarLayout([Member("root/a", 700), Member("root/b", 700)])
    tar = VirtualTar(layout, open_file)
    tar.read(512 + 700)
    assert [file.closed for file in opened] == [True]
    tar.read(512 + 512 + 100)
    tar.close()
    assert [file.closed for file in opened] == [True, True]


class Word(str):
    """A name that cannot be gone through letter by letter: of many files that takes seconds."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        raise AssertionError(f"{self!s} was read letter by letter.")


def test_folders_are_found_without_reading_every_letter_of_every_name() -> None:
    names = [Word(f"root/audio/{n % 3}/{n}.ogg") for n in range(9)]
    layout = TarLayout(Member(name, 0) for name in names)
    assert layout.size == tarfile.RECORDSIZE
    known = [layout.member_at(512 * n) for n in range(13)]
    assert [found[0] for found in known if found and found[1] < 0] == [
        "root/audio", "root/audio/0", "root/audio/1", "root/audio/2",
    ]  # fmt: skip
