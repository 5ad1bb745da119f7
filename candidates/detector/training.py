"""Train the small network on audio whose instruments are known.

Who renders or reads the audio is not known here: examples come as arrays. The result is the same,
bit for bit, for the same examples, seed and number of torch threads on the same kind of CPU.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.augmentation import Augmentation, augmented
from candidates.detector.evaluation import mean_auc, roc_auc
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last
from candidates.detector.small import SAMPLE_RATE, LogMel, SmallNetwork
from consonance.errors import ParameterError

#: Audio at `small.SAMPLE_RATE`, mono, and the names of the classes heard in it.
Example = tuple[Float, Collection[str]]
_PREDICT_BATCH: Final = 16


@dataclass(frozen=True)
class Settings:
    """How to train.

    Parameters
    ----------
    epochs
        Passes over the examples; the best one on held-out examples is kept.
    batch
        Examples per step.
    learning_rate
        Largest one; it rises over the first tenth of the steps, then falls as a cosine.
    weight_decay
        Of AdamW.
    min_positives
        A class with fewer examples is not covered.
    augmentation
        What is done to examples.
    """

    epochs: int = 12
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    min_positives: int = 20
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Epoch:
    """One pass over the examples.

    Parameters
    ----------
    number
        From 1.
    loss
        Mean binary cross-entropy on the augmented examples.
    held_out_auc
        Mean area under the ROC curve over classes, on held-out examples.
    """

    number: int
    loss: float
    held_out_auc: float


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    Parameters
    ----------
    network
        With the weights of the best epoch, in scoring mode.
    classes
        Of its outputs, in order.
    uncovered
        Classes asked for that had too few examples.
    history
        One entry per epoch.
    best_epoch
        Its number.
    held_out_auc
        Class → area under the ROC curve on held-out examples; None where it is not defined.
    n_examples, n_held_out
        How many there were.
    seed, settings
        As given.
    """

    network: SmallNetwork
    classes: tuple[str, ...]
    uncovered: tuple[str, ...]
    history: tuple[Epoch, ...]
    best_epoch: int
    held_out_auc: dict[str, float | None]
    n_examples: int
    n_held_out: int
    seed: int
    settings: Settings


def train(
    examples: Iterable[Example],
    classes: Sequence[str],
    *,
    held_out: Iterable[Example],
    seed: int,
    settings: Settings | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train the small network.

    Parameters
    ----------
    examples
        Audio at `small.SAMPLE_RATE` and the classes heard in it, all of the same length. Read
        once; kept as log-mel frames, 80 kB for ten seconds.
    classes
        Classes to learn, in the order of the outputs. Names in the examples that are not among
        them are ignored.
    held_out
        Further examples, never learnt from, by which the best epoch is chosen. Its figures are
        therefore a little too good.
    seed
        Of weights, order and augmentation.
    settings
        How to train.
    on_epoch
        Called after each epoch.

    Raises
    ------
    ParameterError
        If there are no examples, lengths differ, no class has enough of them, or the
        held-out examples cannot tell good from bad.
    """
    how = settings or Settings()
    if how.epochs < 1 or how.batch < 2:
        raise ParameterError("Train for at least one epoch, with at least two examples per step.")
    frames, truth = _gather(examples, classes, "examples")
    held_frames, held_truth = _gather(held_out, classes, "held-out examples")
    covered = truth.sum(axis=0) >= how.min_positives
    if not covered.any():
        raise ParameterError(
            f"None of the {len(classes)} classes has {how.min_positives} examples. Add examples."
        )
    if not np.isfinite(mean_auc(held_truth[:, covered], held_truth[:, covered], min_positives=1)):
        raise ParameterError(
            "No class is both present and absent among the held-out examples. Hold out more."
        )
    names = tuple(name for name, is_in in zip(classes, covered, strict=True) if is_in)
    labels = torch.from_numpy(truth[:, covered].astype(np.float32))
    held_truth = held_truth[:, covered]

    with torch.random.fork_rng(devices=[]):  # dropout and initial weights use the global state
        torch.manual_seed(seed)
        chance = torch.Generator().manual_seed(seed)
        network = channels_last(SmallNetwork(len(names)))
        history: list[Epoch] = []
        best, best_state = -1.0, network.state_dict()
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
        )
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            how.learning_rate,
            total_steps=how.epochs * _n_steps(len(frames), how.batch),
            pct_start=0.1,
        )
        for number in range(1, how.epochs + 1):
            loss = _one_epoch(network, optimiser, rate, frames, labels, how, chance)
            scores = predict(network, held_frames)
            epoch = Epoch(number, loss, mean_auc(held_truth, scores, min_positives=1))
            history.append(epoch)
            if epoch.held_out_auc > best:
                best, best_state = epoch.held_out_auc, deepcopy(network.state_dict())
            if on_epoch is not None:
                on_epoch(epoch)
        network.load_state_dict(best_state)

    network.eval().requires_grad_(False)
    auc = roc_auc(held_truth, predict(network, held_frames))
    return Trained(
        network=network,
        classes=names,
        uncovered=tuple(name for name in classes if name not in names),
        history=tuple(history),
        best_epoch=max(history, key=lambda epoch: epoch.held_out_auc).number,
        held_out_auc={
            name: float(value) if np.isfinite(value) else None
            for name, value in zip(names, auc, strict=True)
        },
        n_examples=len(frames),
        n_held_out=len(held_frames),
        seed=seed,
        settings=how,
    )


def predict(network: SmallNetwork, frames: Tensor) -> Float:
    """Return scores of many examples.

    Parameters
    ----------
    network
        Put into scoring mode.
    frames : Tensor [shape=(n, 80, n_frames)]
        From `small.LogMel`, of any floating-point type.

    Returns
    -------
    np.ndarray [shape=(n, n_classes), dtype=float32, in [0, 1]]
    """
    network.eval()
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(frames[first : first + _PREDICT_BATCH].float())[0])
            for first in range(0, len(frames), _PREDICT_BATCH)
        ]
    scores: Float = torch.cat(parts).numpy()
    return scores


def save(
    trained: Trained,
    path: Path,
    *,
    licence: str,
    what: str,
    data: dict[str, Any],
    measured: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write weights and model card, so that `small.SmallDetector.load` can read them.

    Parameters
    ----------
    trained
        From `train`.
    path
        Of the ``.npz``; the card goes beside it with the suffix ``.json``.
    licence
        SPDX identifier of the weights.
    what
        A sentence about the detector.
    data
        What it was trained on: sources, licences, seeds, numbers.
    measured
        Further figures on other data.

    Returns
    -------
    dict
        The card.
    """
    arrays = {
        # Halves the file; normalisation constants and biases are few and stay exact.
        name: array.half().numpy() if array.dim() > 1 else array.numpy()
        for name, array in trained.network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    card = {
        "name": "default",
        "what": what,
        "licence": licence,
        "weights": path.name,
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "n_weights": sum(weight.numel() for weight in trained.network.parameters()),
        "classes": list(trained.classes),
        "uncovered": list(trained.uncovered),
        "data": data,
        "training": {
            "seed": trained.seed,
            "n_examples": trained.n_examples,
            "n_held_out": trained.n_held_out,
            "settings": asdict(trained.settings),
            "best_epoch": trained.best_epoch,
            "history": [
                {
                    "epoch": epoch.number,
                    "loss": round(epoch.loss, 5),
                    "held_out_auc": round(epoch.held_out_auc, 4),
                }
                for epoch in trained.history
            ],
        },
        "held_out_auc": {
            name: None if value is None else round(value, 4)
            for name, value in trained.held_out_auc.items()
        },
        "measured": measured or {},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, content)
    _write(path.with_suffix(".json"), text.encode())
    return card


def _gather(
    examples: Iterable[Example], classes: Sequence[str], what: str
) -> tuple[Tensor, NDArray[np.bool_]]:
    log_mel = LogMel()
    column = {name: j for j, name in enumerate(classes)}
    if len(column) != len(classes):
        raise ParameterError("A class is named twice.")
    frames: list[Tensor] = []
    truth: list[NDArray[np.bool_]] = []
    n_samples = 0
    for i, (audio, present) in enumerate(examples):
        n_samples = n_samples or audio.size
        if audio.shape != (n_samples,) or n_samples < SAMPLE_RATE:
            raise ParameterError(
                f"Among the {what}, number {i} has shape {audio.shape}. Give mono audio, all of "
                f"one length, at least a second at {SAMPLE_RATE} Hz."
            )
        samples = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32))
        frames.append(log_mel(samples).half())
        row = np.zeros(len(column), bool)
        row[[column[name] for name in present if name in column]] = True
        truth.append(row)
    if len(frames) < 2:
        raise ParameterError(f"There are {len(frames)} {what}. Give at least two.")
    return torch.stack(frames), np.stack(truth)


def _n_steps(n_examples: int, batch: int) -> int:
    return max(1, n_examples // batch)


def _one_epoch(
    network: SmallNetwork,
    optimiser: torch.optim.Optimizer,
    rate: torch.optim.lr_scheduler.LRScheduler,
    frames: Tensor,
    labels: Tensor,
    how: Settings,
    chance: torch.Generator,
) -> float:
    network.train()
    order = torch.randperm(len(frames), generator=chance)
    total, n_steps = 0.0, _n_steps(len(frames), how.batch)
    for step in range(n_steps):
        chosen = order[step * how.batch : (step + 1) * how.batch]
        batch, truth = augmented(frames[chosen].float(), labels[chosen], how.augmentation, chance)
        logits, _ = network(batch)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, truth)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
        total += loss.item()
    return total / n_steps


def _write(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
