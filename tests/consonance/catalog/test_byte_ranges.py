"""Which bytes a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.catalog.byte_ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    asked_range,
    same_strong_tag,
    tag_is_known,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("Bytes = 3 - 4", (3, 5)),
    ],
)
def test_a_range_is_cut_to_the_file(header: str, expected: tuple[int, int]) -> None:
    assert asked_range(header, 100) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "seconds=0-1",
     "bytes=0-1,4-5", "bytes=0x1-2", "bytes=--1", "bytes=٣-٤", f"bytes=0-{'9' * 30}"],
)  # fmt: skip
def test_what_is_no_single_range_means_the_whole_file(header: str | None) -> None:
    assert asked_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_without_a_byte_of_the_file_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        asked_range(header, 100)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_an_empty_file_has_no_range(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        asked_range(header, 0)


@given(st.integers(1, 1000), st.integers(0, 1200), st.integers(0, 1200))
def test_a_range_lies_in_the_file_and_says_so(size: int, first: int, last: int) -> None:
    try:
        part = asked_range(f"bytes={first}-{last}", size)
    except UnsatisfiableRangeError:
        assert first >= size
        return
    if part is None:
        assert last < first
        return
    assert 0 <= part.start < part.stop <= size
    assert part.content_range(size) == f"bytes {first}-{min(last, size - 1)}/{size}"
    assert part.length == min(last, size - 1) - first + 1


def test_if_range_takes_only_exactly_this_tag() -> None:
    assert same_strong_tag(None, '"a"')
    assert same_strong_tag('"a"', '"a"')
    assert not same_strong_tag('W/"a"', '"a"')
    assert not same_strong_tag('"b"', '"a"')
    assert not same_strong_tag("Wed, 21 Oct 2026 07:28:00 GMT", '"a"')


def test_a_known_tag_may_stand_in_a_list_and_be_weak() -> None:
    assert tag_is_known('"x", W/"a"', '"a"')
    assert tag_is_known("*", '"a"')
    assert not tag_is_known('"x"', '"a"')
    assert not tag_is_known(None, '"a"')
