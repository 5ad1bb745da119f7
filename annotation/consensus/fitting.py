"""From ratings to a calibrated consensus: the order in which the steps are taken."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.consensus import design_effect
from annotation.consensus.calibration import (
    NEEDED_GOLD,
    Calibration,
    Scale,
    calibrate,
    folds,
)
from annotation.consensus.engine import Estimation, Tasks
from annotation.consensus.evidence import Evidence
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from annotation.consensus.skill import SkillModel, Strengths
from annotation.consensus.standing import Matrices, Standing
from consonance.errors import ParameterError

#: The part of the design effect that works inside the iteration where a prior was given. It is
#: estimated without: about half of it is what reproduces itself.
INNER_PART: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class ClassConfusion:
    """Skill within classes, of the pairs of person and class that have ratings.

    Attributes
    ----------
    annotator, context, support : np.ndarray [shape=(n_pairs,), dtype=int64]
        Who, in which class, with how many ratings; in order of person, then class.
    confusion : np.ndarray [shape=(n_pairs, n_truths, n_answers), rows sum to 1]
        P(answer | truth), shrunk to the person's overall skill.
    """

    annotator: IntArray
    context: IntArray
    support: IntArray
    confusion: FloatArray


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What came of it.

    Attributes
    ----------
    work : Estimation
        After the last step.
    correlation : np.ndarray [shape=(n_contexts,)]
    calibration : Calibration or NotEnoughData or None
    scale : Scale
        The repair that gold asks for.
    shortage : NotEnoughData or None
    n_iterations : int
    has_converged : bool
    """

    work: Estimation
    correlation: FloatArray
    calibration: Calibration | NotEnoughData | None
    scale: Scale
    shortage: NotEnoughData | None
    n_iterations: int
    has_converged: bool

    def class_confusion(self) -> ClassConfusion | None:
        """Return skills within classes, None where there is only one class."""
        units = self.work.evidence.units
        if not units.has_classes:
            return None
        return ClassConfusion(
            annotator=units.annotator,
            context=units.context,
            support=self.work.support(),
            confusion=np.ascontiguousarray(self.work.skills.unit.transpose(2, 0, 1)),
        )

    def standing(self) -> Standing:
        """Return everything that further answers need."""
        work, skills = self.work, self.work.skills
        return Standing(
            matrices=Matrices(
                units=work.evidence.units,
                crowd=work.model.crowd,
                person=skills.person,
                ratio=skills.ratio,
                unit=skills.unit,
            ),
            context=work.tasks.context,
            gold=work.tasks.gold,
            n_definite=work.evidence.census.votes.sum(axis=0),
            prevalence=work.prevalence,
            news=work.news,
            summed=work.summed,
            has_prior=work.tasks.prior is not None,
            correlation=self.correlation,
            scale=self.scale,
        )


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """How to fit; see `DawidSkene` for what the values mean."""

    strengths: Strengths
    is_symmetric: bool
    max_iterations: int
    tolerance: float
    calibrates: bool

    def fit(self, evidence: Evidence, tasks: Tasks, former: Standing | None) -> Fitted:
        """Estimate tasks and people.

        Parameters
        ----------
        evidence, tasks
        former
            Where to begin, if not with votes.

        Raises
        ------
        ParameterError
            The former fit was about another number of truths.
        """
        census = evidence.census
        answers = census.answers.astype(np.float64)
        model = SkillModel(
            evidence.units,
            answers,
            tasks.n_truths,
            self.strengths,
            is_symmetric=self.is_symmetric,
        )
        work = Estimation(evidence, tasks, model)
        identity = Scale.identity(tasks.n_truths)
        shortage = census.shortage(tasks.gold)
        if shortage is not None:
            # Nobody can be judged: all are taken for the person we expect, in one step.
            work.take_prior()
            work.e_step()
            return Fitted(
                work=work,
                correlation=np.zeros(len(work.prevalence)),
                calibration=shortage if self.calibrates else None,
                scale=identity,
                shortage=shortage,
                n_iterations=0,
                has_converged=False,
            )
        correlation, has_converged = self._iterate(work, former)
        calibration = self._judge_by_gold(work, correlation) if self.calibrates else None
        return Fitted(
            work=work,
            correlation=correlation,
            calibration=calibration,
            scale=calibration.scale if isinstance(calibration, Calibration) else identity,
            shortage=None,
            n_iterations=len(work.path),
            has_converged=has_converged,
        )

    def _iterate(self, work: Estimation, former: Standing | None) -> tuple[FloatArray, bool]:
        """Run to convergence; return the correlations of answers and whether it converged."""
        posterior = work.start()
        if former is not None:
            posterior = resumed(work, former)
        none = np.zeros(len(work.prevalence))
        has_converged = self._run(work, posterior, none)
        correlation = self._correlation(work) if self.calibrates else none
        if work.tasks.prior is None:
            return correlation, has_converged
        # People are heard first, and the prior gets the weight that it earns by foretelling them:
        # one that says nothing, or the opposite, does no harm.
        work.take_prior(work.posterior(correlation))
        # Over-confident answers would outweigh the prior while people are being judged, too.
        inner = INNER_PART * correlation
        has_converged = self._run(work, work.posterior(inner), inner)
        return (self._correlation(work) if self.calibrates else none), has_converged

    def _run(self, work: Estimation, posterior: FloatArray, correlation: FloatArray) -> bool:
        return work.run(
            posterior,
            correlation=correlation,
            most=self.max_iterations,
            tolerance=self.tolerance,
        )

    def _correlation(self, work: Estimation) -> FloatArray:
        found = design_effect.correlation(
            work.evidence,
            work.counted,
            work.log_prevalence,
            work.news,
            work.skills,
            work.model,
        )
        # One number stands for all where classes are not told apart.
        return np.broadcast_to(found, len(work.prevalence)).copy()

    def _judge_by_gold(
        self, work: Estimation, correlation: FloatArray
    ) -> Calibration | NotEnoughData:
        """Judge gold by fits that do not know it, and fit the repair of posteriors to that."""
        answered = work.evidence.census.votes.any(axis=0)
        judged = np.flatnonzero((work.tasks.gold >= 0) & answered)
        truth = work.tasks.gold[judged]
        if len(truth) < NEEDED_GOLD:
            return NotEnoughData(
                what="gold tasks with an answer", have=len(truth), needed=NEEDED_GOLD
            )
        blind = work.joint(correlation)[:, judged].T
        fold = folds(blind, truth)
        inner = correlation * (INNER_PART if work.uses_prior else 0.0)
        for one in np.unique(fold):
            hidden = judged[fold == one]
            trial = copy.copy(work)
            trial.path = []
            gold = work.tasks.gold.copy()
            gold[hidden] = -1
            trial.hold(gold)
            self._run(trial, trial.posterior(inner), inner)
            blind[fold == one] = trial.joint(correlation)[:, hidden].T
        return calibrate(blind, truth, fold)


def resumed(work: Estimation, former: Standing) -> FloatArray:
    """Return the posterior of new ratings under a former fit's estimates.

    Raises
    ------
    ParameterError
        The former fit was about another number of truths.
    """
    matrices, units = former.matrices, work.evidence.units
    n_truths, n_answers = matrices.crowd.shape
    if n_truths != work.tasks.n_truths:
        raise ParameterError(
            f"n_truths is {work.tasks.n_truths}, but the former fit had {n_truths}; a warm start "
            "needs the same"
        )
    context = units.context if matrices.ratio is not None else np.zeros(len(units), np.int64)
    rows = matrices.rows(units.annotator, context)
    number = work.evidence.census.n_answers
    if number > n_answers:  # answers nobody had given say nothing yet
        rows = np.concatenate([rows, np.ones((n_truths, number - n_answers, len(units)))], axis=1)
    work.take_rows(rows[:, :number], former.prevalence)
    posterior = work.e_step()
    work.path = []
    return posterior
