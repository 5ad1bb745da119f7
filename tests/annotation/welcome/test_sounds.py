from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from annotation.welcome.screening import TRIALS, draw_trials, number_right
from annotation.welcome.sounds import QUIETER_DB, SAMPLE_RATE, headphone_trial, sound_check
from consonance.audio.loudness import integrated_lufs, true_peak_dbtp


def frames(content):
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (SAMPLE_RATE, 2)
        pcm = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    return pcm.reshape(-1, 2) / 32_768


def tones(content):
    """Return the three tones of a trial; they last a second, half a second apart."""
    pcm = frames(content)
    starts = [round(SAMPLE_RATE * 1.5 * place) for place in range(3)]
    return [pcm[start : start + SAMPLE_RATE] for start in starts]


def level(tone):
    return 10 * np.log10(np.mean(tone**2))


@pytest.mark.parametrize("notes", [2, 3, 4])
def test_the_sound_check_is_as_loud_as_clips_are_levelled_to(notes):
    pcm = frames(sound_check(notes))
    assert integrated_lufs(pcm, SAMPLE_RATE) == pytest.approx(-23, abs=0.5)
    assert true_peak_dbtp(pcm, SAMPLE_RATE) < -1


@pytest.mark.parametrize("notes", [1, 2, 3, 4])
def test_the_sound_check_has_so_many_notes_and_a_length_that_tells_nothing(notes):
    content = sound_check(notes)
    assert len(content) == len(sound_check(1))
    is_loud = np.abs(frames(content)[:, 0]).reshape(-1, SAMPLE_RATE // 20).max(axis=1) > 0.01
    assert np.count_nonzero(np.diff(is_loud.astype(int)) == 1) == notes


@pytest.mark.parametrize(("quiet", "antiphase"), [(0, 1), (1, 2), (2, 0), (0, 2), (1, 0), (2, 1)])
def test_a_trial_has_one_quieter_tone_and_one_that_loudspeakers_cancel(quiet, antiphase):
    heard = tones(headphone_trial(quiet, antiphase))
    by_headphones = [level(tone) for tone in heard]
    plain = 3 - quiet - antiphase
    step = by_headphones[quiet] - by_headphones[plain]
    assert step == pytest.approx(QUIETER_DB, abs=0.05)
    assert by_headphones[antiphase] == pytest.approx(by_headphones[plain], abs=0.01)
    in_the_air = [np.mean(tone.sum(axis=1) ** 2) for tone in heard]
    assert int(np.argmin(in_the_air)) == antiphase
    assert in_the_air[antiphase] < 1e-6


def test_all_trials_have_the_same_length_so_that_no_file_tells_its_answer():
    sizes = {len(headphone_trial(*trial)) for trial in draw_trials(np.random.default_rng(1))}
    assert len(sizes) == 1


def test_a_try_has_every_arrangement_once_in_an_order_that_the_seed_decides():
    first, again, other = (draw_trials(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == TRIALS
    assert sorted(first) == sorted(other)


def test_the_quieter_tone_is_right_and_the_cancelled_one_is_not():
    trials = draw_trials(np.random.default_rng(3))
    assert number_right(trials, [quiet for quiet, _ in trials]) == TRIALS
    assert number_right(trials, [antiphase for _, antiphase in trials]) == 0
