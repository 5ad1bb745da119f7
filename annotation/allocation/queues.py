"""What is waiting to be asked, read off its indexes in order.

Nothing is locked here: what is found may be gone a moment later, so whoever takes it looks again.
Somebody who has worked for long has answered thousands of the questions at a queue's head. Where a
reading got to is kept for a minute, so that the next one goes on there instead of walking past all
of them again; whether nothing at all is left is always found out by reading everything.

The two reads that every claim makes are written in SQL: putting them together anew each time takes
longer than the database takes to answer them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import QuerySet

from annotation.allocation.stored import as_id, as_optional_id, as_stored
from annotation.gold.quizzes import Taught
from annotation.models import Campaign, Question
from consonance.ledger.planned import planned_cursor

#: Begun questions that a claim looks at: the foremost ones, and further on from where it last got
#: to.
HEAD: Final = 64
STRIDE: Final = 256
#: What is found beyond what is wanted: others may take some of it at the same moment.
SPARE: Final = 24
_REMEMBERED_SECONDS: Final = 60
_COLUMNS: Final = ("pk", "clip_id", "target_id", "answered", "priority")
# The conditions of question_begun and question_new, word for word: a partial index is used where
# its own condition is asked for.
#: Behind a place: those answered as often as it, then those answered less. Asked for together, the
#: database would walk from the first of the former to the place. That the one part comes after the
#: other decides only how far a window reaches.
_BEGUN: Final = """
SELECT * FROM (
    SELECT q.id, q.clip_id, q.target_id, q.answered, q.priority, q.track_id
    FROM annotation_question q
    WHERE q.campaign_id = %s
    AND q.state = 'open' AND q.free > 0 AND NOT q.is_gold AND q.answered > 0
    AND q.answered = %s AND q.priority > %s
    ORDER BY q.priority {limit}
) same
UNION ALL
SELECT * FROM (
    SELECT q.id, q.clip_id, q.target_id, q.answered, q.priority, q.track_id
    FROM annotation_question q
    WHERE q.campaign_id = %s
    AND q.state = 'open' AND q.free > 0 AND NOT q.is_gold AND q.answered > 0
    AND q.answered < %s
    ORDER BY q.answered DESC, q.priority {limit}
) less
"""
_NEW: Final = """
SELECT q.id, q.clip_id, q.target_id, q.answered, q.priority
FROM annotation_question q
WHERE q.campaign_id = %s AND q.target_id = %s
AND q.state = 'open' AND q.free > 0 AND NOT q.is_gold AND q.answered = 0
AND q.priority >= %s
"""
#: Whether a question may be put to a person: not in their hands before, and fit to be played.
#: The last is no EXISTS: PostgreSQL would read every track for it, few of which are explicit.
_FOR_ME: Final = """
NOT EXISTS (
    SELECT 1 FROM annotation_assignment a WHERE a.question_id = q.id AND a.person_id = %s
) AND NOT EXISTS (
    SELECT 1 FROM catalog_clip c JOIN catalog_track t ON t.id = c.track_id
    WHERE c.id = q.clip_id AND (c.is_withdrawn OR (t.is_explicit AND NOT %s))
) AND (
    %s OR NOT COALESCE((SELECT t.is_explicit FROM catalog_track t WHERE t.id = q.track_id), FALSE)
)
"""
_BEGUN_FOR_ME: Final = " ".join(["SELECT q.* FROM (", _BEGUN, "{limit}) q WHERE", _FOR_ME])
_NEW_FOR_ME: Final = " ".join([_NEW, "AND", _FOR_ME, "ORDER BY q.priority {limit}"])
#: Limits are numbers in the SQL, for a plan is made for one; few of them, for few plans are kept.
_STEP: Final = 32
_FOREMOST: Final = (32_767, -1)  # before every answered and priority that there is
_FIRST: Final = -(2**31)


class Waiting(NamedTuple):
    """A question that may be put to a person."""

    pk: UUID
    clip_id: UUID | None
    target_id: UUID | None
    answered: int
    priority: int


class Reader:
    """Reads a campaign's queues for one person.

    Parameters
    ----------
    campaign
        Whose questions.
    person
        Who is asked. Nothing comes that they have had in hand, that may not be played to them, or
        whose answer a quiz has told them.
    taught
        What quizzes have told this person.
    """

    def __init__(self, campaign: Campaign, person: Any, taught: Taught) -> None:
        self.campaign = campaign
        self.person = person
        self.taught = taught
        accepts = bool(person.accepts_explicit)
        self._me: list[Any] = [as_stored(person.pk), accepts, accepts]

    def begun(self, number: int, target_id: UUID | None = None) -> list[Waiting]:
        """Return questions that somebody has answered, those nearest to their end first.

        Bounded: the foremost `HEAD`, and where that is not enough, `STRIDE` more.

        Parameters
        ----------
        number
            How many are enough.
        target_id
            Of this class only; of any if None.
        """
        found = self._window(_FOREMOST, HEAD, target_id)
        if len(found) >= number:
            return found
        key = f"annotation.begun:{self.campaign.pk}:{self.person.pk}:{target_id}"
        start = cache.get(key) or self._end_of(_FOREMOST, HEAD)
        if start is None:
            return found
        more = self._window(start, STRIDE, target_id)
        # None: from the head again.
        end = (more[0].answered, more[0].priority - 1) if more else self._end_of(start, STRIDE)
        cache.set(key, end, _REMEMBERED_SECONDS)
        known = {row.pk for row in found}
        return found + [row for row in more if row.pk not in known]

    def new(self, target_id: UUID, number: int) -> list[Waiting]:
        """Return up to `number` questions of a class that nobody has answered, in their order."""
        number += self.taught.of_class(target_id)
        key = f"annotation.new:{self.campaign.pk}:{self.person.pk}:{target_id}"
        start = cache.get(key)
        if start is not None:
            found = self._new_from(start, target_id, number)
            if len(found) >= number:
                return found
        found = self._new_from(_FIRST, target_id, number)
        if found:
            cache.set(key, found[0].priority, _REMEMBERED_SECONDS)
        return found

    def anything(self, number: int, target_id: UUID | None = None) -> list[Waiting]:
        """Return up to `number` questions after reading everything; what is begun comes first.

        Parameters
        ----------
        number
            At most so many.
        target_id
            Of this class only.
        """
        number += len(self.taught)
        for queue in (self._asked().begun(), self._asked().filter(answered=0)):
            if target_id is not None:
                queue = queue.filter(target=target_id)
            rows = self._open_to_me(queue)[:number].values_list(*_COLUMNS)
            found = self._untaught(Waiting(*columns) for columns in rows)
            if found:
                return found
        return []

    def passes(self, clips: Iterable[UUID], most: int) -> dict[UUID, list[Waiting]]:
        """Return what is asked about some clips in one pass, by clip.

        Parameters
        ----------
        clips
            Which.
        most
            Questions of one clip, at most: those the detector is least sure of.
        """
        queue = self._open_to_me(self._asked().filter(clip__in=list(clips)))
        by_clip: defaultdict[UUID, list[tuple[float, Waiting]]] = defaultdict(list)
        for prior, *columns in queue.values_list("prior_log_odds", *_COLUMNS):
            row = Waiting(*columns)
            if row.clip_id is not None and not self.taught.includes(row.clip_id, row.target_id):
                by_clip[row.clip_id].append((abs(prior), row))
        chosen = {}
        for clip_id, rows in by_clip.items():
            rows.sort(key=lambda pair: (pair[0], pair[1].priority, str(pair[1].pk)))
            chosen[clip_id] = [row for _, row in rows[:most]]
        return chosen

    def _asked(self) -> Any:
        return Question.objects.of(self.campaign).not_gold().open()

    def _open_to_me(self, queue: Any) -> QuerySet[Question, Question]:
        found: QuerySet[Question, Question] = queue.not_asked_of(self.person).suitable_for(
            self.person
        )
        return found

    def _untaught(self, rows: Iterable[Waiting]) -> list[Waiting]:
        return [row for row in rows if not self.taught.includes(row.clip_id, row.target_id)]

    def _window(self, start: tuple[int, int], number: int, target_id: UUID | None) -> list[Waiting]:
        """Look at the next `number` begun questions after a place; return those that fit."""
        sql, more = _limited(_BEGUN_FOR_ME, number), []
        if target_id is not None:
            sql, more = f"{sql} AND q.target_id = %s", [as_stored(target_id)]
        found = _read(sql, [*self._begun_after(start), *self._me, *more])
        # A window is put in order here: the database would sort what the index has sorted.
        found.sort(key=lambda row: (-row.answered, row.priority))
        return self._untaught(found)

    def _end_of(self, start: tuple[int, int], number: int) -> tuple[int, int] | None:
        """Return where a window of `number` ends; None where the queue ends in it."""
        sql = _limited(_BEGUN, number) + f"LIMIT 1 OFFSET {number - 1:d}"
        rows = _read(sql, self._begun_after(start))
        return (rows[0].answered, rows[0].priority) if rows else None

    def _begun_after(self, start: tuple[int, int]) -> list[Any]:
        answered, priority = start
        here = as_stored(self.campaign.pk)
        return [here, answered, priority, here, answered]

    def _new_from(self, start: int, target_id: UUID, number: int) -> list[Waiting]:
        place = [as_stored(self.campaign.pk), as_stored(target_id), start]
        sql = _limited(_NEW_FOR_ME, -(-number // _STEP) * _STEP)
        return self._untaught(_read(sql, [*place, *self._me])[:number])


def clips_of(rows: Sequence[Waiting], leave_out: Collection[UUID]) -> list[UUID]:
    """Return the clips that some questions are about, each once, in their order."""
    found = dict.fromkeys(row.clip_id for row in rows if row.clip_id is not None)
    return [clip for clip in found if clip not in leave_out]


def _limited(sql: str, number: int) -> str:
    return sql.replace("{limit}", f"LIMIT {number:d}")


def _read(sql: str, values: list[Any]) -> list[Waiting]:
    with planned_cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return [
        Waiting(as_id(pk), as_optional_id(clip), as_optional_id(target), answered, priority)
        for pk, clip, target, answered, priority, *_ in rows
    ]
