"""What decides a release, as a value that is stored with it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from consonance.errors import ParameterError
from splits.shares import nearest_shares

#: Policies for verified duplicates: leave one copy, or none, or keep all of them in one partition.
DUPLICATE_POLICIES = ("keep_one", "drop", "keep_together")
#: Pages that have an address where a release's would be.
RESERVED = ("build", "duplicates", "reports")
#: Splitters (`splits.stratify.ENGINES`): ours, and scikit-multilearn's where it is installed.
ENGINES = ("consonance", "skmultilearn")


@dataclass(frozen=True, kw_only=True)
class ReleaseRecipe:
    """Name, promise and split of a release.

    Attributes
    ----------
    name, version, title
        As in `splits.release.ReleaseSpec`.
    min_positives, min_labels
        The contract per class. OpenMIC-2018 promised 500 and 1,500.
    shares
        Partition to share of the clips.
    seed
        Of the split.
    duplicates
        One of `DUPLICATE_POLICIES`; doubtful pairs are always kept, together.
    any_licence
        Release clips whatever their licence, without asking for attribution: for use inside the
        house only, and the release says so.
    leave_out
        Names of classes that the release does without, such as those too rare for its contract.
    engine
        Which splitter divides: one of `ENGINES`.
    whole_albums
        Never divide an album either: those on which several artists stand tie them together.
    split_anew
        Divide all clips again instead of leaving those of the last version where they are.
    description
        For people.
    creators
        Who is to be cited; an ORCID may follow a name: "Name (https://orcid.org/…)".
    homepage
        Public address of the release's page, if it has one: Croissant and the citation name it.
    """

    name: str
    version: str
    title: str
    min_positives: int = 500
    min_labels: int = 1500
    shares: dict[str, float] = field(
        default_factory=lambda: {"train": 0.6, "validation": 0.15, "test": 0.25}
    )
    seed: int = 0
    duplicates: str = "keep_one"
    any_licence: bool = False
    leave_out: tuple[str, ...] = ()
    engine: str = "consonance"
    whole_albums: bool = False
    split_anew: bool = False
    description: str = ""
    creators: tuple[str, ...] = ()
    homepage: str = ""

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ParameterError(
                f"A release cannot be called {self.name!r}: use lower-case words joined by hyphens."
            )
        if self.name in RESERVED:
            raise ParameterError(f"A release cannot be called {self.name!r}: a page has that name.")
        if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", self.version):
            raise ParameterError(f"Version {self.version!r}: use MAJOR.MINOR.PATCH, like 1.0.0.")
        total = sum(self.shares.values())
        if len(self.shares) < 2 or min(self.shares.values()) <= 0 or abs(total - 1) > 1e-6:
            told = (
                f"The shares of the partitions add up to {total:.2g}: name two partitions or more "
                "with shares above 0 that add up to 1."
            )
            if len(self.shares) > 1 and min(self.shares.values()) > 0:
                plan = ",".join(f"{k}={v:g}" for k, v in nearest_shares(self.shares).items())
                told += f" The nearest possible plan is {plan}."
            raise ParameterError(told)
        if self.duplicates not in DUPLICATE_POLICIES:
            raise ParameterError(
                f"Policy for duplicates is {self.duplicates!r}: use one of "
                f"{', '.join(DUPLICATE_POLICIES)}."
            )
        if self.homepage and not re.fullmatch(r"https?://\S+", self.homepage):
            raise ParameterError(
                f"A page cannot be at {self.homepage!r}: give an address with http:// or https://."
            )
        if self.engine not in ENGINES:
            raise ParameterError(
                f"No splitter is called {self.engine!r}: use one of {', '.join(ENGINES)}."
            )
        if self.min_positives < 1 or self.min_labels < self.min_positives:
            raise ParameterError(
                "A contract promises at least 1 positive a class, and at least as many labels."
            )

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return the recipe that `as_json` gave; fields that are newer than it have defaults."""
        lists = {name: tuple(stored.get(name, ())) for name in ("creators", "leave_out")}
        return cls(**{**stored, **lists})

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as JSON values."""
        return {**asdict(self), "creators": list(self.creators), "leave_out": list(self.leave_out)}
