"""AudioSet's embeddings, read from TFRecord files without TensorFlow.

A file is a row of records, each framed as its length (uint64), the length's checksum, the bytes and
their checksum (masked CRC-32C). The bytes are a ``tf.SequenceExample`` in protocol-buffer wire
format: video, times and label numbers, and one embedding of 128 bytes a second. Every checksum is
verified; what is damaged is reported with its offset, and the rest is read.

References
----------
https://www.tensorflow.org/tutorials/load_data/tfrecord (framing, mask);
https://research.google.com/audioset/download.html (features);
G. Castagnoli et al., IEEE Trans. Comm. 41 (1993) (the polynomial).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from candidates.detector.segments import Damage

T = TypeVar("T")

EMBEDDING: Final = 128  # bytes, one a second
N_LABELS: Final = 527
_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C, reflected
_MASK: Final = 0xA282EAD8
_HEAD: Final = struct.Struct("<QI")  # length, its checksum
_TAIL: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The embedding of a stretch of a video.

    Parameters
    ----------
    video_id
        YouTube's.
    start_s, end_s
        In seconds.
    labels
        Numbers of AudioSet's labels, in [0, 527).
    frames : np.ndarray [shape=(n_seconds, 128), dtype=uint8]
        Mostly ten.
    """

    video_id: str
    start_s: float
    end_s: float
    labels: tuple[int, ...]
    frames: NDArray[np.uint8]


def read_records(path: Path) -> Iterator[Record | Damage]:
    """Yield every record of a file, and a report in the place of each that is damaged.

    Parameters
    ----------
    path
        Of one shard; read at once (half a megabyte).

    Yields
    ------
    Record or Damage
        In the order of the file. After a damaged length nothing that follows can be found: one
        report tells how many bytes were given up.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        yield Damage(path.name, "byte 0", f"it cannot be read: {error.strerror or error}")
        return
    if not content:
        yield Damage(path.name, "byte 0", "the file is empty")
        return
    found, end = _frames(content)
    bodies = [content[offset : offset + length] for offset, length, _ in found]
    sums = masked_crc32c(bodies)
    for (offset, _, announced), body, computed in zip(found, bodies, sums.tolist(), strict=True):
        where = f"byte {offset - _HEAD.size}"
        if announced != computed:
            yield Damage(path.name, where, f"checksum {computed:08x} instead of {announced:08x}")
            continue
        try:
            yield _record(body)
        except _MalformedError as error:
            yield Damage(path.name, where, str(error))
    if end is not None:
        yield Damage(path.name, *end)


def masked_crc32c(bodies: Sequence[bytes]) -> NDArray[np.uint32]:
    """Return TensorFlow's masked CRC-32C of many byte strings, computed side by side.

    Parameters
    ----------
    bodies
        Of any lengths; fastest when these are alike.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=uint32]
    """
    lengths = np.array([len(body) for body in bodies], np.int64)
    state = np.full(len(bodies), 0xFFFFFFFF, np.uint32)
    # Longest first, so that those still running are always at the front.
    order = np.argsort(-lengths, kind="stable")
    padded = np.zeros((len(bodies), int(lengths.max(initial=0))), np.uint8)
    for row, place in enumerate(order.tolist()):
        padded[row, : lengths[place]] = np.frombuffer(bodies[place], np.uint8)
    columns = np.ascontiguousarray(padded.T)
    running = np.searchsorted(-lengths[order], -np.arange(padded.shape[1]), side="left")
    for column, n in zip(columns, running.tolist(), strict=True):
        part = state[:n]
        state[:n] = _TABLE[(part ^ column[:n]) & 0xFF] ^ (part >> 8)
    crc = np.empty_like(state)
    crc[order] = ~state
    rotated = (crc >> 15) | (crc << 17)
    return (rotated.astype(np.uint64) + _MASK).astype(np.uint32)


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


_TABLE: Final = _table()


def _frames(content: bytes) -> tuple[list[tuple[int, int, int]], tuple[str, str] | None]:
    """Return offset, length and checksum of every body, and where and why the walk ended early."""
    found: list[tuple[int, int, int]] = []
    offset = 0
    while offset < len(content):
        left = len(content) - offset
        where = f"byte {offset}"
        if left < _HEAD.size:
            return found, (where, f"it ends within a record's head, {left} bytes are left")
        length, announced = _HEAD.unpack_from(content, offset)
        if int(masked_crc32c([content[offset : offset + 8]])[0]) != announced:
            return found, (
                where,
                f"a record's length has a wrong checksum; the last {left} bytes are given up",
            )
        if left < _HEAD.size + length + _TAIL.size:
            return found, (where, f"it ends within a record of {length} bytes")
        body = offset + _HEAD.size
        found.append((body, length, _TAIL.unpack_from(content, body + length)[0]))
        offset = body + length + _TAIL.size
    return found, None


class _MalformedError(ValueError):
    """A record whose bytes are whole but not what they should be."""


def _record(body: bytes) -> Record:
    context: dict[str, list[bytes | float | int]] = {}
    frames: list[bytes] = []
    for field, value in _fields(body):
        if field == 1:
            context |= {name: _values(feature) for name, feature in _entries(value)}
        elif field == 2:
            for name, rows in _entries(value):
                if name == "audio_embedding":
                    frames += [_bytes(feature) for _, feature in _fields(rows)]
    try:
        video = str(_one(context, "video_id", bytes), "ascii")
    except UnicodeDecodeError as error:
        raise _MalformedError("its video_id is not text") from error
    labels = context.get("labels", [])
    if not all(isinstance(label, int) and 0 <= label < N_LABELS for label in labels):
        raise _MalformedError(f"a label is not a number below {N_LABELS}")
    wrong = sorted({len(frame) for frame in frames} - {EMBEDDING})
    if wrong or not frames:
        raise _MalformedError(
            f"an embedding has {wrong[0]} bytes instead of {EMBEDDING}"
            if wrong
            else "it holds no audio_embedding"
        )
    return Record(
        video_id=video,
        start_s=float(_one(context, "start_time_seconds", float)),
        end_s=float(_one(context, "end_time_seconds", float)),
        labels=tuple(int(label) for label in labels),
        frames=np.frombuffer(b"".join(frames), np.uint8).reshape(-1, EMBEDDING),
    )


def _one(context: dict[str, list[bytes | float | int]], name: str, kind: type[T]) -> T:
    values = context.get(name, [])
    if len(values) != 1 or not isinstance(values[0], kind):
        raise _MalformedError(f"it has no single {name}")
    return values[0]


def _entries(message: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the entries of a map field: key and value."""
    for _, entry in _fields(message):
        parts = dict(_fields(entry))
        key, value = parts.get(1, b""), parts.get(2, b"")
        yield key.decode("utf-8", errors="replace"), value


def _values(feature: bytes) -> list[bytes | float | int]:
    """Return the values of a ``tf.Feature``: bytes, floats or integers, packed or not."""
    values: list[bytes | float | int] = []
    for kind, items in _fields(feature):
        for wire, raw in _wire(items):
            if kind == 1:
                values.append(raw)
            elif kind == 2:
                if len(raw) % 4:
                    raise _MalformedError("a list of floats is cut off")
                values += struct.unpack(f"<{len(raw) // 4}f", raw)
            elif kind == 3:
                values += _varints(raw) if wire == 2 else [int.from_bytes(raw, "little")]
    return values


def _bytes(feature: bytes) -> bytes:
    values = _values(feature)
    if len(values) != 1 or not isinstance(values[0], bytes):
        raise _MalformedError("an embedding is not one string of bytes")
    return values[0]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of a message's length-delimited fields."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        _, raw, position = _content(message, key & 7, position)
        if key & 7 == 2:
            yield key >> 3, raw


def _wire(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield wire type and content of a value list's fields."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire, raw, position = _content(message, key & 7, position)
        yield wire, raw


def _content(message: bytes, wire: int, position: int) -> tuple[int, bytes, int]:
    if wire == 0:
        value, position = _varint(message, position)
        return wire, value.to_bytes(10, "little"), position
    if wire == 2:
        length, position = _varint(message, position)
    elif wire in (1, 5):
        length = 8 if wire == 1 else 4
    else:
        raise _MalformedError(f"wire type {wire} is not one of protocol buffers'")
    if position + length > len(message):
        raise _MalformedError("a field reaches beyond its message")
    return wire, message[position : position + length], position + length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message) and shift < 70:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position += 1
        shift += 7
        if byte < 0x80:
            return value, position
    raise _MalformedError("a number is cut off")


def _varints(raw: bytes) -> list[int]:
    values, position = [], 0
    while position < len(raw):
        value, position = _varint(raw, position)
        values.append(value)
    return values
