"""What rules about people are held against: the thresholds, and what is known of a crowd."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields

from annotation.agreement.drifting import Drift
from annotation.agreement.habits import TooFast
from annotation.agreement.intervals import Shares
from annotation.agreement.pairs import SuspiciousPairs
from annotation.agreement.repeating import Repeats
from annotation.agreement.runs import Straightness
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class FlagRules:
    """The thresholds of all rules; stored with the report that they made.

    Parameters
    ----------
    gold_below
        Accuracy on gold is certainly below this (upper bound of the interval) ...
    gold_minimum
        ... with so many definite answers on gold or more.
    spammer_below, spammer_minimum
        Spammer score below this, with so many definite answers ...
    spammer_surely_below
        ... and the score certainly below this (upper bound of its interval): of few answers, or
        answers to one truth only, any score is possible.
    fast_above, fast_minimum
        Share of answers faster than hearing allows certainly above this (lower bound), with so
        many measured ones.
    run_minimum
        A run of so many equal answers or more counts as straight-lining ...
    run_chance_own
        ... if it is less likely than this by the person's own rates of answers ...
    run_chance_tasks
        ... or than this by the tasks asked. Far smaller, since somebody may hear generously.
    drift_minimum
        Drift with so many answers that can be judged.
    rest_below, rest_minimum
        Agreement with the others certainly lower, by this, than other people's, with so many
        answers that can be judged.
    repeats_below, repeats_minimum
        Consistency on repeated questions certainly below this, with so many of them.
    unsure_above, unsure_minimum
        Share of "unsure" certainly above this, with so many answers.
    """

    gold_below: float = 0.7
    gold_minimum: int = 10
    spammer_below: float = 0.1
    spammer_surely_below: float = 0.12
    spammer_minimum: int = 10
    fast_above: float = 0.1
    fast_minimum: int = 10
    run_minimum: int = 15
    run_chance_own: float = 1e-4
    run_chance_tasks: float = 1e-8
    drift_minimum: int = 50
    rest_below: float = 0.1
    rest_minimum: int = 20
    repeats_below: float = 0.75
    repeats_minimum: int = 8
    unsure_above: float = 0.35
    unsure_minimum: int = 20

    def __post_init__(self) -> None:
        for found in fields(self):
            value = getattr(self, found.name)
            is_count = isinstance(found.default, int)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ParameterError(f"{found.name} is {value!r}; a number is needed")
            if is_count and not (isinstance(value, int) and value >= 1):
                raise ParameterError(f"{found.name} is {value}; a whole number from 1 is needed")
            if not is_count and not 0 <= value <= 1:
                raise ParameterError(f"{found.name} is {value}; a number from 0 to 1 is needed")

    def as_dict(self) -> dict[str, float | int]:
        """Return the thresholds as JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a crowd's people; rules whose evidence is missing find nothing.

    Parameters
    ----------
    n_annotators
        How many people there are. Every array has an entry for each.
    gold : Shares
        `gold_accuracy(...).people`.
    spammer_score : np.ndarray [in [0, 1]]
        `spammer_scores(...)`.
    spammer_high : np.ndarray [in [0, 1]]
        `highest_spammer_scores(...)`; needed with `spammer_score`.
    n_definite : np.ndarray [dtype=int64]
        Definite answers each gave; needed with `spammer_score`.
    fast : TooFast
        `too_fast(...)`.
    runs : Straightness
        `straight_lining(...)`.
    drift : Drift
        `drift(...)`.
    rest : Shares
        `agreement_by_person(...)`.
    repeats : Repeats
        `repeats(...)`.
    pairs : SuspiciousPairs or NotEnoughData
        `suspicious_pairs(...)`.
    unsure : Shares
        Share of each person's answers that are "unsure"; `wilson_many(...)`.
    answer_names
        What to call answers 0, 1, ... in a sentence.
    """

    n_annotators: int
    gold: Shares | None = None
    spammer_score: FloatArray | None = None
    spammer_high: FloatArray | None = None
    n_definite: IntArray | None = None
    fast: TooFast | None = None
    runs: Straightness | None = None
    drift: Drift | None = None
    rest: Shares | None = None
    repeats: Repeats | None = None
    pairs: SuspiciousPairs | NotEnoughData | None = None
    unsure: Shares | None = None
    answer_names: tuple[str, ...] = field(default=("no", "yes"))

    def __post_init__(self) -> None:
        lengths = {
            "gold": self.gold and len(self.gold.number),
            "spammer_score": None if self.spammer_score is None else len(self.spammer_score),
            "spammer_high": None if self.spammer_high is None else len(self.spammer_high),
            "n_definite": None if self.n_definite is None else len(self.n_definite),
            "fast": self.fast and len(self.fast.people.number),
            "runs": self.runs and len(self.runs.number),
            "drift": self.drift and len(self.drift.number),
            "rest": self.rest and len(self.rest.number),
            "repeats": self.repeats and len(self.repeats.people.number),
            "pairs": len(self.pairs.cluster_of)
            if isinstance(self.pairs, SuspiciousPairs)
            else None,
            "unsure": self.unsure and len(self.unsure.number),
        }
        for name, length in lengths.items():
            if length is not None and length != self.n_annotators:
                raise ParameterError(
                    f"{name} speaks of {length} people, n_annotators is {self.n_annotators}; hand "
                    "n_annotators to every function"
                )
        together = (self.spammer_score, self.spammer_high, self.n_definite)
        if len({one is None for one in together}) > 1:
            raise ParameterError("spammer_score, spammer_high and n_definite are needed together")
