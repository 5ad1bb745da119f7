"""Read a campaign's ratings once, as a table to freeze and as arrays to compute with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils import timezone

from annotation.aggregation import identifiers
from annotation.aggregation.codes import (
    CODES,
    UNKNOWN,
    BoolArray,
    FloatArray,
    IntArray,
    Integers,
)
from annotation.aggregation.live import ratings_in_force
from annotation.aggregation.people import (
    Exclusion,
    Rater,
    exclusions_in_force,
    listed,
    raters_called,
)
from annotation.aggregation.questions import Questions, read_questions
from annotation.aggregation.rows import moments
from annotation.models import Campaign
from consonance.catalog.models import TaxonomyClass

#: Stands for a time that was not measured.
UNMEASURED: Final = -1

# Rows that count, those of excluded people, and planted repeats: sorted in this order.
_USED, _OUT, _AGAIN = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Ratings as columns, one entry a rating.

    Attributes
    ----------
    question
        What they are about: places in `Collected.questions`.
    task
        The same among rated questions: places in `Collected.questions_of_tasks`; -1 for a question
        that only excluded people rated.
    rater
        Who gave them: places in `Collected.people`.
    answer
        0 no, 1 yes, 2 unsure.
    answered_us
        When: microseconds since 1970, UTC.
    response, heard
        Milliseconds to the answer, and of sound heard; -1 where the page measured nothing.
    occasion
        0 the first time; above, a planted repeat.
    """

    question: Integers
    task: Integers
    rater: Integers
    answer: Integers
    answered_us: IntArray
    response: Integers
    heard: Integers
    occasion: Integers

    def __len__(self) -> int:
        return len(self.task)

    @property
    def response_ms(self) -> FloatArray:
        """`response` with NaN where nothing was measured."""
        return _with_nan(self.response)

    @property
    def heard_ms(self) -> FloatArray:
        """`heard` with NaN where nothing was measured."""
        return _with_nan(self.heard)

    def only(self, kept: BoolArray) -> Answers:
        """Return some of them."""
        return Answers(**{name: column[kept] for name, column in vars(self).items()})

    def between(self, start: int, end: int) -> Answers:
        """Return those of a stretch, without copying them."""
        return Answers(**{name: column[start:end] for name, column in vars(self).items()})

    def and_then(self, *others: Answers) -> Answers:
        """Return these and others behind them."""
        return Answers(
            **{
                name: np.concatenate([column, *(vars(other)[name] for other in others)])
                for name, column in vars(self).items()
            }
        )


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A campaign's ratings in force, in an order that depends on nothing but them.

    Attributes
    ----------
    cutoff
        As of when.
    answers
        What the consensus rests on, sorted by clip, class and rating: without planted repeats and
        without excluded people.
    rating
        Their ids as bytes.
    guideline_version
        What those who gave them had been shown; 0 for nothing.
    questions
        Everything the campaign asks, rated or not.
    questions_of_tasks
        The rated questions [shape=(n_tasks,)]: places in `questions`, ascending.
    raters
        Who gave the ratings, sorted by pseudonym: places below `len(raters)` in `people`.
    excluded
        People who rated and are left out; in `people` they come after the raters.
    exclusions
        Everybody who is left out, whether they rated or not, sorted by pseudonym.
    left_out
        The ratings of excluded people.
    repeats
        Planted repeats, of everybody.
    """

    cutoff: datetime
    answers: Answers
    rating: pa.FixedSizeBinaryArray
    guideline_version: Integers
    questions: Questions
    questions_of_tasks: IntArray
    raters: list[Rater]
    excluded: list[Rater]
    exclusions: list[Exclusion]
    left_out: Answers
    repeats: Answers

    @property
    def targets(self) -> list[TaxonomyClass]:
        """The classes asked about; what `context` counts."""
        return self.questions.targets

    @property
    def people(self) -> list[Rater]:
        """Raters, then excluded people; what `Answers.rater` counts."""
        return [*self.raters, *self.excluded]

    @property
    def n_tasks(self) -> int:
        """How many questions have a rating that counts."""
        return len(self.questions_of_tasks)

    @cached_property
    def context(self) -> IntArray:
        """Class of each task [shape=(n_tasks,)]."""
        return self.questions.context[self.questions_of_tasks]

    @cached_property
    def gold(self) -> IntArray:
        """What is known of each task [shape=(n_tasks,)]: 1, 0, or -1."""
        return self.questions.gold[self.questions_of_tasks]

    @cached_property
    def adjudicated(self) -> IntArray:
        """A curator's decision on each task [shape=(n_tasks,)], as in `Questions`; or -1."""
        return self.questions.adjudicated[self.questions_of_tasks]

    @cached_property
    def curators_alone(self) -> IntArray:
        """Questions that a curator decided and nobody who counts rated: places in `questions`."""
        decided = self.questions.adjudicated != UNKNOWN
        decided[self.questions_of_tasks] = False
        return np.flatnonzero(decided).astype(np.int64)

    @cached_property
    def likelihood(self) -> FloatArray:
        """The detector's number for each task [shape=(n_tasks,)]; NaN where there is none."""
        return self.questions.likelihood[self.questions_of_tasks]

    @cached_property
    def counts(self) -> IntArray:
        """How often each answer was given [shape=(n_tasks, 3)]: no, yes, unsure."""
        cell = self.answers.task * len(CODES) + self.answers.answer
        counts = np.bincount(cell, minlength=self.n_tasks * len(CODES))
        return counts.reshape(self.n_tasks, len(CODES)).astype(np.int64)


def collect(campaign: Campaign, *, cutoff: datetime | None = None) -> Collected:
    """Return what a consensus run of a campaign may use, and what a report needs beside it.

    Parameters
    ----------
    campaign
        Whose.
    cutoff
        As of when; now by default.
    """
    cutoff = cutoff or timezone.now()
    rows = ratings_in_force(campaign, cutoff=cutoff)
    questions = read_questions(campaign)
    question = _places(rows["question"], questions.id)
    if (question < 0).any():  # about tracks, or of no class: no label comes of them
        rows, question = rows.filter(pa.array(question >= 0)), question[question >= 0]
    measures = exclusions_in_force(campaign)
    part = _parts(rows, identifiers.from_raters(measures))
    # By clip, class and rating within each part; questions are sorted by the first two.
    order = np.lexsort((*identifiers.sort_keys(rows["rating"]), question, part))
    ends = np.searchsorted(part[order], [_OUT, _AGAIN])
    used, out = order[: ends[0]], order[ends[0] : ends[1]]
    names = identifiers.whole(rows["rater"])
    raters = raters_called(campaign, names.take(pa.array(used)))
    excluded = raters_called(campaign, names.take(pa.array(out)))
    tasks = np.unique(question[used])
    # What is turned into an array is let go: two copies of everything would not fit.
    columns = {name: rows[name] for name in rows.column_names if name != "question"}
    del rows, names
    everything = _answers(columns, order, question, tasks, [*raters, *excluded])
    left_out, repeats = everything.between(*ends), everything.between(ends[1], len(order))
    number = np.bincount(left_out.rater - len(raters), minlength=len(excluded))
    return Collected(
        cutoff=cutoff,
        answers=everything.between(0, ends[0]),
        rating=identifiers.whole(columns.pop("rating").take(pa.array(used))),
        guideline_version=columns.pop("guideline_version").to_numpy()[used],
        questions=questions,
        questions_of_tasks=tasks.astype(np.int64),
        raters=raters,
        excluded=excluded,
        exclusions=listed(measures, excluded, number),
        left_out=left_out,
        repeats=repeats.only(repeats.rater >= 0),
    )


def _parts(rows: pa.Table, excluded: pa.Array) -> Integers:
    """Return of each row whether it counts, is an excluded person's, or a planted repeat."""
    is_out = pc.is_in(rows["rater"], value_set=excluded).to_numpy()
    is_repeat = rows["occasion"].to_numpy() > 0
    return np.where(is_repeat, _AGAIN, np.where(is_out, _OUT, _USED)).astype(np.int8)


def _answers(
    columns: dict[str, pa.ChunkedArray],
    order: IntArray,
    question: Integers,
    tasks: Integers,
    people: list[Rater],
) -> Answers:
    """Turn columns into arrays, in an order; what was turned is taken out of `columns`."""
    task_of = np.full(int(question.max()) + 1 if len(question) else 0, -1, np.int32)
    task_of[tasks] = np.arange(len(tasks))
    question = question[order]
    encoded = identifiers.whole(columns.pop("rater")).dictionary_encode()
    place = {person.pseudonym: index for index, person in enumerate(people)}
    known = identifiers.rater_text(encoded.dictionary).to_pylist()
    places = np.array([place.get(name, -1) for name in known], dtype=np.int32)

    def ordered(name: str) -> Integers:
        column = pc.fill_null(columns.pop(name), UNMEASURED)
        return np.asarray(identifiers.whole(column).to_numpy(zero_copy_only=False)[order])

    return Answers(
        question=question,
        task=task_of[question],
        rater=places[encoded.indices.to_numpy()[order]] if len(known) else question,
        answer=ordered("answer"),
        answered_us=moments(columns.pop("answered_at"))[order],
        response=ordered("response_ms"),
        heard=ordered("heard_ms"),
        occasion=ordered("occasion"),
    )


def _with_nan(values: Integers) -> FloatArray:
    return np.where(values == UNMEASURED, np.nan, values)


def _places(values: pa.ChunkedArray, among: pa.Array) -> Integers:
    index = pc.fill_null(pc.index_in(values, value_set=among), UNKNOWN)
    return np.asarray(index.to_numpy())
