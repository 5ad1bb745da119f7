"""Features that ship with the labels: an embedding in OpenMIC's shape, named as what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

N_FRAMES: Final = 10  # OpenMIC-2018's X is (clips, 10, 128)
N_DIMENSIONS: Final = 128
CLIP_AT: Final = 2.0  # standard deviations; VGGish quantises its whitened PCA over [-2, 2] too


@dataclass(frozen=True, kw_only=True)
class Features:
    """Quantised features of clips.

    Attributes
    ----------
    name : str
        What they are, e.g. "mn04-1a2b3c4d5e6f-pca128"; never "vggish" unless they are.
    clip_ids : tuple of str
        Clip of each row.
    values : np.ndarray [shape=(n, 10, 128), dtype=uint8]
        What goes into the npz as X.
    description : str
        How they came to be, in a sentence.
    projection : dict of str to np.ndarray
        What is needed to compute them for other clips; may be empty.
    """

    name: str
    clip_ids: tuple[str, ...]
    values: npt.NDArray[np.uint8]
    description: str = ""
    projection: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.dtype != np.uint8 or self.values.shape[1:] != (N_FRAMES, N_DIMENSIONS):
            raise ParameterError(
                f"Features must be uint8 of shape (n, {N_FRAMES}, {N_DIMENSIONS}), not "
                f"{self.values.dtype} {self.values.shape}: use quantise()."
            )
        if len(self.clip_ids) != len(self.values) or len(set(self.clip_ids)) != len(self.clip_ids):
            raise ParameterError("Features need one distinct clip id a row.")

    def rows_for(self, clip_ids: list[str]) -> npt.NDArray[np.uint8]:
        """Return the values of these clips, in this order: a copy only where it must be one.

        Raises
        ------
        ParameterError
            If a clip has none.
        """
        self.require(clip_ids)
        if tuple(clip_ids) == self.clip_ids:
            return self.values
        row = {clip_id: index for index, clip_id in enumerate(self.clip_ids)}
        return self.values[[row[clip_id] for clip_id in clip_ids]]

    def require(self, clip_ids: list[str]) -> None:
        """Refuse clips that have no features.

        Raises
        ------
        ParameterError
            If a clip has none.
        """
        held = set(self.clip_ids)
        missing = [clip_id for clip_id in clip_ids if clip_id not in held]
        if missing:
            raise ParameterError(f"{len(missing)} clip(s) have no features, e.g. {missing[0]}.")


def quantise(
    embeddings: npt.ArrayLike, clip_ids: list[str] | tuple[str, ...], *, name: str
) -> Features:
    """Reduce embeddings to 128 whitened principal components of 8 bits each.

    Parameters
    ----------
    embeddings : array_like of float [shape=(n, d) or (n, 10, d)]
        One vector a clip (repeated over the ten frames) or ten.
    clip_ids : sequence of str [length n]
        Clip of each row.
    name : str
        Name and version of the network; "-pca128" is added.

    Returns
    -------
    Features
        With the stored projection (mean, components, scale): ``z = (e - mean) @ components.T /
        scale``, clipped to [-2, 2] and mapped to 0..255. Components beyond the data's rank are 0
        (byte 128).

    Raises
    ------
    ParameterError
        If the shape does not fit or a value is not finite.
    """
    array = np.asarray(embeddings, dtype=np.float64)
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3 or array.shape[1] not in (1, N_FRAMES) or len(array) == 0:
        raise ParameterError(
            f"Embeddings must have the shape (n, d) or (n, {N_FRAMES}, d), not {array.shape}."
        )
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise ParameterError(f"The embedding of clip {clip_ids[row]} is not finite.")
    flat = array.reshape(-1, array.shape[2])
    mean = flat.mean(axis=0)
    covariance = (flat - mean).T @ (flat - mean) / len(flat)
    variance, vectors = np.linalg.eigh(covariance)
    order = np.argsort(-variance, kind="stable")[:N_DIMENSIONS]
    # Rank-deficient directions would be whitened noise.
    order = order[variance[order] > 1e-9 * max(float(variance.max()), 1e-30)]
    components = vectors[:, order].T
    if len(components):
        # An eigenvector's sign is free: make its largest entry positive.
        lead = np.abs(components).argmax(axis=1)
        components *= np.sign(components[np.arange(len(components)), lead])[:, None]
    scale = np.sqrt(variance[order])
    z = np.zeros((len(flat), N_DIMENSIONS))
    z[:, : len(order)] = (flat - mean) @ components.T / scale
    codes = np.round((np.clip(z, -CLIP_AT, CLIP_AT) / CLIP_AT + 1) * 127.5).astype(np.uint8)
    codes = codes.reshape(len(array), array.shape[1], N_DIMENSIONS)
    repeated = array.shape[1] == 1
    return Features(
        name=f"{name}-pca128",
        clip_ids=tuple(clip_ids),
        values=np.repeat(codes, N_FRAMES, axis=1) if repeated else codes,
        description=f"{len(order)} whitened principal components of {name}, 8 bits over [-2, 2]"
        + ("; one embedding a clip, repeated over the ten frames." if repeated else "."),
        projection={
            "mean": mean.astype(np.float32),
            "components": components.astype(np.float32),
            "scale": scale.astype(np.float32),
        },
    )
