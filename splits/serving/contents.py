"""What of a release is served now: the files of its manifest without what was withdrawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from splits.models import Release
from splits.serving import places
from splits.serving.withheld import withheld

MANIFEST: Final = "manifest.json"
MANIFEST_HASH: Final = "manifest.json.sha256"
WITHDRAWN: Final = "withdrawn.json"
PART: Final = "part.json"


@dataclass(frozen=True)
class ServedFile:
    """A file: its name in the release, its length in bytes, its hash."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What is handed out.

    Attributes
    ----------
    release
        Of which.
    files
        Name to file, in the order of names.
    written
        Those among them that lie nowhere: they are made for whoever asks.
    elsewhere
        Those that are served from another place than the release: shards without withdrawn sound.
    """

    release: Release
    files: dict[str, ServedFile]
    written: dict[str, bytes] = field(default_factory=dict)
    elsewhere: dict[str, Path] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """A strong validator: the same for the same bytes, and for no others."""
        digest = hashlib.sha256(self.release.folder.name.encode())
        for file in self.files.values():
            digest.update(f"{file.sha256} {file.size} {file.name}\n".encode())
        return digest.hexdigest()

    def with_written(self, name: str, content: bytes) -> Contents:
        """Return these contents with one more file."""
        file = ServedFile(name, len(content), hashlib.sha256(content).hexdigest())
        files = dict(sorted({**self.files, name: file}.items()))
        return replace(self, files=files, written={**self.written, name: content})

    def only(self, names: Iterable[str]) -> Contents:
        """Return the contents without other files than these."""
        wanted = set(names)
        files = {name: file for name, file in self.files.items() if name in wanted}
        return replace(self, files=files)


def audio_name(sample_key: str) -> str:
    """Return where a clip's audio lies in a release."""
    return f"audio/{sample_key[:3]}/{sample_key}.ogg"


def contents_of(release: Release, name: str | None = None) -> Contents | None:
    """Return what of a release is served now; None where its files are not at hand.

    Parameters
    ----------
    release
        Of which.
    name
        Of its manifest's files no other than this one is asked for: a release may have very many.
    """
    size = places.size_of(release, MANIFEST)
    if size is None:
        return None
    hash_line = f"{release.manifest_sha256}  {MANIFEST}\n".encode()
    listed = release.manifest.get("files", {})
    if name is not None:
        listed = {name: listed[name]} if name in listed else {}
    files = {
        name: ServedFile(name, int(facts["bytes"]), str(facts["sha256"]))
        for name, facts in listed.items()
    }
    files[MANIFEST] = ServedFile(MANIFEST, size, release.manifest_sha256)
    files[MANIFEST_HASH] = ServedFile(
        MANIFEST_HASH, len(hash_line), hashlib.sha256(hash_line).hexdigest()
    )
    gone = withheld(release)
    served = {name: files[name] for name in sorted(files) if name not in gone.names}
    for name, instead in gone.instead.items():
        served[name] = ServedFile(name, instead.bytes, instead.sha256)
    paths = {name: instead.path for name, instead in gone.instead.items()}
    contents = Contents(release, dict(sorted(served.items())), elsewhere=paths)
    return contents.with_written(WITHDRAWN, gone.listing) if gone.listing else contents
