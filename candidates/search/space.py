"""What a search may vary: an allow-list of a head's settings, each with its range.

Imports neither torch nor Optuna: pages read the list from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from consonance.errors import ParameterError

Value = str | int | float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that a search may vary.

    Attributes
    ----------
    name
        As in `detector.heads.HeadRecipe`.
    label
        What a person calls it.
    sentence
        What it does.
    type
        `choice` of words, whole number, or number.
    choices
        Of a choice.
    low, high
        Both ends are allowed.
    """

    name: str
    label: str
    sentence: str
    type: Literal["choice", "integer", "number"]
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        if self.type == "choice":
            return " or ".join(self.choices)
        return f"{self.low:g} to {self.high:g}"

    def checked(self, value: Any) -> Value:
        """Return the value as its type.

        Raises
        ------
        ParameterError
            If it is of another type or out of range.
        """
        refused = ParameterError(f"{self.label} is {self.allowed}, not {value!r}.")
        if self.type == "choice":
            if value not in self.choices:
                raise refused
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refused
        if not self.low <= value <= self.high:  # NaN is not either
            raise refused
        if self.type == "integer":
            if value != int(value):
                raise refused
            return int(value)
        return float(value)


SETTINGS: Final = {
    setting.name: setting
    for setting in (
        Setting(
            name="kind",
            label="Kind",
            sentence="How the instances of an excerpt become one answer: each with a weight that "
            "is learnt (attention), or averaged (mean).",
            type="choice",
            choices=("attention", "mean"),
        ),
        Setting(
            name="hidden",
            label="Hidden width",
            sentence="Units between embedding and answer; 0 for none, which is logistic "
            "regression.",
            type="integer",
            low=0,
            high=2048,
        ),
        Setting(
            name="dropout",
            label="Dropout",
            sentence="Share of hidden units that are left out at random while training.",
            type="number",
            low=0.0,
            high=0.9,
        ),
        Setting(
            name="learning_rate",
            label="Learning rate",
            sentence="Size of a step. Best searched on a logarithmic scale.",
            type="number",
            low=1e-6,
            high=1.0,
        ),
        Setting(
            name="weight_decay",
            label="Weight decay",
            sentence="How strongly weights are pulled towards zero.",
            type="number",
            low=0.0,
            high=1.0,
        ),
        Setting(
            name="mixup",
            label="Mixup",
            sentence="How strongly pairs of excerpts are mixed while training; 0 for not at all.",
            type="number",
            low=0.0,
            high=2.0,
        ),
        Setting(
            name="batch",
            label="Batch",
            sentence="Excerpts in a step.",
            type="integer",
            low=1,
            high=4096,
        ),
        Setting(
            name="patience",
            label="Patience",
            sentence="Passes without a better validation after which a training ends.",
            type="integer",
            low=1,
            high=1000,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Some values, each as likely."""

    values: tuple[Value, ...]

    def as_json(self) -> Any:
        """Return what is stored."""
        return list(self.values)


@dataclass(frozen=True, kw_only=True)
class Range:
    """All values between two ends."""

    low: float
    high: float
    log: bool = False

    def as_json(self) -> Any:
        """Return what is stored."""
        return {"low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True, kw_only=True)
class Space:
    """What is varied; every other setting keeps its default.

    Attributes
    ----------
    of
        Name of a setting → what it may be, in alphabetical order.
    """

    of: Mapping[str, Choices | Range]

    @classmethod
    def from_json(cls, content: Any) -> Space:
        """Return a space from plain values: lists, or objects with low, high and log.

        Raises
        ------
        ParameterError
            If a setting is not in `SETTINGS`, or what it may be makes no sense.
        """
        if not isinstance(content, Mapping) or not content:
            raise ParameterError(
                f"A space names one setting or more: {', '.join(SETTINGS)}, each with a list of "
                'values or {"low": …, "high": …, "log": true}.'
            )
        unknown = sorted(set(content) - set(SETTINGS))
        if unknown:
            raise ParameterError(
                f"A search knows no {', '.join(map(str, unknown))}. "
                f"It may vary {', '.join(SETTINGS)}."
            )
        return cls(of={name: _part(SETTINGS[name], content[name]) for name in sorted(content)})

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {name: part.as_json() for name, part in self.of.items()}

    @property
    def is_finite(self) -> bool:
        """Whether every configuration can be listed."""
        return all(isinstance(part, Choices) for part in self.of.values())

    @property
    def size(self) -> int | None:
        """How many configurations there are; None if a range makes them endless."""
        sizes = [len(part.values) for part in self.of.values() if isinstance(part, Choices)]
        return math.prod(sizes) if len(sizes) == len(self.of) else None


def _part(setting: Setting, content: Any) -> Choices | Range:
    if isinstance(content, Mapping):
        return _range(setting, content)
    if not isinstance(content, list | tuple) or not content:
        raise ParameterError(
            f'{setting.label}: give a list of values, or {{"low": …, "high": …}}, not {content!r}.'
        )
    values = tuple(setting.checked(value) for value in content)
    if len(set(values)) != len(values):
        raise ParameterError(f"{setting.label}: a value stands twice in {list(content)}.")
    return Choices(values=values)


def _range(setting: Setting, content: Mapping[str, Any]) -> Range:
    unknown = sorted(set(content) - {"low", "high", "log"})
    if unknown or not {"low", "high"} <= set(content):
        raise ParameterError(f"{setting.label}: a range has low and high, and log if it is true.")
    if setting.type == "choice":
        raise ParameterError(f"{setting.label} is {setting.allowed}: give a list of these.")
    low, high = setting.checked(content["low"]), setting.checked(content["high"])
    assert not isinstance(low, str) and not isinstance(high, str)  # noqa: S101, PT018 - no choice
    log = content.get("log", False)
    if not isinstance(log, bool):
        raise ParameterError(f"{setting.label}: log is true or false, not {log!r}.")
    if low >= high:
        raise ParameterError(f"{setting.label}: {low:g} to {high:g} is no range.")
    if log and low <= 0:
        raise ParameterError(
            f"{setting.label}: a logarithmic scale begins above 0, not at {low:g}."
        )
    return Range(low=low, high=high, log=log)


#: What a search varies unless told otherwise: 2 × 4 heads, and how they are trained.
DEFAULT_SPACE: Final = Space.from_json(
    {
        "kind": ["attention", "mean"],
        "hidden": [0, 64, 128, 256],
        "dropout": {"low": 0.0, "high": 0.6},
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "weight_decay": {"low": 1e-5, "high": 1e-1, "log": True},
        "mixup": [0.0, 0.2, 0.5],
    }
)
#: The same for a grid, which takes lists only: 24 heads.
DEFAULT_GRID: Final = Space.from_json(
    {
        "kind": ["attention", "mean"],
        "hidden": [0, 128, 256],
        "learning_rate": [3e-4, 3e-3],
        "mixup": [0.0, 0.3],
    }
)
