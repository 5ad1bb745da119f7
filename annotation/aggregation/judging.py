"""Run the consensus methods over what was collected, and decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from annotation.aggregation.codes import (
    CODES,
    N_TRUTHS,
    NO,
    UNKNOWN,
    YES,
    FloatArray,
    IntArray,
)
from annotation.aggregation.collected import Collected
from annotation.aggregation.settings import RunSettings
from annotation.consensus import DawidSkene, MajorityVote, TrustWeighted, create
from annotation.consensus.trust_weighted import NO_RELEVANCE

ABSENT, UNDECIDED, PRESENT = 0, 1, 2
DECISIONS: Final = ("absent", "undecided", "present")

#: A likelihood of exactly 0 or 1 is a rounded one.
_SMALLEST: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the methods say.

    Attributes
    ----------
    crowd
        The fit of ratings and gold alone; it judges people.
    detector
        The fit with the detector's likelihoods as prior; None without them.
    posterior
        P(present) by the method that decides, from the crowd alone [shape=(n_tasks,)].
    with_detector
        P(present) by the crowd and the detector [shape=(n_tasks,)]; NaN where the detector said
        nothing.
    majority
        Share of yes among yes and no [shape=(n_tasks,)]; NaN where nobody gave either.
    relevance
        OpenMIC's legacy number with trust as weight; NaN as above.
    decision
        0 absent, 1 undecided, 2 present; a curator's where there is one.
    confusion
        P(answer | truth) of each person [shape=(n_raters, 2, 3)], rows sum to 1.
    """

    crowd: DawidSkene
    detector: DawidSkene | None
    posterior: FloatArray
    with_detector: FloatArray
    majority: FloatArray
    relevance: FloatArray
    decision: IntArray
    confusion: FloatArray

    @property
    def uses_prior(self) -> bool:
        """Whether there is a posterior with the detector."""
        return self.detector is not None


def judge(collected: Collected, settings: RunSettings) -> Judgement:
    """Return labels and skills of a campaign's ratings."""
    answers = collected.answers
    what = (answers.task, answers.rater, answers.answer)
    about: dict[str, Any] = {
        "n_truths": N_TRUTHS,
        "context": collected.context,
        "gold": collected.gold,
    }
    crowd = _method(settings).fit(*what, **about)
    votes = MajorityVote().fit(*what, **about)
    legacy = TrustWeighted(trust=crowd.trust_)
    legacy.fit(*what, n_truths=N_TRUTHS, context=collected.context)
    definite = collected.counts[:, NO] + collected.counts[:, YES]
    deciding = votes if settings.method == "majority" else crowd
    posterior = np.asarray(deciding.posterior_[:, YES], dtype=np.float64)
    detector = _with_detector(collected, settings, crowd)
    with_detector = np.full(len(posterior), np.nan)
    if detector is not None:
        said = np.isfinite(collected.likelihood)
        with_detector[said] = detector.posterior_[said, YES]
    return Judgement(
        crowd=crowd,
        detector=detector,
        posterior=posterior,
        with_detector=with_detector,
        majority=np.where(definite > 0, collected.counts[:, YES] / np.maximum(definite, 1), np.nan),
        # Nobody's number is 0.5: it would read as present.
        relevance=np.where(legacy.relevance_ == NO_RELEVANCE, np.nan, legacy.relevance_),
        decision=by_curators(decide(posterior, definite, settings), collected.adjudicated),
        confusion=with_unsure(crowd.confusion_),
    )


def decide(posterior: FloatArray, definite: IntArray, settings: RunSettings) -> IntArray:
    """Return decisions: 0 absent, 1 undecided, 2 present.

    Parameters
    ----------
    posterior : np.ndarray [shape=(n_tasks,)]
        P(present).
    definite : np.ndarray [shape=(n_tasks,)]
        Answers that are not "unsure".
    settings
        With the thresholds.
    """
    decision = np.full(len(posterior), UNDECIDED, dtype=np.int64)
    decision[posterior >= settings.present_from] = PRESENT
    decision[posterior <= settings.absent_to] = ABSENT
    decision[definite == 0] = UNDECIDED  # nobody has said anything: a prior is no label
    return decision


def by_curators(decision: IntArray, adjudicated: IntArray) -> IntArray:
    """Return decisions with those that curators took in place of the crowd's.

    Parameters
    ----------
    decision : np.ndarray [shape=(n_tasks,)]
        0 absent, 1 undecided, 2 present.
    adjudicated : np.ndarray [shape=(n_tasks,)]
        The same by curators; -1 where none decided. Posteriors stay the crowd's own.
    """
    return np.where(adjudicated != UNKNOWN, adjudicated, decision)


def with_unsure(confusion: FloatArray) -> FloatArray:
    """Return confusions with all three answers; where nobody was ever unsure there are two."""
    missing = len(CODES) - confusion.shape[2]
    return np.pad(confusion, ((0, 0), (0, 0), (0, missing)))


def engine_of(settings: RunSettings) -> str:
    """Return the registered method that judges people, whatever decides labels."""
    return "dawid_skene" if settings.method == "majority" else settings.method


def _method(settings: RunSettings) -> DawidSkene:
    made = create(engine_of(settings))
    if not isinstance(made, DawidSkene):
        raise TypeError(f"{settings.method} judges no people")
    return made


def _with_detector(
    collected: Collected, settings: RunSettings, crowd: DawidSkene
) -> DawidSkene | None:
    said = np.isfinite(collected.likelihood)
    if not settings.use_detector or not said.any() or crowd.shortage_ is not None:
        return None
    answers = collected.answers
    present = _prior(collected.likelihood, collected.context, len(collected.targets))
    return _method(settings).fit(
        answers.task,
        answers.rater,
        answers.answer,
        n_truths=N_TRUTHS,
        context=collected.context,
        gold=collected.gold,
        prior=np.stack([1 - present, present], axis=1),
    )


def _prior(likelihood: FloatArray, context: IntArray, n_classes: int) -> FloatArray:
    """Return P(present) as the detector has it; where it said nothing, its average in the class.

    As it comes, uncalibrated: the fit puts it right, class by class.
    """
    said = np.isfinite(likelihood)
    bounded = np.clip(likelihood[said], _SMALLEST, 1 - _SMALLEST)
    logit = np.zeros(len(likelihood))
    logit[said] = np.log(bounded) - np.log1p(-bounded)
    number = np.bincount(context[said], minlength=n_classes)
    total = np.bincount(context[said], weights=logit[said], minlength=n_classes)
    average = total / np.maximum(number, 1)
    logit[~said] = average[context[~said]]
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
