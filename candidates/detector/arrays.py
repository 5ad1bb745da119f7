"""Named arrays from files that can hold nothing else."""

from __future__ import annotations

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
