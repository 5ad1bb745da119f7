"""What happens to an example before the small network learns from it: mixup, SpecAugment and more.

Rendered music is clean and even; recordings are not. Everything works on natural logarithms of
band powers, where gain and equalisation are sums and mixing is `logaddexp`. Mixup (Zhang et al.,
ICLR 2018) is done to powers, as two players would, and both partners' classes are heard; runs of
bands and frames are blanked as in SpecAugment (Park et al., Interspeech 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import torch
from torch import Generator, Tensor, nn

_NEPERS_PER_DB: Final = log(10.0) / 10.0  # of power
_EQ_KNOTS: Final = 6


@dataclass(frozen=True)
class Augmentation:
    """How much is done.

    Parameters
    ----------
    mix_share
        Part of the examples that are mixed with another one of the batch; both count as present.
    mix_db
        Largest difference in level between the two, in dB.
    eq_db
        Standard deviation of the equalisation at its knots, in dB.
    noise_db
        Range of the signal-to-noise ratio, in dB.
    mask_bands, mask_frames
        Longest run of bands and of frames that is blanked.
    """

    mix_share: float = 0.4
    mix_db: float = 6.0
    eq_db: float = 5.0
    noise_db: tuple[float, float] = (5.0, 50.0)
    mask_bands: int = 10
    mask_frames: int = 80


def augmented(
    frames: Tensor, labels: Tensor, how: Augmentation, chance: Generator
) -> tuple[Tensor, Tensor]:
    """Return changed copies of a batch.

    Parameters
    ----------
    frames : Tensor [shape=(n, n_bands, n_frames)]
        Natural logarithms of band powers.
    labels : Tensor [shape=(n, n_classes), in {-1, 0, 1}]
        Unknown, absent, present.
    how
        How much.
    chance
        Source of randomness.

    Returns
    -------
    frames : Tensor [shape=(n, n_bands, n_frames)]
    labels : Tensor [shape=(n, n_classes)]
    """
    n, n_bands, n_frames = frames.shape

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=chance)

    other = torch.randperm(n, generator=chance)
    gain = uniform(-how.mix_db, how.mix_db, n, 1, 1) * _NEPERS_PER_DB
    level = frames.mean(dim=(1, 2), keepdim=True)
    partner = frames[other] + (level - level[other]) + gain
    mixes = torch.rand(n, generator=chance) < how.mix_share
    frames = torch.where(mixes[:, None, None], torch.logaddexp(frames, partner), frames)
    labels = torch.where(mixes[:, None], _either(labels, labels[other]), labels)

    knots = torch.randn(n, 1, _EQ_KNOTS, generator=chance) * how.eq_db * _NEPERS_PER_DB
    curve = nn.functional.interpolate(knots, size=n_bands, mode="linear", align_corners=True)
    frames = frames + curve.transpose(1, 2)

    # Noise whose spectrum rises or falls evenly over the bands, relative to the loudest frames.
    loud = frames.amax(dim=(1, 2), keepdim=True)
    ratio = uniform(*how.noise_db, n, 1, 1) * _NEPERS_PER_DB
    tilt = uniform(-1.0, 1.0, n, 1, 1) * torch.linspace(-3.0, 3.0, n_bands)[:, None]
    grain = torch.randn(n, n_bands, n_frames, generator=chance) * 0.5
    frames = torch.logaddexp(frames, loud - 3.0 - ratio + tilt + grain)

    for axis, longest in ((1, how.mask_bands), (2, how.mask_frames)):
        size = frames.shape[axis]
        length = uniform(0.0, float(longest), n, 1)
        begin = uniform(0.0, 1.0, n, 1) * (size - length)
        place = torch.arange(size)[None]
        masked = (place >= begin) & (place < begin + length)
        masked = masked[:, :, None] if axis == 1 else masked[:, None, :]
        frames = torch.where(masked, frames.mean(dim=(1, 2), keepdim=True), frames)
    return frames, labels


def _either(one: Tensor, other: Tensor) -> Tensor:
    """Return what is known of two sounds at once: absent only what is absent from both."""
    present = torch.maximum(one, other) == 1.0
    absent = (one == 0.0) & (other == 0.0)
    return torch.where(present, 1.0, torch.where(absent, 0.0, -1.0))
