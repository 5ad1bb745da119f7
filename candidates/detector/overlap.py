"""Layers that hear only what is near, computed once for windows that overlap.

Windows of OpenMIC's grid share 62 % of their frames with the next one. What convolutions make of a
frame depends on its neighbours alone, until a layer weighs channels by their means over the whole
window. So the layers before that run once over all overlapping windows; only where they reach
across a window's ends, where alone it would be filled up with zeros, are they applied to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

#: Steps of a recording computed at a time: their maps stay in a core's cache.
_STEPS: Final = 192
_ALONE: Final = 4  # windows at a time that share nothing
#: Of the frames of all windows: with less to save, taking them apart costs more.
_WORTH_IT: Final = 0.75


class Overlap:
    """The early layers of a network over frames.

    Parameters
    ----------
    layers
        Convolutions with odd kernels, each padded by half of its own, and activations.
    """

    def __init__(self, layers: nn.Module) -> None:
        self._layers = layers
        self.step, self.reach = 1, 0
        for layer in layers.modules():
            if isinstance(layer, nn.Conv2d):
                kernel, stride = layer.kernel_size[1], layer.stride[1]
                self.reach += kernel // 2 * self.step
                self.step *= stride
        #: Steps at a window's ends that hear across it.
        self.margin = -(-self.reach // self.step)

    def __call__(self, frames: Tensor, firsts: Sequence[int], n_frames: int) -> list[Tensor]:
        """Return what the layers make of each window, as if it were alone.

        Parameters
        ----------
        frames : Tensor [shape=(n_bands, n)]
        firsts
            Each window's first frame, ascending.
        n_frames
            Of each window.

        Returns
        -------
        list of Tensor [shape=(n_rows, n_steps, n_channels)]
        """
        last = (n_frames - 1 - self.reach) // self.step  # hears nothing beyond the end
        begin = (last + 1 - self.margin) * self.step
        at_ends = 2 * len(firsts) * (n_frames - begin)
        if (
            begin < 0
            or any((first - firsts[0]) % self.step for first in firsts)
            or firsts[-1] - firsts[0] + n_frames + at_ends > _WORTH_IT * len(firsts) * n_frames
        ):
            return self._alone([frames[:, first : first + n_frames] for first in firsts])
        inner = self._inner(frames[:, firsts[0] : firsts[-1] + n_frames])
        ends = self._maps(
            torch.stack(
                [frames[:, first : first + n_frames - begin] for first in firsts]
                + [frames[:, first + begin : first + n_frames] for first in firsts]
            )
        )
        found = []
        for row, first in enumerate(firsts):
            at = (first - firsts[0]) // self.step
            found.append(
                torch.cat(
                    [
                        ends[row][:, : self.margin],
                        inner[:, at + self.margin : at + last + 1],
                        ends[len(firsts) + row][:, self.margin :],
                    ],
                    dim=1,
                )
            )
        return found

    def _inner(self, frames: Tensor) -> Tensor:
        """Return every step of a run of windows; wrong at its ends, where no window has them."""
        n_steps = 1 + (frames.shape[1] - 1) // self.step
        before = self.margin * self.step
        padded = nn.functional.pad(frames, (before, before + self.step))
        parts = []
        for first in range(0, n_steps, _STEPS):
            count = min(_STEPS, n_steps - first)
            width = count * self.step + 2 * before
            part = padded[None, :, first * self.step : first * self.step + width]
            parts.append(self._maps(part)[0][:, self.margin : self.margin + count])
        return torch.cat(parts, dim=1)

    def _alone(self, windows: Sequence[Tensor]) -> list[Tensor]:
        found: list[Tensor] = []
        for first in range(0, len(windows), _ALONE):
            found += self._maps(torch.stack(list(windows[first : first + _ALONE])))
        return found

    def _maps(self, frames: Tensor) -> Tensor:
        maps: Tensor = self._layers(frames[:, None])
        return maps.permute(0, 2, 3, 1)  # as they lie in memory
