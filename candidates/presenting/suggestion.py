"""A suggested round as its page shows it: per class its questions, strata and expectations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from candidates.forms.suggestion import OWN, design_of
from candidates.learning.suggestions import Suggestion
from candidates.loop.suggestion import NAMES
from candidates.presenting.preview import about
from candidates.sampling.strata import apportioned

_TICKS: Final = (0, 25, 50, 75, 100)
_DESIGNS: Final = {
    "balanced": "balanced",
    "tails": "tails first",
    "uncertainty": "uncertainty first",
    "coverage": "coverage first",
    OWN: "shares of your own",
}
#: What a class's questions are drawn from, in the order of `NAMES`.
STRATUM_WORDS: Final = {
    "low": "Unlikely",
    "uncertain": "Uncertain",
    "high": "Likely",
    "any": "From everywhere",
}


def suggestion_context(suggestion: Suggestion, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what `candidates/suggest.html` shows of a suggestion.

    Parameters
    ----------
    suggestion
        The newest.
    labels
        Class name → what people call it, in the order of the taxonomy.
    """
    result = suggestion.result
    by_name = {row["name"]: row for row in result["classes"]}
    order = [name for name in labels if name in by_name]
    order += sorted(set(by_name) - set(order))
    rows = [_row(by_name[name], labels.get(name, name), result["archive"]) for name in order]
    expected = [row for row in rows if row["expected"] is not None]
    return {
        "rows": rows,
        "met": [label for name, label in labels.items() if name not in by_name],
        "plot": _plot(expected),
        "asked": sum(row["questions"] for row in rows),
        "positives": sum(row["expected"]["positives"] for row in expected),
        "n_expected": sum(row["questions"] for row in expected),
        "strata": [STRATUM_WORDS[name] for name in NAMES],
        "design": _DESIGNS[design_of(suggestion.aim)],
        "aim": suggestion.aim,
    }


def _row(one: Mapping[str, Any], label: str, archive: Mapping[str, Any]) -> dict[str, Any]:
    shares = [share for _, _, _, share in one["strata"]]
    parts = apportioned(one["questions"], shares).tolist() if one["questions"] else [0] * 4
    needed, total = one["needed"], archive.get(one["name"])
    return {
        "label": label[:1].upper() + label[1:],
        "name": one["name"],
        "questions": one["questions"],
        "parts": [
            {"label": STRATUM_WORDS[name], "count": count, "range": _range(low, high)}
            for (name, low, high, _), count in zip(one["strata"], parts, strict=True)
        ],
        "expected": one["expected"],
        "is_borrowed": one["expected"] is not None and one["expected"]["basis"] != "labels",
        "needed": None
        if needed is None
        else {
            "text": about(needed["questions"]),
            "interval": f"{about(needed['low'])} to {about(needed['high'])}",
            "is_enough": needed["is_enough"],
            "for_what": needed["for_what"],
        },
        "archive": total
        and {
            "positives": f"{total['positives']:,}",
            "interval": f"{total['low']:,} to {total['high']:,}",
            "covered": f"{100 * total['covered']:.0f} %",
        },
    }


def _range(low: float, high: float) -> str:
    if (low, high) == (0.0, 1.0):
        return "all its scores"
    return f"{100 * low:g} to {100 * high:g} % of its scores"


def _plot(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return positives per hundred questions, class by class: what classes can be compared by."""
    shown = [row for row in rows if row["questions"]]
    if not shown:
        return None
    return {
        "title": "Positives expected per hundred questions",
        "description": "Of each class, the share of its questions that should be answered with "
        "present, with a 95 % interval.",
        "rows": [_forest_row(row) for row in shown],
        "ticks": [{"at": tick, "label": tick} for tick in _TICKS],
        "axis": "per hundred",
        "number_label": "Of questions",
        "note": "Intervals hold the curve’s uncertainty and chance. Hollow: the class has no "
        "labels of its own and follows what other classes have taught, or the detector’s word.",
    }


def _forest_row(row: Mapping[str, Any]) -> dict[str, Any]:
    expected, questions = row["expected"], row["questions"]
    share, low, high = (
        min(100.0, 100 * expected[name] / questions) for name in ("positives", "low", "high")
    )
    return {
        "label": row["label"],
        "x": f"{share:.2f}",
        "low": f"{low:.2f}",
        "high": f"{high:.2f}",
        "text": f"{share:.0f}",
        "interval": f"{low:.0f} to {high:.0f}",
        "number": f"{expected['positives']:,.0f} of {questions:,}",
        "is_weak": row["is_borrowed"],
    }
