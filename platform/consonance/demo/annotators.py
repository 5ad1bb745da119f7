"""Simulated people, who answer questions about clips whose truth is known.

Skill follows the generator of the project's consensus study: a person's sensitivity and
specificity are logistic-normal, a person knows some instruments better than others, some
instruments are harder for everybody, some clips are harder than others (so that answers are not
independent given the truth), and about a tenth of answers are "unsure". A tenth of people do not
listen at all. Ratings they give are to be marked as simulated wherever they are shown.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.random import Generator

from consonance.errors import ParameterError

Kind = Literal["careful", "casual", "hasty", "spammer-yes", "spammer-random"]
AnswerWord = Literal["yes", "no", "unsure"]

CLIP_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Habits:
    """How people of a kind differ from each other: logits of skill, then behaviour.

    Attributes
    ----------
    sensitivity, specificity
        Mean logits.
    unsure
        Share of "unsure" at medium difficulty.
    heard
        Usual share of the clip that is heard before answering.
    thinking_ms
        Median time from the end of listening to the answer.
    weight
        Share of a panel.
    """

    sensitivity: float
    specificity: float
    unsure: float
    heard: float
    thinking_ms: float
    weight: float


_HABITS: Final[dict[Kind, _Habits]] = {
    "careful": _Habits(2.4, 2.6, 0.12, 0.85, 2_500.0, 0.30),
    "casual": _Habits(1.7, 1.9, 0.10, 0.55, 1_600.0, 0.45),
    "hasty": _Habits(1.0, 1.2, 0.04, 0.25, 700.0, 0.15),
    "spammer-yes": _Habits(0.0, 0.0, 0.0, 0.06, 300.0, 0.05),
    "spammer-random": _Habits(0.0, 0.0, 0.02, 0.06, 400.0, 0.05),
}
SPAMMERS: Final[frozenset[Kind]] = frozenset({"spammer-yes", "spammer-random"})

_PERSON_SD: Final = 0.6
_PERSON_CLASS_SENSITIVITY_SD: Final = 0.55
_PERSON_CLASS_SPECIFICITY_SD: Final = 0.45
_CLASS_SD: Final = 0.5
#: What one unit of difficulty takes off the logit.
_DIFFICULTY_SLOPE: Final = 2.5
#: Mean of `corpus.truth.difficulty` over the Synthetic Archive (measured: 0.28).
_USUAL_DIFFICULTY: Final = 0.28
#: A panel of this many people has at least one who does not listen.
_SPAMMER_FROM: Final = 6


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """One answer.

    Attributes
    ----------
    answer
        `yes`, `no` or `unsure`.
    response_ms
        From the clip being shown to the answer.
    heard_ms
        How much of the clip was played; never more than `response_ms` or the clip.
    """

    answer: AnswerWord
    response_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class Annotator:
    """A simulated person.

    Attributes
    ----------
    name
        Unique in a panel.
    kind
        How the person behaves.
    sensitivity, specificity
        Logit by class of hearing what is there, and of denying what is not, in a clip of usual
        difficulty.
    unsure_rate
        Share of "unsure" at usual difficulty.
    heard_share
        Usual share of the clip heard.
    thinking_ms
        Median time to answer after listening.
    """

    name: str
    kind: Kind
    sensitivity: Mapping[str, float]
    specificity: Mapping[str, float]
    unsure_rate: float
    heard_share: float
    thinking_ms: float

    def tested(self) -> Annotator:
        """Return the person as they are while they know that they are tested, as in a quiz.

        They listen to the end and decide, for unsure is not right there. Also whoever answers
        without listening afterwards does: their quiz tells nothing of how they go on, which is
        why gold is hidden among the questions as well.
        """
        if self.kind not in SPAMMERS:
            return replace(self, unsure_rate=0.0, heard_share=1.0)
        usual = _HABITS["casual"]
        return replace(
            self,
            kind="casual",
            sensitivity={name: usual.sensitivity + own for name, own in self.sensitivity.items()},
            specificity={name: usual.specificity + own for name, own in self.specificity.items()},
            unsure_rate=0.0,
            heard_share=1.0,
            thinking_ms=usual.thinking_ms,
        )

    def accuracy(self, class_name: str, *, present: bool, difficulty: float) -> float:
        """Return the probability of a right answer, "unsure" left aside.

        Parameters
        ----------
        class_name
            What is asked for.
        present
            Whether it is there.
        difficulty
            From 0 (obvious) to 1.

        Raises
        ------
        ParameterError
            If the person knows no such class, or the difficulty is out of range.
        """
        if class_name not in self.sensitivity:
            raise ParameterError(
                f"{self.name} was not made for class {class_name!r}: make the panel with it"
            )
        if not 0.0 <= difficulty <= 1.0:
            raise ParameterError(f"difficulty {difficulty} is not between 0 and 1")
        if self.kind == "spammer-yes":
            return float(present)
        if self.kind == "spammer-random":
            return 0.5
        skill = (self.sensitivity if present else self.specificity)[class_name]
        return _logistic(skill - _DIFFICULTY_SLOPE * (difficulty - _USUAL_DIFFICULTY))

    def answer(
        self, class_name: str, *, present: bool, difficulty: float, rng: Generator
    ) -> SimulatedAnswer:
        """Return what the person answers.

        Parameters
        ----------
        class_name, present, difficulty
            As for `accuracy`.
        rng
            Source of chance. Use `answer_stream` for an answer that does not depend on the
            order in which people are asked.

        Raises
        ------
        ParameterError
            As `accuracy`.
        """
        right = self.accuracy(class_name, present=present, difficulty=difficulty)
        doubt, correct, listening, thinking = rng.random(4)
        # People doubt more where they would be wrong more often.
        unsure = min(0.6, self.unsure_rate * (0.3 + 2.5 * difficulty))
        decided: AnswerWord = "yes" if (correct < right) == present else "no"
        word: AnswerWord = "unsure" if doubt < unsure else decided
        share = min(1.0, max(0.02, self.heard_share + 0.35 * (listening - 0.5)))
        heard_ms = int(share * CLIP_MS)
        slower = 1.0 + 0.8 * difficulty if self.kind not in SPAMMERS else 1.0
        # Response times are log-normal; 0.5 is a usual spread of their logarithm.
        delay = self.thinking_ms * slower * math.exp(0.5 * _normal_quantile(thinking))
        return SimulatedAnswer(word, heard_ms + max(120, int(delay)), heard_ms)


def make_panel(n: int, classes: Sequence[str], *, seed: int) -> tuple[Annotator, ...]:
    """Return a panel of people of differing skill.

    Kinds stand in fixed proportion (30 % careful, 45 % casual, 15 % hasty, 10 % spammers, at
    least one of the latter from six people on), so that a small panel is a panel too.

    Parameters
    ----------
    n
        How many people; at least 1.
    classes
        What they will be asked for.
    seed
        Same seed, same people.

    Raises
    ------
    ParameterError
        If there are no people or no classes, or the seed is negative.
    """
    if n < 1 or not classes:
        raise ParameterError(f"a panel of {n} for {len(classes)} classes: ask for at least 1 each")
    if seed < 0:
        raise ParameterError(f"seed {seed} is negative: ask for 0 or more")
    rng = np.random.default_rng([seed, 31])
    class_offset = {name: float(rng.normal(0.0, _CLASS_SD)) for name in classes}
    kinds = _kinds(n)
    order = [kinds[k] for k in rng.permutation(n)]
    width = max(2, len(str(n)))
    return tuple(
        _person(f"simulated-{index + 1:0{width}d}", kind, class_offset, rng)
        for index, kind in enumerate(order)
    )


def answer_stream(seed: int, *question: int | str) -> Generator:
    """Return the chance that belongs to one answer, whoever asks first.

    Parameters
    ----------
    seed
        Of the simulation.
    question
        What tells the answer from others: annotator's name, sample key, class.
    """
    return np.random.default_rng([seed, 37, *(zlib.crc32(str(q).encode()) for q in question)])


def _kinds(n: int) -> list[Kind]:
    """Return kinds by largest remainder."""
    exact = {kind: habits.weight * n for kind, habits in _HABITS.items()}
    counts = {kind: int(share) for kind, share in exact.items()}
    if n >= _SPAMMER_FROM and not counts["spammer-random"]:
        counts["spammer-random"] = 1
    by_remainder = sorted(exact, key=lambda kind: counts[kind] - exact[kind])
    for k in range(n - sum(counts.values())):
        counts[by_remainder[k % len(by_remainder)]] += 1
    return [kind for kind, count in counts.items() for _ in range(count)][:n]


def _person(name: str, kind: Kind, class_offset: Mapping[str, float], rng: Generator) -> Annotator:
    habits = _HABITS[kind]
    sensitivity = habits.sensitivity + float(rng.normal(0.0, _PERSON_SD))
    specificity = habits.specificity + float(rng.normal(0.0, _PERSON_SD))
    return Annotator(
        name=name,
        kind=kind,
        sensitivity={
            c: sensitivity + offset + float(rng.normal(0.0, _PERSON_CLASS_SENSITIVITY_SD))
            for c, offset in class_offset.items()
        },
        specificity={
            c: specificity + offset + float(rng.normal(0.0, _PERSON_CLASS_SPECIFICITY_SD))
            for c, offset in class_offset.items()
        },
        unsure_rate=habits.unsure * float(rng.uniform(0.6, 1.4)),
        heard_share=habits.heard,
        thinking_ms=habits.thinking_ms * math.exp(float(rng.normal(0.0, 0.3))),
    )


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _normal_quantile(share: float) -> float:
    """Return the normal quantile by way of the logistic, near enough for response times."""
    inner = min(0.999, max(0.001, share))
    return math.log(inner / (1.0 - inner)) / 1.702
