"""How a network lies in memory while it scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeVar

import torch
from torch import nn
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
