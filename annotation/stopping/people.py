"""What a refit says of people, in the form in which answers are weighed one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy.optimize

from annotation.consensus import DawidSkene
from annotation.stopping.pools import BoolArray, FloatArray, IntArray, Pools

#: What is believed of somebody no run has judged: right four times in five, as `DawidSkene` does.
STRANGER_ACCURACY: Final = 0.8

#: Ratings in a class from which a person's skill in it is used; the default of consensus runs.
CLASS_SUPPORT: Final = 10

#: A temperature is read off gold only from so many answered gold tasks up.
NEEDED_GOLD: Final = 20
#: Answers are never taken for more than they say; twenty is odds of 50 becoming 1.2.
HIGHEST_TEMPERATURE: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class People:
    """What everybody's answers weigh.

    Attributes
    ----------
    weights : np.ndarray [shape=(n_rows, n_answers, n_truths)]
        What an answer adds to the logarithm of each truth's odds; the largest of each row is 0,
        the smallest at least `-max_weight`.
    row : np.ndarray [shape=(n_annotators, n_contexts), dtype=int64]
        Whose weights are where, by class.
    support : np.ndarray [shape=(n_annotators,), dtype=int64]
        Ratings behind a person's skill.
    temperature : float >= 1
        What the sum of weights is divided by to be calibrated.
    """

    weights: FloatArray
    row: IntArray
    support: IntArray
    temperature: float

    def known(self, min_support: int) -> BoolArray:
        """Say whose skill is known [shape=(n_annotators,)]."""
        return np.asarray(self.support >= min_support)

    def said(self, person: IntArray, context: IntArray, answer: IntArray) -> FloatArray:
        """Return what answers weigh [shape=(n, n_truths)]."""
        return np.asarray(self.weights[self.row[person, context], answer], dtype=np.float64)


def strangers(pools: Pools, max_weight: float) -> People:
    """Return what everybody's answers weigh before any refit.

    "Unsure", and any other answer that names no truth, weighs nothing.
    """
    n_truths = pools.n_truths
    accuracy = np.full((n_truths, n_truths), (1 - STRANGER_ACCURACY) / (n_truths - 1))
    np.fill_diagonal(accuracy, STRANGER_ACCURACY)
    rows = np.ones((n_truths, pools.n_answers))
    rows[:, :n_truths] = accuracy
    return People(
        weights=_weights(rows[None], max_weight),
        row=np.zeros((pools.n_annotators, pools.n_contexts), np.int64),
        support=np.zeros(pools.n_annotators, np.int64),
        temperature=1.0,
    )


def refit(pools: Pools, received: IntArray, gold: IntArray, max_weight: float) -> People:
    """Judge people by the ratings that are in.

    An answer weighs what its author's skill in the class says, where `CLASS_SUPPORT` ratings stand
    behind that, else their skill over all classes; as a stranger's where they have no rating yet
    and where there is too little to judge anybody. The temperature is read off gold; without
    enough of it, it is the design effect of as many answers as a task has on average.

    Parameters
    ----------
    pools, received
        The ratings, and which of them are in.
    gold : np.ndarray [shape=(n_tasks,)]
        Known truths, -1 where unknown: for the temperature only, so that it is read off answers
        that did not profit from knowing.
    max_weight
        No single answer moves log-odds by more.
    """
    people = strangers(pools, max_weight)
    task, annotator, answer = (
        part[received] for part in (pools.task, pools.annotator, pools.answer)
    )
    fitted = DawidSkene().fit(
        task,
        annotator,
        answer,
        n_truths=pools.n_truths,
        context=pools.context,
        prior=pools.prior,
    )
    if fitted.shortage_ is not None:
        return people
    support = np.bincount(annotator, minlength=pools.n_annotators).astype(np.int64)
    judged = np.flatnonzero(support)
    weights = [people.weights, _padded(fitted.confusion_[judged], pools, max_weight)]
    row = people.row.copy()
    row[judged] = 1 + np.arange(len(judged))[:, None]
    in_class = fitted.class_confusion_
    if in_class is not None:
        kept = np.flatnonzero(in_class.support >= CLASS_SUPPORT)
        weights.append(_padded(in_class.confusion[kept], pools, max_weight))
        row[in_class.annotator[kept], in_class.context[kept]] = (
            1 + len(judged) + np.arange(len(kept))
        )
    people = People(weights=np.concatenate(weights), row=row, support=support, temperature=1.0)
    temperature = fitted_temperature(log_prior(pools), summed(pools, received, people), gold)
    if temperature is None:
        number = np.bincount(task[answer < pools.n_truths])
        several = float(number[number > 0].mean()) - 1
        temperature = 1 + several * float(fitted.correlation_)
    return replace(people, temperature=temperature)


def summed(pools: Pools, received: IntArray, people: People) -> FloatArray:
    """Return what the ratings that are in add up to [shape=(n_tasks, n_truths)]."""
    task = pools.task[received]
    each = people.said(pools.annotator[received], pools.context[task], pools.answer[received])
    return np.stack(
        [
            np.bincount(task, weights=each[:, truth], minlength=pools.n_tasks)
            for truth in range(pools.n_truths)
        ],
        axis=1,
    )


def log_prior(pools: Pools) -> FloatArray:
    """Return what every task starts from [shape=(n_tasks, n_truths)]: all alike without a prior."""
    if pools.prior is None:
        return np.zeros((pools.n_tasks, pools.n_truths))
    return np.asarray(np.log(pools.prior), dtype=np.float64)


def fitted_temperature(start: FloatArray, evidence: FloatArray, gold: IntArray) -> float | None:
    """Return what evidence must be divided by to be right on gold as often as it says.

    One number, found by maximum likelihood (Guo et al., *On Calibration of Modern Neural
    Networks*, ICML 2017), applied to the evidence of the answers and not to the prior.

    Parameters
    ----------
    start, evidence : np.ndarray [shape=(n_tasks, n_truths)]
        Log-odds before the answers, and what the answers add.
    gold : np.ndarray [shape=(n_tasks,)]
        Known truths, -1 where unknown. Tasks without evidence tell nothing.

    Returns
    -------
    float or None
        In [1, `HIGHEST_TEMPERATURE`]; None where fewer than `NEEDED_GOLD` gold tasks have evidence.
    """
    told = np.flatnonzero((gold >= 0) & (np.ptp(evidence, axis=1) > 0))
    if len(told) < NEEDED_GOLD:
        return None
    known = gold[told]

    def loss(log_temperature: float) -> float:
        joint = start[told] + evidence[told] / np.exp(log_temperature)
        joint = joint - joint.max(axis=1, keepdims=True)
        right = joint[np.arange(len(told)), known]
        return float((np.log(np.exp(joint).sum(axis=1)) - right).mean())

    found = scipy.optimize.minimize_scalar(
        loss, bounds=(0.0, np.log(HIGHEST_TEMPERATURE)), method="bounded"
    )
    return float(np.exp(found.x))


def _weights(confusion: FloatArray, max_weight: float) -> FloatArray:
    """Return [n, n_answers, n_truths] from P(answer | truth) [n, n_truths, n_answers]."""
    rows = np.log(np.maximum(confusion, 1e-9)).transpose(0, 2, 1)
    against = rows - rows.max(axis=2, keepdims=True)
    return np.asarray(np.maximum(against, -max_weight), dtype=np.float64)


def _padded(confusion: FloatArray, pools: Pools, max_weight: float) -> FloatArray:
    """Return weights; answers that nobody has given yet weigh nothing."""
    weights = _weights(confusion, max_weight)
    missing = pools.n_answers - weights.shape[1]
    return np.pad(weights, ((0, 0), (0, missing), (0, 0)))
