"""How a question stands after its answers changed: asked on, decided or disputed."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from annotation.allocation.deciding import verdict
from annotation.allocation.tallies import Moved, Standing, standing, tally
from annotation.models import Campaign, Question
from consonance.ledger.prepared import PreparedUpdate

_State = Question.State
_STORE: Final = PreparedUpdate(
    lambda question, **values: (Question.objects.filter(pk=question), values),
    question=UUID,
    log_odds=float,
    answered=int,
    free=int,
    wanted=int,
    state=str,
    stop_reason=str,
    stopped_at=datetime,
)
#: States that follow from answers; the others are a curator's.
_BY_ANSWERS: Final = frozenset({_State.OPEN, _State.DECIDED, _State.DISPUTED})


def decide(question: Question, now: datetime) -> None:
    """Look whether a question that is asked stops, or wants one answer more.

    Parameters
    ----------
    question
        Its row held, its counters up to date, with `campaign` loaded.
    now
        When it stopped, if it does.
    """
    if question.state != _State.OPEN:
        return
    question.state, question.stop_reason = verdict(question)
    if question.state != _State.OPEN:
        question.stopped_at = now
    else:
        _ask_on(question)


def decide_again(question: Question, now: datetime) -> None:
    """Look how a question stands whose answers are others than before, also one that has stopped.

    What a curator decided or set aside stays so, and in a closed campaign nothing is asked again.
    Parameters as of `decide`.
    """
    if question.state not in _BY_ANSWERS or question.is_gold:
        return
    was = question.state
    state, reason = verdict(question)
    if state == was:
        if state == _State.OPEN:
            _ask_on(question)
        return
    if state == _State.OPEN and question.campaign.state == Campaign.State.CLOSED:
        return
    question.state, question.stop_reason = state, reason
    question.stopped_at = None if state == _State.OPEN else now
    if state == _State.OPEN:
        _ask_on(question)


def store(question: Question, before: Standing) -> None:
    """Store what was changed of a question, and its class's tally.

    Parameters
    ----------
    question
        Its row held.
    before
        What it added to the tally when its row was read.
    """
    _STORE.run(
        question=question.pk,
        log_odds=question.log_odds,
        answered=question.answered,
        free=question.free,
        wanted=question.wanted,
        state=str(question.state),
        stop_reason=str(question.stop_reason),
        stopped_at=question.stopped_at,
    )
    tally(question.campaign_id, [Moved(question.target_id, before, standing(question))])


def _ask_on(question: Question) -> None:
    if question.answered >= question.wanted:
        question.wanted += 1
        question.free += 1
