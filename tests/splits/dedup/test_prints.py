from __future__ import annotations

import numpy as np
import pytest
from dedup_songs import RATE, cut, song, write

from splits.dedup import fingerprint
from splits.dedup.align import Windows, align
from splits.dedup.prints import describe


def test_ten_seconds_give_three_to_five_windows_and_64_words_a_second(prints):
    one = prints["song0"]
    assert one.words.dtype == np.uint32
    assert len(one.words) == 16 * len(one.levels)
    assert 9.5 < one.seconds <= 10
    assert one.segments().shape == (one.n_segments, 128)
    assert 3 <= one.n_segments <= 5
    assert np.allclose(np.linalg.norm(one.segments(), axis=1), 1, atol=1e-5)


def test_the_same_file_gives_the_same_fingerprint(archive):
    one, two = (fingerprint(archive["song3"]) for _ in range(2))
    assert (one.words == two.words).all()
    assert (one.levels == two.levels).all()
    assert one.file_sha256 == two.file_sha256


def test_gain_changes_no_bit_that_counts(prints):
    one, two = prints["song0"], prints["louder.wav"]
    differing = np.bitwise_count(one.words ^ two.words)[one.active & two.active]
    assert differing.mean() < 0.5  # of 32


def test_strangers_agree_by_chance_and_a_recording_agrees_with_itself(prints):
    same = align(prints["song1"], prints["song1"])
    other = align(prints["song1"], prints["song2"])
    assert (same.agreement, same.lag_s, same.overlap) == (1.0, 0.0, 1.0)
    assert 0.45 < other.agreement < 0.6
    assert other.agreement <= other.peak < 0.6


def test_aligning_is_symmetric_but_for_the_sign_of_the_lag(prints):
    forth = align(prints["song0"], prints["odd.wav"])
    back = align(prints["odd.wav"], prints["song0"])
    assert forth.agreement == pytest.approx(back.agreement)
    assert forth.lag_s == -back.lag_s
    assert forth.overlap == back.overlap


def test_a_recording_played_backwards_has_the_reversed_fingerprint(tmp_path):
    sound = cut(song(5), 0)
    forward = fingerprint(write(tmp_path / "forward.wav", sound)).reversed()
    backward = fingerprint(write(tmp_path / "backward.wav", sound[::-1].copy()))
    assert align(forward, backward).agreement > 0.9
    assert align(forward.reversed(), backward).agreement < 0.6


def test_turning_the_bands_round_makes_another_stranger(prints):
    one = prints["song0"]
    assert (one.reversed(32).words == one.reversed().words).all()
    assert align(one.reversed(), one.reversed(8)).agreement < 0.6
    assert align(one, one.reversed(8)).agreement < 0.6


def test_what_lies_beyond_the_limit_is_hashed_but_not_fingerprinted(archive):
    whole, part = fingerprint(archive["song0"]), fingerprint(archive["song0"], max_seconds=4)
    assert part.pcm_sha256 == whole.pcm_sha256
    assert part.seconds < 4
    assert (part.words == whole.words[: len(part.words)]).all()
    assert align(whole, part).agreement != align(whole, part).agreement  # nan: too short


def test_a_sound_and_its_stereo_version_have_the_same_bits(tmp_path):
    sound = cut(song(6), 0)
    mono = fingerprint(write(tmp_path / "mono.wav", sound))
    stereo = fingerprint(write(tmp_path / "stereo.wav", np.column_stack([sound, sound])))
    assert (mono.words == stereo.words).all()
    assert mono.pcm_sha256 != stereo.pcm_sha256


@pytest.mark.parametrize("n_samples", [0, 1, 2_047, 2_048, 2_048 + 125 * 14])
def test_sounds_shorter_than_a_block_have_an_empty_fingerprint(n_samples):
    words, active, levels = describe(np.ones(n_samples, dtype=np.float32))
    assert len(words) == len(active) == len(levels) == 0


def test_silence_is_inactive_and_similar_to_nothing(tmp_path):
    silent = fingerprint(write(tmp_path / "silent.wav", np.zeros(RATE * 10, np.float32)))
    assert not silent.active.any()
    assert not silent.segments().any()


def test_windows_are_kept_and_made_again(prints, monkeypatch):
    monkeypatch.setattr("splits.dedup.align._KEPT_BYTES", 3_000)
    listed = [prints["song0"], prints["song1"], prints["song2"]]
    windows = Windows(listed)
    first = windows.of(0)
    assert windows.of(0) is first
    windows.of(1)
    windows.of(2)
    assert windows.of(0) is not first
    assert np.array_equal(windows.of(0), first)
