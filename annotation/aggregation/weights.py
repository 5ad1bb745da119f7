"""What one answer of a person adds to log-odds, by a run."""

from __future__ import annotations

import numpy as np

from annotation.aggregation.codes import N_TRUTHS, NO, UNSURE, YES, FloatArray, IntArray
from annotation.aggregation.collected import Collected
from annotation.aggregation.judging import Judgement, with_unsure
from annotation.aggregation.settings import RunSettings
from annotation.stopping.policy import MAX_WEIGHT


def tempering(collected: Collected, judgement: Judgement) -> float:
    """Return by what sums of log-likelihood ratios are divided to be honest log-odds; 1 or more.

    The temperature that gold asks for, times the design effect of as many definite answers as a
    rated question has on average: answers to one question are not independent news.
    """
    definite = collected.counts[:, :N_TRUTHS].sum(axis=1)
    answered = definite[definite > 0]
    several = max(0.0, float(answered.mean()) - 1) if len(answered) else 0.0
    crowd = judgement.crowd
    return max(1.0, float(crowd.temperature_ * (1 + several * crowd.correlation_)))


def class_skills(
    collected: Collected, judgement: Judgement, settings: RunSettings
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return skills within classes, as far as there is enough to tell.

    Returns
    -------
    rater, target : np.ndarray [shape=(n_pairs,)]
        Pairs with at least `class_support` ratings.
    support : np.ndarray [shape=(n_pairs,)]
        Their ratings.
    confusion : np.ndarray [shape=(n_pairs, 2, 3)]
        P(answer | truth), shrunk to the person's overall skill.
    """
    found = judgement.crowd.class_confusion_
    if found is not None:
        kept = found.support >= settings.class_support
        return (
            found.annotator[kept],
            found.context[kept],
            found.support[kept],
            with_unsure(found.confusion[kept]),
        )
    # One class only: the skill in it is the overall one.
    support = np.bincount(collected.answers.rater, minlength=len(collected.raters))
    rater = np.flatnonzero(support >= settings.class_support)
    rated = np.unique(collected.context)
    target = np.full(len(rater), rated[0] if len(rated) else 0, np.int64)
    return rater, target, support[rater].astype(np.int64), judgement.confusion[rater]


def log_ratio_weights(confusion: FloatArray) -> FloatArray:
    """Return what each answer adds to log-odds of "present", within ±`MAX_WEIGHT`.

    Parameters
    ----------
    confusion : np.ndarray [shape=(n, 2, 3)]
        P(answer | truth).

    Returns
    -------
    np.ndarray [shape=(n, 3)]
        For no, yes, unsure; 0 for an answer that is never given.
    """
    smallest = 1e-9
    ratio = np.log(np.maximum(confusion[:, YES], smallest)) - np.log(
        np.maximum(confusion[:, NO], smallest)
    )
    return np.asarray(np.clip(ratio, -MAX_WEIGHT, MAX_WEIGHT), dtype=np.float64)


def right_when_definite(confusion: FloatArray) -> FloatArray:
    """Return how often definite answers are right, averaged over truths [shape=(n,)]."""
    definite = np.maximum(confusion[:, :, :UNSURE].sum(axis=2), 1e-9)
    no = confusion[:, NO, NO] / definite[:, NO]
    yes = confusion[:, YES, YES] / definite[:, YES]
    return np.asarray((no + yes) / N_TRUTHS, dtype=np.float64)
