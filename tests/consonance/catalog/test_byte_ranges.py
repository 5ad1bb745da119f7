"""Which bytes a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.catalog.byte_ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    asked_range,
    part_may_be_sent,
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


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize("condition", [None, '"a"', ' "a" ', DATE])
def test_if_range_takes_exactly_this_tag_and_exactly_this_date(condition: str | None) -> None:
    assert part_may_be_sent(condition, '"a"', DATE)


@pytest.mark.parametrize(
    "condition",
    ['W/"a"', '"b"', "a", "*", '"a", "b"', "", "Wed, 21 Oct 2026 07:28:01 GMT",
     "Thu, 22 Oct 2026 07:28:00 GMT", "nonsense"],
)  # fmt: skip
def test_if_range_takes_nothing_else(condition: str) -> None:
    assert not part_may_be_sent(condition, '"a"', DATE)


def test_if_range_with_a_date_fails_where_none_is_sent() -> None:
    assert not part_may_be_sent(DATE, '"a"', None)


@given(st.text(alphabet="bytes=-, 0123456789٣\x00\t\nB", max_size=40), st.integers(0, 2_000))
def test_whatever_is_sent_is_a_part_of_the_file_the_whole_or_refused(
    header: str, size: int
) -> None:
    try:
        part = asked_range(header, size)
    except UnsatisfiableRangeError:
        return
    assert part is None or 0 <= part.start < part.stop <= size


@pytest.mark.parametrize(
    "header",
    ["bytes=" + "9" * 400 + "-", "bytes=0-" + "9" * 400, "bytes=٣-٤", "bytes=0-0\r\nX: y",
     "bytes=--1", "bytes=0x1-0x2", "bytes=1e3-", "bytes=+1-2", "bytes=0-1,", "bytes=,0-1",
     "bits=0-1"],
)  # fmt: skip
def test_ranges_made_to_hurt_are_no_ranges(header: str) -> None:
    assert asked_range(header, 1_000) is None
