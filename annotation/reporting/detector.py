"""The part of a report that judges the detector by the crowd's labels."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotation.aggregation.judging import PRESENT, UNDECIDED
from annotation.aggregation.questions import TAILS
from annotation.agreement import Auc, DetectorReport, detector_report
from annotation.reporting.observed import Observed
from annotation.reporting.shape import DetectorBin, DetectorSection, Estimate
from annotation.reporting.values import ShareRows, nothing, number

_BINS: Final = 10


def detector_sections(seen: Observed) -> list[DetectorSection]:
    """Return, for every class, how often the detector's high scores are really there."""
    collected = seen.collected
    said = np.isfinite(collected.likelihood)
    decision = seen.judgement.decision[said]
    truth = np.where(decision == UNDECIDED, -1, decision == PRESENT).astype(np.int64)
    tail = collected.questions.tail[collected.questions_of_tasks][said]
    found = detector_report(
        collected.likelihood[said],
        truth,
        context=collected.context[said],
        n_classes=seen.n_classes,
        n_bins=_BINS,
        tail=tail,
        n_tails=len(TAILS),
    )
    drawn = [name for index, name in enumerate(TAILS) if (tail == index).any()]
    bins = ShareRows(found.bins, "decided labels")
    tails = ShareRows(found.tails, "decided labels")
    return [_section(found, index, bins, tails, drawn) for index in range(seen.n_classes)]


def _section(
    found: DetectorReport, index: int, bins: ShareRows, tails: ShareRows, drawn: list[str]
) -> DetectorSection:
    edges = [round(float(edge), 6) for edge in found.edges]
    asked = int(found.n_decided[index] + found.n_undecided[index])
    note = f"{asked:,} rated questions have a detector's likelihood"
    if not asked:
        note = "no rated question was drawn by a detector's likelihood"
    return {
        "auc": _area(found, index),
        "bins": [
            _bin(
                f"{edges[place]:g}–{edges[place + 1]:g}", edges[place], edges[place + 1], precision
            )
            for place, precision in enumerate(bins.of(index, place) for place in range(_BINS))
        ],
        "tails": [_bin(name, None, None, tails.of(index, TAILS.index(name))) for name in drawn],
        "note": note,
    }


def _bin(name: str, low: float | None, high: float | None, precision: Estimate) -> DetectorBin:
    return {"name": name, "low": low, "high": high, "precision": precision}


def _area(found: DetectorReport, index: int) -> Estimate:
    area = found.auc[index]
    if not isinstance(area, Auc):
        return nothing(area)
    return {
        "value": number(area.value),
        "low": number(area.low),
        "high": number(area.high),
        "number": area.n_present + area.n_absent,
        "note": f"{area.n_present:,} present and {area.n_absent:,} absent labels",
    }
