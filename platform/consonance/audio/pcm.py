"""Decoded samples as arrays: their shape, their 16-bit rounding and the hash that names them."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

FloatFrames = npt.NDArray[np.float32]

INT16_SCALE = 32_768  # libsndfile's: the integer -32768 is read as -1.0


def as_frames(pcm: npt.ArrayLike) -> FloatFrames:
    """Return samples in the one shape this package works on.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        Samples; one dimension means mono.

    Returns
    -------
    np.ndarray [shape=(n_frames, n_channels), dtype=float32, C-contiguous]
        The same samples, without a copy where none is needed.

    Raises
    ------
    ParameterError
        If the samples are not floating point, not one- or two-dimensional, have no channel, or
        hold a NaN or an infinity.
    """
    frames = np.asarray(pcm)
    if not np.issubdtype(frames.dtype, np.floating):
        raise ParameterError(
            f"Samples must be floating point in [-1, 1], not {frames.dtype}: "
            "divide integers by their full scale."
        )
    if frames.ndim == 1:
        frames = frames[:, np.newaxis]
    if frames.ndim != 2 or frames.shape[1] < 1:
        raise ParameterError(
            f"Samples must have the shape (n_frames, n_channels), not {np.shape(pcm)}."
        )
    if not np.isfinite(frames).all():
        raise ParameterError("Samples hold a NaN or an infinity: replace them before this step.")
    return np.ascontiguousarray(frames, dtype=np.float32)


def to_int16(frames: FloatFrames) -> npt.NDArray[np.int16]:
    """Round samples to 16-bit little-endian integers.

    Parameters
    ----------
    frames : np.ndarray [dtype=float32, finite]
        Samples with full scale at -1 and 1; what lies outside is clipped.

    Returns
    -------
    np.ndarray [same shape, dtype=int16 little-endian]
        ``rint(32768 * x)``, which gives back a 16-bit file's own integers exactly.
    """
    scaled = np.rint(frames * np.float32(INT16_SCALE))
    whole: npt.NDArray[np.int16] = np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1).astype("<i2")
    return whole


class PcmDigest:
    """The SHA-256 of decoded audio, fed block by block.

    What is hashed: the ASCII bytes ``pcm-s16le``, the sample rate as an unsigned 32-bit and the
    number of channels as an unsigned 16-bit little-endian integer, then all samples of
    `to_int16`, interleaved. So the hash does not depend on the block size, on tags, or on a
    lossless container (a 16-bit WAV and its FLAC agree), and the same samples at another rate
    differ. Two decoders of one lossy file may differ in the last bit and then disagree.

    Parameters
    ----------
    sample_rate : int
        Frames per second, 1 to 2**32 - 1.
    n_channels : int
        1 to 65,535.
    """

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        self._sha256 = hashlib.sha256(b"pcm-s16le" + struct.pack("<IH", sample_rate, n_channels))

    def update(self, frames: FloatFrames) -> None:
        """Add a block of finite samples [shape=(n_frames, n_channels), dtype=float32]."""
        self._sha256.update(to_int16(frames).tobytes())

    def hexdigest(self) -> str:
        """Return the hash of everything added so far, 64 hexadecimal digits."""
        return self._sha256.hexdigest()


def pcm_sha256(frames: FloatFrames, sample_rate: int) -> str:
    """Return `PcmDigest`'s hash of samples that are already in memory.

    Parameters
    ----------
    frames : np.ndarray [shape=(n_frames, n_channels), dtype=float32, finite]
        Samples, as `as_frames` returns them.
    sample_rate : int
        Frames per second.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = PcmDigest(sample_rate, frames.shape[1])
    digest.update(frames)
    return digest.hexdigest()
