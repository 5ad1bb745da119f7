from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.audio.excerpts import EXCERPT_HOP_MS, EXCERPT_MS, grid, parse_sample_key, sample_key
from consonance.errors import ParameterError


def test_the_grid_is_openmics() -> None:
    assert (EXCERPT_MS, EXCERPT_HOP_MS) == (10_000, 3_840)
    np.testing.assert_array_equal(grid(30_000), [0, 3_840, 7_680, 11_520, 15_360, 19_200])
    assert grid(30_000).dtype == np.int64


def test_a_recording_as_long_as_one_excerpt_has_one() -> None:
    np.testing.assert_array_equal(grid(10_000), [0])


@pytest.mark.parametrize("duration_ms", [0, 1, 9_999])
def test_a_shorter_recording_has_none(duration_ms: int) -> None:
    assert grid(duration_ms).shape == (0,)


@given(st.integers(0, 10**6), st.integers(1, 20_000), st.integers(1, 20_000))
def test_every_window_fits_and_no_further_one_would(
    duration_ms: int, window_ms: int, hop_ms: int
) -> None:
    starts = grid(duration_ms, window_ms=window_ms, hop_ms=hop_ms)
    np.testing.assert_array_equal(starts, hop_ms * np.arange(len(starts)))
    assert len(starts) == 0 or starts[-1] + window_ms <= duration_ms
    assert len(starts) * hop_ms + window_ms > duration_ms


@pytest.mark.parametrize(
    "arguments",
    [
        {"duration_ms": -1},
        {"duration_ms": 1, "window_ms": 0},
        {"duration_ms": 1, "hop_ms": 0},
        {"duration_ms": 1, "hop_ms": -3_840},
    ],
)
def test_a_grid_of_impossible_lengths_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ParameterError):
        grid(**arguments)


def test_a_key_is_spelled_as_openmic_spells_it() -> None:
    assert sample_key(46, 3_840) == "000046_3840"
    assert sample_key(1_234_567, 0) == "1234567_0"
    assert sample_key(int(np.int64(46)), int(grid(30_000)[1])) == "000046_3840"


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_key_says_what_it_was_made_of(track_no: int, start_ms: int) -> None:
    assert parse_sample_key(sample_key(track_no, start_ms)) == (track_no, start_ms)


@given(st.from_regex(r"[0-9]{1,8}_[0-9]{1,5}", fullmatch=True))
def test_no_two_keys_name_one_excerpt(text: str) -> None:
    try:
        parsed = parse_sample_key(text)
    except ParameterError:
        return
    assert sample_key(*parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "000046",
        "000046_",
        "46_3840",
        "0000046_3840",
        "000046_03840",
        "000046_-1",
        "000046_3840.ogg",
        " 000046_3840",
        "000046_3840\n",
        "٠٠٠٠٤٦_3840",
    ],
)
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(ParameterError, match="not a sample key"):
        parse_sample_key(text)


@pytest.mark.parametrize("numbers", [(-1, 0), (0, -1)])
def test_negative_numbers_have_no_key(numbers: tuple[int, int]) -> None:
    with pytest.raises(ParameterError):
        sample_key(*numbers)
