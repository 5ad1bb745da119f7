"""Weigh a campaign's answers anew after a run, and decide or ask again what that changes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from annotation.allocation.deciding import Backing, temperature_of, verdict
from annotation.allocation.skills import CrowdWeights
from annotation.allocation.tallies import Moved, recount, standing, tally
from annotation.models import Campaign, ConsensusRun, Question, Rating
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: Questions in one transaction: few, because people's answers to them wait for it.
BATCH: Final = 200
_CHANGES: Final = ("log_odds", "state", "stop_reason", "stopped_at", "free", "wanted")


class _Answer(NamedTuple):
    pk: UUID
    person: UUID
    answer: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Refitted:
    """What a refit changed.

    Attributes
    ----------
    questions
        Looked at: those with an answer.
    answers, moved
        Answers whose weight, and questions whose log-odds changed.
    decided, reopened, disputed
        Questions that stopped, are asked again, and are at their maximum no longer sure.
    is_superseded
        There is a newer run: the rest was left to its refit.
    """

    questions: int = 0
    answers: int = 0
    moved: int = 0
    decided: int = 0
    reopened: int = 0
    disputed: int = 0
    is_superseded: bool = False

    def __add__(self, other: Refitted) -> Refitted:
        return Refitted(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
                if field.name != "is_superseded"
            },
            is_superseded=self.is_superseded or other.is_superseded,
        )

    @property
    def has_changed(self) -> bool:
        """Whether anything is different from before."""
        return bool(self.answers or self.moved or self.decided or self.reopened or self.disputed)


def refit_questions(
    *, run: ConsensusRun, actor: Any = None, check: Callable[[], None] | None = None
) -> Refitted:
    """Give answers in force the weights of a run, and questions the state that follows.

    Open questions that now pass are decided; decided ones that no longer do are asked again, or
    are disputed where they have had their maximum of answers. What is disputed stays so: people
    look at it. In a closed campaign nothing is asked again. Done twice it is done once, and done
    while people answer nothing is lost: each batch holds its questions' rows, as an answer does.

    Parameters
    ----------
    run
        Whose skills; the newest of its campaign, or nothing is done.
    actor
        An admin; None for the command line and for jobs that were allowed when they were queued.
    check
        Called before each batch; what it raises stops the refit, and what is done stays.

    Raises
    ------
    NotAllowedError
        If the actor is no admin here.
    """
    campaign = Campaign.objects.get(pk=run.campaign_id)
    if actor is not None:
        require(actor, Role.ADMIN, *campaign.places)
    run.campaign = campaign  # as it is now
    done, crowd = Refitted(), CrowdWeights(run)
    try:
        for batch in _batches(campaign):
            if check is not None:
                check()
            done += _refit(run, batch, crowd)
            if done.is_superseded:
                break
        recount(campaign)
    finally:
        if done.has_changed:
            record("refit_questions", target=run, actor=actor, **asdict(done))
    return done


def _batches(campaign: Campaign) -> Iterator[list[UUID]]:
    answered = Question.objects.of(campaign).filter(
        Exists(Rating.objects.filter(question=OuterRef("pk"))), task_kind="presence"
    )
    keys = answered.order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:BATCH])
    while batch:
        yield batch
        batch = list(keys.filter(pk__gt=batch[-1])[:BATCH])


@transaction.atomic
def _refit(run: ConsensusRun, batch: list[UUID], crowd: CrowdWeights) -> Refitted:
    # Always in one order, so that two refits wait for each other instead of for ever.
    questions = list(
        Question.objects.filter(pk__in=batch).select_for_update(of=("self",)).order_by("pk")
    )
    # Asked after the rows are ours: a newer run's refit may have been here first.
    if ConsensusRun.objects.filter(campaign=run.campaign_id, number__gt=run.number).exists():
        return Refitted(is_superseded=True)
    ratings = _in_force(batch)
    crowd.look_up({answer.person for several in ratings.values() for answer in several})
    weights: list[tuple[float, UUID]] = []
    changed = []
    tallied: list[Moved] = []
    moved, became = 0, Counter[str]()
    now, temperature = timezone.now(), temperature_of(run)
    for question in questions:
        given = ratings[question.pk]
        new = [crowd.of(each.person, question.target_id).of(each.answer) for each in given]
        weights += [
            (weight, each.pk)
            for weight, each in zip(new, given, strict=True)
            if weight != each.weight
        ]
        # `fsum` rounds once, whatever the order: the same answers, the same bits.
        log_odds = math.fsum([question.prior_log_odds, *new])
        has_moved = question.log_odds != log_odds
        before = standing(question)
        question.log_odds = log_odds
        question.campaign = run.campaign
        known = sum(crowd.is_known(each.person) for each in given)
        change = _restate(question, Backing(known=known, temperature=temperature), now)
        moved += has_moved
        became.update([change] if change else [])
        if has_moved or change:
            changed.append(question)
            tallied.append(Moved(question.target_id, before, standing(question)))
    _write(Rating, ["weight"], weights)
    _write(
        Question,
        _CHANGES,
        [(*(getattr(question, name) for name in _CHANGES), question.pk) for question in changed],
    )
    tally(run.campaign_id, tallied)
    return Refitted(
        questions=len(questions),
        answers=len(weights),
        moved=moved,
        decided=became["decided"],
        reopened=became["reopened"],
        disputed=became["disputed"],
    )


def _in_force(batch: list[UUID]) -> defaultdict[UUID, list[_Answer]]:
    found = defaultdict(list)
    rows = Rating.objects.in_force().filter(question__in=batch, occasion=0)
    for question, pk, person, answer, weight in rows.values_list(
        "question_id", "pk", "person_id", "answer", "weight"
    ).iterator():
        found[question].append(_Answer(pk, person, answer, weight))
    return found


def _write(
    model: type[models.Model], names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Set fields of many rows; each is their values and then the key.

    `bulk_update` writes a CASE a row, and takes longer over it than all the rest does together.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    table = quote(model._meta.db_table)
    sql = f"UPDATE {table} SET {sets} WHERE {quote(key.column)} = %s"  # noqa: S608 - our own names
    with connection.cursor() as cursor:
        cursor.executemany(
            sql,
            [
                tuple(
                    field.get_db_prep_save(value, connection=connection)
                    for field, value in zip([*fields, key], row, strict=True)
                )
                for row in rows
            ],
        )


def _restate(question: Question, backing: Backing, now: datetime) -> str:
    """Change the state if it no longer follows from the answers; return what became of it."""
    if question.state not in {Question.State.OPEN, Question.State.DECIDED}:
        return ""  # disputed, or a curator's now
    state, reason = verdict(question, backing)
    if state == question.state:
        return ""
    if state == Question.State.OPEN:
        if question.campaign.state == Campaign.State.CLOSED:
            return ""
        question.stopped_at = None
        if question.answered >= question.wanted:
            question.wanted += 1
            question.free += 1
    else:
        question.stopped_at = now
    question.state, question.stop_reason = state, reason
    return "reopened" if state == Question.State.OPEN else str(state.value)
