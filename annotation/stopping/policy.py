"""The rule by which a question stops being asked; plain Python, because pages apply it too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from consonance.errors import ParameterError

#: Ratings from which a person's skill counts as known. Caesar's skill gates (Zooniverse) ask for as
#: many, and beyond it own answers outweigh what `DawidSkene` believes of everybody.
MIN_SUPPORT: Final = 10

#: No single answer weighs more than odds of 50 to 1, however well its author did so far.
MAX_WEIGHT: Final = math.log(50)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When a question stops being asked.

    A threshold on the posterior is Wald's sequential test (1945) with steps of each person's own
    size, the stopping rule of Branson, Van Horn and Perona (*Lean Crowdsourcing*, CVPR 2017). It
    has two weaknesses, and each has its remedy here:

    - At first little is known of the people behind a posterior. It is *backed* when at least
      `min_ratings` answers came from people with `min_support` ratings, when there is one answer
      more than the minimum, or when there are as many as there can be.
    - People share mistakes, so posteriors say too much; what gold shows of it is the run's
      temperature. But no number of answers mends a shared mistake: waiting for the truth to be sure
      would ask every hard question to the maximum in vain. A question is *settled* when further
      answers would hardly turn its label: the running posterior is a martingale under the model,
      so it ever falls below a half with probability 2 (1 - posterior) at most (Ville's inequality),
      and that may be as much as a wrong label may be, `1 - stop_posterior`.

    So a question stops when it is backed and its calibrated posterior reaches `stop_posterior`, or
    when its plain posterior leaves half that risk.

    Attributes
    ----------
    min_ratings, max_ratings
        Never fewer answers than the one, never more than the other.
    stop_posterior
        A question stops when the likeliest truth is at least so likely, in (0.5, 1].
    min_support
        Ratings from which a person's skill counts as known.
    max_weight
        No single answer moves log-odds by more.
    """

    min_ratings: int = 3
    max_ratings: int = 5
    stop_posterior: float = 0.95
    min_support: int = MIN_SUPPORT
    max_weight: float = MAX_WEIGHT

    def __post_init__(self) -> None:
        if not 1 <= self.min_ratings <= self.max_ratings:
            raise ParameterError(
                f"min_ratings is {self.min_ratings} and max_ratings {self.max_ratings}; "
                "1 <= min_ratings <= max_ratings is needed"
            )
        if not 0.5 < self.stop_posterior <= 1:
            raise ParameterError(
                f"stop_posterior is {self.stop_posterior}; above 0.5 and at most 1 is needed"
            )
        if self.min_support < 0:
            raise ParameterError(f"min_support is {self.min_support}; it cannot be negative")
        if not self.max_weight > 0:
            raise ParameterError(f"max_weight is {self.max_weight}; a number above 0 is needed")

    @property
    def settled_posterior(self) -> float:
        """The posterior from which further answers would hardly turn the label."""
        return 1 - (1 - self.stop_posterior) / 2

    def is_backed(self, answered: Any, known: Any) -> Any:
        """Say whether enough is known of the people behind a question.

        Parameters
        ----------
        answered : int, or array of them
            Answers so far.
        known : int, or array of them
            How many of them people gave whose skill is known.

        Returns
        -------
        bool, or array of them
        """
        # At the maximum there is nothing more to wait for.
        return (
            (known >= self.min_ratings)
            | (answered > self.min_ratings)
            | (answered >= self.max_ratings)
        )

    def is_sure(self, answered: Any, known: Any, calibrated: Any, plain: Any) -> Any:
        """Say whether a question stops because its posterior suffices.

        Parameters
        ----------
        answered, known
            As in `is_backed`.
        calibrated, plain : float, or array of them
            Probability of the likeliest truth, with answers' weights divided by the temperature
            and without.

        Returns
        -------
        bool, or array of them
        """
        suffices = (plain >= self.settled_posterior) | (
            self.is_backed(answered, known) & (calibrated >= self.stop_posterior)
        )
        return (answered >= self.min_ratings) & suffices
