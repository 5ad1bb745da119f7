"""Turn a campaign's ratings into a consensus run with frozen input and output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.db import models, transaction

from annotation.aggregation.collected import NO, UNSURE, YES, Collected, collect
from annotation.aggregation.judging import (
    Judgement,
    class_confusion,
    judge,
    labels_table,
    log_ratio_weights,
    rating_counts,
    skills_table,
)
from annotation.aggregation.report import write_report
from annotation.aggregation.settings import RunSettings
from annotation.models import Campaign, ConsensusRun, SkillSnapshot
from consonance.catalog.models import FrozenTableRow
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role
from consonance.tables.store import FrozenTable, TableStore

#: Called with what is being done, before it is done.
Tell = Callable[[int, str], None]
STEPS = 4
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Aggregated:
    """A run, and whether it is new: the same ratings and settings make no second one."""

    run: ConsensusRun
    is_new: bool


def aggregate_ratings(
    *,
    campaign: Campaign,
    settings: RunSettings,
    actor: Any = None,
    tell: Tell = lambda step, message: None,
) -> Aggregated:
    """Aggregate a campaign's ratings into labels and skills.

    Parameters
    ----------
    campaign
        Whose ratings.
    settings
        Method and thresholds; stored with the run and with its tables.
    actor
        An admin; None for the command line and for jobs that were allowed when they were queued.
    tell
        Is told each step.

    Raises
    ------
    NotAllowedError
        If the actor is no admin here.
    StateError
        If there are no ratings.
    """
    if actor is not None:
        require(actor, Role.ADMIN, *campaign.places)
    tell(0, "Reading ratings")
    collected = collect(campaign)
    if not collected.tasks:
        raise StateError(f"{campaign.name} has no ratings yet, so there is nothing to aggregate.")
    tell(1, "Weighing people and answers")
    judgement = judge(collected, settings)
    tell(2, "Writing the report")
    report = write_report(campaign, collected, judgement, settings)
    tell(3, "Freezing tables")
    parameters = {**settings.as_dict(), "code": site.VERSION}
    tables = _freeze(campaign, collected, judgement, parameters)
    with transaction.atomic():
        # The campaign's row is the lock that keeps two runs from taking one number.
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        rows = {
            name: FrozenTableRow.keep(table, campaign.collection) for name, table in tables.items()
        }
        last = campaign.runs.order_by("-number").first()
        if last is not None and _is_same(last, settings.method, parameters, rows):
            return Aggregated(run=last, is_new=False)
        run = ConsensusRun.objects.create(
            campaign=campaign,
            number=1 + (campaign.runs.aggregate(last=models.Max("number"))["last"] or 0),
            method=settings.method,
            parameters=parameters,
            report=report,
            created_by=actor,
            **rows,
        )
        if judgement.fitted.shortage_ is None:
            _keep_skills(run, collected, judgement, settings)
        record("aggregate_ratings", target=run, actor=actor, ratings=rows["ratings"].sha256)
    tell(STEPS, "Done")
    return Aggregated(run=run, is_new=True)


def _freeze(
    campaign: Campaign, collected: Collected, judgement: Judgement, parameters: dict[str, Any]
) -> dict[str, FrozenTable]:
    store = TableStore(Path(site.TABLES_ROOT))
    # What a reader of the labels must know stands in the table itself: rooms above read no rows of
    # ours. A simulation's basis is part of the campaign's provenance.
    where = {
        "campaign": {"id": str(campaign.pk), "name": campaign.name, **campaign.provenance},
        "collection": campaign.collection.slug,
    }
    simulated = sum(rater.is_simulated for rater in collected.raters)
    ratings = store.freeze(
        collected.table,
        "ratings",
        {**where, "raters": "HMAC-SHA256 pseudonyms", "simulated_raters": simulated},
    )
    made = {
        **where,
        "method": parameters["method"],
        "parameters": parameters,
        "ratings": ratings.sha256,
    }
    skills = store.freeze(skills_table(collected, judgement), "skills", made)
    labels = store.freeze(
        labels_table(collected, judgement), "labels", {**made, "skills": skills.sha256}
    )
    return {"ratings": ratings, "labels": labels, "skills": skills}


def _is_same(
    last: ConsensusRun, method: str, parameters: dict[str, Any], rows: dict[str, FrozenTableRow]
) -> bool:
    return (
        last.method == method
        and last.parameters == parameters
        and all(getattr(last, f"{name}_id") == row.pk for name, row in rows.items())
    )


def _keep_skills(
    run: ConsensusRun, collected: Collected, judgement: Judgement, settings: RunSettings
) -> None:
    number, _ = rating_counts(collected)
    trust = judgement.fitted.trust_
    overall = log_ratio_weights(judgement.confusion)
    rows = [
        _snapshot(run, rater.person_id, None, number[index], trust[index], overall[index])
        for index, rater in enumerate(collected.raters)
    ]
    people, targets, support, confusion = class_confusion(collected, judgement, settings)
    weights = log_ratio_weights(confusion)
    # Right when not unsure, averaged over the truths, as Dawid-Skene's own trust is.
    definite = confusion[:, :, :UNSURE].sum(axis=2)
    right = (confusion[:, NO, NO] / definite[:, NO] + confusion[:, YES, YES] / definite[:, YES]) / 2
    rows += [
        _snapshot(
            run,
            collected.raters[person].person_id,
            collected.targets[target].pk,
            support[index],
            right[index],
            weights[index],
        )
        for index, (person, target) in enumerate(zip(people, targets, strict=True))
    ]
    SkillSnapshot.objects.bulk_create(rows, batch_size=_BATCH)


def _snapshot(
    run: ConsensusRun, person: Any, target: Any, support: Any, trust: Any, weights: Any
) -> SkillSnapshot:
    return SkillSnapshot(
        run=run,
        person_id=person,
        target_id=target,
        support=int(support),
        trust=float(trust),
        weight_no=float(weights[NO]),
        weight_yes=float(weights[YES]),
        weight_unsure=float(weights[UNSURE]),
    )
