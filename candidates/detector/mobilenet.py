"""MobileNetV3 in pieces: what mn04 is made of, and the small network that was cut from it.

A. Howard et al., "Searching for MobileNetV3", ICCV 2019, table 1; squeeze and excitation over the
channels as in EfficientAT (F. Schmid, K. Koutini, G. Widmer, ICASSP 2023). The names of the modules
are those of EfficientAT's published arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

_BN_EPS: Final = 1e-3
# MobileNetV3-Large, one row per block: kernel, expanded and output channels at width 1, squeeze and
# excitation, h-swish instead of ReLU, stride. (Howard et al. 2019, table 1)
BLOCKS: Final = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
_STEM: Final = 16  # channels of the first convolution at width 1
_LAST_FACTOR: Final = 6  # the last convolution multiplies the channels by this


def channels(at_width_one: float) -> int:
    """Return a multiple of 8 near the number, never below 90 % of it (Howard et al. 2017)."""
    rounded = max(8, int(at_width_one + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * at_width_one else rounded


def features(
    width: float, blocks: Sequence[tuple[int, int, int, bool, bool, int]]
) -> nn.Sequential:
    """Return the convolutions: a stem, the blocks, and a last one.

    Parameters
    ----------
    width
        Factor on all channels.
    blocks
        Rows of `BLOCKS`.
    """
    n_in = channels(_STEM * width)
    layers: list[nn.Module] = [_unit(1, n_in, 3, 2, act="hswish")]
    for kernel, expanded, out, se, hswish, stride in blocks:
        n_mid, n_out = channels(expanded * width), channels(out * width)
        act = "hswish" if hswish else "relu"
        layers.append(_Block(n_in, n_mid, n_out, kernel, stride, se, act))
        n_in = n_out
    layers.append(_unit(n_in, _LAST_FACTOR * n_in, act="hswish"))
    return nn.Sequential(*layers)


def divided(layers: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the layers before the first excitation, which hear only what is near, and the rest.

    They are those of `layers`, not copies.
    """
    outer = list(layers)
    for place, layer in enumerate(outer):
        if not isinstance(layer, _Block) or layer.adds:
            continue
        inner = list(layer.block)
        for inside, part in enumerate(inner):
            if isinstance(part, _Squeeze):
                return (
                    nn.Sequential(*outer[:place], *inner[:inside]),
                    nn.Sequential(*inner[inside:], *outer[place + 1 :]),
                )
    raise ValueError("No layer without a shortcut weighs its channels.")


def n_features(width: float) -> int:
    """Return the channels of the last convolution."""
    return _LAST_FACTOR * channels(BLOCKS[-1][2] * width)


def _unit(
    n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: str = ""
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(n_in, n_out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out, eps=_BN_EPS),
    ]
    if act:
        layers.append(nn.Hardswish() if act == "hswish" else nn.ReLU())
    return nn.Sequential(*layers)


class _Excitation(nn.Module):
    """Weighs channels by their means over time and frequency."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        n_squeezed = channels(n_channels // 4)
        self.fc1 = nn.Linear(n_channels, n_squeezed)
        self.fc2 = nn.Linear(n_squeezed, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3))))))
        return x * scale[:, :, None, None]


class _Squeeze(nn.Module):
    # One more level than needed, because the published arrays are named so.
    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Excitation(n_channels)])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conc_se_layers[0](x)
        return out


class _Block(nn.Module):
    """Expand, filter each channel, weigh, project; added to its input where shapes allow."""

    def __init__(
        self, n_in: int, n_mid: int, n_out: int, kernel: int, stride: int, se: bool, act: str
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if n_mid != n_in:
            layers.append(_unit(n_in, n_mid, act=act))
        layers.append(_unit(n_mid, n_mid, kernel, stride, groups=n_mid, act=act))
        if se:
            layers.append(_Squeeze(n_mid))
        layers.append(_unit(n_mid, n_out))
        self.block = nn.Sequential(*layers)
        self.adds = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out + x if self.adds else out
