"""Read a campaign's ratings once, as a table to freeze and as arrays to compute with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annotation.models import Campaign, Question, Rating
from annotation.models.ratings import Answer
from annotation.pseudonyms import Pseudonyms
from consonance.catalog.models import TaxonomyClass
from consonance.tables.schemas import RATINGS

#: Answers as numbers; the first two are also the truths.
NO, YES, UNSURE = 0, 1, 2
CODES: Final = {Answer.NO: NO, Answer.YES: YES, Answer.UNSURE: UNSURE}
N_TRUTHS: Final = 2

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
_CHUNK = 5_000
_COLUMNS = (
    "pk", "question_id", "question__clip_id", "question__target_id", "question__target__name",
    "person_id", "person__is_simulated", "answer", "created_at", "response_ms", "heard_ms",
    "guideline__version",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """A rated question: what a label is about."""

    question_id: Any
    clip_id: str
    target: TaxonomyClass
    state: str
    stop_reason: str


@dataclass(frozen=True, kw_only=True)
class Rater:
    """Somebody who rated."""

    person_id: Any
    pseudonym: str
    is_simulated: bool


@dataclass(frozen=True, kw_only=True)
class Collected:
    """A campaign's ratings in force, in an order that depends on nothing but them.

    Attributes
    ----------
    table
        In the schema `RATINGS`, sorted by clip, class and rating.
    tasks, raters, targets
        What `task`, `rater` and `context` count: sorted by clip and class, by pseudonym, and by
        position in the taxonomy.
    task, rater, answer
        One entry a row of `table`.
    context
        Each task's class, one entry a task.
    response_ms
        One entry a row; NaN where the page measured nothing.
    """

    table: pa.Table
    tasks: list[Task]
    raters: list[Rater]
    targets: list[TaxonomyClass]
    task: IntArray
    rater: IntArray
    answer: IntArray
    context: IntArray
    response_ms: FloatArray

    def counts(self) -> IntArray:
        """Return how often each answer was given [shape=(n_tasks, 3)]: no, yes, unsure."""
        cell = self.task * len(CODES) + self.answer
        counts = np.bincount(cell, minlength=len(self.tasks) * len(CODES))
        return counts.reshape(len(self.tasks), len(CODES)).astype(np.int64)


def collect(campaign: Campaign) -> Collected:
    """Return what a consensus run of a campaign may use: ratings about presence, in force."""
    found = Rating.objects.for_consensus(campaign).filter(question__task_kind="presence")
    rows = [
        dict(zip(_COLUMNS, row, strict=True))
        for row in found.values_list(*_COLUMNS).iterator(chunk_size=_CHUNK)
    ]
    rows.sort(
        key=lambda row: (
            str(row["question__clip_id"]),
            row["question__target__name"],
            str(row["pk"]),
        )
    )
    targets = _targets(rows)
    place = {target.pk: index for index, target in enumerate(targets)}
    tasks = _tasks(campaign, rows, {target.pk: target for target in targets})
    task_index = {task.question_id: index for index, task in enumerate(tasks)}
    raters = _raters(campaign, rows)
    rater_index = {rater.person_id: index for index, rater in enumerate(raters)}
    return Collected(
        table=_table(rows, raters, rater_index),
        tasks=tasks,
        raters=raters,
        targets=targets,
        task=np.array([task_index[row["question_id"]] for row in rows], dtype=np.int64),
        rater=np.array([rater_index[row["person_id"]] for row in rows], dtype=np.int64),
        answer=np.array([CODES[Answer(row["answer"])] for row in rows], dtype=np.int64),
        context=np.array([place[task.target.pk] for task in tasks], dtype=np.int64),
        response_ms=np.array(
            [np.nan if row["response_ms"] is None else row["response_ms"] for row in rows],
            dtype=np.float64,
        ),
    )


def _targets(rows: list[dict[str, Any]]) -> list[TaxonomyClass]:
    found = TaxonomyClass.objects.in_bulk({row["question__target_id"] for row in rows})
    return sorted(found.values(), key=lambda target: (target.position, target.name))


def _tasks(
    campaign: Campaign, rows: list[dict[str, Any]], targets: dict[Any, TaxonomyClass]
) -> list[Task]:
    stops = {
        pk: (state, reason)
        for pk, state, reason in Question.objects.of(campaign)
        .values_list("pk", "state", "stop_reason")
        .iterator(chunk_size=_CHUNK)
    }
    tasks: dict[Any, Task] = {}  # rows are sorted, so insertion order is the tasks' order
    for row in rows:
        if row["question_id"] not in tasks:
            state, reason = stops[row["question_id"]]
            tasks[row["question_id"]] = Task(
                question_id=row["question_id"],
                clip_id=str(row["question__clip_id"]),
                target=targets[row["question__target_id"]],
                state=state,
                stop_reason=reason,
            )
    return list(tasks.values())


def _raters(campaign: Campaign, rows: list[dict[str, Any]]) -> list[Rater]:
    names = Pseudonyms(campaign.collection_id)
    people = {row["person_id"]: row["person__is_simulated"] for row in rows}
    raters = [
        Rater(person_id=person, pseudonym=names.of(person), is_simulated=simulated)
        for person, simulated in people.items()
    ]
    return sorted(raters, key=lambda rater: rater.pseudonym)


def _table(
    rows: list[dict[str, Any]], raters: list[Rater], rater_index: dict[Any, int]
) -> pa.Table:
    columns = {
        "rating_id": [str(row["pk"]) for row in rows],
        "clip_id": [str(row["question__clip_id"]) for row in rows],
        "class_name": [row["question__target__name"] for row in rows],
        "rater": [raters[rater_index[row["person_id"]]].pseudonym for row in rows],
        "rater_is_simulated": [row["person__is_simulated"] for row in rows],
        "answer": [row["answer"] for row in rows],
        "is_gold": [False] * len(rows),
        "answered_at": [row["created_at"] for row in rows],
        "response_ms": [row["response_ms"] for row in rows],
        "heard_ms": [row["heard_ms"] for row in rows],
        "guideline_version": [row["guideline__version"] or 0 for row in rows],  # 0: none was shown
    }
    arrays = [pa.array(columns[field.name], type=field.type) for field in RATINGS]
    return pa.Table.from_arrays(arrays, schema=RATINGS)
