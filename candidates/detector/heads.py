"""Heads: small networks that learn classes from stored embeddings.

Two ways to hear a bag of instances as one excerpt:

- ``mean``: the instances' hidden features are averaged, then classified;
- ``attention``: every instance is classified, and a class's likelihood is the sum over instances of
  its probability times an attention weight that the class has learnt (Kong, Xu, Wang, Plumbley,
  "Audio Set classification with attention model", ICASSP 2018; for OpenMIC: Gururani, Sharma,
  Lerch, "An attention mechanism for musical instrument recognition", ISMIR 2019).

Unknown labels are masked. The same bags, recipe and number of threads give the same weights.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.arrays import read_arrays, write_whole
from candidates.detector.bags import Bags
from candidates.detector.interface import UNCOVERED_SCORE, Float
from consonance.errors import ModelError, ParameterError

PREDICT_BATCH: Final = 1024
_META: Final = "head.json"


@dataclass(frozen=True, kw_only=True)
class HeadRecipe:
    """Everything that decides a head, but the bags.

    Parameters
    ----------
    kind
        ``"attention"`` or ``"mean"``.
    hidden
        Width of the hidden layer; 0 for none.
    dropout
        Share of hidden features left out at random, in [0, 1).
    learning_rate, weight_decay
        Of AdamW.
    epochs
        Most passes over the bags.
    batch
        Bags per step.
    patience
        Stop after this many passes without a better validation.
    mixup
        Both parameters of the Beta distribution from which the share of the second bag is drawn
        (Zhang et al., "mixup", ICLR 2018); 0 for no mixing.
    seed
        Of weights, order, dropout and mixing.
    """

    kind: Literal["attention", "mean"] = "attention"
    hidden: int = 128
    dropout: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    epochs: int = 60
    batch: int = 64
    patience: int = 8
    mixup: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("attention", "mean"):
            raise ParameterError(f"A head is of kind 'attention' or 'mean', not {self.kind!r}.")
        if self.hidden < 0 or self.epochs < 1 or self.batch < 1 or self.patience < 1:
            raise ParameterError(
                "A head's hidden width is 0 or more; its epochs, batch and patience 1 or more."
            )
        if not (0.0 <= self.dropout < 1.0 and self.learning_rate > 0.0):
            raise ParameterError("Dropout lies in [0, 1), the learning rate above 0.")
        if self.weight_decay < 0.0 or self.mixup < 0.0:
            raise ParameterError("Weight decay and mixup are 0 or more.")

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the recipe from plain values; what is not named takes its default.

        Raises
        ------
        ParameterError
            If a name is unknown or a value out of range.
        """
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(content) - known)
        if unknown:
            raise ParameterError(
                f"A head's recipe knows no {', '.join(unknown)}. It knows {', '.join(known)}."
            )
        return cls(**content)


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """One pass over the training bags.

    Parameters
    ----------
    epoch
        From 1.
    train_loss, validation_loss
        Mean binary cross-entropy over known labels.
    mean_ap, mean_auc
        Over the classes that are both present and absent in validation; None if there is none.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    mean_ap: float | None
    mean_auc: float | None


class HeadNetwork(nn.Module):
    """From instances to the likelihood of each class in their bag.

    Parameters
    ----------
    n_dimensions, n_classes
        Of embeddings and outputs.
    kind, hidden, dropout
        As in `HeadRecipe`.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self, n_dimensions: int, n_classes: int, *, kind: str, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_dimensions))
        self.register_buffer("spread", torch.ones(n_dimensions))
        self.hidden = (
            nn.Sequential(nn.Linear(n_dimensions, hidden), nn.ReLU(), nn.Dropout(dropout))
            if hidden
            else nn.Dropout(dropout)
        )
        width = hidden or n_dimensions
        self.classify = nn.Linear(width, n_classes)
        self.attend = nn.Linear(width, n_classes) if kind == "attention" else None

    def forward(self, embeddings: Tensor, lengths: Tensor) -> Tensor:
        """Return the likelihood of each class in each bag.

        Parameters
        ----------
        embeddings : Tensor [shape=(n, n_instances, n_dimensions)]
        lengths : Tensor [shape=(n,), dtype=int64]

        Returns
        -------
        Tensor [shape=(n, n_classes), in [0, 1]]
        """
        present = torch.arange(embeddings.shape[1], device=lengths.device) < lengths[:, None]
        features = self.hidden((embeddings - self.centre) / self.spread)
        if self.attend is None:
            weights = present[:, :, None] / lengths[:, None, None]
            return torch.sigmoid(self.classify((features * weights).sum(dim=1)))
        attention = self.attend(features).masked_fill(~present[:, :, None], float("-inf"))
        return (torch.softmax(attention, dim=1) * torch.sigmoid(self.classify(features))).sum(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedHead:
    """A head with weights, ready to score.

    Parameters
    ----------
    network
        In scoring mode.
    classes
        Of its outputs, in order.
    uncovered
        Those of `classes` that training never saw both present and absent: their likelihood is
        always `interface.UNCOVERED_SCORE`.
    recipe
        How it was trained.
    history
        One report per epoch.
    best_epoch
        Whose weights were kept.
    """

    network: HeadNetwork
    classes: tuple[str, ...]
    uncovered: tuple[str, ...]
    recipe: HeadRecipe
    history: tuple[EpochReport, ...]
    best_epoch: int

    @property
    def dimensions(self) -> int:
        """Length of the embeddings it takes."""
        return int(self.network.get_buffer("centre").numel())

    def likelihood(self, bags: Bags) -> Float:
        """Return the likelihood of each class in each bag.

        Returns
        -------
        np.ndarray [shape=(n_bags, n_classes), dtype=float32, in [0, 1]]

        Raises
        ------
        ParameterError
            If the embeddings are of another length than the head was trained on.
        """
        return self.likelihood_of(bags.embeddings, bags.lengths)

    def likelihood_of(self, embeddings: NDArray[Any], lengths: NDArray[np.int64]) -> Float:
        """Return `likelihood` for embeddings without labels."""
        if embeddings.shape[-1] != self.dimensions:
            raise ParameterError(
                f"This head takes embeddings of {self.dimensions} numbers, not "
                f"{embeddings.shape[-1]}: it belongs to another detector."
            )
        likelihood = predict(self.network, embeddings, lengths)
        likelihood[:, np.isin(self.classes, self.uncovered)] = UNCOVERED_SCORE
        return likelihood

    def save(self, path: Path) -> str:
        """Write the head into one file without pickles, whole or not at all.

        Returns
        -------
        str
            The file's SHA-256, hexadecimal. The same head gives the same bytes.
        """
        arrays = {name: value.cpu().numpy() for name, value in self.network.state_dict().items()}
        meta = {
            "classes": self.classes,
            "uncovered": self.uncovered,
            "recipe": self.recipe.as_json(),
            "history": [asdict(report) for report in self.history],
            "best_epoch": self.best_epoch,
        }
        text = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays, **{_META: text})
        content = buffer.getvalue()
        write_whole(path, content)
        return hashlib.sha256(content).hexdigest()


def load_head(path: Path) -> TrainedHead:
    """Return a head that `TrainedHead.save` wrote.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or something else.
    """
    arrays = read_arrays(path)
    try:
        meta = json.loads(arrays.pop(_META).numpy().tobytes())
        recipe = HeadRecipe.from_json(meta["recipe"])
        network = HeadNetwork(
            arrays["centre"].numel(),
            len(meta["classes"]),
            kind=recipe.kind,
            hidden=recipe.hidden,
            dropout=recipe.dropout,
        )
        network.load_state_dict(arrays)
        history = tuple(EpochReport(**report) for report in meta["history"])
        head = TrainedHead(
            network=network.eval().requires_grad_(False),
            classes=tuple(meta["classes"]),
            uncovered=tuple(meta["uncovered"]),
            recipe=recipe,
            history=history,
            best_epoch=int(meta["best_epoch"]),
        )
    except (KeyError, TypeError, ValueError, RuntimeError, ParameterError) as error:
        raise ModelError(f"{path} is not a head that was saved here: {error}") from error
    return head


def predict(network: HeadNetwork, embeddings: NDArray[Any], lengths: NDArray[np.int64]) -> Float:
    """Return what a network says of padded bags, a thousand at a time."""
    network.eval()
    place = network.get_buffer("centre").device
    parts = [np.empty((0, network.classify.out_features), np.float32)]
    with torch.inference_mode():
        for first in range(0, len(embeddings), PREDICT_BATCH):
            x = torch.from_numpy(embeddings[first : first + PREDICT_BATCH].astype(np.float32))
            n = torch.from_numpy(lengths[first : first + PREDICT_BATCH])
            parts.append(network(x.to(place), n.to(place)).cpu().numpy())
    return np.concatenate(parts)
