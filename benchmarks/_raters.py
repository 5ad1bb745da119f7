"""Raters over HTTP: what each of them does, and what they saw."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol
from uuid import UUID

from benchmarks._http import Line, Reply
from benchmarks._rating_data import is_present

#: How often a rater is right: enough to be trusted, and little enough for questions to need more.
ACCURACY: Final = 0.9
#: Without questions for so long a rater goes home.
IDLE_S: Final = 0.3
CLAIM, RATINGS = "/api/v1/questions/claim", "/api/v1/ratings"
_CSRF: Final = "b" * 32
_TOLD: Final = 20


def session_headers(person: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a browser of a person who is signed in sends."""
    return {
        "Cookie": f"sessionid={person['session']}; csrftoken={_CSRF}",
        "X-CSRFToken": _CSRF,
        "Referer": "http://localhost/",
    }


def token_headers(person: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a program with a person's token."""
    return {"Authorization": f"Token {person['token']}"}


def rating_of(question: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return an answer as the rating page sends it."""
    right = is_present(question["question"])
    says = right if chance.random() < ACCURACY else not right
    return {
        "key": str(UUID(int=chance.getrandbits(128), version=4)),
        "assignment": question["assignment"],
        "answer": "yes" if says else "no",
        "response_ms": chance.randint(2_000, 9_000),
        "heard_ms": chance.randint(3_000, 9_000),
        "replays": 0,
        "ui_version": "bench",
    }


@dataclass
class Seen:
    """What raters saw, all together.

    Attributes
    ----------
    claims, answers
        Seconds that each took.
    headers
        Of the claims, where they are kept.
    statuses
        What became of answers, and reasons for no question.
    sent, acknowledged
        Keys.
    errors
        Anything but a 2xx, and answers that were refused.
    done
        Answers that were stored, late ones included.
    """

    claims: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    done: int = 0

    def failed(self, what: str, reply: Reply) -> None:
        """Note what went wrong."""
        self.errors.append(f"{what}: {reply.status} {reply.body[:300]!r}")


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How often raters do what servers fear, as shares of their claims.

    Attributes
    ----------
    vanish
        Never come back with what they hold; somebody else takes their seat.
    late
        Answer after their lease.
    twice
        Send an answer twice at the same moment.
    many
        Ask for four questions at once.
    """

    vanish: float = 0.006
    late: float = 0.01
    twice: float = 0.05
    many: float = 0.1

    def oftener(self, factor: float) -> Habits:
        """Return habits of raters who vanish, are late and send twice so many times as often."""
        return replace(
            self,
            vanish=min(1.0, factor * self.vanish),
            late=min(1.0, factor * self.late),
            twice=min(1.0, factor * self.twice),
        )


class Crowd:
    """Raters who share a number of answers to give.

    Parameters
    ----------
    port
        Of the server.
    campaign
        Where.
    people
        One for each seat, and whoever takes the seats of those who vanish.
    wanted
        Answers, after which all go home.
    lease_s
        How long a lease lasts.
    habits
        What they do now and then.
    """

    def __init__(
        self,
        *,
        port: int,
        campaign: str,
        people: Sequence[Mapping[str, str]],
        wanted: int,
        lease_s: float,
        habits: Habits,
    ) -> None:
        self.seen = Seen()
        self.behaved: Counter[str] = Counter()
        self._port, self._campaign = port, campaign
        self._waiting = list(people)
        self._wanted, self._lease_s, self._habits = wanted, lease_s, habits

    @property
    def is_over(self) -> bool:
        """Whether all answers are given."""
        return self.seen.done >= self._wanted

    async def work(self, seats: int) -> None:
        """Fill the seats and rate until all is given or nothing is left."""
        await asyncio.gather(*(self._sit(seat) for seat in range(seats)))

    async def _sit(self, seat: int) -> None:
        chance = random.Random(seat)
        idle_since: float | None = None
        while self._waiting and not self.is_over:
            person = self._waiting.pop()
            # One in three is a program, the others are browsers.
            headers = token_headers(person) if chance.random() < 1 / 3 else session_headers(person)
            lines = Line(self._port, headers), Line(self._port, headers)
            while not self.is_over:
                questions = await self._claim(lines[0], 4 if self._does("many", chance) else 1)
                if not questions:
                    idle_since = idle_since or time.monotonic()
                    if time.monotonic() - idle_since > 3 * self._lease_s:
                        return
                    await asyncio.sleep(IDLE_S)
                    continue
                idle_since = None
                if self._waiting and self._does("vanish", chance):
                    break
                if self._does("late", chance):
                    await asyncio.sleep(self._lease_s + 1)
                for question in questions:
                    await self._answer(lines, rating_of(question, chance), chance)
            for line in lines:
                line.close()

    def _does(self, habit: str, chance: random.Random) -> bool:
        does = chance.random() < getattr(self._habits, habit)
        self.behaved[habit] += does
        return does

    async def _claim(self, line: Line, count: int) -> list[dict[str, Any]]:
        reply = await line.send("POST", CLAIM, {"campaign": self._campaign, "count": count})
        self.seen.claims.append(reply.seconds)
        if not reply.is_good:
            self.seen.failed("claim", reply)
            return []
        got = reply.json()
        if got.get("reason"):
            self.seen.statuses[f"no question: {got['reason']}"] += 1
        questions: list[dict[str, Any]] = got["questions"]
        return questions

    async def _answer(
        self, lines: Sequence[Line], rating: dict[str, Any], chance: random.Random
    ) -> None:
        self.seen.sent.add(rating["key"])
        times = 2 if self._does("twice", chance) else 1
        replies = await asyncio.gather(
            *(line.send("POST", RATINGS, {"ratings": [rating]}) for line in lines[:times])
        )
        for reply in replies:
            self.seen.answers.append(reply.seconds)
            if not reply.is_good:  # so also where all that was sent was rejected
                self.seen.failed("answer", reply)
                continue
            for result in reply.json()["results"]:
                status = result["status"]
                self.seen.statuses[status] += 1
                if status == "rejected":
                    self.seen.errors.append(f"refused: {result.get('detail')}")
                else:
                    self.seen.acknowledged.add(result["key"])
                    self.seen.done += status in {"stored", "late"}


class App(Protocol):
    """A server that hands out one task after the other and takes answers."""

    def line(self, place: int) -> Line:
        """Return the connection of one of its people."""

    async def take(self, line: Line) -> tuple[Reply, Any]:
        """Ask for a task; None where there is none."""

    async def give(self, line: Line, task: Any) -> Reply:
        """Send an answer to it."""


@dataclass
class Load:
    """What a load of raters saw while it was measured.

    Attributes
    ----------
    seconds
        How long that was.
    takes, gives
        Replies.
    errors
        What went wrong.
    read
        What `reading` gave before and after.
    """

    seconds: float = 0.0
    read: list[Any] = field(default_factory=list)
    takes: list[Reply] = field(default_factory=list)
    gives: list[Reply] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def load(
    app: App,
    *,
    raters: int,
    warm_s: float,
    seconds: float,
    think_s: float,
    reading: Callable[[], Any],
) -> Load:
    """Let raters work for some time and return what they saw after warming up.

    Parameters
    ----------
    app
        Which server.
    raters
        How many at once.
    warm_s, seconds
        Not measured, measured.
    think_s
        Between a task and its answer; raters begin spread over it.
    reading
        Read when measuring begins and when it ends.
    """
    found = Load()
    begun = time.perf_counter()
    start, end = begun + warm_s, begun + warm_s + seconds

    async def rate(place: int) -> None:
        line = app.line(place)
        await asyncio.sleep(think_s * place / raters)
        while time.perf_counter() < end:
            reply, task = await app.take(line)
            _note(found.takes, found, reply, start, end)
            if task is None:
                await asyncio.sleep(IDLE_S)
                continue
            if think_s:
                await asyncio.sleep(think_s)
            _note(found.gives, found, await app.give(line, task), start, end)
        line.close()

    async def read() -> None:
        for moment in (start, end):
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            found.read.append((time.perf_counter(), reading()))

    await asyncio.gather(read(), *(rate(place) for place in range(raters)))
    found.seconds = found.read[1][0] - found.read[0][0]
    return found


def _note(replies: list[Reply], found: Load, reply: Reply, start: float, end: float) -> None:
    if not reply.is_good and len(found.errors) < _TOLD:
        found.errors.append(f"{reply.status} {reply.body[:300]!r}")
    elif start <= time.perf_counter() < end:
        replies.append(reply)
