"""Begin a try at the headphone test, and judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.allocation.workloads import workload_of
from annotation.models import Campaign, Workload
from annotation.welcome.screening import INTERVALS, PASS_MARK, TRIALS, Trial, number_right
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import AuditEntry, record
from consonance.people.access import require
from consonance.people.models import Role

#: Whoever guesses passes once in 56 tries. After so many a break comes before each further one,
#: the longer the more there were.
FREE_TRIES: Final = 3
BREAK_A_TRY: Final = timedelta(minutes=10)
_BEGUN: Final = "begin_headphones"
_JUDGED: Final = "screen_headphones"


@dataclass(frozen=True, kw_only=True)
class Screened:
    """How a try went."""

    right: int
    asked: int
    has_passed: bool


def begin_headphones(*, campaign: Campaign, person: Any) -> int:
    """Count a try that begins, and return its number: one left off is a try as well.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    StateError
        If there is a break before their next try.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    with transaction.atomic():
        work = _held(campaign, person)
        until = rests_until(work)
        if until is not None:
            raise StateError(
                _("Please take a break: the next try at the headphone test is in %(minutes)s min.")
                % {"minutes": minutes_until(until)}
            )
        work.headphone_tries += 1
        work.save(update_fields=["headphone_tries"])
        record(_BEGUN, target=campaign, actor=person, number=work.headphone_tries)
    return work.headphone_tries


def rests_until(work: Workload | None) -> datetime | None:
    """Return when a person's next try may begin; None: now, or they have passed."""
    if work is None or work.headphones_at is not None or work.headphone_tries < FREE_TRIES:
        return None
    last = _entries(work, _BEGUN, _JUDGED).order_by("-at").values_list("at", flat=True).first()
    until = None if last is None else last + BREAK_A_TRY * work.headphone_tries
    return until if until is not None and until > timezone.now() else None


def minutes_until(moment: datetime) -> int:
    """Return the minutes that are left, rounded up."""
    return -(-(moment - timezone.now()) // timedelta(minutes=1))


def screen_headphones(
    *, campaign: Campaign, person: Any, trials: Sequence[Trial], answers: Sequence[int]
) -> Screened:
    """Judge a finished try and note when it was passed; once passed, it stays so.

    Parameters
    ----------
    campaign
        Where headphones are needed.
    person
        Who listened.
    trials
        What was played, as `draw_trials` drew it; the page never sees it.
    answers
        Which of the three tones was said to be the quietest, 0 to 2, for each trial.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    ParameterError
        If there is not one answer, 0 to 2, for each trial.
    StateError
        If they began no try that was not judged yet.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    if not len(trials) == len(answers) == TRIALS:
        raise ParameterError(f"The test has {TRIALS} sounds, and {len(answers)} were answered.")
    if not all(0 <= said < INTERVALS for said in answers):
        raise ParameterError(f"Each answer is a tone from 1 to {INTERVALS}.")
    right = number_right(trials, answers)
    has_passed = right >= PASS_MARK
    with transaction.atomic():
        work = _held(campaign, person)
        # Else whoever sends the last answer several times at once has several tries for one.
        if _entries(work, _JUDGED).count() >= work.headphone_tries:
            raise StateError(_("This try was judged already. Load the page again."))
        if has_passed and work.headphones_at is None:
            work.headphones_at = timezone.now()
            work.save(update_fields=["headphones_at"])
        record(
            _JUDGED,
            target=campaign,
            actor=person,
            right=right,
            asked=TRIALS,
            has_passed=has_passed,
        )
    return Screened(right=right, asked=TRIALS, has_passed=has_passed)


def _held(campaign: Campaign, person: Any) -> Workload:
    work = workload_of(campaign, person)
    return Workload.objects.select_for_update().get(pk=work.pk)


def _entries(work: Workload, *actions: str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(
        object_type=Campaign._meta.label, object_id=str(work.campaign_id),
        actor=work.person_id, action__in=actions,
    )  # fmt: skip
