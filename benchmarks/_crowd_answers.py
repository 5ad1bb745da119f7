"""When people of a simulated crowd gave their answers, how fast, and what they were asked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.demo.crowd import NO, YES, SimulatedCrowd

CLIP_MS: Final = 10_000
#: What share of a spammer's answers comes faster than anybody can have heard the clip.
HASTE: Final = 0.5
#: How often a person who is asked again says the same.
SAME_AGAIN: Final = 0.85

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Ratings in the order of their rows."""

    task: IntArray
    person: IntArray
    answer: IntArray
    at: IntArray  # ms from the campaign's first day
    response_ms: IntArray
    heard_ms: IntArray
    occasion: IntArray


def answers_of(
    crowd: SimulatedCrowd, rng: np.random.Generator, *, days: int, repeat_share: float
) -> Answers:
    """Give every answer a moment and its times, and ask some of them again at the end."""
    n = len(crowd.task)
    again = rng.permutation(n)[: int(repeat_share * n)]
    same = rng.random(len(again)) < SAME_AGAIN
    changed = np.where(crowd.answer[again] == YES, NO, YES)
    task = np.concatenate([crowd.task, crowd.task[again]])
    person = np.concatenate([crowd.annotator, crowd.annotator[again]])
    answer = np.concatenate([crowd.answer, np.where(same, crowd.answer[again], changed)])
    occasion = np.concatenate([np.zeros(n, np.int64), np.ones(len(again), np.int64)])
    total = len(task)
    hasty = crowd.is_spammer[person] & (rng.random(total) < HASTE)
    response = np.where(
        hasty, rng.integers(150, 700, total), 3_400 + rng.lognormal(7.6, 0.6, total)
    )
    response = np.minimum(response, 300_000).astype(np.int64)
    heard = np.minimum(CLIP_MS, response - rng.integers(0, 400, total))
    heard = np.where(hasty, np.minimum(response, 600), heard).astype(np.int64)
    at = _moments(person, occasion, response, days, crowd.n_people, rng)
    return Answers(
        task=task,
        person=person,
        answer=answer,
        at=at,
        response_ms=response,
        heard_ms=heard,
        occasion=occasion,
    )


def _moments(
    person: IntArray,
    occasion: IntArray,
    response: IntArray,
    days: int,
    n_people: int,
    rng: np.random.Generator,
) -> IntArray:
    """Return when each answer came: people answer in sittings of some dozens, one a day."""
    n = len(person)
    order = np.lexsort((rng.random(n), occasion, person))  # repeats last
    sorted_person = person[order]
    place = np.arange(n) - np.searchsorted(sorted_person, sorted_person)
    number = np.bincount(person, minlength=n_people)
    sitting = np.maximum(40, -(-number // max(1, days // 2)))  # answers a sitting
    needed = -(-number // sitting)
    first = rng.integers(0, np.maximum(1, days - needed))
    day = first[sorted_person] + place // sitting[sorted_person]
    hour = rng.integers(0, 12 * 3_600_000, n_people)
    spent = np.cumsum(response[order] + 1_500)
    fresh = np.flatnonzero((place % sitting[sorted_person]) == 0)
    base = np.zeros(n, np.int64)
    base[fresh] = spent[fresh]
    base = np.maximum.accumulate(base)
    moment = np.empty(n, np.int64)
    moment[order] = day * 86_400_000 + hour[sorted_person] + (spent - base)
    return moment
