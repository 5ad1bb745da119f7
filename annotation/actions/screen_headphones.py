"""Begin a try at the headphone test, and judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.allocation.workloads import workload_of
from annotation.models import Campaign, Workload
from annotation.welcome.screening import INTERVALS, PASS_MARK, TRIALS, number_right
from annotation.welcome.tries import (
    BEGUN,
    JUDGED,
    minutes_until,
    open_try,
    rests_until,
    trials_of,
)
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


@dataclass(frozen=True, kw_only=True)
class Screened:
    """How a try went."""

    right: int
    asked: int
    has_passed: bool


def begin_headphones(*, campaign: Campaign, person: Any) -> int:
    """Count a try that begins, and return its number; one that is open goes on instead.

    Parameters
    ----------
    campaign
        Where headphones are needed.
    person
        Who listens.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    StateError
        If they have passed, or there is a break before their next try.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    with transaction.atomic():
        work = _held(campaign, person)
        number = open_try(work)
        if number is not None:
            return number
        if work.headphones_at is not None:
            raise StateError(_("You have passed the headphone test. You can answer as always."))
        until = rests_until(work)
        if until is not None:
            raise StateError(
                _("Please take a break: the next try at the headphone test is in %(minutes)s min.")
                % {"minutes": minutes_until(until)}
            )
        work.headphone_tries += 1
        work.save(update_fields=["headphone_tries"])
        record(BEGUN, target=campaign, actor=person, number=work.headphone_tries)
    return work.headphone_tries


def screen_headphones(
    *, campaign: Campaign, person: Any, number: int, answers: Sequence[int]
) -> Screened:
    """Judge a finished try and note when it was passed; once passed, it stays so.

    Parameters
    ----------
    campaign
        Where headphones are needed.
    person
        Who listened.
    number
        Of the try, as `begin_headphones` returned it; what it played is known here alone.
    answers
        Which of the three tones was said to be the quietest, 0 to 2, for each trial.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    ParameterError
        If there is not one answer, 0 to 2, for each trial.
    StateError
        If this try is not the one that they began last, or was judged already.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    if len(answers) != TRIALS:
        raise ParameterError(f"The test has {TRIALS} sounds, and {len(answers)} were answered.")
    if not all(0 <= said < INTERVALS for said in answers):
        raise ParameterError(f"Each answer is a tone from 1 to {INTERVALS}.")
    right = number_right(trials_of(campaign, person, number), answers)
    has_passed = right >= PASS_MARK
    with transaction.atomic():
        work = _held(campaign, person)
        # Else whoever sends the last answer several times at once has several tries for one.
        if open_try(work) != number:
            raise StateError(_("This try was judged already. Load the page again."))
        if has_passed:
            work.headphones_at = timezone.now()
            work.save(update_fields=["headphones_at"])
        record(
            JUDGED,
            target=campaign,
            actor=person,
            number=number,
            right=right,
            asked=TRIALS,
            has_passed=has_passed,
        )
    return Screened(right=right, asked=TRIALS, has_passed=has_passed)


def _held(campaign: Campaign, person: Any) -> Workload:
    work = workload_of(campaign, person)
    return Workload.objects.select_for_update().get(pk=work.pk)
