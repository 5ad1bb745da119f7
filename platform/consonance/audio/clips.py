"""Cut an excerpt out of a recording into a small Ogg file: same sound, same bytes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from consonance.audio.decode import frames_in, open_decoder
from consonance.audio.decoded import require_same_sound, require_sound
from consonance.audio.ogg_serial import with_serial
from consonance.audio.pcm import FloatFrames, as_frames, pcm_sha256
from consonance.errors import IngestError, ParameterError

CLIP_SAMPLE_RATE = 44_100  # as OpenMIC-2018's clips
CLIP_QUALITY = 0.5  # about 146 kb/s in stereo: 182 kB for ten seconds
MAX_CHANNELS = 2
MAX_SAMPLE_RATE = 200_000  # above, libvorbis refuses, and libsndfile 1.2.2 crashes on the refusal

_WRITE_FRAMES = 65_536  # libsndfile's Vorbis encoder overflows its stack on one long write
# Sound read on either side of a clip that must be resampled, so that the filter does not hear the
# cut. A whole second is a whole number of frames at every rate, so nothing shifts.
_MARGIN_MS = 1_000


@dataclass(frozen=True)
class CutClip:
    """An excerpt as a file.

    Parameters
    ----------
    ogg
        The Ogg Vorbis file.
    sha256
        SHA-256 of `ogg`, 64 hexadecimal digits: the clip's name in storage.
    pcm_sha256
        `pcm.pcm_sha256` of the samples that were encoded, which says the same of the sound
        before Vorbis changed it.
    sample_rate
        Frames per second, always `CLIP_SAMPLE_RATE`.
    channels
        1 or 2, as the recording has.
    frames
        Length of the clip.
    """

    ogg: bytes
    sha256: str
    pcm_sha256: str
    sample_rate: int
    channels: int
    frames: int


def encode_ogg(pcm: npt.ArrayLike, sample_rate: int, *, quality: float = CLIP_QUALITY) -> bytes:
    """Encode samples as Ogg Vorbis; the same samples give the same bytes.

    libsndfile draws the stream's serial number at random. We set it to the first 32 bits of the
    samples' hash (see `ogg_serial`), after which nothing in the file depends on chance or time.
    Another build of libvorbis may give other bytes.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        Mono or stereo, at least one frame.
    sample_rate : int
        Frames per second, 1 to `MAX_SAMPLE_RATE`.
    quality : float
        0 (smallest) to 1 (best).

    Returns
    -------
    bytes
        The file; it decodes to exactly as many frames.

    Raises
    ------
    ParameterError
        If the samples are empty, not finite or of more than two channels, or the quality or the
        rate is out of range.
    """
    frames = as_frames(pcm)
    _check_encodable(frames, sample_rate, quality)
    return _encode(frames, sample_rate, quality, pcm_sha256(frames, sample_rate))


def cut_clip(
    path: str | Path, start_ms: int, duration_ms: int, *, quality: float = CLIP_QUALITY
) -> CutClip:
    """Cut an excerpt out of a recording, encode it at 44.1 kHz, and hear the result.

    The cut is exact to the sample (see `decode`). A recording at another rate is resampled with
    soxr HQ together with up to a second of its surroundings, so that a clip equals the same part
    of the whole recording resampled, without a click at its edges.

    Parameters
    ----------
    path : str or Path
        An audio file with one or two channels.
    start_ms : int
        Where the excerpt starts, milliseconds, at least 0.
    duration_ms : int
        How long it is, milliseconds, at least 1.
    quality : float
        As for `encode_ogg`.

    Returns
    -------
    CutClip
        Exactly ``round(44.1 * duration_ms)`` frames, mono or stereo as the recording is.

    Raises
    ------
    ParameterError
        If a time or the quality is out of range.
    IngestError
        With reason "unreadable" if the recording does not decode, "too_many_channels" if it has
        more than two channels, "too_short" if it ends before the excerpt does; and as
        `encode_clip` does.
    """
    return encode_clip(read_clip(path, start_ms, duration_ms), quality=quality)


def encode_clip(pcm: npt.ArrayLike, *, quality: float = CLIP_QUALITY) -> CutClip:
    """Encode an excerpt's samples as `cut_clip` does, decode the file again and compare.

    Parameters
    ----------
    pcm : array_like [shape=(n_frames, n_channels) or (n_frames,), full scale -1 to 1]
        One or two channels at `CLIP_SAMPLE_RATE`, as `read_clip` returns them.
    quality : float
        As for `encode_ogg`.

    Returns
    -------
    CutClip
        A clip that is known to sound like the samples.

    Raises
    ------
    ParameterError
        As `encode_ogg` does.
    IngestError
        With reason "silent" if there is nothing to hear; "damaged" or "wrong_length" if the file
        does not decode to the sound it was made from (see `decoded`).
    """
    frames = as_frames(pcm)
    _check_encodable(frames, CLIP_SAMPLE_RATE, quality)
    require_sound(frames, CLIP_SAMPLE_RATE)
    content = pcm_sha256(frames, CLIP_SAMPLE_RATE)
    ogg = _encode(frames, CLIP_SAMPLE_RATE, quality, content)
    require_same_sound(ogg, frames, CLIP_SAMPLE_RATE)
    return CutClip(
        ogg=ogg,
        sha256=hashlib.sha256(ogg).hexdigest(),
        pcm_sha256=content,
        sample_rate=CLIP_SAMPLE_RATE,
        channels=frames.shape[1],
        frames=len(frames),
    )


def read_clip(path: str | Path, start_ms: int, duration_ms: int) -> FloatFrames:
    """Return the samples that `cut_clip` encodes, for pictures and for the detector.

    Parameters
    ----------
    path, start_ms, duration_ms
        As for `cut_clip`.

    Returns
    -------
    np.ndarray [shape=(round(44.1 * duration_ms), n_channels), dtype=float32]
        One or two channels at `CLIP_SAMPLE_RATE`.

    Raises
    ------
    ParameterError, IngestError
        As `cut_clip` does.
    """
    if start_ms < 0 or duration_ms < 1:
        raise ParameterError(
            f"An excerpt starts at 0 ms or later and lasts 1 ms or longer, not {start_ms} and "
            f"{duration_ms} ms."
        )
    with open_decoder(path) as decoder:
        if decoder.channels > MAX_CHANNELS:
            raise IngestError(
                f"{path} has {decoder.channels} channels, and clips have at most {MAX_CHANNELS}: "
                "mix it down first.",
                reason="too_many_channels",
            )
        rate = decoder.sample_rate
        margin_ms = 0 if rate == CLIP_SAMPLE_RATE else _MARGIN_MS
        before_ms = min(margin_ms, start_ms)
        n_wanted = frames_in(before_ms + duration_ms, rate)
        blocks = list(
            decoder.blocks(
                start=frames_in(start_ms - before_ms, rate),
                n_frames=n_wanted + frames_in(margin_ms, rate),
            )
        )
        frames = np.concatenate([np.zeros((0, decoder.channels), dtype=np.float32), *blocks])
    if len(frames) < max(1, n_wanted - 1):  # start and length are both rounded to whole frames
        raise IngestError(
            f"{path} ends before the excerpt from {start_ms} ms to {start_ms + duration_ms} ms "
            "does: draw excerpts from the decoded length, not from the header's.",
            reason="too_short",
        )
    if not np.isfinite(frames).all():
        raise IngestError(
            f"{path} holds samples that are not numbers (NaN or infinity) between {start_ms} ms "
            f"and {start_ms + duration_ms} ms: export it again."
        )
    if rate != CLIP_SAMPLE_RATE:
        frames = soxr.resample(frames, rate, CLIP_SAMPLE_RATE, quality="HQ")
    first = frames_in(before_ms, CLIP_SAMPLE_RATE)
    n_frames = frames_in(duration_ms, CLIP_SAMPLE_RATE)
    excerpt = frames[first : first + n_frames]
    # Rounding at the recording's rate may leave it short by less than one frame of that rate.
    missing = n_frames - len(excerpt)
    return as_frames(np.pad(excerpt, ((0, missing), (0, 0))) if missing else excerpt)


def _check_encodable(frames: FloatFrames, sample_rate: int, quality: float) -> None:
    if not 1 <= sample_rate <= MAX_SAMPLE_RATE:
        raise ParameterError(
            f"sample_rate must lie in [1, {MAX_SAMPLE_RATE}], not {sample_rate}: resample first."
        )
    if not 0 <= quality <= 1:
        raise ParameterError(f"quality must lie in [0, 1], not {quality}.")
    if len(frames) == 0:
        raise ParameterError("There are no samples to encode: a clip has at least one frame.")
    if frames.shape[1] > MAX_CHANNELS:
        raise ParameterError(
            f"A clip has one or two channels, not {frames.shape[1]}: mix the recording down first."
        )


def _encode(frames: FloatFrames, sample_rate: int, quality: float, content: str) -> bytes:
    buffer = io.BytesIO()
    with sf.SoundFile(
        buffer,
        mode="w",
        samplerate=sample_rate,
        channels=frames.shape[1],
        format="OGG",
        subtype="VORBIS",
        compression_level=1 - quality,
    ) as file:
        for start in range(0, len(frames), _WRITE_FRAMES):
            file.write(frames[start : start + _WRITE_FRAMES])
    return with_serial(buffer.getvalue(), int(content[:8], 16))
