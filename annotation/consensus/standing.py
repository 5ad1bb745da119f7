"""What a fit has learned, ready for one more answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.consensus.calibration import Scale
from annotation.consensus.design_effect import effect
from annotation.consensus.engine import combined
from annotation.consensus.method import UNKNOWN
from annotation.consensus.ratings import SMALLEST_PRIOR, FloatArray, IntArray
from annotation.consensus.units import Units
from consonance.errors import ParameterError

#: The class of a task that no class was told of.
NO_CONTEXT = -1


@dataclass(frozen=True, kw_only=True)
class Matrices:
    """Everybody's confusion, also of people and classes that have not met.

    Arrays are [n_truths, n_answers, ...]; columns over answers sum to 1.

    Attributes
    ----------
    units : Units
    crowd : np.ndarray [shape=(n_truths, n_answers)]
    person : np.ndarray [shape=(n_truths, n_answers, n_annotators)]
    ratio : np.ndarray [shape=(n_truths, n_answers, n_contexts)] or None
    unit : np.ndarray [shape=(n_truths, n_answers, n_units)]
    """

    units: Units
    crowd: FloatArray
    person: FloatArray
    ratio: FloatArray | None
    unit: FloatArray

    def rows(self, annotator: IntArray, context: IntArray) -> FloatArray:
        """Return the matrices of people in classes.

        Who is new has the crowd's; who is new to a class has their own, moved by what the class
        does to everybody; `NO_CONTEXT` and unknown classes move nothing.

        Parameters
        ----------
        annotator, context : np.ndarray [shape=(n,)]

        Returns
        -------
        np.ndarray [shape=(n_truths, n_answers, n)]
        """
        is_known = annotator < self.units.n_annotators
        rows = np.repeat(self.crowd[:, :, None], len(annotator), axis=2)
        rows[:, :, is_known] = self.person[:, :, annotator[is_known]]
        if self.ratio is None:
            return rows
        in_class = (context >= 0) & (context < self.units.n_contexts)
        rows[:, :, in_class] *= self.ratio[:, :, context[in_class]]
        rows /= rows.sum(axis=1, keepdims=True)
        met = np.flatnonzero(is_known & in_class)
        unit = self.units.of(annotator[met], context[met])
        met, unit = met[unit >= 0], unit[unit >= 0]
        rows[:, :, met] = self.unit[:, :, unit]
        return rows

    def row(self, annotator: int, answer: int, context: int) -> FloatArray:
        """Return P(answer | truth) of one person [shape=(n_truths,)].

        An answer that nobody had given says nothing: ones.
        """
        if answer >= self.crowd.shape[1]:
            return np.ones(len(self.crowd))
        return self.rows(np.array([annotator]), np.array([context]))[:, answer, 0]


class Standing:
    """Tasks as a fit left them, and the estimates by which another answer moves them.

    Parameters
    ----------
    matrices
    context, gold, n_definite : np.ndarray [shape=(n_tasks,)]
        Each task's class, truth or -1, and number of definite answers.
    prevalence : np.ndarray [shape=(n_contexts, n_truths)]
    news : np.ndarray [shape=(n_truths, n_tasks)] or None
        What a prior says beyond the prevalence; see `engine.Estimation`.
    summed : np.ndarray [shape=(n_truths, n_tasks)]
        What answers say.
    has_prior
        Whether tasks were given one.
    correlation : np.ndarray [shape=(n_contexts,)]
    scale
        How evidence becomes a posterior.

    Attributes
    ----------
    n_tasks : int
        Tasks so far; the arrays below may have room for more.
    posteriors : np.ndarray [shape=(>= n_tasks, n_truths)]
    labels : np.ndarray [shape=(>= n_tasks,)]
        The likeliest truth, `UNKNOWN` where nothing at all is known.
    """

    def __init__(
        self,
        *,
        matrices: Matrices,
        context: IntArray,
        gold: IntArray,
        n_definite: FloatArray,
        prevalence: FloatArray,
        news: FloatArray | None,
        summed: FloatArray,
        has_prior: bool,
        correlation: FloatArray,
        scale: Scale,
    ) -> None:
        self.matrices = matrices
        self.context, self.gold, self.n_definite = context, gold, n_definite
        self.prevalence, self.news, self.summed = prevalence, news, summed
        self.correlation, self.scale = correlation, scale
        self.n_tasks = len(gold)
        # A task of no known class, last, is one of the average class.
        average = prevalence.mean(axis=0, keepdims=True)
        self._log_prevalence = np.log(np.concatenate([prevalence, average])).T
        self._correlation = np.append(correlation, correlation.mean())
        #: Whether something besides answers speaks for a truth of each task.
        self.has_belief = np.full(len(gold), has_prior) | (gold >= 0)
        self.posteriors = self.posterior(slice(None))
        self.labels = self.posteriors.argmax(axis=1).astype(np.int64)
        self.labels[(n_definite == 0) & ~self.has_belief] = UNKNOWN

    def posterior(
        self,
        task: IntArray | slice,
        *,
        without: FloatArray | float = 0.0,
        fewer: FloatArray | float = 0.0,
    ) -> FloatArray:
        """Return posteriors of tasks [shape=(n, n_truths)], gold clamped.

        Parameters
        ----------
        task : np.ndarray [shape=(n,)] or slice
        without : np.ndarray [shape=(n_truths, n)], optional
            Logarithms of likelihoods to take out.
        fewer : np.ndarray [shape=(n,)], optional
            Definite answers to take out.
        """
        place = self._place(self.context[task])
        by = effect(self.n_definite[task] - fewer, self._correlation[place])
        joint = combined(
            np.take(self._log_prevalence, place, axis=1),
            None if self.news is None else self.news[:, task],
            self.summed[:, task] - without,
            by,
        )
        posterior = self.scale.apply(joint)
        gold = self.gold[task]
        known = np.flatnonzero(gold >= 0)
        posterior[known] = 0.0
        posterior[known, gold[known]] = 1.0
        return posterior

    def add(
        self,
        task: int,
        annotator: int,
        answer: int,
        *,
        context: int | None = None,
        prior: FloatArray | None = None,
    ) -> FloatArray:
        """Take in one answer and return the task's new posterior [shape=(n_truths,)].

        Parameters
        ----------
        task, annotator, answer
            Numbers as in the fit; the next task after the last is a new one, and any new person
            is one of the crowd.
        context
            A new task's class. Without it, it is taken for a task of any class.
        prior : np.ndarray [shape=(n_truths,), sums to 1], optional
            A new task's prior, calibrated; without it, the prevalence.

        Raises
        ------
        ParameterError
            A number is below 0, or the task is beyond the next new one.
        """
        for name, value in (("task", task), ("annotator", annotator), ("answer", answer)):
            if value < 0:
                raise ParameterError(f"{name} is {value}; numbers start at 0")
        if task > self.n_tasks:
            raise ParameterError(f"task is {task}; the next new task is {self.n_tasks}")
        if task == self.n_tasks:
            self._append(NO_CONTEXT if context is None else context, prior)
        log_row = np.log(self.matrices.row(annotator, answer, int(self.context[task])))
        self.summed[:, task] += log_row - log_row[0]
        if answer < len(self.summed):
            self.n_definite[task] += 1
        posterior = self.posterior(np.array([task]))[0]
        self.posteriors[task] = posterior
        is_known = self.n_definite[task] > 0 or self.has_belief[task]
        self.labels[task] = posterior.argmax() if is_known else UNKNOWN
        return np.asarray(posterior, dtype=np.float64)

    def _place(self, context: IntArray) -> IntArray:
        number = len(self.prevalence)
        return np.where((context >= 0) & (context < number), context, number)

    def _append(self, context: int, prior: FloatArray | None) -> None:
        place = self.n_tasks
        if prior is not None and self.news is None:
            self.news = np.zeros_like(self.summed)
        if place == len(self.gold):  # out of room: twice as much, so that it costs little each
            room = max(place, 16)
            self.context = np.append(self.context, np.full(room, NO_CONTEXT, np.int64))
            self.gold = np.append(self.gold, np.full(room, -1, np.int64))
            self.has_belief = np.append(self.has_belief, np.zeros(room, bool))
            self.labels = np.append(self.labels, np.full(room, UNKNOWN, np.int64))
            self.n_definite = np.append(self.n_definite, np.zeros(room))
            more = np.zeros((len(self.summed), room))
            self.posteriors = np.concatenate([self.posteriors, more.T])
            self.summed = np.concatenate([self.summed, more], axis=1)
            if self.news is not None:
                self.news = np.concatenate([self.news, more], axis=1)
        self.context[place] = context
        if prior is not None and self.news is not None:
            usual = self._log_prevalence[:, self._place(self.context[place])]
            self.news[:, place] = np.log(np.maximum(prior, SMALLEST_PRIOR)) - usual
        self.has_belief[place] = prior is not None
        self.n_tasks += 1
