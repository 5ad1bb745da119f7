"""The grid of excerpts laid over a recording, and the keys that name them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

EXCERPT_MS = 10_000  # OpenMIC-2018: every clip lasts ten seconds
EXCERPT_HOP_MS = 3_840  # OpenMIC-2018's grid: four of VGGish's 0.96 s patches

# Six digits as FMA writes them, more only where the number needs more; no other leading zeros.
_SAMPLE_KEY = re.compile(r"([0-9]{6}|[1-9][0-9]{6,})_(0|[1-9][0-9]*)")


def grid(
    duration_ms: int, *, window_ms: int = EXCERPT_MS, hop_ms: int = EXCERPT_HOP_MS
) -> npt.NDArray[np.int64]:
    """Return where the excerpts of a recording start.

    Parameters
    ----------
    duration_ms : int
        Decoded length of the recording, milliseconds, at least 0.
    window_ms : int
        Length of an excerpt, milliseconds, at least 1.
    hop_ms : int
        Distance between two starts, milliseconds, at least 1.

    Returns
    -------
    np.ndarray [shape=(n_excerpts,), dtype=int64]
        ``0, hop, 2 * hop, ...`` milliseconds, as long as the whole window fits; empty for a
        recording shorter than one window.

    Raises
    ------
    ParameterError
        If a length is out of range.
    """
    if duration_ms < 0:
        raise ParameterError(f"duration_ms must be at least 0, not {duration_ms}.")
    if window_ms < 1:
        raise ParameterError(f"window_ms must be at least 1, not {window_ms}.")
    if hop_ms < 1:
        raise ParameterError(f"hop_ms must be at least 1, not {hop_ms}.")
    return np.arange(0, duration_ms - window_ms + 1, hop_ms, dtype=np.int64)


def sample_key(track_no: int, start_ms: int) -> str:
    """Return the name of an excerpt in OpenMIC's form, ``000046_3840``.

    Parameters
    ----------
    track_no : int
        Number of the track in its archive, at least 0.
    start_ms : int
        Where the excerpt starts, milliseconds, at least 0.

    Returns
    -------
    str
        ``{track_no:06d}_{start_ms}``; `parse_sample_key` is its inverse.

    Raises
    ------
    ParameterError
        If a number is negative.
    """
    if track_no < 0 or start_ms < 0:
        raise ParameterError(
            f"A sample key needs a track number and a start of at least 0, not {track_no} "
            f"and {start_ms}."
        )
    return f"{track_no:06d}_{start_ms:d}"


def parse_sample_key(key: str) -> tuple[int, int]:
    """Return the track number and the start of a sample key.

    Parameters
    ----------
    key : str
        As `sample_key` writes it. Other spellings of the same numbers (``46_3840``,
        ``000046_03840``) are refused, so that equal excerpts always have equal keys.

    Returns
    -------
    tuple of (int, int)
        Track number and start in milliseconds.

    Raises
    ------
    ParameterError
        If the text is not a sample key.
    """
    match = _SAMPLE_KEY.fullmatch(key)
    if match is None:
        raise ParameterError(
            f"{key!r} is not a sample key: six digits, an underscore and the start in "
            "milliseconds are expected, as in '000046_3840'."
        )
    return int(match[1]), int(match[2])
