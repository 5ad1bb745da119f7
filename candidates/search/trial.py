"""One training of one configuration, and what it reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch

from candidates.detector.bags import Bags
from candidates.detector.evaluation import ClassFigures, figures
from candidates.detector.head_training import train_head
from candidates.detector.heads import EpochReport, HeadRecipe, TrainedHead
from candidates.search.material import Material

#: Digits kept of a figure that is stored as text: more than is real, few enough to be read.
_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What a training gave.

    Attributes
    ----------
    head
        With the weights of its best epoch.
    value
        Mean average precision on the validation excerpts, over the counted classes.
    metrics
        The same with AUC and each class's figures; plain values.
    curve
        One entry per epoch; plain values.
    """

    head: TrainedHead
    value: float
    metrics: dict[str, Any]
    curve: list[dict[str, Any]]


def train(
    material: Material,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    epochs: int,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Outcome:
    """Train one head and measure it.

    Parameters
    ----------
    material
        What to learn from, and the excerpts to be measured on. The held-out part is not touched.
    parameters
        Settings that differ from a head's defaults.
    seed
        Of the training.
    epochs
        Most passes over the data.
    on_epoch
        Called after each; what it raises ends the training.

    Raises
    ------
    ParameterError
        If a setting is out of range, or no class can be learnt.
    """
    recipe = HeadRecipe(**{**parameters, "seed": seed, "epochs": epochs})
    with _one_thread():
        head = train_head(material.train, material.validation, recipe, on_epoch=on_epoch)
        likelihood = head.likelihood(material.validation)
    by_class = figures(material.validation.labels, likelihood, material.classes)
    metrics = summed_up(material, by_class, material.validation) | {"best_epoch": head.best_epoch}
    return Outcome(
        head=head,
        value=metrics["mean_ap"],
        metrics=metrics,
        curve=[_rounded(asdict(report)) for report in head.history],
    )


def summed_up(
    material: Material, by_class: Mapping[str, ClassFigures], part: Bags
) -> dict[str, Any]:
    """Return figures by class with their means over the classes that are counted in a part."""
    counted = np.array(material.classes)[material.counted(part)].tolist()
    return {
        f"mean_{what}": round(float(np.mean([by_class[name][what] for name in counted])), _DIGITS)
        for what in ("ap", "auc")
    } | {"classes": {name: _rounded(dict(entry)) for name, entry in by_class.items()}}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: sums in another order are other sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rounded(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in entry.items()
    }
