"""Several reasons not to divide, made one: artist, album, duplicate group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from consonance.errors import ParameterError


def merge_groups(*keys: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return groups such that rows that share any key share a group.

    Parameters
    ----------
    *keys : array_like [shape=(n,)]
        Integer or text keys, such as the artist of each clip and its duplicate group. Two artists
        whose clips are duplicates of each other become one group.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int64]
        Numbered in the sorted order of the first kind of key (a group takes the place of its
        smallest), so that the order of the rows does not matter to `splits.stratify.split`.

    Raises
    ------
    ParameterError
        If there is no key, or lengths differ.
    """
    if not keys:
        raise ParameterError("merge_groups needs one array of keys or more.")
    arrays = [np.asarray(values) for values in keys]
    n = len(arrays[0])
    if any(values.shape != (n,) for values in arrays):
        shapes = ", ".join(str(values.shape) for values in arrays)
        raise ParameterError(f"Keys must have one entry a row each; their shapes are {shapes}.")
    codes = [np.unique(values, return_inverse=True)[1].astype(np.int64) for values in arrays]
    # A graph between the first kind of key and each other: an edge where a row has both.
    sizes = [int(code.max(initial=-1)) + 1 for code in codes]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    rows = np.concatenate([codes[0]] * (len(codes) - 1) + [codes[0]])
    columns = np.concatenate(
        [code + offset for code, offset in zip(codes[1:], offsets[1:-1], strict=True)] + [codes[0]]
    )
    graph = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(offsets[-1],) * 2)
    _, component = connected_components(graph, directed=False)
    of_first = component[: sizes[0]]
    _, first, inverse = np.unique(of_first, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    result: npt.NDArray[np.int64] = rank[inverse][codes[0]]
    return result
