"""How far each class is: kept with every question that stops or is asked again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from annotation.models import Adjudication, Campaign, ClassTally, Question

_State, _Decision = Question.State, Adjudication.Decision


class Standing(NamedTuple):
    """What a question adds to its class's tally."""

    decided: int
    positives: int


#: What annotators are told is kept so long.
_SHOWN_SECONDS: Final = 600
#: Of whatever is not decided.
NOTHING = Standing(0, 0)


class Moved(NamedTuple):
    """A question's class, and what it added before and adds now."""

    target_id: UUID | None
    before: Standing
    after: Standing


def standing(question: Question, decision: str | None = None) -> Standing:
    """Return what a question adds to its class's tally, as it stands.

    Gold adds nothing: what it says was known before anybody was asked.

    Parameters
    ----------
    question
        As it is, or is about to be stored.
    decision
        The curator's, where the caller has it; else it is looked up where a curator decided.
    """
    if question.is_gold:
        return NOTHING
    if question.state == _State.DECIDED:
        return Standing(1, int(question.log_odds > 0))
    if question.state != _State.ADJUDICATED:
        return NOTHING
    if decision is None:
        in_force = question.adjudications.filter(withdrawn_at__isnull=True)
        decision = in_force.values_list("decision", flat=True).first()
    if decision in {_Decision.PRESENT, _Decision.ABSENT}:
        return Standing(1, int(decision == _Decision.PRESENT))
    return NOTHING


def tally(campaign_id: UUID, moved: Iterable[Moved]) -> None:
    """Bring a campaign's tallies up to date; call it in the transaction that stores the questions.

    Call it after every question's row is held and before any workload's is: whoever writes these
    rows takes them in this order, tallies among themselves by class, so that nobody waits for
    somebody who waits for them.
    """
    changes: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for target_id, before, after in moved:
        if target_id is not None and before != after:
            changes[target_id][0] += after.decided - before.decided
            changes[target_id][1] += after.positives - before.positives
    for target_id, (decided, positives) in sorted(changes.items()):
        if not (decided or positives):
            continue
        rows = ClassTally.objects.filter(campaign=campaign_id, target=target_id)
        values = {
            "decided": Greatest(F("decided") + Value(decided), Value(0)),
            "positives": Greatest(F("positives") + Value(positives), Value(0)),
        }
        if rows.update(**values):
            continue
        try:
            with transaction.atomic():
                # The first of its class: all of them are counted, this one among them.
                _create(campaign_id, target_id)
        except IntegrityError:  # somebody else's was the first at the same moment
            rows.update(**values)


def shown_tallies(
    campaign: Campaign, counted: dict[UUID, Standing] | None = None
) -> dict[UUID, Standing]:
    """Return a campaign's tallies as annotators are told them: kept for ten minutes.

    Fresh ones would tell, from whether an answer moved them, that it was no answer to gold.

    Parameters
    ----------
    campaign
        Whose.
    counted
        The tallies as they are, where the caller has read them.

    Returns
    -------
    dict of Standing
        By class; without those of which nothing was counted by then.
    """
    key = f"annotation.tallies:{campaign.pk}"
    shown: dict[UUID, Standing] | None = cache.get(key)
    if shown is None:
        if counted is None:
            rows = ClassTally.objects.filter(campaign=campaign)
            columns = rows.values_list("target", "decided", "positives")
            counted = {target: Standing(decided, found) for target, decided, found in columns}
        shown = counted
        cache.set(key, shown, _SHOWN_SECONDS)
    return shown


def recount(campaign: Campaign) -> None:
    """Count all of a campaign's decided questions anew.

    The tallies are held meanwhile: a question that stops now waits with its own change, which is
    not in our count, and adds it afterwards.
    """
    with transaction.atomic():
        held = ClassTally.objects.select_for_update().filter(campaign=campaign).order_by("target")
        rows = {row.target_id: row for row in held}
        now = timezone.now()
        counts = _counts(Q(campaign=campaign))
        for target_id, row in rows.items():
            row.decided, row.positives = counts.pop(target_id, NOTHING)
            row.counted_at = now
        ClassTally.objects.bulk_update(rows.values(), ["decided", "positives", "counted_at"])
        for target_id in sorted(counts):
            _add(campaign.pk, target_id, counts[target_id], now)


def _create(campaign_id: UUID, target_id: UUID) -> None:
    counts = _counts(Q(campaign=campaign_id, target=target_id))
    decided, positives = counts.get(target_id, NOTHING)
    ClassTally.objects.create(
        campaign_id=campaign_id,
        target_id=target_id,
        decided=decided,
        positives=positives,
        counted_at=timezone.now(),
    )


def _add(campaign_id: UUID, target_id: UUID, counted: Standing, now: datetime) -> None:
    # Where somebody adds the row at this moment, theirs holds what ours does.
    ClassTally.objects.get_or_create(
        campaign_id=campaign_id,
        target_id=target_id,
        defaults={
            "decided": counted.decided,
            "positives": counted.positives,
            "counted_at": now,
        },
    )


def _counts(which: Q) -> dict[UUID, Standing]:
    found: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    asked = Question.objects.not_gold().filter(which, target__isnull=False).order_by()
    by_people = asked.filter(state=_State.DECIDED).values("target")
    for row in by_people.annotate(all=Count("pk"), present=Count("pk", filter=Q(log_odds__gt=0))):
        found[row["target"]][0] += row["all"]
        found[row["target"]][1] += row["present"]
    by_curators = asked.filter(
        state=_State.ADJUDICATED,
        adjudications__withdrawn_at__isnull=True,
        adjudications__decision__in=[_Decision.PRESENT, _Decision.ABSENT],
    ).values("target")
    is_present = Q(adjudications__decision=_Decision.PRESENT)
    for row in by_curators.annotate(all=Count("pk"), present=Count("pk", filter=is_present)):
        found[row["target"]][0] += row["all"]
        found[row["target"]][1] += row["present"]
    return {target: Standing(*counts) for target, counts in found.items()}
