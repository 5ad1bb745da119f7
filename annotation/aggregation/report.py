"""The consistency report of a run: computed once, stored as JSON, shown by pages as it is."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, Final

import numpy as np

from annotation.aggregation.collected import N_TRUTHS, NO, UNSURE, YES, Collected
from annotation.aggregation.judging import (
    ABSENT,
    PRESENT,
    UNDECIDED,
    Judgement,
    rating_counts,
)
from annotation.aggregation.settings import RunSettings
from annotation.agreement import (
    Coefficient,
    Interval,
    NotEnoughData,
    agreement_with_rest,
    krippendorff_alpha,
    raw_agreement,
)
from annotation.models import Campaign, Question
from consonance.catalog.models import TaxonomyClass

#: Raised when a page could no longer read what is stored.
REPORT_VERSION: Final = 1
_BINS: Final = 20
_DIGITS: Final = 6


def write_report(
    campaign: Campaign, collected: Collected, judgement: Judgement, settings: RunSettings
) -> dict[str, Any]:
    """Return everything the consistency page shows of a run, as JSON values."""
    fitted = judgement.fitted
    simulated = np.array([rater.is_simulated for rater in collected.raters], dtype=bool)
    return {
        "version": REPORT_VERSION,
        "ratings": len(collected.answer),
        "ratings_simulated": int(simulated[collected.rater].sum()),
        "raters": len(collected.raters),
        "raters_simulated": int(simulated.sum()),
        "labels": _decisions(judgement.decision),
        "alpha": _coefficient(_alpha(collected.counts(), settings, 0)),
        "posteriors": np.histogram(judgement.posterior, bins=_BINS, range=(0, 1))[0].tolist(),
        "methods_agree": _methods_agree(judgement),
        "consensus": {
            "iterations": fitted.n_iter_,
            "converged": fitted.converged_,
            "log_likelihood": _number(fitted.log_likelihood_),
            "shortage": str(fitted.shortage_ or ""),
        },
        "classes": _classes(campaign, collected, judgement, settings),
        "people": _people(collected, judgement),
    }


def _classes(
    campaign: Campaign, collected: Collected, judgement: Judgement, settings: RunSettings
) -> list[dict[str, Any]]:
    asked: dict[Any, Counter[str]] = {}
    states = Question.objects.of(campaign).values_list("target_id", "state")
    for target_id, state in states.iterator():
        asked.setdefault(target_id, Counter())[state] += 1
    targets = TaxonomyClass.objects.in_bulk(asked)
    context = {target.pk: index for index, target in enumerate(collected.targets)}
    counts = collected.counts()
    rows = []
    for target in sorted(targets.values(), key=lambda target: (target.position, target.name)):
        here = np.flatnonzero(collected.context == context.get(target.pk, -1))
        mine = counts[here]
        given = mine.sum(axis=0)
        rows.append(
            {
                "name": target.name,
                "display_name": target.display_name,
                "questions": asked[target.pk].total(),
                **{state: asked[target.pk][state] for state in Question.State.values},
                "rated": len(here),
                "ratings": int(given.sum()),
                "yes": int(given[YES]),
                "no": int(given[NO]),
                "unsure": int(given[UNSURE]),
                "labels": _decisions(judgement.decision[here]),
                "alpha": _coefficient(_alpha(mine, settings, 1 + target.position)),
                "agreement": _coefficient(raw_agreement(mine[:, :N_TRUTHS])),
            }
        )
    return rows


def _alpha(counts: Any, settings: RunSettings, stream: int) -> Coefficient | NotEnoughData:
    # "Unsure" is a missing answer here: people who say so do not contradict anybody.
    return krippendorff_alpha(
        counts[:, :N_TRUTHS],
        n_bootstrap=settings.alpha_samples,
        seed=np.random.default_rng([settings.seed, stream]),
    )


def _people(collected: Collected, judgement: Judgement) -> list[dict[str, Any]]:
    number, unsure = rating_counts(collected)
    rest = agreement_with_rest(
        judgement.fitted, collected.task, collected.rater, collected.answer, n_truths=N_TRUTHS
    )
    medians = _median_response(collected)
    rows = []
    for index, rater in enumerate(collected.raters):
        confusion = judgement.confusion[index]
        rows.append(
            {
                "person": str(rater.person_id),
                "rater": rater.pseudonym,
                "is_simulated": rater.is_simulated,
                "ratings": int(number[index]),
                "trust": _number(judgement.fitted.trust_[index]),
                "sensitivity": _number(confusion[YES, YES]),
                "specificity": _number(confusion[NO, NO]),
                "unsure": int(unsure[index]),
                "unsure_share": _number(unsure[index] / number[index]),
                "agreement": _interval(rest.of(index)),
                "median_response_ms": medians[index],
            }
        )
    return sorted(rows, key=lambda row: (-row["ratings"], row["rater"]))


def _median_response(collected: Collected) -> list[int | None]:
    measured = np.isfinite(collected.response_ms)
    people, times = collected.rater[measured], collected.response_ms[measured]
    order = np.argsort(people, kind="stable")
    ends = np.searchsorted(people[order], np.arange(len(collected.raters) + 1))
    return [
        round(float(np.median(times[order][start:end]))) if end > start else None
        for start, end in pairwise(ends)
    ]


def _methods_agree(judgement: Judgement) -> float | None:
    # Of labels that both decide; a tie or silence of the majority decides nothing.
    decided = (judgement.decision != UNDECIDED) & np.isfinite(judgement.majority)
    decided &= judgement.majority != 0.5
    if not decided.any():
        return None
    same = (judgement.fitted.posterior_[:, YES] > 0.5) == (judgement.majority > 0.5)
    return _number(same[decided].mean())


def _decisions(decision: Any) -> dict[str, int]:
    return {
        "present": int((decision == PRESENT).sum()),
        "absent": int((decision == ABSENT).sum()),
        "undecided": int((decision == UNDECIDED).sum()),
    }


def _coefficient(found: Coefficient | NotEnoughData) -> dict[str, Any]:
    if isinstance(found, NotEnoughData):
        return {"value": None, "low": None, "high": None, "note": str(found)}
    return {
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
        "note": f"{found.n_tasks} clips with two answers or more",
    }


def _interval(found: Interval | NotEnoughData) -> dict[str, Any]:
    if isinstance(found, NotEnoughData):
        return {"value": None, "low": None, "high": None, "number": 0}
    return {
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
        "number": found.number,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)
