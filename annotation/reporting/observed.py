"""What all sections of a report rest on, computed once: every answer against what others say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotation.aggregation.codes import (
    CODES,
    N_TRUTHS,
    UNSURE,
    BoolArray,
    FloatArray,
    IntArray,
)
from annotation.aggregation.collected import Answers, Collected
from annotation.aggregation.judging import Judgement
from annotation.aggregation.settings import RunSettings
from annotation.aggregation.weights import right_when_definite
from annotation.agreement import (
    GoldAccuracy,
    NotEnoughData,
    RestComparison,
    SuspiciousPairs,
    compare_with_rest,
    confusion_with_rest,
    gold_accuracy,
    suspicious_pairs,
)
from annotation.agreement.people import TIE
from annotation.models import Campaign

#: Ratings of the average person that are added to an excluded person's, as the consensus does.
_ADDED = 8.0


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A campaign as a report sees it.

    People are raters and then excluded people: the latter are judged by a consensus in which they
    have no part.

    Attributes
    ----------
    campaign, collected, judgement, settings
        What was asked, answered and made of it.
    """

    campaign: Campaign
    collected: Collected
    judgement: Judgement
    settings: RunSettings

    @property
    def n_people(self) -> int:
        """How many people answered."""
        return len(self.collected.raters) + len(self.collected.excluded)

    @property
    def n_classes(self) -> int:
        """How wide arrays of classes are: as many as are asked about, one at least."""
        return max(1, len(self.collected.targets))

    @cached_property
    def said(self) -> Answers:
        """First answers of everybody, those of excluded people last."""
        return self.collected.answers.and_then(self.collected.left_out)

    @cached_property
    def all_said(self) -> Answers:
        """Every answer of everybody, planted repeats last."""
        return self.said.and_then(self.collected.repeats)

    @cached_property
    def context(self) -> IntArray:
        """Class of each of `said`."""
        return self.collected.questions.context[self.said.question]

    @cached_property
    def judged(self) -> Answers:
        """Those of `said` about which the consensus says anything."""
        return self.said.only(self.said.task >= 0)

    @cached_property
    def judged_context(self) -> IntArray:
        """Class of each of `judged`."""
        return self.collected.questions.context[self.judged.question]

    @cached_property
    def number(self) -> IntArray:
        """How many first answers each person gave [shape=(n_people,)]."""
        return np.bincount(self.said.rater, minlength=self.n_people).astype(np.int64)

    @cached_property
    def answers_given(self) -> IntArray:
        """How often each person gave each answer [shape=(n_people, 3)]."""
        cell = self.said.rater * len(CODES) + self.said.answer
        counts = np.bincount(cell, minlength=self.n_people * len(CODES))
        return counts.reshape(self.n_people, len(CODES)).astype(np.int64)

    @cached_property
    def comparison(self) -> RestComparison:
        """Each of `judged` against a consensus without it."""
        mine = self.collected.answers
        own = compare_with_rest(
            self.judgement.crowd, mine.task, mine.rater, mine.answer, n_truths=N_TRUTHS
        )
        out = self.collected.left_out
        out = out.only(out.task >= 0)
        if not len(out):
            return own
        # Excluded people have no part in the posterior, so nothing is taken out of it.
        rest = self.judgement.crowd.posterior_[out.task]
        definite = self.collected.counts[out.task, :N_TRUTHS].sum(axis=1) > 0
        is_heard = definite | (self.collected.gold[out.task] >= 0)
        is_definite = out.answer < N_TRUTHS
        is_known = is_heard & (np.abs(rest[:, 1] - rest[:, 0]) > TIE)
        is_clear = is_definite & is_known
        likeliest = rest.argmax(axis=1)
        expected = np.clip((rest * own.average[:, likeliest].T).sum(axis=1), 0.0, 1.0)
        return RestComparison(
            rest=np.concatenate([own.rest, rest]),
            is_heard=_both(own.is_heard, is_heard),
            is_clear=_both(own.is_clear, is_clear),
            is_right=_both(own.is_right, is_clear & (likeliest == out.answer)),
            likeliest=np.concatenate([own.likeliest, np.where(is_known, likeliest, -1)]),
            average=own.average,
            expected=np.concatenate([own.expected, expected]),
        )

    @cached_property
    def gold(self) -> GoldAccuracy:
        """First answers of everybody against gold."""
        questions = self.collected.questions
        return gold_accuracy(
            self.said.question,
            self.said.rater,
            self.said.answer,
            questions.gold,
            n_truths=N_TRUTHS,
            n_answers=len(CODES),
            context=questions.context,
            n_classes=self.n_classes,
            n_annotators=self.n_people,
        )

    @cached_property
    def answers_by_truth(self) -> IntArray:
        """How often each person gave each answer to what others take for each truth.

        [shape=(n_people, n_classes, 2, 3)]
        """
        return confusion_with_rest(
            self.comparison,
            self.judged.rater,
            self.judged.answer,
            rating_class=self.judged_context,
            n_annotators=self.n_people,
            n_answers=len(CODES),
            n_classes=self.n_classes,
        )

    @cached_property
    def confusion(self) -> FloatArray:
        """P(answer | truth) of each person [shape=(n_people, 2, 3)], rows sum to 1."""
        known = self.judgement.confusion
        if not self.collected.excluded:
            return known
        counts = self.answers_by_truth[len(known) :].sum(axis=1)
        return np.concatenate([known, _shrunk(counts, self._average[None])])

    @cached_property
    def class_confusion(self) -> FloatArray:
        """P(answer | truth) of each person in each class [shape=(n_people, n_classes, 2, 3)].

        Where somebody has not answered in a class: their overall one.
        """
        rows = np.repeat(self.confusion[:, None], self.n_classes, axis=1)
        found = self.judgement.crowd.class_confusion_
        if found is not None:
            width = found.confusion.shape[2]
            rows[found.annotator, found.context] = 0.0
            rows[found.annotator, found.context, :, :width] = found.confusion
        first = len(self.collected.raters)
        if first < self.n_people:
            own = self.confusion[first:, None]
            rows[first:] = _shrunk(self.answers_by_truth[first:], own)
        return rows

    @cached_property
    def trust(self) -> FloatArray:
        """How often each person's definite answers are right [shape=(n_people,)]."""
        known = self.judgement.crowd.trust_
        return np.concatenate([known, right_when_definite(self.confusion[len(known) :])])

    @cached_property
    def pairs(self) -> SuspiciousPairs | NotEnoughData:
        """People who answer alike."""
        return suspicious_pairs(
            self.judged.task,
            self.judged.rater,
            self.judged.answer,
            rest=self.comparison.rest,
            confusion=self.confusion,
            n_truths=N_TRUTHS,
            n_annotators=self.n_people,
        )

    @cached_property
    def unsure(self) -> IntArray:
        """How often each person was unsure [shape=(n_people,)]."""
        return self.answers_given[:, UNSURE]

    @cached_property
    def _average(self) -> FloatArray:
        # How everybody together answers to each truth; the expected person where nobody did.
        first = len(self.collected.raters)
        counts = self.answers_by_truth[:first].sum(axis=(0, 1))
        expected = np.array([[0.75, 0.15, 0.1], [0.15, 0.75, 0.1]])
        return _shrunk(counts, expected)


def _shrunk(counts: IntArray, expected: FloatArray) -> FloatArray:
    added = counts + _ADDED * expected
    return np.asarray(added / added.sum(axis=-1, keepdims=True), dtype=np.float64)


def _both(one: BoolArray, other: BoolArray) -> BoolArray:
    return np.concatenate([one, other])
