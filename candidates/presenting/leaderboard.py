"""A search's stored numbers as its pages show them: rows, sentences, sorting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from candidates.models import DetectorSearch, DetectorTrial
from candidates.search.space import SETTINGS
from candidates.search.words import value_words

#: The default configuration's number (candidates.search.schedule, which imports more).
DEFAULT: Final = 0


@dataclass(frozen=True, kw_only=True)
class Row:
    """A configuration on the leaderboard.

    Attributes
    ----------
    rank
        Among those that got as far as it did, and after those that got further.
    number, name, url
        Which configuration.
    settings
        What differs from the default: [(label, value)].
    rung, passes
        How far it got.
    value, low, high
        Mean average precision there, over its seeds, with its interval; None while not known.
    auc
        Mean AUC over its seeds.
    seeds
        How many trainings are done.
    seconds
        Of all its trainings.
    state
        In a word, and its colour.
    """

    rank: int
    number: int
    name: str
    url: str
    settings: Sequence[tuple[str, str]]
    rung: int
    passes: int
    value: float | None
    low: float | None
    high: float | None
    auc: float | None
    seeds: int
    seconds: float
    state: str
    kind: str
    error: str


SORTS: Final[dict[str, tuple[str, bool, Callable[[Row], Any]]]] = {
    "rank": ("Rank", False, lambda row: row.rank),
    "configuration": ("Configuration", False, lambda row: row.number),
    "ap": ("Mean AP", True, lambda row: row.value),
    "auc": ("Mean AUC", True, lambda row: row.auc),
    "passes": ("Passes", True, lambda row: row.passes),
    "seconds": ("Seconds", True, lambda row: row.seconds),
}


def rows_of(search: DetectorSearch, trials: Sequence[DetectorTrial]) -> list[Row]:
    """Return the configurations, best first: who got further stands above who was better early."""
    found: dict[int, list[DetectorTrial]] = {}
    for trial in trials:
        found.setdefault(trial.number, []).append(trial)
    rows = [_row(search, number, of) for number, of in sorted(found.items())]
    rows.sort(key=lambda row: (-row.rung, row.value is None, -(row.value or 0.0), row.number))
    return [_ranked(row, place) for place, row in enumerate(rows, start=1)]


def sorted_by(rows: Sequence[Row], sort: str) -> list[Row]:
    """Return rows by a column of `SORTS`, `-` before it for the other way round."""
    name, turned = _asked(sort)
    _, large_first, value = SORTS[name]
    known = [row for row in rows if value(row) is not None]
    known.sort(key=value, reverse=large_first != turned)
    return known + [row for row in rows if value(row) is None]


def sort_links(sort: str, *, query: str = "") -> dict[str, dict[str, str]]:
    """Return for each column what `components/sort_header.html` takes."""
    current, turned = _asked(sort)
    links = {}
    for name, (label, large_first, _) in SORTS.items():
        order = ""
        if name == current:
            order = "descending" if large_first != turned else "ascending"
        again = "-" if name == current and not turned else ""
        kept = {"q": query} if query else {}
        links[name] = {
            "label": label,
            "url": f"?{urlencode({**kept, 'sort': again + name})}",
            "order": order,
        }
    return links


def list_sorts(sort: str, *, query: str, time: str) -> dict[str, dict[str, str]]:
    """Return the columns that lists of searches and versions can be sorted by: name and time."""
    kept = {"q": query} if query else {}
    order = {"name": "ascending", "-name": "descending", "oldest": "ascending"}
    by_name = "-name" if sort == "name" else "name"
    by_time = "newest" if sort in ("oldest", "name", "-name") else "oldest"
    return {
        "name": {
            "label": "Name",
            "url": f"?{urlencode({**kept, 'sort': by_name})}",
            "order": order.get(sort, "") if sort.endswith("name") else "",
        },
        "newest": {
            "label": time,
            "url": f"?{urlencode({**kept, 'sort': by_time})}",
            "order": "" if sort.endswith("name") else order.get(sort, "descending"),
        },
    }


def verdict_words(search: DetectorSearch) -> dict[str, str] | None:
    """Return whether the winner beats the default, as an alert: kind, title, text."""
    found = search.verdict
    if not found:
        return None
    on_held_out = found["judged_on"] == "held_out"
    judged = found[found["judged_on"]]
    where = (
        f"on {judged['excerpts']:,} excerpts of {judged['groups']:,} groups that nothing was "
        "chosen by"
        if on_held_out
        else "on the excerpts it was chosen by, which flatters it: nothing could be held out"
    )
    name = configuration_name(found["winner"])
    if found["winner"] == DEFAULT:
        return {
            "kind": "info",
            "title": "The default stays the best",
            "text": f"None of the others reached more. It has a mean average precision of "
            f"{shown(judged['winner'])} {where}.",
        }
    apart = judged["difference"]
    if apart is None:
        return {
            "kind": "warn",
            "title": f"{name} is the best",
            "text": "The default could not be trained, so there is nothing to compare it with.",
        }
    words = f"Mean average precision {signed(apart)} {where} (95 % interval, paired)."
    if found["beats"] is None:
        return {
            "kind": "warn",
            "title": f"{name} is the best so far",
            "text": f"{words} So few groups cannot tell whether it beats the default.",
        }
    if found["beats"]:
        return {"kind": "good", "title": f"{name} beats the default", "text": words}
    return {
        "kind": "warn",
        "title": f"{name} does not clearly beat the default",
        "text": f"{words} The interval does not lie above zero: the difference may be chance.",
    }


def comparison(search: DetectorSearch) -> list[dict[str, Any]]:
    """Return the verdict's estimates, a row a subject, for both parts."""
    names = (
        ("winner", configuration_name(search.winner or 0)),
        ("default", "The default"),
        ("difference", "Difference, paired"),
        ("as_it_is", f"{search.score_set.detector.name} as it is, without a head"),
    )
    return [
        {
            "label": label,
            "parts": [
                estimate_cell((search.verdict.get(part) or {}).get(key), sign=key == "difference")
                for part in ("held_out", "validation")
            ],
        }
        for key, label in names
        if any((search.verdict.get(part) or {}).get(key) for part in ("held_out", "validation"))
        and not (key == "default" and search.winner == DEFAULT)
    ]


def classes_of(trials: Sequence[DetectorTrial], counted: Sequence[str]) -> list[dict[str, Any]]:
    """Return each class's figures, as means over a configuration's trainings."""
    done = [trial.metrics["classes"] for trial in trials if trial.metrics]
    if not done:
        return []
    return [
        {
            "name": name,
            "positives": done[0][name]["positives"],
            "negatives": done[0][name]["negatives"],
            "ap": _mean([entry[name]["ap"] for entry in done]),
            "auc": _mean([entry[name]["auc"] for entry in done]),
            "is_counted": name in counted,
        }
        for name in done[0]
    ]


def settings_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return settings by their labels, in the order of the allow-list."""
    return [
        (setting.label, value_words(parameters[name]))
        for name, setting in SETTINGS.items()
        if name in parameters
    ]


def configuration_name(number: int) -> str:
    """Return what a configuration is called."""
    return "The default" if number == DEFAULT else f"Configuration {number}"


def estimate_cell(estimate: Mapping[str, float] | None, *, sign: bool = False) -> dict[str, str]:
    """Return a value and its interval as texts, empty if there is none."""
    if not estimate:
        return {"text": "", "interval": ""}
    form = "+.3f" if sign else ".3f"
    low, high = format(estimate["low"], form), format(estimate["high"], form)
    return {"text": format(estimate["value"], form), "interval": f"{low} to {high}"}


def shown(estimate: Mapping[str, float]) -> str:
    """Return an estimate in a sentence."""
    cell = estimate_cell(estimate)
    return f"{cell['text']} ({cell['interval']})"


def signed(estimate: Mapping[str, float]) -> str:
    """Return a difference in a sentence."""
    cell = estimate_cell(estimate, sign=True)
    return f"{cell['text']} ({cell['interval']})"


def _row(search: DetectorSearch, number: int, trials: Sequence[DetectorTrial]) -> Row:
    last = max(trial.rung for trial in trials)
    here = [trial for trial in trials if trial.rung == last]
    done = [trial for trial in here if trial.state == DetectorTrial.State.DONE]
    standing = search.standings[last] if last < len(search.standings) else {}
    placed = standing.get(str(number), {})
    whole = len(done) == len(here)
    state, kind = _state(search, here, last)
    return Row(
        rank=0,
        number=number,
        name=configuration_name(number),
        url=reverse("detectors:configuration", args=[search.pk, number]),
        settings=settings_words(here[0].parameters),
        rung=last,
        passes=here[0].epochs,
        value=placed.get("value", _mean([trial.value for trial in done]) if whole else None),
        low=placed.get("low"),
        high=placed.get("high"),
        auc=_mean([trial.metrics.get("mean_auc") for trial in done]) if whole else None,
        seeds=len(done),
        seconds=sum(trial.seconds or 0.0 for trial in trials),
        state=state,
        kind=kind,
        error=next((trial.error for trial in here if trial.error), ""),
    )


def _state(search: DetectorSearch, here: Sequence[DetectorTrial], rung: int) -> tuple[str, str]:
    states = {trial.state for trial in here}
    if DetectorTrial.State.FAILED in states:
        return "Failed", "bad"
    if search.winner is not None and here[0].number == search.winner:
        return "Winner", "good"
    if search.state == DetectorSearch.State.DONE and rung == search.rung:
        return "Finished", "accent"
    if rung < search.rung:
        return f"Stopped at rung {rung + 1}", ""
    if states == {DetectorTrial.State.DONE}:
        return "Trained", "accent"
    return ("Training", "busy") if DetectorTrial.State.RUNNING in states else ("Waiting", "")


def _ranked(row: Row, place: int) -> Row:
    return Row(**{**row.__dict__, "rank": place})


def _asked(sort: str) -> tuple[str, bool]:
    name = sort.removeprefix("-")
    return (name, sort.startswith("-")) if name in SORTS else ("rank", False)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
