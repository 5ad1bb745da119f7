"""What a person brings to a claim, and what stands before their next question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from annotation.allocation.stored import as_stored
from annotation.allocation.workloads import workload_of
from annotation.models import Campaign, Measure, Participant, Workload
from annotation.people.measures import in_force
from annotation.people.participation import given_by, held_back
from annotation.welcome.due import STEP_TOLD, step_due
from consonance.ledger.planned import planned
from consonance.people import consent

#: Measures under which nobody is asked, the weightier first: why, and the sentence to say it.
_HELD_BACK: Final = (
    (Measure.Kind.PAUSE, "paused_you", _("You are paused in this campaign.")),
    (Measure.Kind.REQUIZ, "quiz", _("Please take the quiz before you go on.")),
)


_REASON: Final = _("The reason: %(reason)s")
#: Written out, because putting it together anew for each claim takes longer than answering it. The
#: lease that ends first is the index's first entry; whether there is any that ended may be looked
#: for among all rows, where many are expected.
_ARRIVAL: Final = """
SELECT w.*,
    EXISTS (
        SELECT 1 FROM annotation_measure m
        WHERE m.campaign_id = %s AND m.person_id = %s AND m.lifted_at IS NULL
    ) AS is_measured,
    EXISTS (
        SELECT 1 FROM annotation_participant p JOIN annotation_study s ON s.id = p.study_id
        WHERE p.person_id = %s AND s.campaign_id = %s
    ) AS is_participant,
    EXISTS (
        SELECT 1 FROM annotation_quizattempt q WHERE q.person_id = %s AND EXISTS (
            SELECT 1 FROM annotation_campaign c WHERE c.id = q.campaign_id AND c.collection_id = %s
        )
    ) AS was_quizzed,
    COALESCE((
        SELECT a.lease_until FROM annotation_assignment a WHERE a.state = 'leased'
        ORDER BY a.lease_until LIMIT 1
    ) <= %s, FALSE) AS leases_ran_out
FROM annotation_workload w
WHERE w.campaign_id = %s AND w.person_id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A person who asks for questions.

    Attributes
    ----------
    workload
        Their counters.
    is_measured
        Whether a measure may hold them back.
    is_participant
        Whether a marketplace sent them.
    was_quizzed
        Whether a quiz of the collection has told them anything.
    leases_ran_out
        Whether anybody's lease has, anywhere: places are to be given back first.
    """

    workload: Workload
    is_measured: bool
    is_participant: bool
    was_quizzed: bool
    leases_ran_out: bool


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why somebody gets nothing: a code for programs and a sentence for the person."""

    reason: str
    detail: str = ""


def arrive(campaign: Campaign, person: Any, now: datetime) -> Arrival:
    """Look up all that decides about a claim before questions do; one query but for the first."""
    here, who = as_stored(campaign.pk), as_stored(person.pk)
    there = as_stored(campaign.collection_id)
    moment = connection.ops.adapt_datetimefield_value(now)
    values = [here, who, who, here, who, there, moment, here, who]
    found: Any = _arrived(values)
    if found is None:
        workload_of(campaign, person)
        found = _arrived(values)
    return Arrival(
        workload=found,
        is_measured=bool(found.is_measured),
        is_participant=bool(found.is_participant),
        was_quizzed=bool(found.was_quizzed),
        leases_ran_out=bool(found.leases_ran_out),
    )


def _arrived(values: list[Any]) -> Workload | None:
    with planned():
        return next(iter(Workload.objects.raw(_ARRIVAL, values)), None)


def stop_before(
    campaign: Campaign, person: Any, arrival: Arrival, *, checks_welcome: bool
) -> Stop | None:
    """Return why a person gets no questions here, whichever there are; None where they may.

    Terms, studies and measures come first; then the instructions, where the caller checks them;
    then the quiz that somebody asked for.
    """
    if arrival.is_participant or consent.is_outdated(person):
        waiting = held_back(person, campaign)
        if waiting is not None:
            return Stop(reason=waiting.reason, detail=waiting.detail)
    found: dict[str, Measure] = {}
    if arrival.is_measured:
        found = {row.kind: row for row in in_force(campaign, person=person)}
    for kind, reason, told in _HELD_BACK:
        if kind == Measure.Kind.REQUIZ and checks_welcome:
            step = step_due(campaign, person, arrival.workload)
            if step:
                return Stop(reason=step, detail=str(STEP_TOLD[step]))
        if kind in found:
            return Stop(reason=reason, detail=f"{told} {_REASON % {'reason': found[kind].reason}}")
    return None


def owed(campaign: Campaign, person: Any) -> int:
    """Return how many answers a marketplace's participant still has to give here."""
    rows = Participant.objects.filter(
        person=person, study__campaign=campaign, outcome=Participant.Outcome.WORKING
    ).select_related("study")
    return sum(max(0, row.study.ratings_wanted - given_by(row)) for row in rows)
