"""Teach the small network what the published ones hear.

Teachers give, for audio of any kind, the probabilities of AudioSet's labels and an embedding. The
student learns their mean (G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural
network", 2015; for taggers: F. Schmid et al., ICASSP 2023) and to embed as mn04 does; where it is
known what was played, as in renders, that counts too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from candidates.detector.bags import PRESENT, UNKNOWN
from candidates.detector.layout import channels_last
from candidates.detector.student import StudentNetwork
from consonance.errors import ParameterError

_OFFSET: Final = 1e-5  # as in `student.LogMel`
_FRAME_SCALE: Final = 5.0
_FRAME_SHIFT: Final = 4.5
_CALIBRATION_BATCHES: Final = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """Examples of one length, with what the teachers say about them.

    Parameters
    ----------
    frames : Tensor [shape=(n, 102, n_frames), dtype=float16]
        From `student.LogMel`.
    taught : Tensor [shape=(n, 527), in [0, 1]]
        Mean probability of each AudioSet label over the teachers that know it.
    embeddings : Tensor [shape=(n, 384)]
        mn04's.
    labels : Tensor [shape=(n, n_classes), dtype=int8, in {-1, 0, 1}]
        What is known to be heard: unknown, absent, present.
    """

    frames: Tensor
    taught: Tensor
    embeddings: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        n = len(self.frames)
        if not n or any(len(part) != n for part in (self.taught, self.embeddings, self.labels)):
            raise ParameterError("Lessons need frames, and as many teachings, of one number.")

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, kw_only=True)
class Schooling:
    """How the student is taught.

    Parameters
    ----------
    epochs, batch, learning_rate, weight_decay
        Passes, examples a step, largest rate of a one-cycle AdamW.
    mix_share
        Part of the examples that are mixed with another of the batch, their teachings with them.
    gain_db
        Standard deviation of a change of level.
    mask_bands, mask_frames
        Longest run of bands and of frames that is blanked (SpecAugment).
    embedding_weight, truth_weight
        Of the distance to mn04's embeddings and of what is known, against the teachers' word.
    seed
        Of order and changes.
    """

    epochs: int = 16
    batch: int = 24
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    mix_share: float = 0.3
    gain_db: float = 4.0
    mask_bands: int = 8
    mask_frames: int = 24
    embedding_weight: float = 2.0
    truth_weight: float = 0.25
    seed: int = 0


def school(
    network: StudentNetwork,
    lessons: Sequence[Lessons],
    outputs: Sequence[NDArray[np.int64]],
    how: Schooling,
    *,
    label_weights: NDArray[np.float32],
    on_epoch: Callable[[int, float], None] | None = None,
    device: str = "cpu",
) -> StudentNetwork:
    """Teach a network, in place, and return it in scoring mode.

    Parameters
    ----------
    network
        Usually from `student.cut_from_mn04`.
    lessons
        One entry for each length of examples; a batch never mixes lengths.
    outputs
        For each class of the labels, the network's outputs that stand for it.
    how
        How to teach.
    label_weights : np.ndarray [shape=(527,), dtype=float32]
        How much each label counts.
    on_epoch
        Called with the number and the mean loss of each epoch.
    device
        ``"cpu"``, or a torch device at hand.

    Raises
    ------
    ParameterError
        If there are no lessons, or no epochs.
    """
    if not lessons or how.epochs < 1:
        raise ParameterError("Teach at least one kind of lessons for at least one epoch.")
    place = torch.device(device)
    weights = torch.from_numpy(label_weights).to(place)
    spread = torch.cat([part.embeddings for part in lessons]).var(dim=0).clamp_min(1e-4).to(place)
    steps = [(number, max(1, len(part) // how.batch)) for number, part in enumerate(lessons)]
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(how.seed)
        chance = torch.Generator().manual_seed(how.seed)
        network = channels_last(network).to(place)
        settle(network, lessons, how.batch, chance, place)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
        )
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            how.learning_rate,
            total_steps=how.epochs * sum(n for _, n in steps),
            pct_start=0.1,
        )
        for epoch in range(1, how.epochs + 1):
            network.train()
            total = 0.0
            orders = [torch.randperm(len(part), generator=chance) for part in lessons]
            plan = [(number, step) for number, n in steps for step in range(n)]
            for turn in torch.randperm(len(plan), generator=chance).tolist():
                number, step = plan[turn]
                chosen = orders[number][step * how.batch : (step + 1) * how.batch]
                frames, taught, pure = changed(lessons[number], chosen, how, chance)
                logits, embedding = network(frames.to(place))
                loss = (
                    nn.functional.binary_cross_entropy_with_logits(
                        logits, taught.to(place), reduction="none"
                    )
                    * weights
                ).sum(dim=1)
                apart = (embedding - lessons[number].embeddings[chosen].to(place)).square() / spread
                known = lessons[number].labels[chosen].to(place)
                loss = loss + pure.to(place) * (
                    how.embedding_weight * apart.mean(dim=1)
                    + how.truth_weight * truth_loss(logits, known, outputs)
                )
                optimiser.zero_grad()
                torch.autograd.backward(loss.mean())
                nn.utils.clip_grad_norm_(network.parameters(), 5.0)
                optimiser.step()
                rate.step()
                total += float(loss.detach().mean())
            if on_epoch is not None:
                on_epoch(epoch, total / len(plan))
        settle(network, lessons, how.batch, chance, place)
    return network.cpu().eval()


def changed(
    lessons: Lessons, chosen: Tensor, how: Schooling, chance: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return changed copies of some lessons.

    Shifted in time, in level, partly mixed and masked: nothing of which changes what is heard, but
    for the mixing, which mixes the teachings too.

    Returns
    -------
    frames : Tensor [shape=(n, 102, n_frames)]
    taught : Tensor [shape=(n, 527)]
    pure : Tensor [shape=(n,)]
        One where nothing was mixed in, else zero.
    """
    frames = lessons.frames[chosen].float()
    taught = lessons.taught[chosen].float()
    n, n_bands, n_frames = frames.shape

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=chance)

    shift = int(torch.randint(n_frames, (), generator=chance))
    power = (frames.roll(shift, dims=2) * _FRAME_SCALE - _FRAME_SHIFT).exp() - _OFFSET
    gain = torch.randn(n, 1, 1, generator=chance) * how.gain_db
    power = power * 10.0 ** (gain / 10.0)

    other = torch.randperm(n, generator=chance)
    share = torch.where(uniform(n) < how.mix_share, 0.5 * uniform(n), torch.zeros(n))
    part = share[:, None, None]
    power = (1.0 - part).square() * power + part.square() * power[other]
    taught = (1.0 - share)[:, None] * taught + share[:, None] * taught[other]

    frames = ((power.clamp_min(0.0) + _OFFSET).log() + _FRAME_SHIFT) / _FRAME_SCALE
    for axis, longest in ((1, how.mask_bands), (2, how.mask_frames)):
        size = n_bands if axis == 1 else n_frames
        length = uniform(n, 1) * min(longest, size // 4)
        begin = uniform(n, 1) * (size - length)
        at = torch.arange(size)[None]
        masked = (at >= begin) & (at < begin + length)
        masked = masked[:, :, None] if axis == 1 else masked[:, None, :]
        frames = frames.masked_fill(masked, (np.log(_OFFSET) + _FRAME_SHIFT) / _FRAME_SCALE)
    return frames, taught, (share == 0.0).float()


def truth_loss(logits: Tensor, labels: Tensor, outputs: Sequence[NDArray[np.int64]]) -> Tensor:
    """Return the cross-entropy of what is known; a class is as likely as its likeliest output.

    Parameters
    ----------
    logits : Tensor [shape=(n, n_outputs)]
    labels : Tensor [shape=(n, n_classes), dtype=int8, in {-1, 0, 1}]
    outputs
        For each class, its outputs; a class without any is not learnt.

    Returns
    -------
    Tensor [shape=(n,)]
        Sum over known classes.
    """
    total = logits.new_zeros(len(logits))
    for column, places in enumerate(outputs):
        if not places.size:
            continue
        known = (labels[:, column] != UNKNOWN).float()
        present = (labels[:, column] == PRESENT).float()
        strongest = logits[:, torch.from_numpy(places).to(logits.device)].amax(dim=1)
        total = total + known * nn.functional.binary_cross_entropy_with_logits(
            strongest, present, reduction="none"
        )
    return total


def settle(
    network: StudentNetwork,
    lessons: Sequence[Lessons],
    batch: int,
    chance: torch.Generator,
    place: torch.device,
) -> None:
    """Measure the batch normalisations' means and variances anew on unchanged lessons."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for turn in range(_CALIBRATION_BATCHES):
            part = lessons[turn % len(lessons)]
            chosen = torch.randint(len(part), (batch,), generator=chance)
            network(part.frames[chosen].float().to(place))
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
