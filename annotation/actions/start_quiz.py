"""Begin a quiz, or go on with the one that was begun."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.gold.quiz_breaks import breaks
from annotation.gold.quizzes import choose, first_quiz_is_due
from annotation.models import Campaign, Measure, QuizAttempt, QuizItem
from annotation.people.measures import in_force, is_excluded, is_paused, must_requiz
from consonance.catalog.models import TaxonomyClass
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def start_quiz(
    *, campaign: Campaign, person: Any, target: TaxonomyClass | None = None
) -> QuizAttempt:
    """Return this person's open attempt at the campaign's quiz; a new one where there is none.

    Only whoever was asked to take it may: a quiz tells what gold knows. Who was asked to take it
    again takes one about all classes; before the first question of a class comes the class's own.
    What was open when they were asked to take it again ends there, not passed.

    Parameters
    ----------
    campaign
        Whose quiz.
    person
        Who takes it.
    target
        The class they want to be asked about, where its quiz comes first.

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
    if begun is not None and not _is_too_old(begun, person):
        return begun
    if campaign.state == Campaign.State.CLOSED:
        raise StateError(
            _("%(campaign)s is closed, so there is no quiz to take any more.")
            % {"campaign": campaign}
        )
    target_id = None
    if not must_requiz(person, campaign):
        target_id = target.pk if target is not None else None
        held = is_paused(person, campaign) or is_excluded(person, campaign)
        if target_id is None or held or not first_quiz_is_due(campaign, person, target_id):
            raise StateError(_("Nobody asked you to take the quiz. You can answer as always."))
    resting = breaks(campaign, person, timezone.now()).get(target_id)
    if resting is not None:
        raise StateError(resting.told)
    gold = choose(campaign, person, target_id)
    if not gold:
        raise StateError(
            _(
                "There are not enough clips for a quiz at the moment. Write to whoever runs the"
                " campaign: they can add some, or lift this."
            )
        )
    try:
        with transaction.atomic():
            if begun is not None:
                _end(begun)
            attempt = QuizAttempt.objects.create(
                campaign=campaign, person=person, target_id=target_id
            )
            QuizItem.objects.bulk_create(
                QuizItem(attempt=attempt, place=place, gold=one)
                for place, one in enumerate(gold, start=1)
            )
            record("start_quiz", target=attempt, actor=person, campaign=str(campaign.pk))
    except IntegrityError:  # another window of the same person was faster
        return QuizAttempt.objects.get(campaign=campaign, person=person, finished_at__isnull=True)
    return attempt


def _is_too_old(begun: QuizAttempt, person: Any) -> bool:
    """Return whether an attempt was open when its person was asked to take the quiz again."""
    asked = in_force(begun.campaign, person=person).filter(kind=Measure.Kind.REQUIZ)
    return asked.filter(created_at__gt=begun.started_at).exists()


def _end(begun: QuizAttempt) -> None:
    """End an attempt, not passed."""
    still_open = QuizAttempt.objects.filter(pk=begun.pk, finished_at__isnull=True)
    if still_open.update(finished_at=timezone.now(), has_passed=False):
        record("end_quiz", target=begun, actor=begun.person, campaign=str(begun.campaign_id))


def _open(campaign: Campaign, person: Any) -> QuizAttempt | None:
    open_ones = QuizAttempt.objects.filter(finished_at__isnull=True)
    return open_ones.filter(campaign=campaign, person=person).select_related("campaign").first()
