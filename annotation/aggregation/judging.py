"""Run the consensus methods over what was collected, and decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from annotation.aggregation.collected import (
    CODES,
    N_TRUTHS,
    NO,
    UNSURE,
    YES,
    Collected,
    FloatArray,
    IntArray,
)
from annotation.aggregation.settings import RunSettings
from annotation.consensus import DawidSkene, MajorityVote, TrustWeighted
from annotation.deciding import MAX_WEIGHT
from consonance.tables.schemas import LABELS, SKILLS

ABSENT, UNDECIDED, PRESENT = 0, 1, 2
DECISIONS: Final = ("absent", "undecided", "present")
#: How a label's question stands that is still asked.
STILL_OPEN: Final = "open"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the methods say.

    Attributes
    ----------
    fitted
        The fitted Dawid-Skene.
    posterior
        P(present) by the method that decides [shape=(n_tasks,)].
    majority
        Share of yes among yes and no [shape=(n_tasks,)]; NaN where nobody gave either.
    relevance
        OpenMIC's legacy number with trust as weight; NaN as above.
    decision
        0 absent, 1 undecided, 2 present.
    confusion
        P(answer | truth) of each person [shape=(n_raters, 2, 3)], rows sum to 1.
    """

    fitted: DawidSkene
    posterior: FloatArray
    majority: FloatArray
    relevance: FloatArray
    decision: IntArray
    confusion: FloatArray


def judge(collected: Collected, settings: RunSettings) -> Judgement:
    """Return labels and skills of a campaign's ratings."""
    what = (collected.task, collected.rater, collected.answer)
    fitted = DawidSkene()
    fitted.fit(*what, n_truths=N_TRUTHS, context=collected.context)
    votes = MajorityVote()
    votes.fit(*what, n_truths=N_TRUTHS, context=collected.context)
    legacy = TrustWeighted(trust=fitted.trust_)
    legacy.fit(*what, n_truths=N_TRUTHS, context=collected.context)
    counts = collected.counts()
    definite = counts[:, NO] + counts[:, YES]
    deciding = fitted.posterior_ if settings.method == "dawid_skene" else votes.posterior_
    posterior = np.asarray(deciding[:, YES], dtype=np.float64)
    decision = np.full(len(posterior), UNDECIDED, dtype=np.int64)
    decision[posterior >= settings.present_from] = PRESENT
    decision[posterior <= settings.absent_to] = ABSENT
    decision[definite == 0] = UNDECIDED  # nobody has said anything: a prior is no label
    return Judgement(
        fitted=fitted,
        posterior=posterior,
        majority=np.where(definite > 0, counts[:, YES] / np.maximum(definite, 1), np.nan),
        relevance=np.where(definite > 0, legacy.relevance_, np.nan),
        decision=decision,
        confusion=_with_unsure(fitted.confusion_),
    )


def _with_unsure(confusion: FloatArray) -> FloatArray:
    # Where nobody was ever unsure the method knows two answers only.
    missing = len(CODES) - confusion.shape[2]
    return np.pad(confusion, ((0, 0), (0, 0), (0, missing)))


def labels_table(collected: Collected, judgement: Judgement) -> pa.Table:
    """Return one row a rated question, in the schema `LABELS`."""
    counts = collected.counts()
    columns = {
        "clip_id": [task.clip_id for task in collected.tasks],
        "class_name": [task.target.name for task in collected.tasks],
        "decision": [DECISIONS[code] for code in judgement.decision],
        "posterior_crowd": judgement.posterior,
        "posterior_with_detector": [None] * len(collected.tasks),
        "majority": _nulls(judgement.majority),
        "relevance": _nulls(judgement.relevance),
        "n_yes": counts[:, YES],
        "n_no": counts[:, NO],
        "n_unsure": counts[:, UNSURE],
        "stop_reason": [task.stop_reason or STILL_OPEN for task in collected.tasks],
    }
    arrays = [pa.array(columns[field.name], type=field.type) for field in LABELS]
    return pa.Table.from_arrays(arrays, schema=LABELS)


def skills_table(collected: Collected, judgement: Judgement) -> pa.Table:
    """Return one row a rater, in the schema `SKILLS`."""
    number, unsure = rating_counts(collected)
    columns = {
        "rater": [rater.pseudonym for rater in collected.raters],
        "rater_is_simulated": [rater.is_simulated for rater in collected.raters],
        "n_ratings": number,
        "sensitivity": judgement.confusion[:, YES, YES],
        "specificity": judgement.confusion[:, NO, NO],
        "unsure_rate": unsure / number,
        "trust": judgement.fitted.trust_,
    }
    arrays = [pa.array(columns[field.name], type=field.type) for field in SKILLS]
    return pa.Table.from_arrays(arrays, schema=SKILLS)


def rating_counts(collected: Collected) -> tuple[IntArray, IntArray]:
    """Return how many ratings each rater gave, and how many of them were unsure."""
    n_raters = len(collected.raters)
    number = np.bincount(collected.rater, minlength=n_raters)
    unsure = np.bincount(collected.rater[collected.answer == UNSURE], minlength=n_raters)
    return number.astype(np.int64), unsure.astype(np.int64)


def class_confusion(
    collected: Collected, judgement: Judgement, settings: RunSettings
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return skills within classes, shrunk to each person's overall skill.

    Returns
    -------
    rater, target : np.ndarray [shape=(n_pairs,)]
        Pairs with at least `class_support` ratings.
    support : np.ndarray [shape=(n_pairs,)]
        Their ratings.
    confusion : np.ndarray [shape=(n_pairs, 2, 3)]
        P(answer | truth).
    """
    n_targets = len(collected.targets)
    pair = collected.rater * n_targets + collected.context[collected.task]
    support = np.bincount(pair, minlength=len(collected.raters) * n_targets)
    kept = np.flatnonzero(support >= settings.class_support)
    rater, target = kept // n_targets, kept % n_targets
    cell = pair * len(CODES) + collected.answer
    belief = judgement.fitted.posterior_[collected.task]
    size = len(support) * len(CODES)
    counts = np.stack(
        [
            np.bincount(cell, weights=belief[:, truth], minlength=size).reshape(-1, len(CODES))
            for truth in range(N_TRUTHS)
        ],
        axis=1,
    )[kept]
    overall = judgement.confusion[rater]
    added = settings.class_strength
    shrunk = (counts + added * overall) / (counts.sum(axis=2, keepdims=True) + added)
    return rater, target, support[kept].astype(np.int64), shrunk


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


def _nulls(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
