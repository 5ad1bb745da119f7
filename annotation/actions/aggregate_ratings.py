"""Turn a campaign's ratings into a consensus run with frozen input and output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings as site
from django.db import models, transaction
from django.utils import timezone

from annotation.aggregation.codes import NO, UNSURE, YES, FloatArray, IntArray
from annotation.aggregation.collected import Collected, collect
from annotation.aggregation.judging import Judgement, judge
from annotation.aggregation.settings import RunSettings
from annotation.aggregation.tables import (
    labels_table,
    rating_counts,
    ratings_table,
    skills_table,
)
from annotation.aggregation.weights import (
    class_skills,
    log_ratio_weights,
    right_when_definite,
    tempering,
)
from annotation.models import Campaign, ConsensusRun, Question, SkillSnapshot
from annotation.reporting.composing import Composed, compose, summary_of
from annotation.reporting.storing import live_report, store_report
from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role
from consonance.tables.store import FrozenTable, TableStore

#: Called with what is being done, before it is done; may raise to stop.
Tell = Callable[[int, str], None]
STEPS: Final = 5
_BATCH: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Aggregated:
    """A run, and whether it is new: the same ratings and settings make no second one."""

    run: ConsensusRun
    is_new: bool


def aggregate_ratings(
    *,
    campaign: Campaign,
    settings: RunSettings,
    cutoff: datetime | None = None,
    actor: Any = None,
    tell: Tell = lambda step, message: None,
) -> Aggregated:
    """Aggregate a campaign's ratings into labels and skills, with a report of their consistency.

    Ratings of people who are excluded from the campaign's consensus are left out; nothing is
    deleted, and once the measure is lifted the next run has them again. Everything is stored in
    one transaction: stopped at any moment there is a whole run or none.

    Parameters
    ----------
    campaign
        Whose ratings.
    settings
        Method and thresholds; stored with the run and with its tables.
    cutoff
        As of when ratings, undos and corrections count; now by default. Gold and exclusions count
        as they are now.
    actor
        An admin; None for the command line and for jobs that were allowed when they were queued.
    tell
        Is told each step.

    Raises
    ------
    NotAllowedError
        If the actor is no admin here.
    ParameterError
        If the cut-off lies in the future.
    StateError
        If there are no ratings, or none by people who count.
    """
    if actor is not None:
        require(actor, Role.ADMIN, *campaign.places)
    if cutoff is not None and cutoff > timezone.now():
        raise ParameterError(f"The cut-off {cutoff.isoformat()} has not come yet.")
    tell(0, "Reading ratings")
    collected = collect(campaign, cutoff=cutoff)
    _check(campaign, collected)
    tell(1, "Weighing people and answers")
    judgement = judge(collected, settings)
    tell(2, "Judging classes and people")
    composed = compose(
        campaign,
        collected,
        judgement,
        settings,
        check=lambda: tell(2, "Judging classes and people"),
    )
    tell(3, "Freezing tables")
    parameters = {
        **settings.as_dict(),
        "engine": judgement.crowd.parameters(),
        "code": site.VERSION,
    }
    tables = _freeze(campaign, collected, judgement, parameters)
    summary = summary_of(collected, judgement, settings)
    calibration = _calibration(collected, judgement, composed)
    tell(4, "Storing the run and its report")
    with transaction.atomic():
        # The campaign's row is the lock that keeps two runs from taking one number.
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        rows = {
            name: FrozenTableRow.keep(table, campaign.collection) for name, table in tables.items()
        }
        last = campaign.runs.order_by("-number").first()
        if last is not None and _is_same(last, parameters, rows, collected):
            transaction.set_rollback(True)  # no row for a table that no run has
            return Aggregated(run=last, is_new=False)
        run = ConsensusRun.objects.create(
            campaign=campaign,
            number=1 + (campaign.runs.aggregate(last=models.Max("number"))["last"] or 0),
            method=settings.method,
            parameters=parameters,
            cutoff=collected.cutoff,
            uses_prior=judgement.uses_prior,
            exclusions=[exclusion.as_dict() for exclusion in collected.exclusions],
            calibration=calibration,
            summary=summary,
            created_by=actor,
            **rows,
        )
        if judgement.crowd.shortage_ is None:
            _keep_skills(run, collected, judgement, settings)
        _store_reports(run, collected, composed)
        record(
            "aggregate_ratings",
            target=run,
            actor=actor,
            ratings=rows["ratings"].sha256,
            excluded=len(collected.exclusions),
        )
    tell(STEPS, "Done")
    return Aggregated(run=run, is_new=True)


def _check(campaign: Campaign, collected: Collected) -> None:
    if collected.n_tasks:
        return
    if collected.excluded:
        raise StateError(
            f"Everybody who rated in {campaign.name} is left out of consensus, so there is nothing"
            " to aggregate. Lift an exclusion, or wait for other people's ratings."
        )
    raise StateError(f"{campaign.name} has no ratings yet, so there is nothing to aggregate.")


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
    excluded = [exclusion.pseudonym for exclusion in collected.exclusions]
    ratings = store.freeze(
        ratings_table(collected),
        "ratings",
        {
            **where,
            "gold": "retired only",
            "raters": "HMAC-SHA256 pseudonyms",
            "simulated_raters": simulated,
            "excluded_raters": excluded,
        },
    )
    made = {
        **where,
        "method": parameters["method"],
        "parameters": parameters,
        "ratings": ratings.sha256,
        "uses_detector": judgement.uses_prior,
    }
    skills = store.freeze(skills_table(collected, judgement), "skills", made)
    labels = store.freeze(
        labels_table(collected, judgement), "labels", {**made, "skills": skills.sha256}
    )
    return {"ratings": ratings, "labels": labels, "skills": skills}


def _is_same(
    last: ConsensusRun,
    parameters: dict[str, Any],
    rows: dict[str, FrozenTableRow],
    collected: Collected,
) -> bool:
    # Who is excluded stands in the facts of the ratings table, and so in its hash; the cut-off
    # does not: the same ratings later are the same ratings.
    inputs = ("ratings", "skills")
    if last.parameters != parameters or any(
        getattr(last, f"{name}_id") != rows[name].pk for name in inputs
    ):
        return False
    then, now = (_told(row.open().read()) for row in (last.labels, rows["labels"]))
    return bool(then.equals(now))


def _told(labels: pa.Table) -> pa.Table:
    """Return the labels without what a refit may move: which rule of asking stopped a question.

    That a curator decided it is another matter, and stays.
    """
    decided = pc.equal(labels["stop_reason"], Question.StopReason.CURATOR.value)
    return labels.set_column(labels.column_names.index("stop_reason"), "by_curator", decided)


def _calibration(collected: Collected, judgement: Judgement, composed: Composed) -> dict[str, Any]:
    section = composed.data["calibration"]
    return {
        "temperature": round(tempering(collected, judgement), 6),
        "gold_temperature": section["temperature"],
        "correlation": round(float(judgement.crowd.correlation_), 6),
        "gold": section["gold"],
        "gold_contradicting": section["gold_contradicting"],
        "before": section["before"],
        "after": section["after"],
        "note": section["note"],
    }


def _store_reports(run: ConsensusRun, collected: Collected, composed: Composed) -> None:
    cutoff, table = collected.cutoff, run.ratings.sha256
    store_report(composed, campaign=run.campaign, run=run, cutoff=cutoff, table=table)
    live = live_report(run.campaign)
    if live is not None and live.cutoff <= cutoff:
        store_report(composed, campaign=run.campaign, run=None, cutoff=cutoff)


def _keep_skills(
    run: ConsensusRun, collected: Collected, judgement: Judgement, settings: RunSettings
) -> None:
    number, _ = rating_counts(collected)
    everybody = np.arange(len(collected.raters))
    rows = _snapshots(
        run, collected, everybody, None, number, judgement.crowd.trust_, judgement.confusion
    )
    raters, targets, support, confusion = class_skills(collected, judgement, settings)
    rows += _snapshots(
        run, collected, raters, targets, support, right_when_definite(confusion), confusion
    )
    SkillSnapshot.objects.bulk_create(rows, batch_size=_BATCH)


def _snapshots(
    run: ConsensusRun,
    collected: Collected,
    raters: IntArray,
    targets: IntArray | None,
    support: IntArray,
    trust: FloatArray,
    confusion: FloatArray,
) -> list[SkillSnapshot]:
    weights = log_ratio_weights(confusion)
    return [
        SkillSnapshot(
            run=run,
            person_id=collected.raters[rater].person_id,
            target_id=None if targets is None else collected.targets[targets[row]].pk,
            support=int(support[row]),
            trust=float(trust[row]),
            weight_no=float(weights[row, NO]),
            weight_yes=float(weights[row, YES]),
            weight_unsure=float(weights[row, UNSURE]),
        )
        for row, rater in enumerate(raters.tolist())
    ]
