"""From counts to confusion matrices: each level shrunk to the one above it.

Arrays here are [n_truths, n_answers, ...], people or units last, so that every step runs along
memory. Columns over answers sum to 1.

The levels, from the top:

========  =======================================================================================
expected  somebody right four times in five, worth ten ratings; "unsure" says nothing of the truth
crowd     all ratings against vote shares, taken once: re-estimating it lets truths drift away
person    the crowd's matrix with this person's accuracy and hesitation, then their own counts
class     the person's matrix times what the class does to everybody, then the pair's own counts
========  =======================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.consensus.ratings import FloatArray
from annotation.consensus.units import Units

# What is believed of people before anybody has answered: right four times in five, worth ten
# ratings. The figures are those of Branson, Van Horn and Perona (Lean Crowdsourcing, CVPR 2017).
EXPECTED_ACCURACY: Final = 0.8
EXPECTATION_RATINGS: Final = 10.0

#: How many of the crowd's ratings a class needs before its own difficulty counts for half.
CLASS_RATINGS: Final = 50.0

#: How many ratings of each truth the expected frequency of "unsure" is worth.
HESITATION_RATINGS: Final = 100.0

#: What is left of a level above where its strength is 0: no column may hold a zero.
TRACE: Final = 0.01

_SMALLEST: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """How many ratings each level above is worth; see `DawidSkene`."""

    row: float
    skill: float
    in_class: float


@dataclass(frozen=True, kw_only=True)
class Skills:
    """Estimates of one M-step.

    Attributes
    ----------
    person_counts, person_expected, person : np.ndarray [shape=(n_truths, n_answers, n_annotators)]
        Expected counts, what was expected of the person before their own rows, and the estimate.
    ratio : np.ndarray [shape=(n_truths, n_answers, n_contexts)] or None
        What a class does to everybody's probabilities.
    counts, expected, unit : np.ndarray [shape=(n_truths, n_answers, n_units)]
        The same for the finest units; the very arrays of people where classes are not told apart.
    """

    person_counts: FloatArray
    person_expected: FloatArray
    person: FloatArray
    ratio: FloatArray | None
    counts: FloatArray
    expected: FloatArray
    unit: FloatArray


class SkillModel:
    """Estimates confusion matrices from counts.

    Parameters
    ----------
    units
        Whose.
    answers : np.ndarray [shape=(n_answers,)]
        How often each answer was given at all.
    n_truths : int
    strengths
    is_symmetric
        One coin a person: right with one probability whatever the truth, all errors alike.
    """

    def __init__(
        self,
        units: Units,
        answers: FloatArray,
        n_truths: int,
        strengths: Strengths,
        *,
        is_symmetric: bool,
    ) -> None:
        self.units = units
        self.n_truths = n_truths
        self.strengths = strengths
        self.is_symmetric = is_symmetric
        # One rating of each kind more, so that an answer nobody gave is possible all the same.
        frequency = (answers + 1.0) / (answers.sum() + len(answers))
        self.unsure = frequency[n_truths:]
        self.crowd = self.expected_person(EXPECTED_ACCURACY)

    def expected_person(self, accuracy: float) -> FloatArray:
        """Return the matrix of somebody right with `accuracy`, whatever the truth.

        Returns
        -------
        np.ndarray [shape=(n_truths, n_answers), rows sum to 1]
            "Unsure" is as frequent as in all ratings and says nothing of the truth.
        """
        n_truths = self.n_truths
        definite = np.full((n_truths, n_truths), (1 - accuracy) / (n_truths - 1))
        np.fill_diagonal(definite, accuracy)
        unsure = np.repeat(self.unsure[None], n_truths, axis=0)
        return np.concatenate([definite * (1 - self.unsure.sum()), unsure], axis=1)

    def alike(self) -> Skills:
        """Return skills by which everybody is the expected person."""
        one = self.expected_person(EXPECTED_ACCURACY)[:, :, None]
        units = self.units
        # One matrix for all takes no room.
        person = np.broadcast_to(one, (*one.shape[:2], units.n_annotators))
        unit = np.broadcast_to(one, (*one.shape[:2], len(units)))
        return Skills(
            person_counts=np.broadcast_to(0.0, person.shape),
            person_expected=person,
            person=person,
            ratio=np.ones((*one.shape[:2], units.n_contexts)) if units.has_classes else None,
            counts=np.broadcast_to(0.0, unit.shape),
            expected=unit,
            unit=unit,
        )

    def take_crowd(self, counts: FloatArray) -> None:
        """Set the crowd's matrix from everybody's counts [shape=(n_truths, n_answers)]."""
        definite = counts[:, : self.n_truths]
        right = np.trace(definite) + EXPECTATION_RATINGS * EXPECTED_ACCURACY
        accuracy = float(right / (definite.sum() + EXPECTATION_RATINGS))
        crowd = self.as_seen(counts) + EXPECTATION_RATINGS * self.expected_person(accuracy)
        self.crowd = crowd / crowd.sum(axis=1, keepdims=True)

    def estimate(self, counts: FloatArray) -> Skills:
        """Estimate everybody's matrix.

        Parameters
        ----------
        counts : np.ndarray [shape=(n_truths, n_answers, n_units)]
            How often each unit gave each answer to tasks of each truth, in expectation.
        """
        units, counts = self.units, self.as_seen(counts)
        people = units.per_annotator(counts)
        expected = self.personal(people)
        person = shrunk(people, expected, self.strengths.row)
        if not units.has_classes:
            return Skills(
                person_counts=people,
                person_expected=expected,
                person=person,
                ratio=None,
                counts=counts,
                expected=expected,
                unit=person,
            )
        foreseen = np.take(person, units.annotator, axis=2)
        number = counts.sum(axis=1)
        ratio = self._class_ratio(
            units.per_context(counts), units.per_context(foreseen * number[:, None])
        )
        foreseen *= np.take(ratio, units.context, axis=2)
        foreseen /= foreseen.sum(axis=1, keepdims=True)
        return Skills(
            person_counts=people,
            person_expected=expected,
            person=person,
            ratio=ratio,
            counts=counts,
            expected=foreseen,
            unit=shrunk(counts, foreseen, self.strengths.in_class),
        )

    def personal(self, counts: FloatArray) -> FloatArray:
        """Return what is expected of people before their own rows count.

        The crowd's matrix, its diagonal and its "unsure" columns moved, on the logit scale, by
        how much better than the crowd and how much more often unsure the person was over all
        truths together. Errors keep the crowd's pattern.

        Parameters
        ----------
        counts : np.ndarray [shape=(n_truths, n_answers, n_annotators)]
        """
        n_truths, strength = self.n_truths, max(self.strengths.skill, TRACE)
        crowd_unsure = self.crowd[:, n_truths:].sum(axis=1)
        definite = self.crowd[:, :n_truths] / (1 - crowd_unsure)[:, None]
        crowd_right = np.diagonal(definite)
        given = counts[:, :n_truths].sum(axis=1)
        right = np.einsum("kkw->w", counts[:, :n_truths])
        accuracy = _shift(right, given, crowd_right, strength)
        expected = np.empty_like(counts)
        wrong = definite / (1 - crowd_right)[:, None]
        stays = np.ones_like(given)
        if counts.shape[1] > n_truths:
            number = counts.sum(axis=1)
            unsure = _shift((number - given).sum(axis=0), number, crowd_unsure, strength)
            pattern = self.crowd[:, n_truths:] / crowd_unsure[:, None]
            expected[:, n_truths:] = pattern[:, :, None] * unsure[:, None]
            stays -= unsure
        expected[:, :n_truths] = wrong[:, :, None] * (stays * (1 - accuracy))[:, None]
        diagonal = np.arange(n_truths)
        expected[diagonal, diagonal] = stays * accuracy
        return expected

    def _class_ratio(self, counts: FloatArray, foreseen: FloatArray) -> FloatArray:
        """Return what each class does to right answers, to wrong ones and to each "unsure".

        The same for all truths: a class of which "yes" is said more often than people's skill
        foretells is one that is there more often, which is the prevalence's affair.

        Parameters
        ----------
        counts, foreseen : np.ndarray [shape=(n_truths, n_answers, n_contexts)]
        """
        added = CLASS_RATINGS * self._evened(self.crowd)[:, :, None] / self.n_truths
        happened = self._evened(counts) + added
        return np.asarray(happened / (self._evened(foreseen) + added), dtype=np.float64)

    def as_seen(self, counts: FloatArray) -> FloatArray:
        """Return counts as one coin sees them: right or not, and unsure, whatever the truth."""
        return self._evened(counts) if self.is_symmetric else counts

    def _evened(self, counts: FloatArray) -> FloatArray:
        """Return counts with all truths' right answers, errors and "unsure" spread evenly."""
        n_truths = self.n_truths
        total = counts.sum(axis=0)
        right = np.einsum("kk...->...", counts[:, :n_truths])
        wrong = total[:n_truths].sum(axis=0) - right
        even = np.empty_like(counts)
        even[:, :n_truths] = wrong / (n_truths * (n_truths - 1))
        diagonal = np.arange(n_truths)
        even[diagonal, diagonal] = right / n_truths
        even[:, n_truths:] = total[n_truths:] / n_truths
        return even


def shrunk(counts: FloatArray, expected: FloatArray, strength: float) -> FloatArray:
    """Return rows estimated from counts, shrunk to what was expected.

    Which answer, if a definite one, and whether a definite one are judged apart: by `strength` and
    by `HESITATION_RATINGS`. "Unsure" is rare, and a few more of them on one truth than on the other
    would otherwise pass for evidence.

    Parameters
    ----------
    counts, expected : np.ndarray [shape=(n_truths, n_answers, n)]
        Answers from `n_truths` on name no truth.
    strength
        How many definite ratings of each truth the expectation is worth.

    Returns
    -------
    np.ndarray [shape=(n_truths, n_answers, n), columns over answers sum to 1]
    """
    n_truths = len(counts)
    added = max(strength, TRACE)
    definite = counts[:, :n_truths]
    given = definite.sum(axis=1)
    if counts.shape[1] == n_truths:
        estimate = expected * added
        estimate += definite
        estimate /= (given + added)[:, None]
        return estimate
    estimate = np.empty_like(expected)
    hesitation = counts[:, n_truths:] + HESITATION_RATINGS * expected[:, n_truths:]
    hesitation /= (counts.sum(axis=1) + HESITATION_RATINGS)[:, None]
    estimate[:, n_truths:] = hesitation
    decided = 1 - expected[:, n_truths:].sum(axis=1)
    scale = (1 - hesitation.sum(axis=1)) / (given + added)
    estimate[:, :n_truths] = expected[:, :n_truths] * (added * scale / decided)[:, None]
    estimate[:, :n_truths] += definite * scale[:, None]
    return estimate


def _shift(
    happened: FloatArray, number: FloatArray, rate: FloatArray, strength: float
) -> FloatArray:
    """Return the crowd's rates moved by one logit a person.

    Parameters
    ----------
    happened : np.ndarray [shape=(n_annotators,)]
        How often it happened.
    number : np.ndarray [shape=(n_truths, n_annotators)]
        Of how many chances, by truth.
    rate : np.ndarray [shape=(n_truths,), in (0, 1)]
        How often it happens to the crowd, by truth.
    strength
        Chances at the crowd's rate that are added.

    Returns
    -------
    np.ndarray [shape=(n_truths, n_annotators), in (0, 1)]
    """
    chances = number.sum(axis=0)
    foreseen = np.where(chances > 0, rate @ number / np.maximum(chances, _SMALLEST), rate.mean())
    foreseen = np.clip(foreseen, _SMALLEST, 1 - _SMALLEST)
    own = (np.clip(happened, 0, chances) + strength * foreseen) / (chances + strength)
    odds = own / (1 - own) * (1 - foreseen) / foreseen
    moved = (rate / (1 - rate))[:, None] * odds
    return np.asarray(moved / (1 + moved), dtype=np.float64)
