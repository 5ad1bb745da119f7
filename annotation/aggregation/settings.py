"""The numbers that decide a run; they are stored with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from consonance.errors import ParameterError

#: Methods whose posterior may decide labels.
METHODS: Final = ("dawid_skene", "one_coin", "majority")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a run turns ratings into labels.

    Attributes
    ----------
    method
        Whose posterior decides: `dawid_skene`, `one_coin` or `majority`. People are judged by
        Dawid-Skene where the majority decides.
    use_detector
        Whether a second posterior is computed, with the detector's likelihoods as prior. Decisions
        never rest on it.
    present_from, absent_to
        A label is "present" from this posterior up and "absent" from that one down; between them
        it is undecided.
    class_support
        A person's skill in a class is kept from so many ratings in it.
    alpha_samples
        Bootstrap samples of each agreement interval.
    seed
        Of the bootstrap.
    """

    method: str = "dawid_skene"
    use_detector: bool = True
    present_from: float = 0.8
    absent_to: float = 0.2
    class_support: int = 10
    alpha_samples: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ParameterError(
                f"No aggregation method is called {self.method!r}. Use {' or '.join(METHODS)}."
            )
        if not 0 <= self.absent_to < 0.5 < self.present_from <= 1:
            raise ParameterError(
                f"Thresholds: absent up to {self.absent_to} and present from {self.present_from}"
                " must lie on either side of 0.5, within 0 to 1."
            )
        for name, least in (("class_support", 1), ("alpha_samples", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise ParameterError(f"{name} is {getattr(self, name)}; use {least} or more.")

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)
