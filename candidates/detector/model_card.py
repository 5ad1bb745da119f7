"""Files of a network that was trained here: its weights, and the card that says what they are."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from candidates.detector.arrays import write_whole
from candidates.detector.training import Trained


def save(
    trained: Trained,
    path: Path,
    *,
    licence: str,
    what: str,
    data: dict[str, Any],
    taxonomy: str = "",
    measured: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write weights and model card, so that `small.SmallDetector.load` can read them.

    Parameters
    ----------
    trained
        From `training.train`.
    path
        Of the ``.npz``; the card goes beside it with the suffix ``.json``.
    licence
        SPDX identifier of the weights.
    what
        A sentence about the detector.
    data
        What it was trained on: sources, licences, seeds, numbers.
    taxonomy
        That the classes come from, if it ships.
    measured
        Further figures on other data.

    Returns
    -------
    dict
        The card.
    """
    content = weights(trained)
    card = described(
        trained, licence=licence, what=what, data=data, taxonomy=taxonomy, measured=measured
    ) | {"weights": path.name, "weights_sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, content)
    write_whole(path.with_suffix(".json"), text.encode())
    return card


def weights(trained: Trained) -> bytes:
    """Return the content of the ``.npz``; the same network gives the same bytes."""
    arrays = {
        # Halves the file; normalisation constants and biases are few and stay exact.
        name: array.half().numpy() if array.dim() > 1 else array.numpy()
        for name, array in trained.network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def described(
    trained: Trained,
    *,
    licence: str,
    what: str,
    data: dict[str, Any],
    taxonomy: str = "",
    measured: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the card, but for the weights' name and hash; parameters as in `save`."""
    return {
        "name": "small",
        "what": what,
        "licence": licence,
        "n_weights": sum(weight.numel() for weight in trained.network.parameters()),
        **({"taxonomy": taxonomy} if taxonomy else {}),
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
