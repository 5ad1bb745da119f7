"""What decides a search, as a value that is stored with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from candidates.search.space import DEFAULT_SPACE, Choices, Space
from consonance.errors import ParameterError

SCHEDULERS: Final = ("halving", "random", "grid")
GROUPS: Final = ("artist", "track")
#: Most trainings a search may ask for: a typing error should not keep a cluster busy for a year.
MOST_TRAININGS: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class SearchRecipe:
    """Everything that decides a search's outcome.

    Attributes
    ----------
    data
        What is learnt from: plain values that name labels and embeddings by their hashes.
    space
        What is varied.
    scheduler
        `random`: configurations drawn at random, all trained to the end; `halving`: so drawn, but
        after few passes only the best share goes on (synchronous successive halving: Jamieson and
        Talwalkar, AISTATS 2016); `grid`: every combination of the space.
    trials
        Configurations, the default not counted; None for the whole grid.
    seeds
        Trainings of each configuration, each with a seed of its own.
    epochs
        Most passes over the data.
    rungs, reduction
        Of halving: how often is chosen, and one in how many goes on.
    groups
        What is never divided between training and validation.
    validation_share, held_out_share
        Of the excerpts: those by which configurations are chosen, and those on which the winner is
        compared with the default. Not used where the data come divided.
    budget_epochs
        Most passes over the data that all trainings together may take; None for no limit. Passes,
        not hours, so that the outcome is the same on every machine.
    seed
        Of configurations, division and intervals.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    space: Space = DEFAULT_SPACE
    scheduler: str = "halving"
    trials: int | None = 24
    seeds: int = 3
    epochs: int = 60
    rungs: int = 3
    reduction: int = 3
    groups: str = "artist"
    validation_share: float = 0.2
    held_out_share: float = 0.2
    budget_epochs: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.scheduler not in SCHEDULERS:
            raise ParameterError(
                f"A scheduler is one of {', '.join(SCHEDULERS)}, not {self.scheduler!r}."
            )
        if self.groups not in GROUPS:
            raise ParameterError(f"Groups are by artist or by track, not by {self.groups!r}.")
        if self.scheduler == "grid" and not self.space.is_finite:
            endless = [
                name for name, part in self.space.of.items() if not isinstance(part, Choices)
            ]
            raise ParameterError(
                f"A grid takes lists of values: {', '.join(endless)} has a range. Use random."
            )
        if self.scheduler != "grid" and self.trials is None:
            raise ParameterError("Say how many configurations are to be tried.")
        self._check_numbers()
        cost = self.cost()
        if cost.trainings > MOST_TRAININGS:
            raise ParameterError(
                f"{cost.trainings:,} trainings are more than the {MOST_TRAININGS:,} that a search "
                "may take. Try fewer configurations or seeds."
            )
        if self.budget_epochs is not None and cost.epochs > self.budget_epochs:
            raise ParameterError(
                f"This search may take up to {cost.epochs:,} passes over the data, more than its "
                f"budget of {self.budget_epochs:,}. Try fewer configurations, seeds or epochs."
            )

    def _check_numbers(self) -> None:
        wrong = [
            f"{name} is {value}"
            for name, value, least in (
                ("trials", self.trials, 1),
                ("seeds", self.seeds, 1),
                ("epochs", self.epochs, 1),
                ("rungs", self.rungs, 1),
                ("reduction", self.reduction, 2),
                ("seed", self.seed, 0),
            )
            if value is not None and value < least
        ]
        if wrong:
            raise ParameterError(f"Too small: {', '.join(wrong)}.")
        if self.scheduler == "halving" and self.epochs < self.reduction ** (self.rungs - 1):
            raise ParameterError(
                f"{self.epochs} epochs cannot be divided by {self.reduction} "
                f"{self.rungs - 1} times. Take more epochs, or fewer rungs."
            )
        shares = (self.validation_share, self.held_out_share)
        if not 0 < shares[0] < 1 or not 0 <= shares[1] < 1 or sum(shares) >= 1:
            raise ParameterError(
                f"Validation takes a share of {shares[0]:g} and the held-out part {shares[1]:g}: "
                "validation needs some, and something must be left to learn from."
            )

    @property
    def planned(self) -> int:
        """How many configurations are tried, the default not counted."""
        size = self.space.size
        if self.scheduler == "grid" and size is not None:
            return size if self.trials is None else min(size, self.trials)
        return min(self.trials or 1, size or MOST_TRAININGS)

    @property
    def rung_epochs(self) -> tuple[int, ...]:
        """Most passes over the data at each rung; one rung where nobody is stopped early."""
        if self.scheduler != "halving":
            return (self.epochs,)
        return tuple(
            max(1, self.epochs // self.reduction ** (self.rungs - 1 - rung))
            for rung in range(self.rungs)
        )

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """Seeds of each configuration's trainings: the same for all, so that they are compared."""
        return tuple(1000 * self.seed + number for number in range(self.seeds))

    def cost(self, *, configurations: int | None = None) -> Cost:
        """Return what the search takes at most; trainings that stop early make it less.

        Parameters
        ----------
        configurations
            How many there are, the default counted; by default as many as are planned.
        """
        trainings = epochs = 0
        running = configurations or self.planned + 1
        for passes in self.rung_epochs:
            trainings += running * self.seeds
            epochs += running * self.seeds * passes
            # The default goes on whatever it reaches.
            running = min(running, quotient_up(running, self.reduction) + 1)
        return Cost(trainings=trainings, epochs=epochs)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        stored = {known.name: getattr(self, known.name) for known in fields(self)}
        return {**stored, "data": dict(self.data), "space": self.space.as_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the recipe of what `as_json` gave.

        Raises
        ------
        ParameterError
            If it is no such thing.
        """
        unknown = sorted(set(stored) - {known.name for known in fields(cls)})
        if unknown:
            raise ParameterError(f"A search's recipe knows no {', '.join(unknown)}.")
        try:
            return cls(**{**stored, "space": Space.from_json(stored.get("space"))})
        except TypeError as error:
            raise ParameterError(f"This is no recipe of a search: {error}") from error

    @property
    def sha256(self) -> str:
        """Hash of the recipe: searches with the same are the same."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a search takes at most.

    Attributes
    ----------
    trainings
        Heads that are trained.
    epochs
        Passes over the data of all of them.
    """

    trainings: int
    epochs: int


def quotient_up(number: int, parts: int) -> int:
    """Return a quotient of whole numbers, rounded up."""
    return -(-number // parts)
