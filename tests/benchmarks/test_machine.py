"""Durations are told as medians and 95th percentiles."""

from __future__ import annotations

from benchmarks._machine import milliseconds


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    found = milliseconds([number / 1000 for number in range(100, 0, -1)])
    assert found == {"number": 100, "p50_ms": 50.0, "p95_ms": 95.0}


def test_one_duration_is_its_own_percentile() -> None:
    assert milliseconds([0.004]) == {"number": 1, "p50_ms": 4.0, "p95_ms": 4.0}


def test_without_durations_there_is_nothing_to_tell() -> None:
    assert milliseconds([]) == {"number": 0}
