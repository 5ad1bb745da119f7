"""Fingerprints on disk: made once a file, read through memory maps, so that memory stays bounded.

A folder of Arrow files, each written whole and then renamed. A search that was killed goes on
behind the last of them, and the next search decodes only what is new.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from splits.dedup.prints import N_BANDS, Fingerprint

#: Part of the folder's name: another description of sound must not be mixed with this one.
FORMAT: Final = "prints-1"
SHARD_FILES: Final = 256
SHARD_BYTES: Final = 32_000_000

_SUFFIX: Final = ".arrow"
_SCHEMA: Final = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("file_sha256", pa.string(), nullable=False),
        pa.field("pcm_sha256", pa.string(), nullable=False),
        pa.field("words", pa.large_binary(), nullable=False),
        pa.field("active", pa.large_binary(), nullable=False),
        pa.field("levels", pa.large_binary(), nullable=False),
    ]
)


class PrintStore:
    """Fingerprints by key; what is added is there for good after `flush`.

    Parameters
    ----------
    folder : Path
        Made where there is none. Several processes may add at once: each writes files of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder) / FORMAT
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shards: list[pa.Table] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._pending: list[tuple[str, Fingerprint]] = []
        self._waiting: set[str] = set()
        self._pending_bytes = 0
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            self._open(path)

    def __contains__(self, key: str) -> bool:
        """Whether there is a fingerprint of the key, though perhaps not written yet."""
        return key in self._places or key in self._waiting

    def __len__(self) -> int:
        """How many are stored."""
        return len(self._places)

    def add(self, key: str, one: Fingerprint) -> None:
        """Add a fingerprint; it is written with others as soon as they are enough for a file."""
        self._pending.append((key, one))
        self._waiting.add(key)
        self._pending_bytes += one.words.nbytes + one.active.nbytes + one.levels.nbytes
        if len(self._pending) >= SHARD_FILES or self._pending_bytes >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was added and is not written yet."""
        if not self._pending:
            return
        table = pa.table(
            {
                "key": [key for key, _ in self._pending],
                "file_sha256": [one.file_sha256 for _, one in self._pending],
                "pcm_sha256": [one.pcm_sha256 for _, one in self._pending],
                "words": [one.words.astype("<u4").tobytes() for _, one in self._pending],
                "active": [one.active.tobytes() for _, one in self._pending],
                "levels": [one.levels.astype("<f2").tobytes() for _, one in self._pending],
            },
            schema=_SCHEMA,
        )
        path = self._folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                with pa.ipc.new_file(file, _SCHEMA) as writer:
                    writer.write_table(table)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._pending, self._pending_bytes = [], 0
        self._waiting.clear()
        self._open(path)

    def get(self, key: str) -> Fingerprint:
        """Return a stored fingerprint: its numbers stay on disk until they are looked at.

        Raises
        ------
        KeyError
            If there is none.
        """
        shard, row = self._places[key]
        table = self._shards[shard]

        def column(name: str, dtype: str) -> npt.NDArray[Any]:
            return _view(table.column(name).chunk(0), row, np.dtype(dtype))

        return Fingerprint(
            file_sha256=table.column("file_sha256")[row].as_py(),
            pcm_sha256=table.column("pcm_sha256")[row].as_py(),
            words=column("words", "<u4"),
            active=column("active", "?"),
            levels=column("levels", "<f2").reshape(-1, N_BANDS),
        )

    def _open(self, path: Path) -> None:
        """Map a file; one that a crash of the machine has cut is put aside and made again."""
        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
            table.validate()
        except (pa.ArrowInvalid, OSError):
            path.unlink(missing_ok=True)
            return
        # One record batch a file, so one chunk a column.
        number = len(self._shards)
        self._shards.append(table)
        for row, key in enumerate(table.column("key").to_pylist()):
            self._places.setdefault(key, (number, row))


def _view(chunk: pa.Array, row: int, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    """Return a value's numbers where they lie: Arrow's own scalars are copies."""
    _, offsets, data = chunk.buffers()
    first, last = np.frombuffer(offsets, dtype="<i8")[row : row + 2].tolist()
    if first == last:
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(data, dtype=dtype, count=(last - first) // dtype.itemsize, offset=first)


class StoredPrints(Sequence[Fingerprint]):
    """Stored fingerprints as a sequence, each read when asked for.

    Parameters
    ----------
    store : PrintStore
        Where they lie.
    keys : sequence of str
        One a place; a key may stand several times.
    pcm_sha256 : mapping of int to str, optional
        Hashes of samples that the caller knows, by place.
    """

    def __init__(
        self, store: PrintStore, keys: Sequence[str], pcm_sha256: Mapping[int, str] | None = None
    ) -> None:
        self._store, self._keys, self._known = store, keys, pcm_sha256 or {}

    def __len__(self) -> int:
        """How many places."""
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> Fingerprint: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Fingerprint]: ...
    def __getitem__(self, place: int | slice) -> Fingerprint | Sequence[Fingerprint]:
        """Return one, or several."""
        if isinstance(place, slice):
            return [self[index] for index in range(len(self))[place]]
        one = self._store.get(self._keys[place])
        known = self._known.get(range(len(self))[place])
        return one if known is None else one.known_as(known)


class ChosenPrints(Sequence[Fingerprint]):
    """Some of a sequence of fingerprints, in another order, without holding them.

    Parameters
    ----------
    prints : sequence of Fingerprint
        Of which.
    places : np.ndarray [shape=(n,), dtype=int64]
        Which.
    """

    def __init__(self, prints: Sequence[Fingerprint], places: npt.NDArray[np.int64]) -> None:
        self._prints, self._places = prints, places

    def __len__(self) -> int:
        """How many."""
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Fingerprint: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Fingerprint]: ...
    def __getitem__(self, place: int | slice) -> Fingerprint | Sequence[Fingerprint]:
        """Return one, or several."""
        if isinstance(place, slice):
            return ChosenPrints(self._prints, self._places[place])
        return self._prints[int(self._places[place])]

    def __iter__(self) -> Iterator[Fingerprint]:
        """Read them one after the other."""
        return (self._prints[place] for place in self._places.tolist())
