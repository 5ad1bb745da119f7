"""How heads learn: masked labels, balanced classes, the best epoch kept."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from candidates.detector.bags import PRESENT, UNKNOWN, Bags
from candidates.detector.evaluation import figures, mean_of
from candidates.detector.heads import (
    PREDICT_BATCH,
    EpochReport,
    HeadNetwork,
    HeadRecipe,
    TrainedHead,
    predict,
)
from consonance.errors import ParameterError

_ALMOST: Final = 1e-6  # probabilities stay this far from 0 and 1 in the loss


def train_head(
    train: Bags,
    validation: Bags,
    recipe: HeadRecipe,
    *,
    on_epoch: Callable[[EpochReport], None] | None = None,
    device: str = "cpu",
) -> TrainedHead:
    """Train a head; the epoch with the best validation is kept.

    The best is the highest mean average precision over classes; where validation defines none, the
    lowest loss.

    Parameters
    ----------
    train, validation
        With the same classes and dimensions, and no group in common.
    recipe
        How to train.
    on_epoch
        Called after each epoch; what it raises ends the training.
    device
        ``"cpu"``, or a torch device that is at hand.

    Raises
    ------
    ParameterError
        If the bags do not fit each other, share a group, or no class can be learnt.
    """
    _check(train, validation)
    learnable = train.learnable
    if not learnable.any():
        raise ParameterError(
            "No class is known to be present in one training bag and absent in another. Unknown "
            "labels teach nothing: add answers, or strong negatives."
        )
    place = torch.device(device)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        chance = torch.Generator().manual_seed(recipe.seed)
        network = HeadNetwork(
            train.dimensions,
            len(train.classes),
            kind=recipe.kind,
            hidden=recipe.hidden,
            dropout=recipe.dropout,
        )
        _standardise(network, train)
        network.to(place)
        history, best_epoch, state = _fit(
            network, train, validation, recipe, chance, place, learnable, on_epoch
        )
    network.load_state_dict(state)
    return TrainedHead(
        network=network.cpu().eval().requires_grad_(False),
        classes=train.classes,
        uncovered=tuple(
            name for name, known in zip(train.classes, learnable, strict=True) if not known
        ),
        recipe=recipe,
        history=history,
        best_epoch=best_epoch,
    )


def _check(train: Bags, validation: Bags) -> None:
    if not len(train) or not len(validation):
        raise ParameterError(
            f"There are {len(train)} bags to train on and {len(validation)} to validate with. "
            "Give at least one of each."
        )
    if train.classes != validation.classes or train.dimensions != validation.dimensions:
        raise ParameterError("Training and validation bags differ in classes or dimensions.")
    shared = sorted(set(train.groups) & set(validation.groups))
    if shared:
        raise ParameterError(
            f"{len(shared)} groups stand on both sides, {shared[0]!r} first: validation would "
            "praise what was learnt by heart."
        )


def _standardise(network: HeadNetwork, train: Bags) -> None:
    """Store the training instances' mean and deviation, so that every dimension weighs alike."""
    total, squares, count = 0.0, 0.0, 0
    for first in range(0, len(train), PREDICT_BATCH):
        part = train.embeddings[first : first + PREDICT_BATCH].astype(np.float64)
        inside = np.arange(part.shape[1]) < train.lengths[first : first + PREDICT_BATCH, None]
        rows = part[inside]
        total, squares = total + rows.sum(axis=0), squares + np.square(rows).sum(axis=0)
        count += len(rows)
    mean = np.asarray(total) / count
    variance = np.maximum(np.asarray(squares) / count - np.square(mean), 0.0)
    deviation = np.sqrt(variance)
    deviation[deviation < 1e-6 * max(float(deviation.max()), 1e-6)] = 1.0  # constant dimensions
    network.get_buffer("centre").copy_(torch.from_numpy(mean))
    network.get_buffer("spread").copy_(torch.from_numpy(deviation))


def _fit(
    network: HeadNetwork,
    train: Bags,
    validation: Bags,
    recipe: HeadRecipe,
    chance: torch.Generator,
    place: torch.device,
    learnable: NDArray[np.bool_],
    on_epoch: Callable[[EpochReport], None] | None,
) -> tuple[tuple[EpochReport, ...], int, dict[str, Tensor]]:
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    weights = _class_weights(train, learnable)
    history: list[EpochReport] = []
    best, best_epoch = (-np.inf, -np.inf), 0
    state = deepcopy(network.state_dict())
    for epoch in range(1, recipe.epochs + 1):
        train_loss = _one_epoch(network, optimiser, train, weights, recipe, chance, place)
        report = _report(epoch, train_loss, network, validation, weights)
        history.append(report)
        mean_ap = report.mean_ap if report.mean_ap is not None else 0.0
        if (mean_ap, -report.validation_loss) > best:
            best, best_epoch = (mean_ap, -report.validation_loss), epoch
            state = deepcopy(network.state_dict())
        if on_epoch is not None:
            on_epoch(report)
        if epoch - best_epoch >= recipe.patience:
            break
    return tuple(history), best_epoch, state


def _class_weights(train: Bags, learnable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give each learnable class the same say, however few of its labels are known."""
    known = (train.labels != UNKNOWN).sum(axis=0)
    mean = known[learnable].mean()
    return np.where(learnable, mean / np.maximum(known, 1), 0.0).astype(np.float32)


def _one_epoch(
    network: HeadNetwork,
    optimiser: torch.optim.Optimizer,
    train: Bags,
    weights: NDArray[np.float32],
    recipe: HeadRecipe,
    chance: torch.Generator,
    place: torch.device,
) -> float:
    network.train()
    order = torch.randperm(len(train), generator=chance).numpy()
    share = np.random.default_rng(int(torch.randint(2**62, (), generator=chance)))
    total = counted = 0.0
    for first in range(0, len(order), recipe.batch):
        part = train.take(order[first : first + recipe.batch])
        x = torch.from_numpy(part.embeddings.astype(np.float32))
        lengths = torch.from_numpy(part.lengths)
        y = torch.from_numpy((part.labels == PRESENT).astype(np.float32))
        mask = torch.from_numpy((part.labels != UNKNOWN).astype(np.float32) * weights)
        if recipe.mixup > 0.0:
            x, lengths, y, mask = _mixed(x, lengths, y, mask, recipe.mixup, share, chance)
        if not mask.any():
            continue
        likelihood = network(x.to(place), lengths.to(place))
        losses = _entropy(likelihood, y.to(place)) * mask.to(place)
        loss = losses.sum() / mask.sum()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        total, counted = total + float(losses.detach().sum()), counted + float(mask.sum())
    return total / counted if counted else 0.0


def _mixed(
    x: Tensor,
    lengths: Tensor,
    y: Tensor,
    mask: Tensor,
    strength: float,
    share: np.random.Generator,
    chance: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mix each bag with another, as far as both reach; known is what is known of both."""
    other = torch.randperm(len(x), generator=chance)
    part = torch.from_numpy(share.beta(strength, strength, len(x)).astype(np.float32))
    rest = 1.0 - part
    return (
        x * rest[:, None, None] + x[other] * part[:, None, None],
        torch.minimum(lengths, lengths[other]),
        y * rest[:, None] + y[other] * part[:, None],
        mask * (mask[other] > 0),
    )


def _entropy(likelihood: Tensor, truth: Tensor) -> Tensor:
    inside = likelihood.clamp(_ALMOST, 1.0 - _ALMOST)
    return -(truth * inside.log() + (1.0 - truth) * (1.0 - inside).log())


def _report(
    epoch: int,
    train_loss: float,
    network: HeadNetwork,
    validation: Bags,
    weights: NDArray[np.float32],
) -> EpochReport:
    likelihood = predict(network, validation.embeddings, validation.lengths)
    mask = (validation.labels != UNKNOWN) * weights
    losses = _entropy(
        torch.from_numpy(likelihood),
        torch.from_numpy((validation.labels == PRESENT).astype(np.float32)),
    )
    by_class = figures(validation.labels, likelihood, validation.classes)
    return EpochReport(
        epoch=epoch,
        train_loss=train_loss,
        validation_loss=float((losses.numpy() * mask).sum() / max(mask.sum(), 1e-9)),
        mean_ap=mean_of(by_class, "ap", min_positives=1),
        mean_auc=mean_of(by_class, "auc", min_positives=1),
    )
