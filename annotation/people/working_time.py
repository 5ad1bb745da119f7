"""How long people worked: from when their answers came, pauses left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from annotation.models import Campaign, QuizAttempt, QuizItem, Rating

#: Between two answers so much is work: hearing twice, thinking, reading a guideline. After more,
#: somebody was away, and only the answer's own time counts.
LONGEST_GAP_S: Final = 120.0
#: The most that one answer counts by its own measure: the page's clock runs on while one is away.
LONGEST_ANSWER_S: Final = 60.0

#: When something happened, and the milliseconds that it took by its own measure.
Event = tuple[datetime, int | None]


def active_seconds(events: Iterable[Event]) -> float:
    """Return how long somebody worked.

    Each event adds the time since the one before it where that is at most `LONGEST_GAP_S`, and at
    least its own measure, up to `LONGEST_ANSWER_S`: answers that waited for the network arrive
    together. As a whole it is at most what passed from the first event to the last, and
    `LONGEST_ANSWER_S` for the first: own measures are what a client says.

    Parameters
    ----------
    events
        Of one person, the earliest first.
    """
    total = 0.0
    first: datetime | None = None
    before: datetime | None = None
    for at, measured in events:
        first = first or at
        own = min((measured or 0) / 1000, LONGEST_ANSWER_S)
        gap = (at - before).total_seconds() if before is not None else LONGEST_GAP_S + 1
        total += max(own, gap if gap <= LONGEST_GAP_S else 0.0)
        before = at
    if first is None or before is None:
        return 0.0
    return min(total, (before - first).total_seconds() + LONGEST_ANSWER_S)


def working_times(
    campaign: Campaign,
    people: Collection[UUID],
    *,
    since: Mapping[UUID, datetime] | None = None,
) -> dict[UUID, float]:
    """Return how many seconds each person worked for a campaign: answers, quiz, what lay between.

    Answers that were taken back or corrected are work, too; corrections are not. No answer took
    longer than its question was in hand. Four queries, however many people.

    Parameters
    ----------
    campaign
        Where.
    people
        Who.
    since
        From when on, by person; the moment itself is where their reading began.
    """
    begun = since or {}
    events: dict[UUID, list[Event]] = {person: [] for person in people}
    for person, at in begun.items():
        if person in events:
            events[person].append((at, None))
    given = Rating.objects.filter(
        question__campaign=campaign, person__in=people, supersedes__isnull=True
    )
    attempts = QuizAttempt.objects.filter(campaign=campaign, person__in=people)
    items = QuizItem.objects.filter(attempt__in=attempts)
    found: list[Iterable[tuple[UUID, datetime, int | None]]] = [
        (
            (person, at, _in_hand(measured, leased_at, at))
            for person, at, measured, leased_at in given.values_list(
                "person_id", "created_at", "response_ms", "assignment__leased_at"
            ).iterator()
        ),
        ((person, at, None) for person, at in attempts.values_list("person_id", "started_at")),
        (
            (person, at, None)
            for person, at in items.values_list("attempt__person_id", "answered_at")
            if at is not None
        ),
    ]  # fmt: skip
    for rows in found:
        for person, at, measured in rows:
            if person not in begun or at >= begun[person]:
                events[person].append((at, measured))
    return {
        person: active_seconds(sorted(rows, key=lambda row: row[0]))
        for person, rows in events.items()
    }


def _in_hand(measured: int | None, leased_at: datetime, at: datetime) -> int | None:
    """Return what an answer took by the client's measure, in ms, within the time it was in hand."""
    if measured is None:
        return None
    return max(0, min(measured, int((at - leased_at).total_seconds() * 1000)))
