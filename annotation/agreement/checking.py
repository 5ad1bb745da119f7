"""What arrays must be before anything is computed from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotation.consensus.ratings import FloatArray, IntArray, indices
from consonance.errors import ParameterError

BoolArray = npt.NDArray[np.bool_]


def whole_numbers(
    values: npt.ArrayLike, name: str, *, lowest: int = 0, below: int | None = None
) -> IntArray:
    """Return a one-dimensional array of integers.

    Parameters
    ----------
    values, name
        The array, and what it is called in the sentence of an error.
    lowest
        Least value allowed.
    below
        Least value no longer allowed; none by default.

    Raises
    ------
    ParameterError
        It has another shape or type, or a value is out of range.
    """
    array = indices(values, name, lowest=lowest)
    if below is not None and array.size and array.max() >= below:
        raise ParameterError(f"{name} holds {array.max()}; values end at {below - 1}")
    return array


def numbers(
    values: npt.ArrayLike,
    name: str,
    *,
    shape: tuple[int, ...],
    lowest: float = -np.inf,
    highest: float = np.inf,
) -> FloatArray:
    """Return an array of finite numbers of that shape, within bounds.

    Raises
    ------
    ParameterError
        It has another shape, or a value is not finite or out of bounds.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ParameterError(f"{name} has shape {array.shape}; {shape} is needed")
    if not np.isfinite(array).all():
        raise ParameterError(f"{name} holds a value that is not finite")
    _within(array, name, lowest, highest)
    return array


def measurements(values: npt.ArrayLike, name: str, *, length: int | None = None) -> FloatArray:
    """Return measured times: from 0 up, NaN where nothing was measured.

    Parameters
    ----------
    values, name
        The array, and what it is called in the sentence of an error.
    length
        How many there must be; a single number then stands for all of them.

    Raises
    ------
    ParameterError
        It has another shape, or a value is negative or infinite.
    """
    array = np.asarray(values, dtype=np.float64)
    if length is None and array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}; one dimension is needed")
    if length is not None and array.ndim == 0:
        array = np.full(length, float(array))
    if length is not None and array.shape != (length,):
        raise ParameterError(f"{name} has shape {array.shape}; ({length},) is needed")
    if np.isinf(array).any():
        raise ParameterError(f"{name} holds a value that is infinite; use NaN for unmeasured")
    _within(array[~np.isnan(array)], name, 0, np.inf)
    return array


def yes_or_no(values: npt.ArrayLike, name: str, *, length: int | None = None) -> BoolArray:
    """Return a one-dimensional array of booleans, of that length if one is named.

    Raises
    ------
    ParameterError
        It has another shape or type.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}; one dimension is needed")
    if length is not None and len(array) != length:
        raise ParameterError(f"{name} has shape {array.shape}; ({length},) is needed")
    if array.size and array.dtype != np.bool_:
        raise ParameterError(f"{name} has type {array.dtype}; booleans are needed")
    return array.astype(np.bool_)


def distributions(values: npt.ArrayLike, name: str, *, shape: tuple[int, ...]) -> FloatArray:
    """Return probabilities whose last axis sums to 1.

    Raises
    ------
    ParameterError
        It has another shape, a value is out of [0, 1], or a sum is not 1.
    """
    array = numbers(values, name, shape=shape, lowest=0, highest=1)
    sums = array.sum(axis=-1)
    if sums.size and np.abs(sums - 1).max() > _SUM_TOLERANCE:
        worst = sums.flat[np.abs(sums - 1).argmax()]
        raise ParameterError(f"{name} holds a distribution that sums to {worst:.6g} instead of 1")
    return array


def same_length(**arrays: npt.NDArray[np.generic]) -> int:
    """Return the length that all these arrays have.

    Raises
    ------
    ParameterError
        They differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ParameterError(f"one entry a rating is needed, but lengths differ: {told}")
    return next(iter(lengths.values()))


def size(named: IntArray, wanted: int | None, name: str) -> int:
    """Return how many things there are: as many as wanted, or as the numbers in `named` need.

    Raises
    ------
    ParameterError
        A number goes beyond what is wanted.
    """
    needed = int(named.max()) + 1 if named.size else 0
    if wanted is None:
        return needed
    if wanted < needed:
        raise ParameterError(f"{name} is {wanted}, but numbers go up to {needed - 1}")
    return int(wanted)


_SUM_TOLERANCE = 1e-6


def _within(array: FloatArray, name: str, lowest: float, highest: float) -> None:
    if array.size and array.min() < lowest:
        raise ParameterError(f"{name} holds {array.min():.6g}; values start at {lowest:g}")
    if array.size and array.max() > highest:
        raise ParameterError(f"{name} holds {array.max():.6g}; values end at {highest:g}")
