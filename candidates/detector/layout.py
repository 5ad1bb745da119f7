"""How a network lies in memory while it scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)

_CONVOLUTIONS: Final = (nn.Conv1d, nn.Conv2d)
_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d)
_IN_PLACE: Final = (nn.ReLU, nn.Hardswish)


def channels_last(network: Network) -> Network:
    """Store convolutions channels last and return the network.

    On CPUs this makes mn04 a sixth faster, the small network three times.
    """
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network


def folded(network: Network) -> Network:
    """Fold batch normalisations into their convolutions and return the network; no more training.

    Activations after a convolution overwrite their input: nobody else reads it, and fetching
    fresh memory for every map costs as much as computing it.
    """
    network.eval().requires_grad_(False)
    for module in list(network.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        for (name, layer), (after, norm) in pairwise(list(module.named_children())):
            if isinstance(layer, _CONVOLUTIONS) and isinstance(norm, _NORMS):
                setattr(module, name, fuse_conv_bn_eval(layer, norm))
                setattr(module, after, nn.Identity())
        computed = False
        for layer in module:
            if computed and isinstance(layer, _IN_PLACE):
                layer.inplace = True
            computed |= isinstance(layer, (*_CONVOLUTIONS, nn.Linear))
    return network


class Pointwise(nn.Module):
    """A convolution of one point, as the matrix product that it is.

    PyTorch first copies the input of such a convolution when it has few channels.

    Parameters
    ----------
    layer
        Kernel 1, stride 1, one group.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.weight[:, :, 0, 0].contiguous(), requires_grad=False)
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps, channels last in memory as `x` should be."""
        product = nn.functional.linear(x.permute(0, 2, 3, 1), self.weight, self.bias)
        return product.permute(0, 3, 1, 2)


def pointwise(network: Network) -> Network:
    """Replace convolutions of one point by matrix products and return the network."""
    for module in list(network.modules()):
        for name, layer in list(module.named_children()):
            if (
                isinstance(layer, nn.Conv2d)
                and layer.kernel_size == layer.stride == (1, 1)
                and layer.groups == 1
            ):
                setattr(module, name, Pointwise(layer))
    return network
