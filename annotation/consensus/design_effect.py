"""How much less several answers to one task say than as many independent ones.

Dawid-Skene takes answers as independent given the truth. Real ones are not: what is hard for one
person is hard for the next, and what misleads one misleads many. Posteriors then count the same
news several times and are over-confident on every real crowd measured. Sampling statistics knows
this as the design effect (Kish, *Survey Sampling*, 1965): n answers whose correlation is r are
worth `n / (1 + (n - 1) r)`. So is the logarithm of their joint likelihood divided here.

The correlation is estimated without any known truth, by prediction: the other answers to a task,
their evidence divided so, must foretell the answer that was left out. What the task itself put into
the counts behind everybody's matrix is taken out first; somebody's few answers would confirm
themselves otherwise, and the correlation would come out as none.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from annotation.consensus.evidence import Batch, Evidence, sampled_tasks
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.skill import SkillModel, Skills, shrunk
from annotation.consensus.units import Units

#: Correlations that are tried: squares, so that they lie dense near 0, where real crowds are.
GRID: Final = np.linspace(0, 1, 25) ** 2
#: How many answers' worth all classes together count in the correlation of each.
CLASS_ANSWERS: Final = 200.0

_SMALLEST: Final = 1e-12


def effect(n_answers: FloatArray, correlation: FloatArray | float) -> FloatArray:
    """Return by what to divide the evidence of so many answers; 1 for none and for one."""
    return 1 + np.maximum(n_answers - 1, 0) * correlation


def correlation(
    evidence: Evidence,
    posterior: FloatArray,
    log_prevalence: FloatArray,
    news: FloatArray | None,
    skills: Skills,
    model: SkillModel,
) -> FloatArray:
    """Return the correlation of answers in each class under which they are foretold best.

    Parameters
    ----------
    evidence
        The ratings; of many, those of evenly spaced tasks are used.
    posterior, log_prevalence, news : np.ndarray [shape=(n_truths, n_tasks)]
        What the last M-step counted with, and what is believed without answers; see
        `engine.combined`. There is no news without a prior.
    skills, model
        From the last M-step, and what made them.

    Returns
    -------
    np.ndarray [shape=(n_contexts,), in [0, 1]]
        Zeros where no task has two definite answers.
    """
    n_truths, n_tasks = posterior.shape
    census = evidence.census
    task, annotator, answer = evidence.ratings_of(sampled_tasks(census))
    rows = _without_own_task(
        evidence.units, model, skills, posterior, (task, annotator, answer), census.context
    )
    log_rows = np.log(rows)
    total = [np.bincount(task, weights=one, minlength=n_tasks)[task] for one in log_rows]
    others = census.votes.sum(axis=0)[task] - 1
    asked = np.flatnonzero((answer < n_truths) & (others > 0))
    if not len(asked):
        return np.zeros(census.n_contexts)
    rest = (np.stack(total) - log_rows)[:, asked] + log_prevalence[:, task[asked]]
    rows, others = rows[:, asked], others[asked]
    beyond = None if news is None else news[:, task[asked]]
    context = np.zeros(len(asked), np.int64)
    if census.context is not None:
        context = census.context[task[asked]]
    surprise = np.empty((len(GRID), census.n_contexts))
    for place, tried in enumerate(GRID):
        joint = rest / effect(others, tried)
        if beyond is not None:
            joint += beyond
        joint -= joint.max(axis=0)
        odds = np.exp(joint, out=joint)
        whole = odds.sum(axis=0)
        odds *= rows
        foretold = np.maximum(odds.sum(axis=0) / whole, _SMALLEST)
        surprise[place] = np.bincount(
            context, weights=-np.log(foretold), minlength=census.n_contexts
        )
    overall = surprise.sum(axis=1, keepdims=True) / len(asked)
    return _lowest(surprise + CLASS_ANSWERS * overall)


def _lowest(values: FloatArray) -> FloatArray:
    """Return where on `GRID` each column is lowest, between its points by a parabola."""
    best = values.argmin(axis=0)
    column = np.arange(values.shape[1])
    left, right = np.maximum(best - 1, 0), np.minimum(best + 1, len(GRID) - 1)
    low, middle, high = values[left, column], values[best, column], values[right, column]
    bend = low - 2 * middle + high
    inside = (left < best) & (best < right) & (bend > 0)
    shift = np.where(inside, (low - high) / np.where(inside, 2 * bend, 1.0), 0.0)
    return np.asarray(((best + shift) / (len(GRID) - 1)) ** 2, dtype=np.float64)


def _without_own_task(
    units: Units,
    model: SkillModel,
    skills: Skills,
    posterior: FloatArray,
    ratings: Batch,
    context: IntArray | None,
) -> FloatArray:
    """Return P(answer | truth) of ratings as if their tasks had not been rated by their authors.

    Returns
    -------
    np.ndarray [shape=(n_truths, n_ratings)]
    """
    task, annotator, answer = ratings
    place = np.arange(len(task))
    own = np.zeros((*model.crowd.shape, len(task)))
    own[:, answer, place] = posterior[:, task]
    own = model.as_seen(own)
    rest = np.maximum(skills.person_counts[:, :, annotator] - own, 0)
    rows = shrunk(rest, skills.person_expected[:, :, annotator], model.strengths.row)
    if skills.ratio is not None and context is not None:
        unit = units.of(annotator, context[task])
        # What was expected of the pair, corrected for what the person's own matrix loses.
        expected = skills.expected[:, :, unit] * rows / skills.person[:, :, annotator]
        expected /= expected.sum(axis=1, keepdims=True)
        rest = np.maximum(skills.counts[:, :, unit] - own, 0)
        rows = shrunk(rest, expected, model.strengths.in_class)
    return np.maximum(rows[:, answer, place], _SMALLEST)
