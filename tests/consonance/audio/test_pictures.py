from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from consonance.audio.palette import dark_to_bright
from consonance.audio.pictures import mel_decibels, peaks, spectrogram_png
from consonance.errors import ParameterError


def tone(hertz: float, seconds: float = 1.0, sample_rate: int = 44_100) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * hertz * time).astype(np.float32)


def pixels(png: bytes) -> np.ndarray:
    """Palette indices [shape=(height, width)]; the darkest colour is 0."""
    return np.asarray(Image.open(io.BytesIO(png)))


# --- peaks ----------------------------------------------------------------------------------


def test_peaks_are_lowest_and_highest_of_each_stretch() -> None:
    pcm = np.array([0.0, 1.0, -0.5, 0.25, 0.0, 0.0, -1.0, -0.25])
    np.testing.assert_array_equal(peaks(pcm, 4), [[0, 127], [-64, 32], [0, 0], [-127, -32]])


def test_channels_share_one_outline() -> None:
    pcm = np.array([[0.5, -1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(peaks(pcm, 1), [[-127, 64]])


@given(
    hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-1, 1, width=32)),
    st.integers(1, 90),
)
def test_peaks_lose_no_extreme_and_invent_none(pcm: np.ndarray, n_points: int) -> None:
    outline = peaks(pcm, n_points)
    assert outline.shape == (n_points, 2)
    assert outline.dtype == np.int8
    assert np.all(outline[:, 0] <= outline[:, 1])
    assert outline.min() == np.rint(127 * pcm.min())
    assert outline.max() == np.rint(127 * pcm.max())


def test_too_loud_sound_is_clipped_and_does_not_wrap() -> None:
    np.testing.assert_array_equal(peaks(np.array([3.0, -3.0]), 1), [[-127, 127]])


def test_no_sound_is_flat() -> None:
    np.testing.assert_array_equal(peaks(np.zeros((0, 2)), 3), np.zeros((3, 2)))


def test_peaks_at_no_points_are_refused() -> None:
    with pytest.raises(ParameterError):
        peaks(np.zeros(5), 0)


# --- spectrogram ----------------------------------------------------------------------------


def test_the_picture_is_a_paletted_png_of_the_size_asked_for(synth) -> None:
    image = Image.open(io.BytesIO(spectrogram_png(synth(2, channels=1), 44_100)))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (800, 200))
    colours = np.array(image.getpalette()).reshape(-1, 3)
    np.testing.assert_array_equal(colours[:128], dark_to_bright(128))
    small = spectrogram_png(synth(1, channels=1), 44_100, width=3, height=5)
    assert pixels(small).shape == (5, 3)


def test_the_same_samples_give_the_same_picture(synth) -> None:
    mono = synth(2, channels=1)
    assert spectrogram_png(mono, 44_100) == spectrogram_png(mono[:, 0].astype(np.float64), 44_100)


def test_higher_tones_stand_higher() -> None:
    rows = [
        int(pixels(spectrogram_png(tone(hertz), 44_100))[:, 400].argmax())
        for hertz in (60, 200, 1_000, 5_000, 12_000)
    ]
    assert rows == sorted(rows, reverse=True)
    assert len(set(rows)) == 5


def test_a_tone_stands_where_the_mel_scale_puts_it() -> None:
    mel = 2_595 * np.log10(1 + np.array([30, 1_000, 16_000]) / 700)
    expected = 201 * (mel[1] - mel[0]) / (mel[2] - mel[0]) - 1
    decibels = mel_decibels(tone(1_000), 44_100, n_columns=10, n_bands=200)
    assert abs(int(decibels[5].argmax()) - expected) <= 1


def test_time_runs_to_the_right() -> None:
    half = np.concatenate([np.zeros(44_100, np.float32), tone(1_000)])
    picture = pixels(spectrogram_png(half, 44_100, width=100))
    assert picture[:, :45].max() == 0
    assert np.all(picture[:, 55:].max(axis=0) > 100)


def test_a_short_sound_in_a_long_recording_is_not_skipped() -> None:
    long = np.zeros(60 * 8_000, np.float32)
    long[200_000:200_200] = tone(1_000, 200 / 8_000, 8_000)
    picture = pixels(spectrogram_png(long, 8_000, width=20))
    assert np.flatnonzero(picture.max(axis=0)).tolist() == [200_000 // 24_000]


def test_loudness_as_such_is_not_shown(synth) -> None:
    mono = synth(1, channels=1)
    loud, quiet = (pixels(spectrogram_png(mono * gain, 44_100)) for gain in (1.0, 0.01))
    assert np.abs(loud.astype(int) - quiet.astype(int)).max() <= 1


@pytest.mark.parametrize("level", [0.0, 1e-6])
def test_silence_and_the_last_bits_noise_are_dark(level: float) -> None:
    noise = level * np.random.default_rng(0).standard_normal(44_100)
    assert pixels(spectrogram_png(noise, 44_100)).max() < 64


def test_no_low_band_stays_black() -> None:
    noise = np.random.default_rng(0).standard_normal(44_100).astype(np.float32)
    decibels = mel_decibels(noise, 44_100, n_columns=50, n_bands=200)
    assert np.ptp(decibels.mean(axis=0)) < 6


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 48_000, 192_000])
@pytest.mark.parametrize("n_frames", [0, 1, 1_000, 100_000])
def test_any_rate_and_length_can_be_drawn(sample_rate: int, n_frames: int) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, n_frames)
    assert pixels(spectrogram_png(noise, sample_rate)).shape == (200, 800)


@pytest.mark.parametrize(
    ("pcm", "options"),
    [
        (np.zeros((100, 2)), {}),
        (np.zeros(100, dtype=np.int16), {}),
        (np.full(100, np.nan), {}),
        (np.zeros(100), {"sample_rate": 0}),
        (np.zeros(100), {"width": 0}),
        (np.zeros(100), {"height": 0}),
    ],
)
def test_what_cannot_be_drawn_is_refused(pcm: np.ndarray, options: dict[str, int]) -> None:
    with pytest.raises(ParameterError):
        spectrogram_png(pcm, **{"sample_rate": 44_100, **options})
