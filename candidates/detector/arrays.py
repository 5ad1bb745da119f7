"""Named arrays from files that can hold nothing else, and files that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from consonance.errors import ModelError


def read_arrays(path: Path) -> dict[str, Tensor]:
    """Return the named arrays of a published ``.pt`` or of an ``.npz``.

    Raises
    ------
    ModelError
        If the file is damaged or holds anything but arrays.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, BadZipFile, UnpicklingError) as error:
        raise ModelError(f"{path} cannot be read as weights: {error}") from error
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        raise ModelError(f"{path} holds something other than named arrays.")
    return dict(content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads its name finds the old content or the new, no mixture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
