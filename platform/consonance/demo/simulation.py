"""Lets simulated people answer a campaign through the endpoints a browser uses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from consonance.demo.annotators import answer_stream
from consonance.demo.client import RatingClient, RefusedError

if TYPE_CHECKING:
    from consonance.demo.annotators import Annotator
    from consonance.demo.oracle import Oracle

_BATCH: Final = 10


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a simulation.

    Attributes
    ----------
    answers
        Stored ratings.
    by_person
        Stored ratings of each person.
    not_passed
        Who failed a quiz. They could try again after a break, which is not waited for.
    """

    answers: int
    by_person: dict[str, int]
    not_passed: tuple[str, ...] = ()


def simulate(
    *,
    campaign: str,
    address: str,
    panel: Sequence[Annotator],
    tokens: Sequence[str],
    oracle: Oracle,
    budget: int,
    enough: Callable[[], bool],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Let a panel answer until it is enough, the budget is spent or nothing is left.

    Activity is uneven, as in real crowds: shares are drawn from a log-normal distribution, and a
    few people do most of the work. They take turns in a drawn order, so that who is asked what,
    and with it every answer, depends on the seed alone and not on whose request came first.
    Before a class's first question they take its quiz, where there is one.

    Parameters
    ----------
    campaign
        Its id.
    address
        The web app's address.
    panel
        The people.
    tokens
        Their API tokens, in the same order.
    oracle
        What they hear.
    budget
        Answers in all, at most.
    enough
        Asked before every batch; True ends the work early.
    seed
        Of everything that is drawn.
    progress
        Called with answers given and the budget.
    """
    rng = np.random.default_rng([seed, 11])
    activity = rng.lognormal(0.0, 0.7, len(panel))
    quotas = np.maximum(1, np.floor(activity / activity.sum() * budget)).astype(int)
    quotas[: max(0, budget - int(quotas.sum()))] += 1
    given = dict.fromkeys((person.name for person in panel), 0)
    not_passed = []
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(RatingClient(address, token))) for token in tokens]
        for client in clients:
            client.welcome(campaign)
        for index in _turns(quotas, rng):
            if enough():
                break
            person, client = panel[index], clients[index]
            claim = client.claim(campaign, min(_BATCH, int(quotas[index])))
            while claim.get("reason") == "quiz":
                if not _passes(person, client, campaign, claim["quiz"]["class"], oracle, seed):
                    not_passed.append(person.name)
                    break
                claim = client.claim(campaign, min(_BATCH, int(quotas[index])))
            questions = claim["questions"]
            quotas[index] -= len(questions)
            if not questions:
                quotas[index] = 0
                continue
            ratings = [_answer(person, question, oracle, seed) for question in questions]
            stored = sum(r["status"] in {"stored", "late"} for r in client.rate(ratings))
            given[person.name] += stored
            if progress:
                progress(sum(given.values()), budget)
    return Outcome(answers=sum(given.values()), by_person=given, not_passed=tuple(not_passed))


def _turns(left: npt.NDArray[np.int64], rng: np.random.Generator) -> Iterator[int]:
    """Yield whose turn it is until nobody has answers left; busy people come more often."""
    while (ready := np.flatnonzero(left > 0)).size:
        yield int(rng.choice(ready, p=left[ready] / left[ready].sum()))


def _passes(
    person: Annotator,
    client: RatingClient,
    campaign: str,
    class_name: str | None,
    oracle: Oracle,
    seed: int,
) -> bool:
    """Take the quiz to its end, at one's best; return whether it was passed."""
    tested = person.tested()
    try:
        quiz = client.start_quiz(campaign, class_name)
    except RefusedError as error:
        if error.status == HTTPStatus.CONFLICT:  # they failed before, and have to wait
            return False
        raise
    while quiz["item"] is not None:
        item, number = quiz["item"], quiz["attempt"]
        name = item["class"]["name"]
        hearing = oracle.hear(UUID(item["clip"]["id"]), name)
        rng = answer_stream(seed, person.name, "quiz", number, hearing.sample_key, name)
        said = tested.answer(name, present=hearing.present, difficulty=hearing.difficulty, rng=rng)
        quiz = client.answer_quiz(campaign, item["id"], said.answer)
    return bool(quiz["state"] == "passed")


def _answer(
    person: Annotator, question: dict[str, Any], oracle: Oracle, seed: int
) -> dict[str, Any]:
    clip_id, name = UUID(question["clip"]["id"]), question["class"]["name"]
    hearing = oracle.hear(clip_id, name)
    rng = answer_stream(seed, person.name, hearing.sample_key, name)
    answer = person.answer(name, present=hearing.present, difficulty=hearing.difficulty, rng=rng)
    return {
        "key": str(uuid.UUID(bytes=rng.bytes(16), version=4)),
        "assignment": question["assignment"],
        "answer": answer.answer,
        "response_ms": answer.response_ms,
        "heard_ms": answer.heard_ms,
        "replays": 0,
        "ui_version": "simulated",
    }
