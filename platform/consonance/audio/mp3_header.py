"""What an MP3 says about itself before a single sample is decoded.

MPEG audio layer III has no length field. Encoders put one into a silent first frame: LAME's "Xing"
(variable) or "Info" (constant bit rate) header, or Fraunhofer's "VBRI". libsndfile does not hand it
on, and a file that was cut short still carries the length it once had, so we read it ourselves.

Sources: ISO/IEC 11172-3 and 13818-3 (frame header), the published descriptions of the Xing, LAME
and VBRI headers, and ID3v2's informal standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SEARCH_BYTES = 65_536  # libmpg123 too gives up looking for a first frame after this much junk

_BITRATES_MPEG1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_MPEG2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLE_RATES_MPEG1 = (44_100, 48_000, 32_000)
_RATE_DIVISOR = {0b11: 1, 0b10: 2, 0b00: 4}  # version bits: MPEG-1, MPEG-2, "MPEG-2.5"

_XING_FRAMES, _XING_BYTES, _XING_TOC, _XING_QUALITY = 1, 2, 4, 8
_LAME_DELAYS_AT = 21  # from the start of the encoder's name
_DECODER_DELAY = 529  # of the filter bank, taken off together with what the encoder added
_VBRI_AT = 4 + 32  # whatever the size of the side information
_VBRI_FRAMES_AT = 14


@dataclass(frozen=True)
class FrameHeader:
    """The first four bytes of a layer III frame, in words.

    Parameters
    ----------
    lsf
        Whether the frame has the "low sampling frequencies" form of MPEG-2.
    bitrate
        Bits per second.
    sample_rate
        Frames of sound per second.
    channels
        1 or 2.
    protected
        Whether a 16-bit checksum follows the header.
    n_bytes
        Length of the frame including its header.
    """

    lsf: bool
    bitrate: int
    sample_rate: int
    channels: int
    protected: bool
    n_bytes: int

    @property
    def n_samples(self) -> int:
        """Samples per channel that the frame decodes to."""
        return 576 if self.lsf else 1_152

    @property
    def side_information_bytes(self) -> int:
        """Length of the side information that follows the header and its checksum."""
        if self.lsf:
            return 9 if self.channels == 1 else 17
        return 17 if self.channels == 1 else 32

    def continues(self, other: FrameHeader) -> bool:
        """Return whether `other` may be a frame of the same stream."""
        return (self.lsf, self.sample_rate) == (other.lsf, other.sample_rate)


@dataclass(frozen=True)
class Mp3Header:
    """The first frame of an MP3 and the length it announces.

    Parameters
    ----------
    first_frame
        Header of the first frame.
    offset
        Where that frame starts in the file, in bytes.
    kind
        "Xing", "Info" or "VBRI"; None where the first frame is an ordinary one.
    n_mpeg_frames
        Frames of MPEG audio announced, the announcing frame not counted.
    delay, padding
        Samples that the encoder added at the start and at the end, and a gapless decoder takes
        off again; 0 where it does not say.
    """

    first_frame: FrameHeader
    offset: int
    kind: str | None = None
    n_mpeg_frames: int | None = None
    delay: int = 0
    padding: int = 0

    @property
    def announced_frames(self) -> int | None:
        """Samples per channel the file should decode to; None where it does not say."""
        if self.n_mpeg_frames is None:
            return None
        total = self.n_mpeg_frames * self.first_frame.n_samples
        trimmed = total - self.delay - self.padding
        return trimmed if trimmed > 0 else total

    @property
    def dropped_samples(self) -> int:
        """Samples that libmpg123 decodes and drops before the first it hands out."""
        return self.delay + _DECODER_DELAY if self.delay or self.padding else 0


def parse_frame_header(head: bytes) -> FrameHeader | None:
    """Read the header of one layer III frame.

    Parameters
    ----------
    head : bytes
        At least the four bytes of the header; more is ignored.

    Returns
    -------
    FrameHeader or None
        None if the bytes are no such header; free-format frames, which do not say how long they
        are, count as none.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 0b11, head[1] >> 1 & 0b11
    bitrate_index, rate_index = head[2] >> 4, head[2] >> 2 & 0b11
    reserved = version == 0b01 or rate_index == 0b11 or bitrate_index in (0, 15)
    if layer != 0b01 or reserved or head[3] & 0b11 == 0b10:
        return None
    lsf = version != 0b11
    bitrate = 1_000 * (_BITRATES_MPEG2 if lsf else _BITRATES_MPEG1)[bitrate_index - 1]
    sample_rate = _SAMPLE_RATES_MPEG1[rate_index] // _RATE_DIVISOR[version]
    padding_slot = head[2] >> 1 & 1
    return FrameHeader(
        lsf=lsf,
        bitrate=bitrate,
        sample_rate=sample_rate,
        channels=1 if head[3] >> 6 == 0b11 else 2,
        protected=not head[1] & 1,
        n_bytes=(72 if lsf else 144) * bitrate // sample_rate + padding_slot,
    )


def find_first_frame(data: bytes) -> int | None:
    """Return where the first frame of a layer III stream starts.

    Parameters
    ----------
    data : bytes
        The start of a file, after its ID3v2 tags.

    Returns
    -------
    int or None
        Offset of the first header that another of the same stream follows (eleven set bits alone
        occur by chance), or that belongs to the last frame in `data`; None if there is none.
    """
    at = data.find(b"\xff")
    while at >= 0:
        frame = parse_frame_header(data[at : at + 4])
        if frame is not None:
            after = at + frame.n_bytes
            following = parse_frame_header(data[after : after + 4])
            if after == len(data) or (following is not None and frame.continues(following)):
                return at
        at = data.find(b"\xff", at + 1)
    return None


def read_header(path: str | Path) -> Mp3Header | None:
    """Read the first frame of an MP3 file and what it announces.

    Parameters
    ----------
    path : str or Path
        Any file.

    Returns
    -------
    Mp3Header or None
        None if no layer III frame starts within `SEARCH_BYTES` after the ID3v2 tags.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        start = 0
        while size := _id3v2_bytes(file.read(10)):
            start += size
            file.seek(start)
        file.seek(start)
        data = file.read(SEARCH_BYTES)
    at = find_first_frame(data)
    if at is None:
        return None
    frame = parse_frame_header(data[at : at + 4])
    assert frame is not None  # noqa: S101 - find_first_frame returns only where one parses
    body = data[at : at + frame.n_bytes]
    return _xing(frame, start + at, body) or _vbri(frame, start + at, body)


def _id3v2_bytes(head: bytes) -> int:
    """Return the whole length of the ID3v2 tag that starts with these ten bytes, else 0."""
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 0x7F:
        return 0
    size = 0
    for byte in head[6:10]:  # "syncsafe": seven bits a byte
        size = size << 7 | byte
    has_footer = head[5] & 0x10
    return 10 + size + (10 if has_footer else 0)


def _xing(frame: FrameHeader, offset: int, body: bytes) -> Mp3Header | None:
    for checksum_bytes in (0, 2):  # encoders disagree whether a checksum stands before the header
        at = 4 + checksum_bytes + frame.side_information_bytes
        if body[at : at + 4] in (b"Xing", b"Info"):
            break
    else:
        return None
    kind = body[at : at + 4].decode("ascii")
    flags = int.from_bytes(body[at + 4 : at + 8], "big")
    if not flags & _XING_FRAMES or len(body) < at + 12:
        return Mp3Header(frame, offset, kind)
    n_mpeg_frames = int.from_bytes(body[at + 8 : at + 12], "big")
    name_at = at + 12
    for flag, n_bytes in ((_XING_BYTES, 4), (_XING_TOC, 100), (_XING_QUALITY, 4)):
        name_at += n_bytes if flags & flag else 0
    delay, padding = _lame_delays(body[name_at:])
    return Mp3Header(frame, offset, kind, n_mpeg_frames, delay, padding)


def _lame_delays(extension: bytes) -> tuple[int, int]:
    """Return the encoder's delay and padding from LAME's extension of the Xing header."""
    packed = extension[_LAME_DELAYS_AT : _LAME_DELAYS_AT + 3]
    if len(packed) < 3 or not extension[:4].isalpha():  # "LAME", "Lavc", "Lavf", ...
        return 0, 0
    return packed[0] << 4 | packed[1] >> 4, (packed[1] & 0x0F) << 8 | packed[2]


def _vbri(frame: FrameHeader, offset: int, body: bytes) -> Mp3Header:
    vbri = body[_VBRI_AT:]
    if vbri[:4] != b"VBRI" or len(vbri) < _VBRI_FRAMES_AT + 4:
        return Mp3Header(frame, offset)
    n_mpeg_frames = int.from_bytes(vbri[_VBRI_FRAMES_AT : _VBRI_FRAMES_AT + 4], "big")
    return Mp3Header(frame, offset, "VBRI", n_mpeg_frames)
