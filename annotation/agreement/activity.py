"""How much people do, and on which days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import same_length, size, whole_numbers
from annotation.consensus.ratings import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Activity:
    """How much each person does.

    Parameters
    ----------
    number, days, busiest : np.ndarray [shape=(n_annotators,), dtype=int64]
        Answers, days with any, and answers on the day with most.
    per_day : np.ndarray [shape=(n_annotators,), dtype=float64]
        Answers a day, of days with any; 0 for somebody who never answered.
    first_day, last_day : np.ndarray [shape=(n_annotators,), dtype=int64]
        As days were numbered; -1 for somebody who never answered.
    """

    number: IntArray
    days: IntArray
    busiest: IntArray
    per_day: FloatArray
    first_day: IntArray
    last_day: IntArray


@dataclass(frozen=True, kw_only=True)
class DailyAnswers:
    """How much each person did each day; days without answers have no row.

    Parameters
    ----------
    annotator, day, number : np.ndarray [shape=(n_rows,), dtype=int64]
        Sorted by person, then day.
    """

    annotator: IntArray
    day: IntArray
    number: IntArray


def daily_answers(annotator: npt.ArrayLike, day: npt.ArrayLike) -> DailyAnswers:
    """Return how much each person did each day.

    Parameters
    ----------
    annotator, day : array_like of int [shape=(n_ratings,), >= 0]
        Who answered, and on which day, counted from any start.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    people, days = whole_numbers(annotator, "annotator"), whole_numbers(day, "day")
    same_length(annotator=people, day=days)
    start = int(days.min()) if days.size else 0
    span = int(days.max()) - start + 1 if days.size else 1
    found, number = np.unique(people * span + (days - start), return_counts=True)
    return DailyAnswers(
        annotator=found // span, day=found % span + start, number=number.astype(np.int64)
    )


def activity(
    annotator: npt.ArrayLike, day: npt.ArrayLike, *, n_annotators: int | None = None
) -> Activity:
    """Return how much each person does, and when.

    Parameters
    ----------
    annotator, day
        As for `daily_answers`.
    n_annotators
        How many people there are; as many as needed by default.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    rows = daily_answers(annotator, day)
    people = size(rows.annotator, n_annotators, "n_annotators")
    number = np.bincount(rows.annotator, weights=rows.number, minlength=people)
    days = np.bincount(rows.annotator, minlength=people)
    busiest = np.zeros(people, np.int64)
    np.maximum.at(busiest, rows.annotator, rows.number)
    first = np.full(people, np.iinfo(np.int64).max)
    last = np.full(people, -1, np.int64)
    np.minimum.at(first, rows.annotator, rows.day)
    np.maximum.at(last, rows.annotator, rows.day)
    first[days == 0] = -1
    return Activity(
        number=np.rint(number).astype(np.int64),
        days=days.astype(np.int64),
        busiest=busiest,
        per_day=np.asarray(number / np.maximum(days, 1), dtype=np.float64),
        first_day=first,
        last_day=last,
    )
