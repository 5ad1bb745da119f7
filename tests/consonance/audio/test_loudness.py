"""Loudness against the signals that EBU Tech 3341 publishes for meters, rendered here."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from consonance.audio.inspect import FLOOR_DBFS
from consonance.audio.loudness import (
    LOWEST_SAMPLE_RATE,
    _weighted,
    integrated_lufs,
    k_weighting,
    measure,
    true_peak_dbtp,
)
from consonance.errors import ParameterError

RATE = 48_000


def sines(*parts: tuple[float, float], rate: int = RATE, hertz: float = 1_000.0) -> np.ndarray:
    """Return a stereo sine in parts of (peak dBFS per channel, seconds)."""
    levels = [np.full(round(seconds * rate), 10 ** (dbfs / 20)) for dbfs, seconds in parts]
    level = np.concatenate(levels)
    tone = level * np.sin(2 * np.pi * hertz * np.arange(len(level)) / rate)
    return np.stack([tone, tone], axis=1).astype(np.float32)


# EBU Tech 3341 (2023), table 1: signals 1 to 5, each within 0.1 LU.
@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
    ids=["1", "2", "3", "4", "5"],
)
def test_the_published_signals_measure_what_they_must(parts, expected, rate) -> None:
    assert integrated_lufs(sines(*parts, rate=rate), rate) == pytest.approx(expected, abs=0.1)


# The same table, signals 15 to 19: a quarter, a sixth and an eighth of the rate, between samples.
# They are faded in and out here, because the sudden start of a sine is itself a peak above it.
@pytest.mark.parametrize(
    ("divisor", "degrees", "amplitude", "expected"),
    [
        (4, 0, 0.5, -6.0),
        (4, 45, 0.5, -6.0),
        (6, 60, 0.5, -6.0),
        (8, 67.5, 0.5, -6.0),
        (4, 45, 1.41, 3.0),
    ],
    ids=["15", "16", "17", "18", "19"],
)
def test_true_peaks_lie_within_the_published_tolerance(
    divisor, degrees, amplitude, expected
) -> None:
    phase = 2 * np.pi * np.arange(RATE) / divisor + math.radians(degrees)
    fade = np.minimum(1, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 480)
    measured = true_peak_dbtp(amplitude * fade * np.sin(phase), RATE)
    assert expected - 0.4 <= measured <= expected + 0.2


def test_the_filter_is_the_one_that_bs_1770_prints() -> None:
    printed = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285,
         1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]  # fmt: skip
    np.testing.assert_allclose(k_weighting(48_000), printed, atol=1e-9)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize("n_frames", [1, 100, 44_099, 50_000])
def test_the_filter_is_applied_as_scipy_applies_it(rate: int, n_frames: int) -> None:
    noise = np.random.default_rng(n_frames).standard_normal((n_frames, 2)).astype(np.float32)
    expected = signal.sosfilt(k_weighting(rate), noise.astype(np.float64), axis=0)
    np.testing.assert_allclose(_weighted(noise, rate), expected, atol=1e-11)


def test_a_sine_of_full_scale_in_one_of_two_channels_measures_minus_3_01() -> None:
    stereo = sines((0, 5), hertz=997)
    stereo[:, 1] = 0
    assert integrated_lufs(stereo, RATE) == pytest.approx(-3.01, abs=0.02)


def test_mono_measures_as_the_two_loudspeakers_that_play_it() -> None:
    stereo = sines((-30, 5))
    assert integrated_lufs(stereo[:, 0], RATE) == pytest.approx(
        integrated_lufs(stereo, RATE), abs=1e-6
    )


def test_pauses_do_not_lower_the_loudness() -> None:
    tone, pause = sines((-20, 4)), np.zeros((4 * RATE, 2), dtype=np.float32)
    with_pause = integrated_lufs(np.concatenate([tone, pause, tone]), RATE)
    # Blocks across an edge hold less than a whole tone: a little goes.
    assert with_pause == pytest.approx(-20, abs=0.4)
    assert 20 * math.log10(math.sqrt(2 / 3)) < with_pause - -20  # what an ungated mean would lose


def test_bass_counts_less_and_treble_more() -> None:
    low, middle, high = (
        integrated_lufs(sines((-20, 3), hertz=hertz), RATE) for hertz in (40, 1_000, 8_000)
    )
    assert low < middle - 3
    assert high > middle + 2


@pytest.mark.parametrize(
    ("rate", "within"),
    [(8_000, 0.1), (11_025, 0.05), (22_050, 0.02), (44_100, 0.01), (96_000, 0.01)],
)
def test_the_rate_hardly_matters(rate: int, within: float) -> None:
    """Low rates bend the filter's shelf a little."""
    sound = sines((-18, 4), hertz=440)
    resampled = soxr.resample(sound, RATE, rate, quality="HQ")
    assert integrated_lufs(resampled, rate) == pytest.approx(
        integrated_lufs(sound, RATE), abs=within
    )


@settings(max_examples=25)
@given(gain=st.floats(-30, 12), seed=st.integers(0, 5))
def test_a_gain_moves_loudness_and_true_peak_by_itself(gain: float, seed: int) -> None:
    noise = 0.1 * np.random.default_rng(seed).standard_normal((RATE, 2))
    before, after = measure(noise, RATE), measure(noise * 10 ** (gain / 20), RATE)
    assert after.lufs == pytest.approx(before.lufs + gain, abs=0.01)
    assert after.true_peak_dbtp == pytest.approx(before.true_peak_dbtp + gain, abs=0.01)


@settings(max_examples=25)
@given(n_frames=st.integers(0, 5_000), seed=st.integers(0, 5))
def test_a_true_peak_is_never_below_the_largest_sample(n_frames: int, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-1, 1, (n_frames, 1))
    largest = float(np.abs(noise.astype(np.float32)).max(initial=0))
    floor = 20 * math.log10(largest) if largest else FLOOR_DBFS
    assert true_peak_dbtp(noise, RATE) >= floor - 1e-6


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros((0, 2)),
        np.zeros((RATE, 2)),
        np.full((RATE, 1), 1e-6),
        sines((-20, 0.399)),
        sines((-75, 3)),
    ],
    ids=["nothing", "silence", "an offset", "shorter than a block", "below the gate"],
)
def test_what_has_no_loudness_says_so(pcm: np.ndarray) -> None:
    found = measure(pcm, RATE)
    assert found.lufs is None
    assert FLOOR_DBFS <= found.true_peak_dbtp < 0


@pytest.mark.parametrize(
    ("pcm", "rate"),
    [
        (np.zeros((RATE, 3)), RATE),
        (np.full((RATE, 2), np.nan), RATE),
        (np.zeros((RATE, 2), dtype=np.int16), RATE),
        (np.zeros((RATE, 2)), LOWEST_SAMPLE_RATE - 1),
        (np.zeros((RATE, 2)), 0),
    ],
)
def test_what_cannot_be_measured_is_refused(pcm: np.ndarray, rate: int) -> None:
    with pytest.raises(ParameterError):
        measure(pcm, rate)
