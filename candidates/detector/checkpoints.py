"""The state of a training between two epochs, in one file without pickles."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from candidates.detector.arrays import read_arrays, write_whole
from consonance.errors import ModelError

_META: Final = "checkpoint.json"
_GLOBAL, _CHANCE, _DEVICE = "chance.global", "chance.own", "chance.device"


def write(
    path: Path,
    *,
    fingerprint: str,
    network: nn.Module,
    best: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    rate: torch.optim.lr_scheduler.LRScheduler,
    chance: torch.Generator,
    progress: dict[str, Any],
) -> None:
    """Store everything the next epoch depends on, whole or not at all.

    Parameters
    ----------
    path
        Replaced if it exists.
    fingerprint
        Says of which training: data, settings and seed.
    network, best, optimiser, rate, chance
        As they are, and the best epoch's weights.
    progress
        Plain values: history, best epoch.
    """
    state = optimiser.state_dict()
    arrays: dict[str, Tensor] = {
        **{f"network.{name}": value for name, value in network.state_dict().items()},
        **{f"best.{name}": value for name, value in best.items()},
        **{
            f"optimiser.{number}.{name}": value
            for number, entry in state["state"].items()
            for name, value in entry.items()
        },
        _GLOBAL: torch.get_rng_state(),
        _CHANCE: chance.get_state(),
    }
    if next(network.parameters()).is_cuda:
        arrays[_DEVICE] = torch.cuda.get_rng_state()
    meta = {
        "fingerprint": fingerprint,
        "groups": state["param_groups"],
        "rate": rate.state_dict(),
        "progress": progress,
    }
    stored: dict[str, Any] = {name: value.cpu().numpy() for name, value in arrays.items()}
    stored[_META] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **stored)
    write_whole(path, buffer.getvalue())


def read(
    path: Path,
    *,
    fingerprint: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    rate: torch.optim.lr_scheduler.LRScheduler,
    chance: torch.Generator,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Put a stored state back in place.

    Parameters
    ----------
    path
        From `write`.
    fingerprint
        Of the training that asks.
    network, optimiser, rate, chance
        Fresh ones, changed in place.

    Returns
    -------
    best : dict
        The best epoch's weights.
    progress : dict

    Raises
    ------
    ModelError
        If the file is damaged or belongs to another training.
    """
    arrays = read_arrays(path)
    try:
        meta = json.loads(arrays.pop(_META).numpy().tobytes())
        if meta["fingerprint"] != fingerprint:
            raise ModelError(
                f"{path} is the checkpoint of a training on other data, settings or seed. Name "
                "another file, or remove it."
            )
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "best": {}, "optimiser": {}}
        for name, value in arrays.items():
            kind, _, rest = name.partition(".")
            if kind in parts:
                parts[kind][rest] = value
        network.load_state_dict(parts["network"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in parts["optimiser"].items():
            number, _, what = name.partition(".")
            state.setdefault(int(number), {})[what] = value
        optimiser.load_state_dict({"state": state, "param_groups": meta["groups"]})
        rate.load_state_dict(meta["rate"])
        torch.set_rng_state(arrays[_GLOBAL])
        chance.set_state(arrays[_CHANCE])
        if _DEVICE in arrays and torch.cuda.is_available():
            torch.cuda.set_rng_state(arrays[_DEVICE])
    except (KeyError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} is not a checkpoint that was written here: {error}") from error
    return parts["best"], meta["progress"]
