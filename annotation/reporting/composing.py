"""Put a report together from its sections."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.conf import settings as site

from annotation.aggregation.codes import N_TRUTHS, YES
from annotation.aggregation.collected import Collected
from annotation.aggregation.judging import UNDECIDED, Judgement
from annotation.aggregation.settings import RunSettings
from annotation.agreement import FlagRules, krippendorff_alpha
from annotation.models import Campaign
from annotation.reporting.calibration import calibration_section
from annotation.reporting.campaign import campaign_section
from annotation.reporting.classes import class_rows
from annotation.reporting.clips import clip_rows
from annotation.reporting.observed import Observed
from annotation.reporting.pairs import cluster_rows, pair_rows
from annotation.reporting.people import PersonRow, person_rows
from annotation.reporting.shape import REPORT_VERSION, Basis, Counts, Estimate, ReportData
from annotation.reporting.values import coefficient, decisions, histogram, number

#: Called before each section; may raise to stop.
Check = Callable[[], None]

#: Apart from the streams of the classes, which are numbered from 0.
_ALL_CLASSES: Final = 2**31


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A report, not yet stored."""

    data: ReportData
    people: list[PersonRow]


def compose(
    campaign: Campaign,
    collected: Collected,
    judgement: Judgement,
    settings: RunSettings,
    *,
    check: Check = lambda: None,
) -> Composed:
    """Return the consistency report of what was collected and made of it.

    Parameters
    ----------
    campaign, collected, judgement, settings
        What was asked, answered, and made of it.
    check
        Called between sections.
    """
    begun = time.perf_counter()
    seen = Observed(campaign=campaign, collected=collected, judgement=judgement, settings=settings)
    rules = FlagRules()
    crowd = judgement.crowd
    check()
    people = person_rows(seen, rules)
    check()
    classes = class_rows(seen)
    check()
    data: ReportData = {
        "version": REPORT_VERSION,
        "basis": _basis(seen),
        "counts": counts_of(collected, judgement),
        "shortage": str(crowd.shortage_ or ""),
        "iterations": crowd.n_iter_,
        "converged": bool(crowd.converged_),
        "log_likelihood": number(crowd.log_likelihood_),
        "methods_agree": _methods_agree(judgement),
        "alpha": alpha_of(collected, settings),
        "posteriors": histogram(judgement.posterior),
        "trusts": histogram(crowd.trust_),
        "calibration": calibration_section(seen),
        "classes": classes,
        "campaign": campaign_section(seen),
        "pairs": pair_rows(seen),
        "clusters": cluster_rows(seen),
        "clips": clip_rows(seen),
        "flag_rules": rules.as_dict(),
    }
    data["basis"]["seconds"] = round(time.perf_counter() - begun, 3)
    return Composed(data=data, people=people)


def counts_of(collected: Collected, judgement: Judgement) -> Counts:
    """Return a report's totals."""
    simulated = np.array([rater.is_simulated for rater in collected.raters], dtype=bool)
    return {
        "ratings": len(collected.answers),
        "ratings_simulated": int(simulated[collected.answers.rater].sum()),
        "raters": len(collected.raters),
        "raters_simulated": int(simulated.sum()),
        "excluded_raters": len(collected.excluded),
        "excluded_ratings": len(collected.left_out),
        "questions": int((~collected.questions.is_gold).sum()),
        "labels": decisions(judgement.decision),
    }


def alpha_of(collected: Collected, settings: RunSettings) -> Estimate:
    """Return Krippendorff's alpha of all classes together.

    "Unsure" is a missing answer here: people who say so do not contradict anybody.
    """
    return coefficient(
        krippendorff_alpha(
            collected.counts[:, :N_TRUTHS],
            n_bootstrap=settings.alpha_samples,
            seed=np.random.default_rng([settings.seed, _ALL_CLASSES]),
        )
    )


def summary_of(collected: Collected, judgement: Judgement, settings: RunSettings) -> dict[str, Any]:
    """Return what is told of a run in lists of runs: `ConsensusRun.summary`."""
    crowd = judgement.crowd
    return {
        **counts_of(collected, judgement),
        "gold": int((collected.gold >= 0).sum()),
        "gold_contradicting": collected.questions.contradicting,
        "alpha": alpha_of(collected, settings),
        "consensus": {
            "iterations": crowd.n_iter_,
            "converged": bool(crowd.converged_),
            "log_likelihood": number(crowd.log_likelihood_),
            "correlation": number(crowd.correlation_),
            "shortage": str(crowd.shortage_ or ""),
        },
    }


def _basis(seen: Observed) -> Basis:
    return {
        "method": seen.settings.method,
        "present_from": seen.settings.present_from,
        "absent_to": seen.settings.absent_to,
        "cutoff": seen.collected.cutoff.isoformat(),
        "code": site.VERSION,
        "ratings_table": "",
        "seconds": 0.0,
    }


def _methods_agree(judgement: Judgement) -> float | None:
    # Of labels that both decide; a tie or silence of the majority decides nothing.
    decided = (judgement.decision != UNDECIDED) & np.isfinite(judgement.majority)
    decided &= judgement.majority != 0.5
    if not decided.any():
        return None
    same = (judgement.crowd.posterior_[:, YES] > 0.5) == (judgement.majority > 0.5)
    return number(float(same[decided].mean()))
