from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splits.dedup.align import Windows
from splits.dedup.calibrate import Tail, fit_tail, measure_strangers


def test_an_exponential_tail_is_fitted_from_above_but_not_by_much():
    scores = 0.5 + 0.01 * np.random.default_rng(0).exponential(size=20_000)
    tail = fit_tail(scores)
    assert 0.01 <= tail.scale < 0.012
    truth = 0.5 + 0.01 * math.log(2e8)
    assert truth <= tail.threshold(1, 200_000_000) < truth + 0.05


@pytest.mark.parametrize("seed", range(5))
def test_normal_scores_get_a_threshold_that_no_stranger_passes(seed):
    """The tail of a normal is thinner than an exponential: the fit errs on the safe side."""
    rng = np.random.default_rng(seed)
    tail = fit_tail(0.5 + 0.01 * rng.standard_normal(2_000))
    everyone = 0.5 + 0.01 * rng.standard_normal(1_000_000)
    assert (everyone > tail.threshold(1, len(everyone))).sum() <= 1


def test_undiscovered_duplicates_do_not_move_the_threshold_beyond_themselves():
    rng = np.random.default_rng(1)
    clean = 0.5 + 0.01 * rng.standard_normal(2_000)
    spoiled = np.concatenate([clean, np.full(30, 0.95)])
    assert fit_tail(spoiled).threshold(1, 10**6) < 0.65


@given(st.floats(1e-3, 1), st.integers(10, 10**9))
def test_the_threshold_gives_the_expected_number_back(expected, n_pairs):
    tail = Tail(start=0.52, scale=0.003, n_pairs=2_000)
    threshold = tail.threshold(expected, n_pairs)
    assert threshold >= tail.start
    assert float(tail.expected(threshold, n_pairs)) <= expected * (1 + 1e-6)


def test_nothing_to_compare_gives_no_tail():
    assert fit_tail(np.array([np.nan, np.nan])) is None
    assert fit_tail(np.zeros(0)) is None


def test_few_recordings_are_calibrated_on_music_played_backwards(prints):
    """Four of these five are copies: a threshold from their own pairs would hide them."""
    names = ["song0", "re-encoded.mp3", "louder.wav", "later.wav", "song1"]
    windows = Windows([prints[name] for name in names])
    strangers = measure_strangers(windows, None, np.arange(5), n_pairs=2_000, seed=0)
    assert len(strangers) == 8 * 15
    assert max(one.agreement for one in strangers) < 0.6


def test_pairs_of_one_artist_or_one_recording_are_no_strangers(prints, monkeypatch):
    monkeypatch.setattr("splits.dedup.calibrate.ENOUGH_STRANGERS", 1)
    names = ["song0", "song1", "song2", "song3"]
    windows = Windows([prints[name] for name in names])
    every = measure_strangers(windows, None, np.arange(4), n_pairs=100, seed=0)
    assert len(every) == 6
    artist = np.array([0, 0, 1, 1])
    assert len(measure_strangers(windows, artist, np.arange(4), n_pairs=100, seed=0)) == 4
    recording = np.array([0, 0, 0, 1])
    assert len(measure_strangers(windows, None, recording, n_pairs=100, seed=0)) == 3
