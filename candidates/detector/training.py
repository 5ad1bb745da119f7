"""Train the small network on audio whose instruments are known.

Who renders or reads the audio is not known here: examples come as arrays. The result is the same,
bit for bit, for the same examples, seed and number of torch threads on the same kind of CPU; an
interrupted training that goes on from its checkpoint ends with the same weights, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from candidates.detector import checkpoints
from candidates.detector.augmentation import Augmentation, augmented
from candidates.detector.bags import ABSENT, PRESENT, UNKNOWN
from candidates.detector.evaluation import figures, mean_of
from candidates.detector.interface import Float
from candidates.detector.layout import channels_last
from candidates.detector.small import SAMPLE_RATE, LogMel, SmallNetwork
from consonance.errors import ParameterError

#: Audio at `small.SAMPLE_RATE`, mono, and what is heard in it: either the names of all classes that
#: are, or class → whether it is, where nothing is known of the classes that are not named.
Example = tuple[Float, Collection[str] | Mapping[str, bool]]
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
    patience
        Stop after this many epochs without a better one on held-out examples.
    balanced
        Draw examples with replacement, so that each class is as likely to be heard as any other.
    augmentation
        What is done to examples.
    """

    epochs: int = 12
    batch: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    min_positives: int = 20
    patience: int = 6
    balanced: bool = True
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
    checkpoint: Path | None = None,
    device: str = "cpu",
) -> Trained:
    """Train the small network.

    Parameters
    ----------
    examples
        Audio at `small.SAMPLE_RATE` and what is heard in it, all of the same length. Read once;
        kept as log-mel frames, 80 kB for ten seconds.
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
        Called after each epoch; what it raises ends the training.
    checkpoint
        Written after each epoch. If it is there, the training goes on where it stopped; it is
        removed at the end.
    device
        ``"cpu"``, or a torch device at hand such as ``"cuda"``.

    Raises
    ------
    ParameterError
        If there are no examples, lengths differ, no class has enough of them, the held-out
        examples cannot tell good from bad, or the device is not at hand.
    ModelError
        If the checkpoint is damaged or belongs to another training.
    """
    how = settings or Settings()
    place = _place(device)
    if how.epochs < 1 or how.batch < 2 or how.patience < 1:
        raise ParameterError(
            "Train for at least one epoch, with at least two examples per step, and be patient "
            "for one epoch at least."
        )
    frames, truth = _gather(examples, classes, "examples")
    held_frames, held_truth = _gather(held_out, classes, "held-out examples")
    covered = (truth == PRESENT).sum(axis=0) >= how.min_positives
    if not covered.any():
        raise ParameterError(
            f"None of the {len(classes)} classes has {how.min_positives} examples. Add examples."
        )
    if _mean_auc(held_truth[:, covered], held_truth[:, covered]) is None:
        raise ParameterError(
            "No class is both present and absent among the held-out examples. Hold out more."
        )
    names = tuple(name for name, is_in in zip(classes, covered, strict=True) if is_in)
    truth, held_truth = truth[:, covered], held_truth[:, covered]
    labels = torch.from_numpy(truth.astype(np.float32))

    # Dropout and initial weights use the global state.
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        chance = torch.Generator().manual_seed(seed)
        network = channels_last(SmallNetwork(len(names))).to(place)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
        )
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            how.learning_rate,
            total_steps=how.epochs * _n_steps(len(frames), how.batch),
            pct_start=0.1,
        )
        history: list[Epoch] = []
        best_state = deepcopy(network.state_dict())
        fingerprint = _fingerprint(frames, truth, names, seed, how)
        if checkpoint is not None and checkpoint.is_file():
            best_state, told = checkpoints.read(
                checkpoint,
                fingerprint=fingerprint,
                network=network,
                optimiser=optimiser,
                rate=rate,
                chance=chance,
            )
            history = [Epoch(**epoch) for epoch in told["history"]]
        likely = _likely(truth) if how.balanced else None
        while len(history) < how.epochs and not _is_over(history, how.patience):
            loss = _one_epoch(network, optimiser, rate, frames, labels, likely, how, chance, place)
            scores = predict(network, held_frames)
            auc = _mean_auc(held_truth, scores)
            epoch = Epoch(len(history) + 1, loss, auc if auc is not None else float("nan"))
            if epoch.held_out_auc > max((old.held_out_auc for old in history), default=-1.0):
                best_state = deepcopy(network.state_dict())
            history.append(epoch)
            if checkpoint is not None:
                checkpoints.write(
                    checkpoint,
                    fingerprint=fingerprint,
                    network=network,
                    best=best_state,
                    optimiser=optimiser,
                    rate=rate,
                    chance=chance,
                    progress={"history": [asdict(old) for old in history]},
                )
            if on_epoch is not None:
                on_epoch(epoch)
        network.load_state_dict(best_state)

    network = network.cpu().eval().requires_grad_(False)
    by_class = figures(held_truth, predict(network, held_frames), names)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return Trained(
        network=network,
        classes=names,
        uncovered=tuple(name for name in classes if name not in names),
        history=tuple(history),
        best_epoch=max(history, key=lambda epoch: epoch.held_out_auc).number,
        held_out_auc={name: by_class[name]["auc"] for name in names},
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
    place = next(network.parameters()).device
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(frames[first : first + _PREDICT_BATCH].float().to(place))[0])
            for first in range(0, len(frames), _PREDICT_BATCH)
        ]
    scores: Float = torch.cat(parts).cpu().numpy()
    return scores


def _gather(
    examples: Iterable[Example], classes: Sequence[str], what: str
) -> tuple[Tensor, NDArray[np.int8]]:
    log_mel = LogMel()
    column = {name: j for j, name in enumerate(classes)}
    if len(column) != len(classes):
        raise ParameterError("A class is named twice.")
    frames: list[Tensor] = []
    truth: list[NDArray[np.int8]] = []
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
        truth.append(_row(present, column))
    if len(frames) < 2:
        raise ParameterError(f"There are {len(frames)} {what}. Give at least two.")
    return torch.stack(frames), np.stack(truth)


def _row(
    heard: Collection[str] | Mapping[str, bool], column: Mapping[str, int]
) -> NDArray[np.int8]:
    if isinstance(heard, Mapping):
        row = np.full(len(column), UNKNOWN, np.int8)
        for name, is_present in heard.items():
            if name in column:
                row[column[name]] = PRESENT if is_present else ABSENT
        return row
    row = np.full(len(column), ABSENT, np.int8)
    row[[column[name] for name in heard if name in column]] = PRESENT
    return row


def _place(device: str) -> torch.device:
    try:
        place = torch.device(device)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError) as error:
        raise ParameterError(f"The device {device!r} is not at hand: {error}") from error
    return place


def _mean_auc(truth: NDArray[np.int8], scores: ArrayLike) -> float | None:
    names = [str(place) for place in range(truth.shape[1])]
    return mean_of(figures(truth, scores, names), "auc", min_positives=1)


def _fingerprint(
    frames: Tensor, truth: NDArray[np.int8], names: Sequence[str], seed: int, how: Settings
) -> str:
    about = json.dumps([list(frames.shape), list(names), seed, asdict(how)])
    content = hashlib.sha256(about.encode())
    content.update(truth.tobytes())
    content.update(frames.numpy().tobytes())
    return content.hexdigest()


def _is_over(history: Sequence[Epoch], patience: int) -> bool:
    """Return whether the last epochs brought nothing better."""
    values = [epoch.held_out_auc for epoch in history]
    return bool(values) and len(values) - 1 - int(np.argmax(values)) >= patience


def _likely(truth: NDArray[np.int8]) -> Tensor:
    """Return how likely each example is drawn: its rarest class decides.

    Examples in which no class is present are drawn as one more class.
    """
    present = truth == PRESENT
    nothing = ~present.any(axis=1, keepdims=True)
    each = np.concatenate([present, nothing], axis=1)
    rarity = each / np.maximum(each.sum(axis=0), 1)
    return torch.from_numpy(rarity.max(axis=1))


def _n_steps(n_examples: int, batch: int) -> int:
    return max(1, n_examples // batch)


def _one_epoch(
    network: SmallNetwork,
    optimiser: torch.optim.Optimizer,
    rate: torch.optim.lr_scheduler.LRScheduler,
    frames: Tensor,
    labels: Tensor,
    likely: Tensor | None,
    how: Settings,
    chance: torch.Generator,
    place: torch.device,
) -> float:
    network.train()
    order = (
        torch.randperm(len(frames), generator=chance)
        if likely is None
        else torch.multinomial(likely, len(frames), replacement=True, generator=chance)
    )
    total, n_steps = 0.0, _n_steps(len(frames), how.batch)
    for step in range(n_steps):
        chosen = order[step * how.batch : (step + 1) * how.batch]
        batch, truth = augmented(frames[chosen].float(), labels[chosen], how.augmentation, chance)
        logits, _ = network(batch.to(place))
        known = (truth != UNKNOWN).float().to(place)
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits, truth.clamp_min(0.0).to(place), weight=known, reduction="sum"
        )
        loss = losses / known.sum().clamp_min(1.0)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
        total += float(loss.detach())
    return total / n_steps
