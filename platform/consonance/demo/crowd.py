"""A simulated crowd of OpenMIC's size, for tests and benchmarks: numbers only, no web.

What real crowds do that simple models leave out is in here on purpose: a few people give most of
the answers, one in ten does not listen, people know some classes better than others, and an item
that is hard for one is hard for all (answers are not independent given the truth).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from candidates.detector.taxonomy import read
from consonance.errors import ParameterError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NO: Final = 0
YES: Final = 1
UNSURE: Final = 2

#: Of OpenMIC's taxonomy.
N_CLASSES: Final = len(read("openmic20").classes)

# Shares of "present" differ from class to class.
LOWEST_RATE: Final = 0.28
HIGHEST_RATE: Final = 0.58

# The detector's logit is normal about plus or minus its mean: an area under the curve of .893.
DETECTOR_MEAN: Final = 1.1
DETECTOR_SD: Final = 1.25

# How much people do: log-normal, and nobody more than this share of all.
ACTIVITY_SD: Final = 1.6
LARGEST_SHARE: Final = 0.004

# How well they do it, in logits: such that single answers are right 79.8 % of the time, spammers
# and all, and that "yes" is missed a little more often than it is imagined.
SENSITIVITY_MEAN: Final = 1.84
SPECIFICITY_MEAN: Final = 2.04
SKILL_SD: Final = 0.6
SENSITIVITY_CLASS_SD: Final = 0.55
SPECIFICITY_CLASS_SD: Final = 0.45
CLASS_DIFFICULTY_SD: Final = 0.5
ITEM_DIFFICULTY_SD: Final = 0.7

# "Unsure" comes with people and with hard items, never with the truth: 9.8 % of answers.
UNSURE_MEAN: Final = -2.35
UNSURE_PERSON_SD: Final = 0.7
UNSURE_DIFFICULTY: Final = 0.5

#: Spammers answer yes with one of these probabilities, whatever they hear, and are never unsure.
SPAMMER_YES: Final = (0.5, 0.97, 0.03)

#: Rounds of redrawing by activity before the rest is redrawn evenly (tiny crowds only).
_WEIGHTED_ROUNDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class SimulatedCrowd:
    """Ratings with everything that made them.

    Attributes
    ----------
    task, annotator, answer : np.ndarray [shape=(n_ratings,), dtype=int64]
        One entry a rating, sorted by task, within a task in random order. Answers are `NO`, `YES`
        and `UNSURE`; nobody rates a task twice; every person and every task has a rating.
    clip, context : np.ndarray [shape=(n_tasks,), dtype=int64]
        The task's clip and its class. No pair occurs twice.
    truth : np.ndarray [shape=(n_tasks,), dtype=int64]
        1 where the class is present.
    detector : np.ndarray [shape=(n_tasks,), in (0, 1)]
        The detector's raw likelihood, the sigmoid of its logit: good in order, not calibrated.
    detector_logit : np.ndarray [shape=(n_tasks,)]
        The same before the sigmoid.
    item_difficulty : np.ndarray [shape=(n_tasks,)]
        What the item takes from everybody's logit of being right.
    class_difficulty, positive_rate : np.ndarray [shape=(n_classes,)]
        What a class takes from it, and P(present) in the class.
    is_spammer : np.ndarray [shape=(n_people,), dtype=bool]
        Who answers without listening.
    spammer_yes : np.ndarray [shape=(n_people,)]
        P(yes) of a spammer; .5, and unused, for everybody else.
    sensitivity, specificity : np.ndarray [shape=(n_people, n_classes), in (0, 1)]
        P(yes | present, not unsure) and P(no | absent, not unsure) on items of average
        difficulty; for spammers the share of yes and of no.
    """

    task: IntArray
    annotator: IntArray
    answer: IntArray
    clip: IntArray
    context: IntArray
    truth: IntArray
    detector: FloatArray
    detector_logit: FloatArray
    item_difficulty: FloatArray
    class_difficulty: FloatArray
    positive_rate: FloatArray
    is_spammer: BoolArray
    spammer_yes: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray

    @property
    def n_tasks(self) -> int:
        """How many (clip, class) pairs are asked about."""
        return len(self.truth)

    @property
    def n_people(self) -> int:
        """How many people answer."""
        return len(self.is_spammer)

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.positive_rate)

    def detector_prior(self) -> FloatArray:
        """Return P(absent) and P(present) by Bayes' rule from the detector's true distributions.

        Returns
        -------
        np.ndarray [shape=(n_tasks, 2), rows sum to 1]
            What a perfectly calibrated detector says; a real one is calibrated on gold.
        """
        rate = self.positive_rate[self.context]
        log_odds = (
            2 * DETECTOR_MEAN / DETECTOR_SD**2 * self.detector_logit
            + np.log(rate)
            - np.log1p(-rate)
        )
        present = _sigmoid(log_odds)
        return np.stack([1 - present, present], axis=1)

    def gold(self, number: int, *, seed: int) -> IntArray:
        """Return the truth of some tasks drawn at random, and -1 for the others.

        Parameters
        ----------
        number
            How many tasks become gold, 0 to `n_tasks`.
        seed
            Which.

        Returns
        -------
        np.ndarray [shape=(n_tasks,), dtype=int64]

        Raises
        ------
        ParameterError
            There are not so many tasks.
        """
        return draw_gold(self.truth, number, seed=seed)

    def first(self, number: int) -> SimulatedCrowd:
        """Return the same crowd with only the first answers of each task.

        Parameters
        ----------
        number
            How many answers a task keeps at most, at least 1.
        """
        if number < 1:
            raise ParameterError(f"number is {number}; at least one answer a task is needed")
        place = np.arange(len(self.task)) - np.searchsorted(self.task, self.task)
        kept = place < number
        return replace(
            self, task=self.task[kept], annotator=self.annotator[kept], answer=self.answer[kept]
        )


def draw_gold(truth: npt.ArrayLike, number: int, *, seed: int) -> IntArray:
    """Return the truth of tasks drawn at random among those with a known one, -1 for the others.

    Parameters
    ----------
    truth : array_like of int [shape=(n_tasks,)]
        Below 0 where not known.
    number
        How many are drawn.
    seed
        Which.

    Raises
    ------
    ParameterError
        `number` is negative or above the number of known truths.
    """
    known = np.asarray(truth, dtype=np.int64)
    eligible = np.flatnonzero(known >= 0)
    if not 0 <= number <= len(eligible):
        raise ParameterError(
            f"number is {number}; of {len(eligible)} tasks with a known truth, 0 to all can be gold"
        )
    gold = np.full(len(known), -1, np.int64)
    chosen = np.random.default_rng(seed).choice(eligible, number, replace=False)
    gold[chosen] = known[chosen]
    return gold


def simulate(
    *,
    n_clips: int = 20_000,
    n_classes: int = N_CLASSES,
    n_items: int = 41_500,
    n_ratings: int = 230_000,
    n_people: int = 2_450,
    spammer_share: float = 0.1,
    seed: int,
) -> SimulatedCrowd:
    """Simulate a campaign of OpenMIC's size.

    Items get within one and a half of `n_ratings / n_items` answers each: 4 to 7 by default.

    Parameters
    ----------
    n_clips, n_classes
        Items are pairs of them; every clip is in one if there are items enough.
    n_items, n_ratings, n_people
        How many of each, exactly.
    spammer_share
        The share of people who answer without listening, in [0, 1].
    seed
        The same seed gives the same arrays.

    Raises
    ------
    ParameterError
        The numbers do not fit together; says which.
    """
    _check(n_clips, n_classes, n_items, n_people, spammer_share)
    rng = np.random.default_rng(seed)
    return _simulate(
        rng, _answers_per_item(rng, n_items, n_ratings), n_clips, n_classes, n_people, spammer_share
    )


def simulate_pool(
    *,
    n_items: int = 8_000,
    pool: int = 10,
    n_people: int = 850,
    n_clips: int = 4_000,
    n_classes: int = N_CLASSES,
    spammer_share: float = 0.1,
    seed: int,
) -> SimulatedCrowd:
    """Simulate a crowd in which each item has the same number of answers, in random order.

    For replays of early stopping: how it would have gone had one stopped after the third answer.
    People do as much each as in `simulate`.

    Parameters
    ----------
    n_items, pool
        How many items, and answers to each.
    n_people, n_clips, n_classes, spammer_share, seed
        As in `simulate`.

    Raises
    ------
    ParameterError
        The numbers do not fit together; says which.
    """
    _check(n_clips, n_classes, n_items, n_people, spammer_share)
    if pool < 1:
        raise ParameterError(f"pool is {pool}; each item needs at least one answer")
    rng = np.random.default_rng(seed)
    counts = np.full(n_items, pool, np.int64)
    return _simulate(rng, counts, n_clips, n_classes, n_people, spammer_share)


def _check(n_clips: int, n_classes: int, n_items: int, n_people: int, spammer_share: float) -> None:
    for name, value in (
        ("n_clips", n_clips),
        ("n_classes", n_classes),
        ("n_items", n_items),
        ("n_people", n_people),
    ):
        if value < 1:
            raise ParameterError(f"{name} is {value}; at least 1 is needed")
    if n_items > n_clips * n_classes:
        raise ParameterError(
            f"n_items is {n_items}, but {n_clips} clips and {n_classes} classes make only "
            f"{n_clips * n_classes} pairs"
        )
    if not 0 <= spammer_share <= 1:
        raise ParameterError(f"spammer_share is {spammer_share}; a share from 0 to 1 is needed")


def _simulate(
    rng: np.random.Generator,
    counts: IntArray,
    n_clips: int,
    n_classes: int,
    n_people: int,
    spammer_share: float,
) -> SimulatedCrowd:
    n_items = len(counts)
    clip, context = _items(rng, n_clips, n_classes, n_items)
    rate = rng.uniform(LOWEST_RATE, HIGHEST_RATE, n_classes)
    truth = (rng.random(n_items) < rate[context]).astype(np.int64)
    logit = rng.normal(np.where(truth == 1, DETECTOR_MEAN, -DETECTOR_MEAN), DETECTOR_SD)
    item_difficulty = rng.normal(0, ITEM_DIFFICULTY_SD, n_items)
    # Centred, so that a draw of twenty does not make the whole campaign easy or hard.
    class_difficulty = rng.normal(0, CLASS_DIFFICULTY_SD, n_classes)
    class_difficulty -= class_difficulty.mean()

    is_spammer = np.zeros(n_people, bool)
    is_spammer[rng.permutation(n_people)[: round(spammer_share * n_people)]] = True
    spammer_yes = np.where(is_spammer, rng.choice(SPAMMER_YES, n_people), 0.5)
    shape = (n_people, n_classes)
    hears = _skill(rng, SENSITIVITY_MEAN, SENSITIVITY_CLASS_SD, shape) - class_difficulty
    rejects = _skill(rng, SPECIFICITY_MEAN, SPECIFICITY_CLASS_SD, shape) - class_difficulty
    shyness = rng.normal(UNSURE_MEAN, UNSURE_PERSON_SD, n_people)

    task = np.repeat(np.arange(n_items, dtype=np.int64), counts)
    annotator = _people(rng, task, counts, n_people)
    place = annotator * n_classes + context[task]
    present = truth[task] == 1
    right = np.where(present, hears.reshape(-1)[place], rejects.reshape(-1)[place])
    is_right = rng.random(len(task)) < _sigmoid(right - item_difficulty[task])
    answer = np.where(present == is_right, YES, NO)
    unsure = _sigmoid(shyness[annotator] + UNSURE_DIFFICULTY * item_difficulty[task])
    answer = np.where(rng.random(len(task)) < unsure, UNSURE, answer)
    says_yes = rng.random(len(task)) < spammer_yes[annotator]
    answer = np.where(is_spammer[annotator], np.where(says_yes, YES, NO), answer)
    blind = is_spammer[:, None]
    return SimulatedCrowd(
        task=task,
        annotator=annotator,
        answer=answer.astype(np.int64),
        clip=clip,
        context=context,
        truth=truth,
        detector=_sigmoid(logit),
        detector_logit=logit,
        item_difficulty=item_difficulty,
        class_difficulty=class_difficulty,
        positive_rate=rate,
        is_spammer=is_spammer,
        spammer_yes=spammer_yes,
        sensitivity=np.where(blind, spammer_yes[:, None], _sigmoid(hears)),
        specificity=np.where(blind, 1 - spammer_yes[:, None], _sigmoid(rejects)),
    )


def _items(
    rng: np.random.Generator, n_clips: int, n_classes: int, n_items: int
) -> tuple[IntArray, IntArray]:
    """Draw distinct pairs of clip and class, every clip once before any twice at random."""
    first = rng.permutation(n_clips)[:n_items] * n_classes
    first = first + rng.integers(0, n_classes, len(first))
    rest = n_items - len(first)
    if rest:
        free = np.ones(n_clips * n_classes, bool)
        free[first] = False
        more = rng.choice(np.flatnonzero(free), rest, replace=False)
        first = np.concatenate([first, more])
    pair = np.sort(first)
    return (pair // n_classes).astype(np.int64), (pair % n_classes).astype(np.int64)


def _answers_per_item(rng: np.random.Generator, n_items: int, n_ratings: int) -> IntArray:
    """Draw how many answers each item gets, in all exactly `n_ratings`."""
    if n_ratings < n_items:
        raise ParameterError(
            f"n_ratings is {n_ratings}; each of {n_items} items needs at least one answer"
        )
    low = max(1, n_ratings // n_items - 1)
    high = n_ratings // n_items + 2
    counts = rng.integers(low, high + 1, n_items)
    while (off := n_ratings - int(counts.sum())) != 0:
        step = 1 if off > 0 else -1
        able = np.flatnonzero(counts < high if step > 0 else counts > low)
        counts[rng.choice(able, min(abs(off), len(able)), replace=False)] += step
    return counts.astype(np.int64)


def _people(rng: np.random.Generator, task: IntArray, counts: IntArray, n_people: int) -> IntArray:
    """Draw who answers: by activity, nobody the same item twice, everybody something."""
    n_ratings = len(task)
    if n_people > n_ratings:
        raise ParameterError(f"n_people is {n_people}, but there are only {n_ratings} ratings")
    if counts.max() > n_people:
        raise ParameterError(
            f"an item has {counts.max()} answers, but there are only {n_people} people"
        )
    share = _activity(rng, n_people)
    annotator = _draw(rng, share, n_ratings)
    # Everybody answers something: the first of these slots are handed out one each. Where somebody
    # is drawn twice for an item, the slot that was handed out stays.
    handed = np.zeros(n_ratings, bool)
    slots = rng.choice(n_ratings, n_people, replace=False)
    annotator[slots] = np.arange(n_people)
    handed[slots] = True
    rounds = 0
    while True:
        key = task * n_people + annotator
        order = np.lexsort((~handed, key))
        twice = order[1:][key[order[1:]] == key[order[:-1]]]
        if not len(twice):
            return annotator
        rounds += 1
        annotator[twice] = (
            _draw(rng, share, len(twice))
            if rounds <= _WEIGHTED_ROUNDS
            else rng.integers(0, n_people, len(twice))
        )


def _activity(rng: np.random.Generator, n_people: int) -> FloatArray:
    """Return each person's share of the answers: log-normal, capped."""
    amount = rng.lognormal(0, ACTIVITY_SD, n_people)
    # A crowd of a hundred cannot keep everybody below .4 %.
    cap = max(LARGEST_SHARE, 10 / n_people)
    share = np.minimum(amount / amount.sum(), cap)
    return np.asarray(share / share.sum(), dtype=np.float64)


def _draw(rng: np.random.Generator, share: FloatArray, number: int) -> IntArray:
    edges = np.cumsum(share)
    drawn = np.searchsorted(edges, rng.random(number) * edges[-1], side="right")
    return np.asarray(np.minimum(drawn, len(share) - 1), dtype=np.int64)


def _skill(
    rng: np.random.Generator, mean: float, class_sd: float, shape: tuple[int, int]
) -> FloatArray:
    overall = rng.normal(mean, SKILL_SD, shape[0])
    return np.asarray(overall[:, None] + rng.normal(0, class_sd, shape), dtype=np.float64)


def _sigmoid(logit: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
