"""Truth and people estimated together: Dawid and Skene (1979), with priors and calibration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from annotation.consensus.calibration import Calibration
from annotation.consensus.census import Census
from annotation.consensus.engine import Tasks
from annotation.consensus.evidence import Batches, Evidence, HeldRatings, PassingRatings, checked
from annotation.consensus.fitting import ClassConfusion, Fitting
from annotation.consensus.method import ConsensusMethod
from annotation.consensus.priors import PriorCalibration
from annotation.consensus.ratings import FloatArray, IntArray, Ratings
from annotation.consensus.shortage import NotEnoughData
from annotation.consensus.skill import Strengths
from annotation.consensus.standing import Standing
from annotation.consensus.units import units_of
from consonance.errors import ParameterError, StateError


@dataclass
class DawidSkene(ConsensusMethod):
    """Maximum a posteriori Dawid-Skene: people have confusion matrices, shrunk level by level.

    A rating is a draw from its author's row for the task's truth. Rows are estimated from counts
    to which ratings are added that were not given: of somebody with the crowd's pattern of errors
    and this person's own accuracy and hesitation. Whoever answered three questions is judged
    mildly, and somebody's skill on rare truths is inferred from that on common ones. In each class
    rows are the person's, moved by what the class does to everybody and by own ratings in it.
    "Unsure" is one more answer that a row may give, not a truth.

    Afterwards posteriors are calibrated, first without any truth (`correlation_`), then on gold if
    there is enough (`calibration_`).

    Parameters
    ----------
    strength : float >= 0
        How many ratings of each truth are added to a person's own. On simulated crowds of two to
        ten truths anything from 4 to 16 does, and nothing collapses up to 32.
    skill_strength : float >= 0
        How many ratings of average accuracy are added before a person's own accuracy is read off:
        the ten of Branson, Van Horn and Perona (2017).
    class_strength : float >= 0
        How many ratings of each truth by the person's overall skill are added to those in a class.
        On simulated campaigns of OpenMIC's size 20 to 40 do; below 10 accuracy falls.
    max_iterations : int >= 1
        When to stop at the latest (each round, where a prior or gold asks for more rounds).
    tolerance : float > 0
        Stop when the posterior moves less than this, on average over tasks. Smaller values cost
        iterations and move no measured accuracy by a tenth of a point.
    calibrate : bool
        Whether to estimate `correlation_` and to use gold for calibration. Without, posteriors are
        those of the model, which are over-confident on every real crowd.
    warm_start : bool
        Begin the next fit from the estimates of this one: for a campaign that has grown. People
        and tasks keep their numbers, new ones are appended.

    Attributes
    ----------
    confusion_ : np.ndarray [shape=(n_annotators, n_truths, n_answers), rows sum to 1]
        P(answer | truth) of each person over all classes. Nobody's is zero.
    class_confusion_ : ClassConfusion or None
        The same within classes; None where there is only one.
    trust_ : np.ndarray [shape=(n_annotators,), in [0, 1]]
        How often a definite answer is right, the average over truths: 1 for a perfect person,
        `1 / n_truths` for a coin and for somebody who always says yes, less for a contrarian.
    prevalence_ : np.ndarray [shape=(n_contexts, n_truths), rows sum to 1]
        How common each truth is; used where there is no `prior`.
    prior_calibration_ : PriorCalibration or None
        How the given prior was put right.
    class_correlation_ : np.ndarray [shape=(n_contexts,), in [0, 1]]
        How alike answers to one task are beyond what its truth explains, in each class
        (`design_effect`); 0 where it was not estimated.
    correlation_ : float in [0, 1]
        Its mean over tasks.
    temperature_ : float > 0
        By what gold says that logarithms of posteriors had to be divided, on top; 1 without gold.
    calibration_ : Calibration or NotEnoughData or None
        Reliability on gold, by cross-validation, before and after; None if not asked for.
    n_iter_ : int
        Iterations taken; 0 where there was too little to judge people (`shortage_`).
    converged_ : bool
        Whether the tolerance was reached.
    log_likelihood_ : float
        Natural logarithm of the probability of all ratings (and gold) under the estimates.
    log_likelihood_path_ : np.ndarray [shape=(max(n_iter_, 1),)]
        The same after each E-step.

    Notes
    -----
    With A the sparse matrix of who said what (tasks by person-and-answer) and P the posterior, an
    M-step is A'P and an E-step A log(theta): two sparse products, no join and no loop. As rows of P
    sum to 1, all but one of the truths suffice; with two, each product is of one vector.
    """

    strength: float = 8.0
    skill_strength: float = 10.0
    class_strength: float = 30.0
    max_iterations: int = 100
    tolerance: float = 5e-4
    calibrate: bool = True
    warm_start: bool = False

    confusion_: FloatArray = field(init=False, repr=False, compare=False)
    class_confusion_: ClassConfusion | None = field(init=False, repr=False, compare=False)
    prevalence_: FloatArray = field(init=False, repr=False, compare=False)
    prior_calibration_: PriorCalibration | None = field(init=False, repr=False, compare=False)
    correlation_: float = field(init=False, repr=False, compare=False)
    class_correlation_: FloatArray = field(init=False, repr=False, compare=False)
    temperature_: float = field(init=False, repr=False, compare=False)
    calibration_: Calibration | NotEnoughData | None = field(init=False, repr=False, compare=False)
    n_iter_: int = field(init=False, repr=False, compare=False)
    converged_: bool = field(init=False, repr=False, compare=False)
    log_likelihood_: float = field(init=False, repr=False, compare=False)
    log_likelihood_path_: FloatArray = field(init=False, repr=False, compare=False)
    _standing: Standing = field(init=False, repr=False, compare=False)

    _is_symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("strength", "skill_strength", "class_strength"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ParameterError(f"{name} is {value}; a number from 0 up is needed")
        if self.max_iterations < 1:
            raise ParameterError(f"max_iterations is {self.max_iterations}; at least 1 is needed")
        if not self.tolerance > 0:
            raise ParameterError(f"tolerance is {self.tolerance}; a number above 0 is needed")

    def fit_batches(
        self,
        batches: Batches,
        *,
        n_truths: int,
        context: npt.ArrayLike | None = None,
        gold: npt.ArrayLike | None = None,
        prior: npt.ArrayLike | None = None,
    ) -> Self:
        """Estimate like `fit`, reading ratings again in each step instead of holding them.

        Memory is that of tasks x truths, of observed pairs of person and class x answers x truths,
        and of one batch. The result is that of `fit` up to rounding.

        Parameters
        ----------
        batches : callable
            Returns a new iterator over the same (task, annotator, answer) each time, arrays of
            equal length: row groups of a file, or a database cursor.
        n_truths, context, gold, prior
            As in `fit`.

        Raises
        ------
        ParameterError
            As in `fit`.
        """
        nothing: list[int] = []
        about = Ratings.checked(
            nothing, nothing, nothing, n_truths=n_truths, context=context, gold=gold, prior=prior
        )
        census = Census(n_truths, several(about.context))
        for batch in checked(batches):
            census.add(*batch)
        told = [values is not None for values in (context, gold, prior)]
        if any(told) and census.n_tasks > about.n_tasks:
            name = ("context", "gold", "prior")[told.index(True)]
            raise ParameterError(
                f"{name} has {about.n_tasks} entries, but task goes up to {census.n_tasks - 1}"
            )
        number = max(about.n_tasks, census.n_tasks)
        more = number - about.n_tasks  # only where nothing at all was told of tasks
        tasks = Tasks(
            n_truths=n_truths,
            context=np.append(about.context, np.zeros(more, np.int64)),
            gold=np.append(about.gold, np.full(more, -1, np.int64)),
            prior=about.prior,
        )
        units = units_of(census.enough(number))
        self._keep(PassingRatings(census, units, batches, number), tasks)
        return self

    def update(
        self,
        task: int,
        annotator: int,
        answer: int,
        *,
        context: int | None = None,
        prior: npt.ArrayLike | None = None,
    ) -> FloatArray:
        """Take in one answer without judging people anew, for a decision while they answer.

        The task's row of `posterior_`, and its label, change in place as by an E-step over all
        ratings with everybody's confusion as it is. The cost does not depend on how many ratings,
        tasks or people there are.

        Parameters
        ----------
        task, annotator, answer : int >= 0
            Numbered as in the fit. The number after the last task is a new task with the
            prevalence as its prior; any new person is taken for one of the crowd.
        context : int, optional
            A new task's class.
        prior : array_like of float [shape=(n_truths,)], optional
            A new task's prior, as given to `fit`.

        Returns
        -------
        np.ndarray [shape=(n_truths,), sums to 1]
            The task's new posterior.

        Raises
        ------
        StateError
            `fit` has not been called.
        ParameterError
            A number is below 0, or the task is beyond the next new one.
        """
        self._check_fitted()
        standing, belief = self._standing, None
        if prior is not None:
            belief = np.asarray(prior, dtype=np.float64)
            if self.prior_calibration_ is not None:
                place = np.array([0 if context is None else context])
                belief = np.exp(self.prior_calibration_.apply(np.log(belief)[:, None], place)[:, 0])
        row = standing.add(task, annotator, answer, context=context, prior=belief)
        self.posterior_ = standing.posteriors[: standing.n_tasks]
        self.labels_ = standing.labels[: standing.n_tasks]
        return row

    def posterior_without_own(
        self, task: npt.ArrayLike, annotator: npt.ArrayLike, answer: npt.ArrayLike
    ) -> FloatArray:
        """Return what the others alone say of each rated task, for judging a rating by them.

        One's own vote inflates agreement with a consensus; here it is taken out of the posterior
        (the confusion matrices stay as they are).

        Parameters
        ----------
        task, annotator, answer : array_like of int [shape=(n_ratings,)]
            Ratings that `fit` was given.

        Returns
        -------
        np.ndarray [shape=(n_ratings, n_truths), rows sum to 1]
            Gold tasks keep their known truth.

        Raises
        ------
        StateError
            `fit` has not been called.
        """
        self._check_fitted()
        tasks, people, answers = (np.asarray(part) for part in (task, annotator, answer))
        standing = self._standing
        rows = standing.matrices.rows(people, standing.context[tasks])
        own = np.log(rows[:, answers, np.arange(len(answers))])
        fewer = (answers < len(own)).astype(np.float64)
        return standing.posterior(tasks, without=own, fewer=fewer)

    def is_gold(self, task: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say of each of these tasks whether `fit` was given its truth.

        Raises
        ------
        StateError
            `fit` has not been called.
        """
        self._check_fitted()
        return np.asarray(self._standing.gold[np.asarray(task)] >= 0)

    def _fit(self, ratings: Ratings) -> None:
        census = Census(ratings.n_truths, several(ratings.context))
        batch = (ratings.task, ratings.annotator, ratings.answer)
        census.add(*batch)
        units = units_of(census.enough(ratings.n_tasks))
        tasks = Tasks(
            n_truths=ratings.n_truths,
            context=ratings.context,
            gold=ratings.gold,
            prior=ratings.prior,
        )
        self._keep(HeldRatings(census, units, batch, ratings.n_tasks), tasks)

    def _keep(self, evidence: Evidence, tasks: Tasks) -> None:
        """Estimate, and set all attributes."""
        fitting = Fitting(
            strengths=Strengths(
                row=self.strength, skill=self.skill_strength, in_class=self.class_strength
            ),
            is_symmetric=self._is_symmetric,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            calibrates=self.calibrate,
        )
        former = self._standing if self.warm_start and hasattr(self, "_standing") else None
        fitted = fitting.fit(evidence, tasks, former)
        work, skills = fitted.work, fitted.work.skills
        self.shortage_ = fitted.shortage
        self.n_iter_, self.converged_ = fitted.n_iterations, fitted.has_converged
        self.log_likelihood_path_ = np.asarray(work.path)
        self.log_likelihood_ = work.path[-1]
        self.class_correlation_ = fitted.correlation
        each = fitted.correlation[tasks.context]
        self.correlation_ = float(each.mean()) if len(each) else 0.0
        self.calibration_, self.temperature_ = fitted.calibration, fitted.scale.temperature
        self.prevalence_ = work.prevalence
        self.prior_calibration_ = work.prior_calibration
        self.confusion_ = np.ascontiguousarray(skills.person.transpose(2, 0, 1))
        self.trust_ = _trust(self.confusion_)
        self.class_confusion_ = fitted.class_confusion()
        self._standing = fitted.standing()
        self.posterior_, self.labels_ = self._standing.posteriors, self._standing.labels

    def _check_fitted(self) -> None:
        if not hasattr(self, "_standing"):
            raise StateError(f"this {type(self).__name__} has not been fitted; call fit first")


def several(context: IntArray) -> IntArray | None:
    """Return the tasks' classes if there are several, else None."""
    return context if context.size and context.min() != context.max() else None


def _trust(confusion: FloatArray) -> FloatArray:
    n_truths = confusion.shape[1]
    definite = confusion[:, :, :n_truths]
    right = np.diagonal(definite, axis1=1, axis2=2) / definite.sum(axis=2)
    return np.asarray(right.mean(axis=1), dtype=np.float64)
