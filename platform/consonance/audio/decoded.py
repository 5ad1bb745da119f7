"""Is an encoded clip the sound it was made from? It is decoded again and compared.

An encoder that returns bytes proves nothing: OpenMIC-2018 shipped clips that were silent. Nobody
is asked about a clip before this module has heard it.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import soundfile as sf

from consonance.audio.pcm import FloatFrames
from consonance.errors import IngestError

#: A clip is silent if less than this share of its tenths of a second reaches `SILENCE_DBFS`:
#: under a second of sound in ten leaves nothing to answer about.
LEAST_SOUNDING_SHARE = 0.1
SILENCE_DBFS = -60.0  # as `inspect.Limits` judges recordings
#: Largest power of the difference between the sound and what was decoded, against the loudest
#: window nearby, decibels. A lost window gives 0 and a foreign one about 3. Of 92 real recordings
#: the worst window gave -9.9 in Vorbis and -13.0 in MP3 (hi-hats, as noise codes worst).
LARGEST_DIFFERENCE_DB = -3.0

_WINDOWS_PER_SECOND = 20
_SILENCE_WINDOWS_PER_SECOND = 10
# What is quieter than this may differ as it likes: nobody hears it (-80 dBFS).
_INAUDIBLE_POWER = 1e-8


def decode_clip(encoded: bytes) -> tuple[FloatFrames, int]:
    """Decode an encoded clip from its first to its last frame.

    Parameters
    ----------
    encoded : bytes
        A file that libsndfile reads.

    Returns
    -------
    frames : np.ndarray [shape=(n_frames, n_channels), dtype=float32]
        What it holds; not checked.
    sample_rate : int
        Frames per second.

    Raises
    ------
    IngestError
        With reason "damaged" if it does not decode.
    """
    try:
        frames, sample_rate = sf.read(io.BytesIO(encoded), dtype="float32", always_2d=True)
    except (sf.SoundFileError, RuntimeError) as error:
        raise IngestError(f"The clip does not decode ({error}).", reason="damaged") from error
    return frames, int(sample_rate)


def require_sound(frames: FloatFrames, sample_rate: int) -> None:
    """Refuse a clip that nobody can answer about, because there is nothing to hear.

    Parameters
    ----------
    frames : np.ndarray [shape=(n_frames, n_channels), dtype=float32, finite]
        The clip.
    sample_rate : int
        Frames per second.

    Raises
    ------
    IngestError
        With reason "silent".
    """
    powers = _window_powers(frames, max(1, sample_rate // _SILENCE_WINDOWS_PER_SECOND))
    sounding = float(np.mean(powers >= 10 ** (SILENCE_DBFS / 10))) if len(powers) else 0.0
    if sounding < LEAST_SOUNDING_SHARE:
        raise IngestError(
            f"{100 * (1 - sounding):.0f} % of the excerpt lies below {SILENCE_DBFS:g} dBFS: "
            "there is nothing to hear in it.",
            reason="silent",
        )


def require_same_sound(encoded: bytes, frames: FloatFrames, sample_rate: int) -> None:
    """Decode an encoded clip and refuse it unless it is the sound that it was made from.

    Compared are rate, channels and length, exactly, and then the samples in windows of 50 ms:
    lossy coding changes them a little everywhere, damage changes them much somewhere.

    Parameters
    ----------
    encoded : bytes
        The file as it will be stored.
    frames : np.ndarray [shape=(n_frames, n_channels), dtype=float32, finite]
        What was encoded.
    sample_rate : int
        Frames per second.

    Raises
    ------
    IngestError
        With reason "damaged" if it does not decode, decodes to something that is not a number, or
        sounds different somewhere; "wrong_length" if rate, channels or length differ.
    """
    decoded, decoded_rate = decode_clip(encoded)
    if (decoded.shape, decoded_rate) != (frames.shape, sample_rate):
        raise IngestError(
            f"The clip decodes to {_shape(decoded, decoded_rate)} instead of "
            f"{_shape(frames, sample_rate)}.",
            reason="wrong_length",
        )
    if not np.isfinite(decoded).all():
        raise IngestError("The clip decodes to what are no numbers.", reason="damaged")
    n_window = max(1, sample_rate // _WINDOWS_PER_SECOND)
    sound = _window_powers(frames, n_window)
    nearby = np.maximum(sound, np.maximum(np.append(sound[1:], 0), np.append(0, sound[:-1])))
    allowed = np.maximum(nearby, _INAUDIBLE_POWER) * 10 ** (LARGEST_DIFFERENCE_DB / 10)
    wrong = np.flatnonzero(_window_powers(decoded - frames, n_window) > allowed)
    if len(wrong):
        raise IngestError(
            f"The clip decodes to another sound than it was made from, first at "
            f"{wrong[0] / _WINDOWS_PER_SECOND:.2f} s.",
            reason="damaged",
        )


def _window_powers(frames: FloatFrames, n_window: int) -> npt.NDArray[np.float64]:
    """Return the mean square of each window over its loudest channel; the last may be shorter."""
    if len(frames) == 0:
        return np.zeros(0)
    starts = np.arange(0, len(frames), n_window)
    lengths = np.diff(starts, append=len(frames))
    sums = np.add.reduceat(np.square(frames, dtype=np.float64), starts, axis=0)
    powers: npt.NDArray[np.float64] = sums.max(axis=1) / lengths
    return powers


def _shape(frames: FloatFrames, sample_rate: int) -> str:
    return f"{len(frames)} frames of {frames.shape[1]} channel(s) at {sample_rate} Hz"
