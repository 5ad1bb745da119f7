"""What people hear of a clip while they answer: the same sound at an even loudness, as MP3.

The released file (Ogg Vorbis, `clips`) is never changed. Beside it stands a rendition made from
the same samples, for playback only:

* **Levelled when it is encoded**, not by the page: a page can only turn sound down
  (`HTMLMediaElement.volume` ends at 1), on iPhones and iPads not even that (the property cannot be
  set), and the volume slider stays the listener's own.
* **MP3 at a constant bit rate**: every browser plays it, Safari of any age included, and a place
  in time is a place in the file, so that seeking lands where one points. Vorbis is always of
  variable rate, and Safari plays it only from version 18.4.

So everybody hears the same bytes; the Ogg file is the second choice of a page, for clips that have
no rendition yet.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile as sf

from consonance.audio.decoded import require_same_sound
from consonance.audio.loudness import Loudness, measure
from consonance.audio.pcm import FloatFrames, as_frames
from consonance.errors import ParameterError

TARGET_LUFS = -23.0  # EBU R 128
CEILING_DBTP = -1.0  # EBU R 128; leaves the codec room to overshoot
#: What is quieter than 20 LU below the target is meant to be: a fade, a far sound, mostly noise.
LARGEST_BOOST_DB = 20.0
#: kb/s by number of channels; LAME's joint stereo needs less than twice as much as mono.
BIT_RATES = {1: 96, 2: 160}

# Rates of MPEG-1, which all decoders know, and for which the bit rates above exist.
_SAMPLE_RATES = (32_000, 44_100, 48_000)
# libsndfile takes a bit rate as a place between 320 and 32 kb/s, and LAME the nearest there is.
_HIGHEST_BIT_RATE, _LOWEST_BIT_RATE = 320, 32
# LAME's presets for these bit rates turn everything down by so much, lest peaks clip; our ceiling
# sees to that, and a level that was measured must be kept.
_LAME_SCALE = 0.95
_WRITE_FRAMES = 65_536


@dataclass(frozen=True)
class Rendition:
    """A clip as it is played to people.

    Parameters
    ----------
    mp3
        The file.
    sha256
        SHA-256 of `mp3`: its name in storage.
    gain_db
        What the samples were multiplied by, decibels.
    loudness
        Of the clip before that.
    """

    mp3: bytes
    sha256: str
    gain_db: float
    loudness: Loudness


def playback_gain_db(loudness: Loudness) -> float:
    """Return the gain that brings a sound to the target without ever clipping it.

    Parameters
    ----------
    loudness : Loudness
        What was measured of the sound.

    Returns
    -------
    float
        Decibels, at most `LARGEST_BOOST_DB`, and such that the true peak stays at or below
        `CEILING_DBTP`. A sound without a loudness is not raised, only kept below the ceiling.
    """
    wanted = 0.0 if loudness.lufs is None else TARGET_LUFS - loudness.lufs
    return min(wanted, LARGEST_BOOST_DB, CEILING_DBTP - loudness.true_peak_dbtp)


def render_playback(pcm: npt.ArrayLike, sample_rate: int) -> Rendition:
    """Make the rendition of a clip that people hear, and hear it ourselves first.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        The clip's samples, mono or stereo, as they were before the Ogg file was made.
    sample_rate : int
        32,000, 44,100 or 48,000.

    Returns
    -------
    Rendition
        The same samples give the same bytes.

    Raises
    ------
    ParameterError
        As `encode_mp3` does.
    IngestError
        If the file does not decode to the sound it was made from (see `decoded`).
    """
    frames = as_frames(pcm)
    _check_encodable(frames, sample_rate)
    loudness = measure(frames, sample_rate)
    gain_db = playback_gain_db(loudness)
    levelled = frames * np.float32(10 ** (gain_db / 20))
    mp3 = encode_mp3(levelled, sample_rate)
    require_same_sound(mp3, levelled, sample_rate)
    return Rendition(
        mp3=mp3, sha256=hashlib.sha256(mp3).hexdigest(), gain_db=gain_db, loudness=loudness
    )


def encode_mp3(pcm: npt.ArrayLike, sample_rate: int) -> bytes:
    """Encode samples as MP3 at the constant bit rate of `BIT_RATES`.

    LAME, by way of libsndfile. The file begins with an "Info" frame, by which decoders cut off
    what the codec adds at either end; nothing in it depends on chance or time. Another build of
    LAME may give other bytes.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        Mono or stereo, at least one frame.
    sample_rate : int
        32,000, 44,100 or 48,000.

    Returns
    -------
    bytes
        The file; libsndfile decodes it to exactly as many frames.

    Raises
    ------
    ParameterError
        If the samples are empty, not finite or of more than two channels, or at another rate.
    """
    frames = as_frames(pcm)
    _check_encodable(frames, sample_rate)
    bit_rate = BIT_RATES[frames.shape[1]]
    scaled = frames / np.float32(_LAME_SCALE)
    buffer = io.BytesIO()
    with sf.SoundFile(
        buffer,
        mode="w",
        samplerate=sample_rate,
        channels=frames.shape[1],
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=(_HIGHEST_BIT_RATE - bit_rate) / (_HIGHEST_BIT_RATE - _LOWEST_BIT_RATE),
        bitrate_mode="CONSTANT",
    ) as file:
        for start in range(0, len(scaled), _WRITE_FRAMES):
            file.write(scaled[start : start + _WRITE_FRAMES])
    return buffer.getvalue()


def _check_encodable(frames: FloatFrames, sample_rate: int) -> None:
    if sample_rate not in _SAMPLE_RATES:
        known = ", ".join(str(rate) for rate in _SAMPLE_RATES)
        raise ParameterError(
            f"A rendition has one of the rates {known} Hz, not {sample_rate}: resample first."
        )
    if len(frames) == 0:
        raise ParameterError("There are no samples to render: a clip has at least one frame.")
    if frames.shape[1] not in BIT_RATES:
        raise ParameterError(
            f"A clip has one or two channels, not {frames.shape[1]}: mix the recording down first."
        )
