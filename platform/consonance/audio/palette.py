"""A dark-to-bright colour scale in which equal steps look equal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

# The path through Oklab, as (start, end): lightness, and hue in degrees, from dark violet through
# magenta, red and orange to pale yellow. Lightness rises all the way, so the scale also reads in
# grey and for colour-blind eyes; it stays clear of pure black and white, so that the picture has
# an edge on a dark and on a light page.
_LIGHTNESS = (0.14, 0.96)
_HUE = (285.0, 460.0)
_CHROMA_START, _CHROMA_MIDDLE, _CHROMA_END = 0.03, 0.17, 0.08  # the middle is near sRGB's limit
_PATH_POINTS = 4_097

# Oklab to linear sRGB: B. Ottosson, "A perceptual color space for image processing" (2020).
_OKLAB_TO_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_CONES_TO_LINEAR_SRGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklab_path(n_colours: int) -> npt.NDArray[np.float64]:
    """Return the scale's colours in Oklab.

    In Oklab the Euclidean distance between two colours follows how different they look. The path
    is therefore walked in steps of equal length, which is what "perceptually uniform" means.

    Parameters
    ----------
    n_colours : int
        At least 2.

    Returns
    -------
    np.ndarray [shape=(n_colours, 3), dtype=float64]
        Lightness in [0, 1] and the two colour axes a and b, darkest first.

    Raises
    ------
    ParameterError
        If fewer than two colours are asked for.
    """
    if n_colours < 2:
        raise ParameterError(f"A colour scale needs at least 2 colours, not {n_colours}.")
    t = np.linspace(0.0, 1.0, _PATH_POINTS)
    lightness = np.interp(t, (0, 1), _LIGHTNESS)
    hue = np.radians(np.interp(t, (0, 1), _HUE))
    straight = np.interp(t, (0, 1), (_CHROMA_START, _CHROMA_END))
    bulge = _CHROMA_MIDDLE - (_CHROMA_START + _CHROMA_END) / 2
    chroma = straight + bulge * np.sin(np.pi * t)
    path = np.column_stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    stops = np.linspace(0.0, travelled[-1], n_colours)
    return np.column_stack([np.interp(stops, travelled, axis) for axis in path.T])


def oklab_to_srgb(colours: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Convert Oklab colours to sRGB.

    Parameters
    ----------
    colours : np.ndarray [shape=(n, 3)]
        Lightness, a and b.

    Returns
    -------
    np.ndarray [shape=(n, 3), dtype=float64]
        Red, green and blue with sRGB's transfer curve (IEC 61966-2-1); outside [0, 1] where the
        colour lies outside sRGB.
    """
    linear = (colours @ _OKLAB_TO_CONES.T) ** 3 @ _CONES_TO_LINEAR_SRGB.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    srgb: npt.NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return srgb


def dark_to_bright(n_colours: int = 256) -> npt.NDArray[np.uint8]:
    """Return the colour scale for a screen.

    Parameters
    ----------
    n_colours : int
        At least 2.

    Returns
    -------
    np.ndarray [shape=(n_colours, 3), dtype=uint8]
        Red, green and blue, darkest first.

    Raises
    ------
    ParameterError
        If fewer than two colours are asked for.
    """
    srgb = oklab_to_srgb(oklab_path(n_colours))
    return np.rint(255 * np.clip(srgb, 0, 1)).astype(np.uint8)
