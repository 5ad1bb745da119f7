"""Begin a quiz, or go on with the one that was begun."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.measures import must_requiz
from annotation.models import Campaign, QuizAttempt, QuizItem
from annotation.quizzes import choose, retry_refusal
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def start_quiz(*, campaign: Campaign, person: Any) -> QuizAttempt:
    """Return this person's open attempt at the campaign's quiz; a new one where there is none.

    Only whoever was asked to take it may: a quiz tells what gold knows.

    Parameters
    ----------
    campaign
        Whose quiz.
    person
        Who takes it.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    StateError
        If nobody asked them to, the campaign is closed, there is too little gold, or they failed
        just now or too often today.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    begun = _open(campaign, person)
    if begun is not None:
        return begun
    if campaign.state == Campaign.State.CLOSED:
        raise StateError(f"{campaign} is closed, so there is no quiz to take any more.")
    if not must_requiz(person, campaign):
        raise StateError("Nobody asked you to take the quiz. You can answer as always.")
    refusal = retry_refusal(campaign, person, timezone.now())
    if refusal:
        raise StateError(refusal)
    gold = choose(campaign, person)
    if not gold:
        raise StateError(
            "There are not enough clips for a quiz at the moment. Write to whoever runs the"
            " campaign: they can add some, or lift this."
        )
    try:
        with transaction.atomic():
            attempt = QuizAttempt.objects.create(campaign=campaign, person=person)
            QuizItem.objects.bulk_create(
                QuizItem(attempt=attempt, place=place, gold=one)
                for place, one in enumerate(gold, start=1)
            )
            record("start_quiz", target=attempt, actor=person, campaign=str(campaign.pk))
    except IntegrityError:  # another window of the same person was faster
        return QuizAttempt.objects.get(campaign=campaign, person=person, finished_at__isnull=True)
    return attempt


def _open(campaign: Campaign, person: Any) -> QuizAttempt | None:
    open_ones = QuizAttempt.objects.filter(finished_at__isnull=True)
    return open_ones.filter(campaign=campaign, person=person).first()
