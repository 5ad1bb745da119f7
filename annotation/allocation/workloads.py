"""What one person has done in one campaign, counted with each answer."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Greatest

from annotation.models import Campaign, Question, Rating, Workload
from consonance.ledger.prepared import PreparedUpdate

_COUNT: Final = PreparedUpdate(
    lambda campaign, person, change, of_gold: (
        Workload.objects.filter(campaign=campaign, person=person),
        {
            "answered": Greatest(F("answered") + Value(change), Value(0)),
            "answered_gold": Greatest(F("answered_gold") + Value(of_gold), Value(0)),
        },
    ),
    campaign=UUID,
    person=UUID,
    change=int,
    of_gold=int,
)
_FROM_GOLD: Final = Q(question__is_gold=True) | Q(occasion__gt=0)


def workload_of(campaign: Campaign, person: Any) -> Workload:
    """Return a person's counters in a campaign; new ones hold what is there already."""
    found = Workload.objects.filter(campaign=campaign, person=person).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return _create(campaign.pk, person)
    except IntegrityError:  # another window of the same person was faster
        return Workload.objects.get(campaign=campaign, person=person)


def count_answer(question: Question, person: Any, occasion: int, change: int) -> None:
    """Add an answer to a person's counters, or take one off.

    Call it last in the transaction that stores the answer: a workload's row is held after every
    other, and no longer than it takes to end.

    Parameters
    ----------
    question
        What was answered.
    person
        Who answered.
    occasion
        The answer's; above 0 it was to a planted repeat.
    change
        1, or -1 when the answer is taken back.
    """
    values = {
        "campaign": question.campaign_id,
        "person": person.pk,
        "change": change,
        "of_gold": change if question.is_gold or occasion > 0 else 0,
    }
    if _COUNT.run(**values):
        return
    try:
        with transaction.atomic():
            _create(question.campaign_id, person)  # counts the change, which is stored by now
    except IntegrityError:
        _COUNT.run(**values)


def _create(campaign_id: UUID, person: Any) -> Workload:
    mine = Rating.objects.in_force().filter(person=person, campaign=campaign_id)
    counted = mine.aggregate(answered=Count("pk"), answered_gold=Count("pk", filter=_FROM_GOLD))
    return Workload.objects.create(campaign_id=campaign_id, person=person, **counted)
