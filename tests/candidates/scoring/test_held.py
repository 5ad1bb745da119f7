"""Scores that are read twice are decoded once, if they are few enough, and are the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from candidates.scoring.held import Held
from candidates.scoring.shards import ScoreBatch


def batch(seed: int, *, track_no: list[int], first_ms: int = 0) -> ScoreBatch:
    rng = np.random.default_rng(seed)
    n = len(track_no)
    return ScoreBatch(
        track_no=np.array(track_no, np.int64),
        start_ms=first_ms + np.arange(n, dtype=np.int64) * 3_840,
        logits=[rng.standard_normal(n).astype(np.float16) for _ in range(3)],
    )


class Shards:
    """Batches of many kinds, and how often they were read."""

    def __init__(self) -> None:
        self.batches = [
            batch(0, track_no=[4, 4, 4, 9, 9]),
            batch(1, track_no=[]),
            batch(2, track_no=[7, 4, 7]),  # a track in several places
            batch(3, track_no=[11, 11], first_ms=2**33),
        ]
        self.read = 0

    def __call__(self) -> Iterator[ScoreBatch]:
        self.read += 1
        yield from self.batches


def assert_all(found: list[ScoreBatch], wanted: list[ScoreBatch]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for name in ("track_no", "start_ms"):
            assert getattr(one, name).dtype == np.int64
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for mine, its in zip(one.logits, other.logits, strict=True):
            assert mine.dtype == np.float16
            np.testing.assert_array_equal(mine, its)


def test_the_second_reading_is_from_memory_and_the_third_is_not() -> None:
    shards = Shards()
    held = Held(shards)
    for readings in (1, 1, 2, 2):
        assert_all(list(held()), shards.batches)
        assert shards.read == readings


@pytest.mark.parametrize("most", [0, 40])
def test_what_is_too_large_is_read_again(most: int) -> None:
    shards = Shards()
    held = Held(shards, most)
    assert_all(list(held()), shards.batches)
    assert_all(list(held()), shards.batches)
    assert shards.read == 2


def test_what_was_not_read_to_its_end_is_read_again() -> None:
    shards = Shards()
    held = Held(shards)
    assert_all([next(iter(held()))], shards.batches[:1])
    assert_all(list(held()), shards.batches)
    assert shards.read == 2


def test_a_second_reading_that_ends_early_loses_nothing() -> None:
    shards = Shards()
    held = Held(shards)
    list(held())
    assert_all([next(iter(held()))], shards.batches[:1])
    assert_all(list(held()), shards.batches)
    assert shards.read == 2
