"""What a draw is handed, checked: each refusal is a ParameterError that says what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candidates.sampling.caps import Caps
from consonance.errors import ParameterError

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The recordings that excerpts are from.

    Attributes
    ----------
    recording : np.ndarray [shape=(n_recordings,), dtype=int64]
        Lasting codes, ascending.
    artist, album : np.ndarray [shape=(n_recordings,), dtype=int64]
        Codes, negative where unknown.
    """

    recording: Integers
    artist: Integers
    album: Integers


def codes_of(codes: ArrayLike, n: int, name: str) -> Integers:
    """Return one integer for each excerpt."""
    array = np.asarray(codes)
    if array.shape != (n,) or (n and not np.issubdtype(array.dtype, np.integer)):
        raise ParameterError(
            f"{name} must be one integer for each of the {n} excerpts, not {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(np.int64)


def of_recording(
    codes: ArrayLike | None, recordings: Integers, known: Integers, first: Integers, name: str
) -> Integers:
    """Return each recording's artist or album; -1 where none are given."""
    if codes is None:
        return np.full(known.size, -1, np.int64)
    array = codes_of(codes, recordings.size, name)
    mine = array[first]
    if (mine[np.searchsorted(known, recordings)] != array).any():
        raise ParameterError(f"The excerpts of a recording must all have the same {name}.")
    return mine


def mask_of(mask: ArrayLike | None, shape: tuple[int, int], name: str) -> NDArray[np.bool_] | None:
    """Return booleans for each excerpt and class; None where none are given."""
    if mask is None:
        return None
    array = np.asarray(mask)
    n = shape[0]
    fits = ((n,), shape) if shape[1] > 1 or name == "eligible" else ((n,),)
    if array.dtype != np.bool_ or array.shape not in fits:
        told = f"({n},) or ({n}, {shape[1]})" if len(fits) == 2 else f"({n},)"
        raise ParameterError(
            f"{name} must be booleans of shape {told}, not {array.dtype} of shape {array.shape}."
        )
    return np.broadcast_to(array.reshape(n, -1), shape)


def ids_of(ids: ArrayLike | None, n: int) -> NDArray[np.uint64]:
    """Return each excerpt's lasting identity; its row where none is given."""
    if ids is None:
        return np.arange(n, dtype=np.uint64)
    identity = np.asarray(ids)
    if identity.shape != (n,) or (n and not np.issubdtype(identity.dtype, np.integer)):
        raise ParameterError(f"ids must be one integer for each of the {n} excerpts.")
    if np.unique(identity).size != n:
        raise ParameterError("ids must differ: the same excerpt stands in two rows.")
    return identity.astype(np.int64).view(np.uint64)


def keys_of(class_keys: Sequence[str] | None, n_classes: int) -> tuple[str, ...]:
    """Return each class's lasting name; its column where none is given."""
    if class_keys is None:
        return tuple(str(j) for j in range(n_classes))
    if len(class_keys) != n_classes or len(set(class_keys)) != n_classes:
        raise ParameterError(f"class_keys must be {n_classes} different names.")
    return tuple(class_keys)


def wanted_of(per_class: int | Sequence[int], n_classes: int) -> list[int]:
    """Return how many candidates each class is to get."""
    if isinstance(per_class, int):
        if per_class < 1:
            raise ParameterError(f"per_class = {per_class}: draw at least one candidate per class.")
        return [per_class] * n_classes
    wanted = [int(number) for number in per_class]
    if len(wanted) != n_classes or min(wanted, default=0) < 0:
        raise ParameterError(
            f"per_class must be one number, or {n_classes} numbers that are not negative."
        )
    return wanted


def check_caps(caps: Caps, sources: Sources) -> None:
    """Refuse a cap on artists or albums where none is known."""
    for name in ("artist", "album"):
        known = (getattr(sources, name) >= 0).any()
        if getattr(caps, name) is not None and sources.recording.size and not known:
            raise ParameterError(
                f"There is a cap per {name}, but no excerpt's {name} is known. Hand in {name}s, "
                "or leave the cap out."
            )
