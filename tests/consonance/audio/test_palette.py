from __future__ import annotations

import numpy as np
import pytest

from consonance.audio.palette import dark_to_bright, oklab_path, oklab_to_srgb
from consonance.errors import ParameterError


def relative_luminance(srgb: np.ndarray) -> np.ndarray:
    """WCAG's formula, for eight-bit colours."""
    channels = srgb / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_steps_are_equally_large_to_the_eye() -> None:
    steps = np.linalg.norm(np.diff(oklab_path(256), axis=0), axis=1)
    assert steps.max() / steps.min() < 1.01


def test_lightness_rises_all_the_way() -> None:
    assert np.all(np.diff(oklab_path(256)[:, 0]) > 0)
    assert np.all(np.diff(relative_luminance(dark_to_bright(128))) > 0)


def test_every_colour_exists_on_a_screen() -> None:
    srgb = oklab_to_srgb(oklab_path(256))
    assert srgb.min() >= 0
    assert srgb.max() <= 1


def test_black_and_white_are_where_oklab_puts_them() -> None:
    srgb = oklab_to_srgb(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    np.testing.assert_allclose(srgb[0], 0, atol=1e-6)
    np.testing.assert_allclose(srgb[1], 1, atol=1e-6)
    np.testing.assert_allclose(srgb[2], srgb[2, 0], atol=1e-6)  # grey


def test_srgbs_red_has_its_known_place_in_oklab() -> None:
    red = np.array([[0.62796, 0.22486, 0.12585]])  # published with Oklab
    np.testing.assert_allclose(oklab_to_srgb(red), [[1, 0, 0]], atol=1e-3)


def test_the_ends_are_dark_and_bright_but_not_black_and_white() -> None:
    luminance = relative_luminance(dark_to_bright())
    assert 0 < luminance[0] < 0.01
    assert 0.8 < luminance[-1] < 1


def test_the_colours_are_those_that_were_looked_at() -> None:
    # Golden: a change here changes every spectrogram that is stored.
    expected = [[8, 7, 21], [91, 25, 89], [192, 58, 86], [245, 146, 69], [254, 244, 182]]
    np.testing.assert_array_equal(dark_to_bright(5), expected)


def test_a_scale_of_one_colour_is_refused() -> None:
    with pytest.raises(ParameterError):
        dark_to_bright(1)
