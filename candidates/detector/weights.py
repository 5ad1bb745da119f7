"""Published weights: where they are, whether they are what they should be, how to get them.

`models.json` lists every file we are ready to read, with its SHA-256. A file that is not listed is
never read, a listed file whose checksum differs is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit

from candidates.detector.taxonomy import Taxonomy
from consonance.errors import ModelError, ParameterError

MANIFEST: Final = Path(__file__).resolve().parent / "models.json"
ENVIRONMENT: Final = "CONSONANCE_MODELS"
_BLOCK: Final = 1 << 16  # bytes read at a time


@dataclass(frozen=True)
class WeightsFile:
    """One line of the manifest.

    Parameters
    ----------
    name
        The detector that reads it.
    file
        Its file name.
    bytes
        Its size.
    sha256
        Its checksum, hexadecimal.
    licence
        SPDX identifier.
    url
        Where it can be fetched; None when it cannot.
    what
        A sentence about it.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    url: str | None
    what: str


@lru_cache(maxsize=1)
def manifest() -> tuple[WeightsFile, ...]:
    """Return every weights file we are ready to read, preferred ones first."""
    content = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return tuple(WeightsFile(**entry) for entry in content["files"])


def entry(file_name: str) -> WeightsFile:
    """Return the manifest's line about a file.

    Raises
    ------
    ParameterError
        If the manifest does not list it.
    """
    for line in manifest():
        if line.file == file_name:
            return line
    known = ", ".join(line.file for line in manifest())
    raise ParameterError(
        f"{file_name!r} is not a weights file we know, so it is not read. Known are: {known}."
    )


def folders(models_dir: Path | str | None = None) -> tuple[Path, ...]:
    """Return where weights are looked for, in order.

    Parameters
    ----------
    models_dir
        When given, it is the only place.

    Returns
    -------
    tuple of Path
        `models_dir`; or the folder in the environment variable CONSONANCE_MODELS, if set, and
        the user's cache (``$XDG_CACHE_HOME/consonance/models``).
    """
    if models_dir is not None:
        return (Path(models_dir).expanduser(),)
    named = os.environ.get(ENVIRONMENT)
    return (*([Path(named).expanduser()] if named else []), cache_folder())


def cache_folder() -> Path:
    """Return the user's folder for fetched weights; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "consonance" / "models"


def locate(file_name: str, models_dir: Path | str | None = None) -> Path | None:
    """Return the path of a weights file whose checksum has been verified, or None.

    Parameters
    ----------
    file_name
        A file of the manifest; looked for in each folder itself and in its subfolder named after
        the detector.
    models_dir
        As in `folders`.

    Raises
    ------
    ParameterError
        If the manifest does not list the file.
    ModelError
        If a file of that name is found but is not the one the manifest describes.
    """
    line = entry(file_name)
    for folder in folders(models_dir):
        for path in (folder / line.file, folder / line.name / line.file):
            if path.is_file():
                verify(path, line)
                return path
    return None


def locate_model(name: str, models_dir: Path | str | None = None) -> Path | None:
    """Return the first verified weights file of a detector, or None.

    Parameters
    ----------
    name
        The detector's name in the manifest.
    models_dir
        As in `folders`.

    Raises
    ------
    ModelError
        If a file is found but is not the one the manifest describes.
    """
    for line in manifest():
        if line.name == name:
            path = locate(line.file, models_dir)
            if path is not None:
                return path
    return None


def require_model(name: str, models_dir: Path | str | None = None) -> tuple[WeightsFile, Path]:
    """Return the verified weights file of a detector and the manifest's line about it.

    Raises
    ------
    ModelError
        If there is none, with where to put it, or it is altered.
    """
    path = locate_model(name, models_dir)
    if path is None:
        files = " or ".join(line.file for line in manifest() if line.name == name)
        places = " or ".join(str(folder) for folder in folders(models_dir))
        raise ModelError(
            f"The weights of {name!r} are not here: {files} is looked for in {places}. Put it "
            f"there, name its folder in {ENVIRONMENT}, or fetch it."
        )
    return entry(path.name), path


def provenance(line: WeightsFile, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what a detector says about published weights and the taxonomy it scores."""
    return {
        "weights": line.file,
        "weights_sha256": line.sha256,
        "weights_licence": line.licence,
        "weights_url": line.url,
        "what": line.what,
        "taxonomy": taxonomy.name,
        "taxonomy_version": taxonomy.version,
        "taxonomy_licence": taxonomy.licence,
    }


def verify(path: Path, line: WeightsFile) -> None:
    """Check that a file is the one the manifest describes.

    Raises
    ------
    ModelError
        If its size or checksum differs.
    """
    found = path.stat().st_size
    if found == line.bytes:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest == line.sha256:
            return
        difference = f"its SHA-256 is {digest}, not {line.sha256}"
    else:
        difference = f"it has {found:,} bytes, not {line.bytes:,}"
    raise ModelError(
        f"{path} is not the published {line.file}: {difference}. Remove it and fetch it again."
    )


def fetch(
    file_name: str,
    dest: Path | str | None = None,
    *,
    url: str | None = None,
    timeout_s: float = 60.0,
) -> Path:
    """Fetch a weights file of the manifest, unless it is already there.

    The file appears under its name only when it is complete and its checksum is right; whatever
    goes wrong before leaves no trace.

    Parameters
    ----------
    file_name
        A file of the manifest.
    dest
        Folder to put it in, made if need be; by default the user's cache.
    url
        A mirror to fetch from instead of the manifest's address. The checksum is the same.
    timeout_s
        How long the server may be silent, in seconds.

    Returns
    -------
    Path
        The verified file.

    Raises
    ------
    ParameterError
        If the manifest does not list the file, or the address is not http or https.
    ModelError
        If it has no address, cannot be fetched, or what comes is not the file.
    """
    line = entry(file_name)
    folder = Path(dest).expanduser() if dest is not None else cache_folder()
    target = folder / line.file
    if target.is_file():
        verify(target, line)
        return target
    source = url or line.url
    if source is None:
        raise ModelError(f"{line.file} has no public address: {line.what}. Name a mirror.")
    if urlsplit(source).scheme not in ("http", "https"):
        raise ParameterError(f"{source!r} is not an http or https address.")
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{line.file}.", suffix=".part", dir=folder)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _download(source, file.write, line, timeout_s)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _download(
    source: str, write: Callable[[bytes], int], line: WeightsFile, timeout_s: float
) -> None:
    digest, received = hashlib.sha256(), 0
    try:
        # The scheme was checked by the caller: no file: or custom scheme gets here.
        with urllib.request.urlopen(source, timeout=timeout_s) as answer:  # noqa: S310
            while block := answer.read(_BLOCK):
                received += len(block)
                if received > line.bytes:
                    break
                digest.update(block)
                write(block)
    except (URLError, OSError, HTTPException) as error:
        raise ModelError(f"{line.file} could not be fetched from {source}: {error}") from error
    if received != line.bytes or digest.hexdigest() != line.sha256:
        more = " or more" if received > line.bytes else ""
        raise ModelError(
            f"What {source} sent is not the published {line.file}: {received:,} bytes{more} with "
            f"SHA-256 {digest.hexdigest()[:16]}…, expected {line.bytes:,} with "
            f"{line.sha256[:16]}…. Nothing was kept."
        )
