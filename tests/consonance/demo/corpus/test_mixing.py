from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.demo.corpus import mixing

RATE = 16_000


def _tone(seconds: float, amplitude: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@given(st.lists(st.booleans(), max_size=200))
def test_intervals_cover_what_is_audible_and_bridge_only_short_pauses(blocks: list[bool]) -> None:
    found = mixing.intervals(np.array(blocks, dtype=bool))
    covered = np.zeros(len(blocks), dtype=bool)
    for start, end in found:
        assert start % mixing.BLOCK_MS == end % mixing.BLOCK_MS == 0
        covered[start // mixing.BLOCK_MS : end // mixing.BLOCK_MS] = True
    assert not (np.array(blocks, dtype=bool) & ~covered).any()
    for (_, end), (start, _) in pairwise(found):
        assert start - end > mixing.BRIDGED_PAUSE_MS


@given(st.floats(-30.0, 6.0), st.floats(-60.0, 0.0))
def test_a_stem_comes_to_its_level_however_loud_it_was_rendered(level: float, was: float) -> None:
    stem = np.repeat(_tone(1.0, 10 ** (was / 20))[:, None], 2, axis=1)
    out = mixing.levelled(stem, RATE, level_db=level, pan=0.0)
    reached = 20 * np.log10(np.sqrt(np.mean(np.square(out, dtype=np.float64))))
    assert reached == pytest.approx(-24.0 + level, abs=0.1)


def test_panning_moves_a_stem_and_keeps_its_loudness() -> None:
    stem = np.repeat(_tone(1.0, 0.1)[:, None], 2, axis=1)
    left = mixing.levelled(stem, RATE, level_db=0.0, pan=-0.5)
    centre = mixing.levelled(stem, RATE, level_db=0.0, pan=0.0)
    assert left[:, 0].std() > 2 * left[:, 1].std()
    assert np.square(left).sum() == pytest.approx(np.square(centre).sum(), rel=1e-3)


def test_silence_stays_silence() -> None:
    silence = np.zeros((RATE, 2), dtype=np.float32)
    assert not mixing.levelled(silence, RATE, level_db=0.0, pan=0.0).any()
    assert mixing.peak_at(silence, -1.0)[1] == 1.0


def test_a_stem_far_below_the_mix_is_not_audible() -> None:
    loud = mixing.block_rms(_tone(1.0, 0.5), RATE)
    assert mixing.audible_blocks(loud * 0.1, loud).all()  # 20 dB below
    assert not mixing.audible_blocks(loud * 0.05, loud).any()  # 26 dB below


def test_a_stem_below_hearing_is_not_audible_even_alone() -> None:
    soft = mixing.block_rms(_tone(1.0, 0.001), RATE)
    assert not mixing.audible_blocks(soft, soft).any()


def test_a_room_rings_on_but_does_not_lengthen_the_recording() -> None:
    dry = np.zeros((RATE, 2), dtype=np.float32)
    dry[100] = 1.0
    response = mixing.room(RATE, np.random.default_rng(0), decay_s=0.5)
    wet = mixing.in_room(dry, response, wet=0.5)
    assert wet.shape == dry.shape
    assert wet.dtype == np.float32
    assert np.allclose(wet[:100], 0.0, atol=1e-6)
    assert np.allclose(wet[100], 1.0, atol=1e-5)
    early, late = np.abs(wet[300:1900]).max(), np.abs(wet[6000:7600]).max()
    assert early > 10 * late > 0
    assert np.square(wet[101:]).sum() == pytest.approx(0.5**2 * 2, rel=0.05)
