"""Where sound comes from, and its way into the store of fingerprints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from consonance.errors import IngestError, StateError
from splits.dedup.prints import file_sha256, fingerprint
from splits.dedup.store import PrintStore, StoredPrints

Progress = Callable[[int, int, str], object]
Refused = Callable[[int, Exception], object]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of sound that is opened only if its fingerprint is not there.

    Attributes
    ----------
    opened : callable
        Gives a path for as long as it is needed.
    file_sha256 : str
        Hash of the file's bytes; empty where it has to be computed.
    pcm_sha256 : str
        Hash of the decoded samples; empty where it has to be computed.
    """

    opened: Callable[[], AbstractContextManager[Path]]
    file_sha256: str = ""
    pcm_sha256: str = ""

    @classmethod
    def at(cls, path: str | Path, *, file_sha256: str = "", pcm_sha256: str = "") -> Self:
        """Return the source of a file on disk."""

        @contextmanager
        def there() -> Iterator[Path]:
            yield Path(path)

        return cls(opened=there, file_sha256=file_sha256, pcm_sha256=pcm_sha256)


def fingerprints_of(
    store: PrintStore,
    sources: Sequence[Source],
    *,
    max_seconds: float,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    refused: Refused | None = None,
) -> tuple[StoredPrints, list[int]]:
    """Fingerprint what is not stored yet.

    Parameters
    ----------
    store : PrintStore
        Written as it fills, so that whatever ends this loses little.
    sources : sequence of Source
        Of what.
    max_seconds : float
        How much of each is described.
    progress : callable, optional
        Called with (done, total, "fingerprints").
    should_stop : callable, optional
        Asked before every file.
    refused : callable, optional
        Told the place of a file that cannot be read, and why; it is then left out. By default the
        first of them ends it.

    Returns
    -------
    prints : StoredPrints
        Of those that could be read.
    places : list of int
        Which sources they are of.

    Raises
    ------
    IngestError
        If a file cannot be decoded.
    StateError
        If `should_stop` said so.
    """
    keys: list[str] = []
    places: list[int] = []
    try:
        for place, source in enumerate(sources):
            if should_stop is not None and should_stop():
                raise StateError(f"Stopped after {place} of {len(sources)} files: run it again.")
            try:
                keys.append(_key(store, source, max_seconds))
                places.append(place)
            except (IngestError, OSError) as error:
                if refused is None:
                    raise
                refused(place, error)
            if progress is not None:
                progress(place + 1, len(sources), "fingerprints")
    finally:
        store.flush()
    known = {row: sources[place].pcm_sha256 for row, place in enumerate(places)}
    return StoredPrints(store, keys, {row: value for row, value in known.items() if value}), places


def _key(store: PrintStore, source: Source, max_seconds: float) -> str:
    """Return the key of a source's fingerprint, which is in the store then."""
    if source.file_sha256:
        found = next(
            (key for key in _keys(source, source.file_sha256, max_seconds) if key in store), None
        )
        if found:
            return found
    with source.opened() as path:
        digest = file_sha256(path)
        whole, part = _keys(source, digest, max_seconds)
        if whole in store:
            return whole
        # Samples are not hashed again where their hash is known. What a caller knows is good for
        # that caller alone: it is not stored, and whoever knows nothing decodes once more.
        key = part if source.pcm_sha256 else whole
        if key not in store:
            known = source.pcm_sha256 or None
            one = fingerprint(path, max_seconds=max_seconds, pcm_sha256=known)
            store.add(key, one.known_as("") if known else one)
        return key


def _keys(source: Source, digest: str, max_seconds: float) -> tuple[str, str]:
    """Return the keys with a hash of samples and without, both the former where it is needed."""
    whole = f"{digest}/{max_seconds:g}"
    return whole, f"{whole}/known" if source.pcm_sha256 else whole
