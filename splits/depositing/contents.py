"""What is deposited of a release, and what is said of it."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Final

from consonance.errors import StateError
from splits.models import Release
from splits.presenting.citing import creators_of
from splits.serving.answers import layout_of, open_served
from splits.serving.contents import MANIFEST, MANIFEST_HASH, contents_of
from splits.serving.tar import VirtualTar

#: Beside the archive, so that they can be read without fetching it.
_BESIDE: Final = (
    "README.md", MANIFEST, MANIFEST_HASH, "ATTRIBUTION.csv", "CITATION.cff", "croissant.json",
    "datasheet.md", "verify.py",
)  # fmt: skip


@dataclass(frozen=True)
class DepositedFile:
    """A file that is deposited."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def deposited_files(release: Release) -> list[DepositedFile]:
    """Return what is deposited: the release as one tar file, and its documents beside it.

    Raises
    ------
    StateError
        If the release's files are not at hand.
    """
    contents = contents_of(release)
    if contents is None:
        raise StateError(f"The files of {release} are not on this machine.")
    layout, root = layout_of(contents), release.folder.name

    def open_member(name: str, offset: int) -> IO[bytes]:
        return open_served(contents, name.removeprefix(f"{root}/"), offset)

    def open_archive() -> IO[bytes]:
        return io.BufferedReader(VirtualTar(layout, open_member), 1 << 20)

    def opener(name: str) -> Callable[[], IO[bytes]]:
        return lambda: open_served(contents, name, 0)

    return [
        *(
            DepositedFile(name, contents.files[name].size, opener(name))
            for name in _BESIDE
            if name in contents.files
        ),
        DepositedFile(f"{root}.tar", layout.size, open_archive),
    ]


def metadata_of(release: Release, marker: str) -> dict[str, Any]:
    """Return what the repository is told of a release.

    Parameters
    ----------
    release
        What is deposited.
    marker
        By which the draft is found again.
    """
    figures = release.figures
    said = [
        release.manifest.get("description", ""),
        f"{figures.get('clips', 0):,} clips, {len(figures.get('classes', {}))} classes.",
        "The ratings were given by simulated people: this is no data about music."
        if release.is_simulated
        else "",
        f"SHA-256 of its manifest: {release.manifest_sha256}.",
        "Each clip keeps the licence of its recording; see ATTRIBUTION.csv.",
    ]
    return {
        "upload_type": "dataset",
        "title": f"{release.title} {release.version}",
        "version": release.version,
        "creators": [{"name": name} for name in creators_of(release)],
        "description": "".join(f"<p>{html.escape(text)}</p>" for text in said if text),
        "access_right": "open",
        "license": str(release.manifest.get("licence_labels", "CC-BY-4.0")).lower(),
        "publication_date": f"{release.published_at:%Y-%m-%d}",
        "keywords": sorted(name.replace("_", " ") for name in figures.get("classes", {})),
        "notes": marker,
    }
