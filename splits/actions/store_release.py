"""Copy a release to the storage that releases are kept in."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage

from consonance.errors import ReleaseError, StateError
from splits.models import Release
from splits.serving import places
from splits.serving.contents import MANIFEST, MANIFEST_HASH


def store_release(*, release: Release, remove: bool = False) -> dict[str, Any]:
    """Copy a release's files; what is there with the right length is not sent again.

    Parameters
    ----------
    release
        Which; its folder lies on this disk.
    remove
        Delete the folder and its archive here when everything is there.

    Raises
    ------
    StateError
        If no storage is set, or the folder is not here.
    ReleaseError
        If a file here is not what the manifest says; nothing is then removed.
    """
    storage = places.remote()
    if storage is None:
        raise StateError("CONSONANCE_RELEASES is not set: there is nowhere to copy it to.")
    if not (release.folder / MANIFEST).is_file():
        raise StateError(f"{release.folder} is not on this disk.")
    published: dict[str, Any] = release.manifest.get("files", {})
    hashes = {name: facts["sha256"] for name, facts in published.items()}
    # The manifest comes last: where it stands, the rest stands.
    line = hashlib.sha256(f"{release.manifest_sha256}  {MANIFEST}\n".encode()).hexdigest()
    hashes |= {MANIFEST_HASH: line, MANIFEST: release.manifest_sha256}
    uploaded = sum(_copy(storage, release, name, digest) for name, digest in hashes.items())
    if remove:
        shutil.rmtree(release.folder)
        Path(release.archive).unlink(missing_ok=True)
    return {
        "release": str(release.pk),
        "files": len(hashes),
        "uploaded": uploaded,
        "summary": f"{release}: {uploaded} of {len(hashes)} files copied, the others were there.",
    }


def _copy(storage: Storage, release: Release, name: str, sha256: str) -> bool:
    path, there = release.folder / name, places.remote_name(release, name)
    try:
        if storage.size(there) == path.stat().st_size:
            return False
        storage.delete(there)  # cut off when something was killed
    except FileNotFoundError:
        pass
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ReleaseError(f"{path} is not the file that was published: it is not copied.")
        file.seek(0)
        kept = storage.save(there, File(file))
    if kept != there:
        storage.delete(kept)
    return True
