"""Read recordings: what they claim, and any part of them, exact to the sample.

Decoding is libsndfile's (WAV, FLAC, Ogg Vorbis, MP3 by libmpg123), resampling soxr's at its HQ
quality. "Exact" means: a part read by itself equals, bit for bit, the same part of the recording
decoded from its first to its last frame. Four things stand in the way of that, all measured with
soundfile 0.14 and libsndfile 1.2.2:

* An MP3 frame borrows bits from the frames before it (the bit reservoir), and libmpg123 winds back
  too few of them when it seeks. It lands on the right frame, but of 2,700 random positions in 108
  real MP3s (mostly VBR) 5.3 % began with wrong sound, by up to 0.56 of full scale, some for over
  5,000 frames. Starting 1, 2 and 4 MPEG frames earlier left 2.3, 1.3 and 0.3 %, starting 8 earlier
  none. So we seek to `PREROLL_FRAMES` before the place we want, decode, and drop what precedes it.
* The order in which libmpg123 sums depends on how many MPEG frames it has decoded, so the last bit
  of a sample may differ. In mono MP3s every second frame is alike, and to one of these we seek.
  Below 32 kHz (MPEG-2) we found no such simple rule, even for a seek to the first frame; those
  files are rare, and decoded from their start.
* On the last page of an Ogg Vorbis file libsndfile may seek to a wrong position, hundreds of
  frames away. So we never seek to where the last page may be (`UNSEEKABLE_TAIL_FRAMES`).
* `soundfile.SoundFile.read` seeks to where it already is after every read of a seekable file,
  which loses the reservoir again: reading an MP3 block by block differed from reading it whole in
  5 of 14 files. So we hand it a file that says it cannot seek (`_SequentialFile`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from consonance.audio import mp3_header, wav_header
from consonance.audio.pcm import FloatFrames
from consonance.errors import IngestError, ParameterError

BLOCK_SAMPLES = 2**17  # decoded at once, all channels together: half a megabyte

# How far before the wanted frame decoding must start for the result to be exact.
# MP3 (MPEG-1): a frame reaches back 511 bytes, and two more frames fill the overlap and the filter
# bank. The smallest frames (32 kb/s at 48 kHz) carry 58 bytes, so 9 + 2 frames are enough.
# Vorbis: one block of at most 8,192 frames; two, since the seek may land inside one.
PREROLL_FRAMES = {"MPEG_LAYER_III": 16 * 1_152, "VORBIS": 2 * 8_192}
# How far from the announced end we never seek to: a Vorbis file's last page, which holds at most
# 255 packets of at most 4,096 frames.
UNSEEKABLE_TAIL_FRAMES = {"VORBIS": 2**20}
_LOWEST_MPEG1_RATE = 32_000
_MPEG1_PERIOD = 2  # MPEG frames
# These decode each frame by itself. Every codec in neither list is decoded from its start.
_STATELESS_CODECS = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
_UNKNOWN_LENGTH = 2**62  # libsndfile says SF_COUNT_MAX, 2**63 - 1, where a file does not say


@dataclass(frozen=True)
class Probe:
    """What a file claims about itself, without decoding it.

    Parameters
    ----------
    container, codec
        libsndfile's names, such as "MP3", "OGG", "WAV"; "MPEG_LAYER_III", "VORBIS", "PCM_16".
    sample_rate
        Frames per second.
    channels
        Number of channels.
    header_frames
        Length announced by the file: an MP3's Xing, Info or VBRI header, a WAV's data chunk, a
        FLAC's stream information, the last page of an Ogg. None where nothing announces it.
    byte_size
        Size of the file.
    """

    container: str
    codec: str
    sample_rate: int
    channels: int
    header_frames: int | None
    byte_size: int

    @property
    def header_duration_ms(self) -> int | None:
        """The announced length in whole milliseconds, rounded down."""
        if self.header_frames is None:
            return None
        return duration_ms(self.header_frames, self.sample_rate)


def duration_ms(n_frames: int, sample_rate: int) -> int:
    """Return how many whole milliseconds fit into so many frames."""
    return n_frames * 1_000 // sample_rate


def frames_in(milliseconds: int, sample_rate: int) -> int:
    """Return the number of frames nearest to so many milliseconds, halves rounded up."""
    return (milliseconds * sample_rate + 500) // 1_000


class _SequentialFile(sf.SoundFile):  # type: ignore[misc, unused-ignore]
    """A sound file that soundfile does not seek in behind our back (see the module's text)."""

    def seekable(self) -> bool:
        return False


class Decoder:
    """An open recording. Use `open_decoder`."""

    def __init__(self, file: sf.SoundFile, path: Path) -> None:
        self._file = file
        self._path = path
        self.container: str = file.format
        self.codec: str = file.subtype
        self.sample_rate: int = file.samplerate
        self.channels: int = file.channels

    @property
    def library_frames(self) -> int | None:
        """The length libsndfile expects; None where it cannot tell. A claim, not a count."""
        n_frames = int(self._file.frames)
        return n_frames if 0 <= n_frames < _UNKNOWN_LENGTH else None

    def blocks(
        self, *, start: int = 0, n_frames: int | None = None, block_samples: int = BLOCK_SAMPLES
    ) -> Iterator[FloatFrames]:
        """Decode a part of the recording, block by block, in constant memory.

        Parameters
        ----------
        start : int
            First frame wanted, at least 0.
        n_frames : int, optional
            How many; to the end of the recording when None.
        block_samples : int
            Largest block to yield, counted over all channels; at least one frame is yielded.

        Yields
        ------
        np.ndarray [shape=(n_block_frames, n_channels), dtype=float32, full scale -1 to 1]
            Never empty. Fewer frames in all than asked for where the recording ends before.

        Raises
        ------
        IngestError
            If decoding fails; what was decoded before has been yielded.
        """
        try:
            block_frames = max(1, block_samples // self.channels)
            to_skip = self._seek_before(start)
            remaining = n_frames
            while remaining is None or remaining > 0:
                # The end of the pre-roll is cut off by itself, so that no block straddles it.
                limit = to_skip or (block_frames if remaining is None else remaining)
                block: FloatFrames = self._file.read(
                    min(limit, block_frames), dtype="float32", always_2d=True
                )
                if len(block) == 0:
                    return
                if to_skip:
                    to_skip -= len(block)
                    continue
                if remaining is not None:
                    remaining -= len(block)
                yield block
        except (sf.SoundFileError, OSError) as error:
            raise IngestError(
                f"{self._path} cannot be decoded ({error}): fetch the file again or leave the "
                "recording out."
            ) from error

    def _seek_before(self, start: int) -> int:
        """Go to where decoding must begin and return how many frames come before `start`."""
        if self.codec.startswith(_STATELESS_CODECS):
            preroll = 0
        elif self.container == "MP3" and self.sample_rate < _LOWEST_MPEG1_RATE:
            preroll = start
        else:
            preroll = PREROLL_FRAMES.get(self.codec, start)
        landing = start - preroll
        expected = self.library_frames
        if expected is not None:
            # Where the announced end is passed, libsndfile refuses to seek, but decodes to it.
            tail = UNSEEKABLE_TAIL_FRAMES.get(self.codec, preroll)
            landing = min(landing, expected - tail)
        if landing > 0 and self.container == "MP3":
            landing = self._aligned(landing)
        landing = max(0, landing)
        if landing > 0:
            self._file.seek(landing)
        return start - landing

    def _aligned(self, landing: int) -> int:
        """Move a place in an MP3 back to the MPEG frame at the start of a period."""
        header = mp3_header.read_header(self._path)
        if header is None:
            return 0
        n_samples = header.first_frame.n_samples
        mpeg_frame = (landing + header.dropped_samples) // n_samples
        return landing - mpeg_frame % _MPEG1_PERIOD * n_samples


@contextmanager
def open_decoder(path: str | Path) -> Iterator[Decoder]:
    """Open a recording for decoding.

    Parameters
    ----------
    path : str or Path
        An audio file.

    Yields
    ------
    Decoder
        Closed when the block ends.

    Raises
    ------
    IngestError
        If the file is missing or libsndfile recognises no audio in it.
    """
    path = Path(path)
    if not path.is_file():
        raise IngestError(f"There is no file at {path}: check the archive's folder.")
    try:
        file = _SequentialFile(str(path))
    # TypeError: soundfile wants to be told the format of a file named *.raw.
    except (sf.SoundFileError, OSError, TypeError) as error:
        raise IngestError(
            f"{path} cannot be opened as audio ({error}): fetch the file again or leave the "
            "recording out."
        ) from error
    with file:
        yield Decoder(file, path)


def probe(path: str | Path) -> Probe:
    """Return what a file claims about itself.

    Parameters
    ----------
    path : str or Path
        An audio file.

    Returns
    -------
    Probe
        Container, codec, rate, channels, announced length and size.

    Raises
    ------
    IngestError
        If the file is missing or is no audio that can be opened.
    """
    with open_decoder(path) as decoder:
        return Probe(
            container=decoder.container,
            codec=decoder.codec,
            sample_rate=decoder.sample_rate,
            channels=decoder.channels,
            header_frames=_announced_frames(decoder, Path(path)),
            byte_size=Path(path).stat().st_size,
        )


def _announced_frames(decoder: Decoder, path: Path) -> int | None:
    if decoder.container == "MP3":
        header = mp3_header.read_header(path)
        return None if header is None else header.announced_frames
    if decoder.container in ("WAV", "WAVEX", "RF64"):
        return wav_header.announced_frames(path)
    return decoder.library_frames


def read(
    path: str | Path, *, start_ms: int = 0, duration_ms: int | None = None
) -> tuple[FloatFrames, int]:
    """Decode a recording or a part of it, exact to the sample.

    Parameters
    ----------
    path : str or Path
        An audio file.
    start_ms : int
        Where to begin, milliseconds, at least 0; the nearest frame is taken.
    duration_ms : int, optional
        How much to read, milliseconds, at least 0; to the end when None.

    Returns
    -------
    frames : np.ndarray [shape=(n_frames, n_channels), dtype=float32, full scale -1 to 1]
        Shorter than asked for, or empty, where the recording ends before.
    sample_rate : int
        Frames per second.

    Raises
    ------
    ParameterError
        If a time is negative.
    IngestError
        If the file cannot be decoded.
    """
    _check_times(start_ms, duration_ms)
    with open_decoder(path) as decoder:
        blocks = list(_part(decoder, start_ms, duration_ms))
        nothing = np.zeros((0, decoder.channels), dtype=np.float32)
        return np.concatenate([nothing, *blocks]), decoder.sample_rate


def read_mono(
    path: str | Path, *, sample_rate: int, start_ms: int = 0, duration_ms: int | None = None
) -> npt.NDArray[np.float32]:
    """Decode a recording or a part of it to one channel at a given rate.

    Channels are averaged (stereo: ``0.5 * (L + R)``) before resampling, which is done in one pass
    with soxr HQ while decoding, so that only the result is held in memory.

    Parameters
    ----------
    path : str or Path
        An audio file.
    sample_rate : int
        Wanted rate, frames per second, at least 1.
    start_ms : int
        Where to begin, milliseconds, at least 0.
    duration_ms : int, optional
        How much to read, milliseconds, at least 0; to the end when None.

    Returns
    -------
    np.ndarray [shape=(n_frames,), dtype=float32]
        ``n_frames`` is the number decoded times the ratio of the rates, rounded. The resampler
        sees silence outside the part, so a part's edges differ from the whole's.

    Raises
    ------
    ParameterError
        If a time is negative or the rate is not positive.
    IngestError
        If the file cannot be decoded.
    """
    blocks = mono_blocks(path, sample_rate=sample_rate, start_ms=start_ms, duration_ms=duration_ms)
    return np.concatenate([np.zeros(0, dtype=np.float32), *blocks])


def mono_blocks(
    path: str | Path, *, sample_rate: int, start_ms: int = 0, duration_ms: int | None = None
) -> Iterator[npt.NDArray[np.float32]]:
    """Decode a recording or a part of it to one channel, block by block, in constant memory.

    Parameters
    ----------
    path, sample_rate, start_ms, duration_ms
        As in `read_mono`.

    Yields
    ------
    np.ndarray [shape=(n_block_frames,), dtype=float32]
        Put together, what `read_mono` returns; any of them may be empty.

    Raises
    ------
    ParameterError
        If a time is negative or the rate is not positive.
    IngestError
        If the file cannot be decoded; what was decoded before has been yielded.
    """
    _check_times(start_ms, duration_ms)
    if sample_rate < 1:
        raise ParameterError(f"sample_rate must be at least 1, not {sample_rate}.")
    with open_decoder(path) as decoder:
        mono = (to_mono(block) for block in _part(decoder, start_ms, duration_ms))
        if decoder.sample_rate == sample_rate:
            yield from mono
            return
        resampler = soxr.ResampleStream(
            decoder.sample_rate, sample_rate, 1, dtype="float32", quality="HQ"
        )
        for block in mono:
            yield resampler.resample_chunk(block)
        yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def to_mono(frames: FloatFrames) -> npt.NDArray[np.float32]:
    """Average the channels of samples [shape=(n_frames, n_channels)] to one [shape=(n_frames,)]."""
    if frames.shape[1] == 1:
        return frames[:, 0]
    if frames.shape[1] == 2:  # twenty times faster than a mean along the short axis
        return np.float32(0.5) * (frames[:, 0] + frames[:, 1])
    averaged: npt.NDArray[np.float32] = frames.mean(axis=1, dtype=np.float32)
    return averaged


def _part(decoder: Decoder, start_ms: int, duration_ms: int | None) -> Iterator[FloatFrames]:
    n_frames = None if duration_ms is None else frames_in(duration_ms, decoder.sample_rate)
    return decoder.blocks(start=frames_in(start_ms, decoder.sample_rate), n_frames=n_frames)


def _check_times(start_ms: int, duration_ms: int | None) -> None:
    if start_ms < 0:
        raise ParameterError(f"start_ms must be at least 0, not {start_ms}.")
    if duration_ms is not None and duration_ms < 0:
        raise ParameterError(f"duration_ms must be at least 0, not {duration_ms}.")
