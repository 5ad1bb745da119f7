"""People of a report as rows of a table, and as rows of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from annotation.listing.people import PersonChoice
from annotation.models import Measure, PersonReport
from annotation.presenting.flags import MEASURE_BUTTONS, MEASURE_PILLS, ShownFlag, shown_flags
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import DASH, Shown, percent_text, shown
from annotation.reporting.shape import Estimate, PersonDetail
from consonance.people.models import User

#: Below this, agreement beyond chance is not worth much: drawn as a mark in the bars.
COIN: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A column's heading, for `components/sort_header.html`."""

    label: str
    url: str
    order: str
    num: bool


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """One person in a list.

    Attributes
    ----------
    row
        What is stored.
    name
        The account's name; the pseudonym where the account is gone.
    url, ratings_url, gold_url, unsure_url
        The person's page and the ratings behind the numbers; empty where the account is gone.
    pills
        What holds for them: words, kind and hint.
    flags
        Gravest first.
    held
        Kinds of measures in force.
    buttons
        Measures that can be taken: kind and words.
    reason
        The gravest flag's sentence, to begin a reason with; `rule` is its code.
    ratings, trust, sensitivity, specificity, gold, agreement
        Of all answers, or of those in the class that is asked for.
    unsure, time
        Of all answers.
    """

    row: PersonReport
    name: str
    url: str
    ratings_url: str
    gold_url: str
    unsure_url: str
    pills: list[dict[str, str]]
    flags: list[ShownFlag]
    held: dict[str, Measure]
    buttons: list[tuple[str, str]]
    reason: str
    rule: str
    ratings: int
    trust: float | None
    sensitivity: float | None
    specificity: float | None
    gold: Shown
    agreement: Shown
    unsure: str
    time: str


def headings(choice: PersonChoice, *, anchor: str = "", **kept: Any) -> dict[str, Heading]:
    """Return the headings of the table, each with the address that sorts by it.

    Parameters
    ----------
    choice
        What is shown now.
    anchor
        Where in the page the table is.
    kept
        What else stays in the address: `run`.
    """
    return {
        name: Heading(
            label=column.label,
            url=choice.sorted_by(name).link(**kept) + anchor,
            order=choice.order_of(name),
            num=column.is_number,
        )
        for name, column in choice.columns.items()
    }


def measure_pills(held: Mapping[str, Measure]) -> list[dict[str, str]]:
    """Return what holds for a person as pills, the weightiest first."""
    return [
        {"label": words, "kind": kind, "hint": held[name].reason}
        for name, (words, kind) in MEASURE_PILLS.items()
        if name in held
    ]


def measure_buttons(held: Mapping[str, Measure]) -> list[tuple[str, str]]:
    """Return the measures that can be taken: kind and words."""
    return [(kind, words) for kind, words in MEASURE_BUTTONS.items() if kind not in held]


def person_rows(
    rows: Sequence[PersonReport],
    *,
    campaign_id: UUID,
    measures: Mapping[UUID, dict[str, Measure]],
    class_name: str = "",
    run: int | None = None,
) -> list[PersonRow]:
    """Return people as a page shows them.

    Parameters
    ----------
    rows
        Theirs, with accounts loaded.
    campaign_id
        For links.
    measures
        Those in force, by person and kind.
    class_name
        Show what they said in this class; empty for all classes together.
    run
        Number of the run that is looked at; None for the latest report.
    """
    return [_row(row, campaign_id, measures, class_name, run) for row in rows]


def _row(
    row: PersonReport,
    campaign_id: UUID,
    measures: Mapping[UUID, dict[str, Measure]],
    class_name: str,
    run: int | None,
) -> PersonRow:
    detail: PersonDetail = row.data
    person: User | None = row.person
    held = measures.get(person.pk, {}) if person is not None else {}
    flags = shown_flags(detail["flags"], held=tuple(held))
    of_class = next((one for one in detail["classes"] if one["name"] == class_name), None)
    answers = of_class or detail
    of_answers = {"class_name": class_name} if of_class else {}

    def ratings(**filters: Any) -> str:
        if person is None:
            return ""
        return ratings_url(campaign_id, person=person.pk, **of_answers, **filters)

    return PersonRow(
        row=row,
        name=person.username if person is not None else row.rater,
        url=page_url("consistency_person", campaign_id, person.pk, run=run) if person else "",
        ratings_url=ratings(),
        gold_url=ratings(gold=1),
        unsure_url=ratings(answer="unsure"),
        pills=measure_pills(held),
        flags=flags,
        held=held,
        buttons=measure_buttons(held) if person is not None else [],
        reason=flags[0].reason if flags else "",
        rule=flags[0].code if flags else "",
        ratings=of_class["ratings"] if of_class else row.ratings,
        trust=of_class["trust"] if of_class else row.trust,
        sensitivity=of_class["confusion"][1][1] if of_class else row.sensitivity,
        specificity=of_class["confusion"][0][0] if of_class else row.specificity,
        gold=shown(answers["gold"]),
        agreement=shown(answers["agreement"]),
        unsure=percent_text(row.unsure_share),
        time=seconds(row.median_response_ms),
    )


def seconds(milliseconds: float | None) -> str:
    """Return a time to answer: "4.6 s"; a dash where none was measured."""
    return DASH if milliseconds is None else f"{milliseconds / 1000:.1f} s"


# --- files -------------------------------------------------------------------------------------
_ESTIMATES: Final = ("gold", "agreement", "repeats")
_COUNTED: Final = (
    "rater", "is_simulated", "ratings", "trust", "sensitivity", "specificity", "spammer_score",
    "unsure_share", "median_response_ms",
)  # fmt: skip
_UNKNOWN: Final[list[Any]] = [None, None, None]
_PARTS: Final = ("", "_low", "_high", "_number")
_TRUTHS: Final = ("absent", "present")
_ANSWERS: Final = ("no", "yes", "unsure")
#: Columns of people.csv. An estimate has its value, 95 % interval and what it rests on; empty cells
#: could not be computed. `p_yes_if_absent` and its like are the confusion matrix; `flags` are the
#: codes of broken rules with a blank between; the last three say what holds now.
PERSON_COLUMNS: Final = (
    *_COUNTED,
    *(f"{name}{part}" for name in _ESTIMATES for part in _PARTS), "repeat_kappa",
    *(f"p_{answer}_if_{truth}" for truth in _TRUTHS for answer in _ANSWERS),
    "response_ms_lower_quartile", "response_ms_upper_quartile", "heard_share",
    *(f"too_fast{part}" for part in _PARTS), "longest_run", "run_p",
    "drifted", "drifted_at", "drift_direction", "days", "first_day", "last_day", "cluster",
    "flag_count", "flags", "is_excluded_in_report", "is_excluded", "is_paused", "must_requiz",
)  # fmt: skip


def person_cells(row: PersonReport, held: Mapping[str, Measure]) -> list[Any]:
    """Return one row of people.csv; see `PERSON_COLUMNS`. Accounts are not named in files."""
    detail: PersonDetail = row.data
    stored: dict[str, Any] = dict(detail)
    habits, drift = detail["habits"], detail["drift"]
    quartiles = habits["response_quartiles_ms"] or _UNKNOWN
    days = sorted(day["day"] for day in detail["days"])
    cells = [getattr(row, name) for name in _COUNTED]
    for name in _ESTIMATES:
        cells += _estimate(stored[name])
    cells.append(detail["repeat_kappa"])
    cells += [share for of_truth in detail["confusion"] or [_UNKNOWN] * 2 for share in of_truth]
    cells += [quartiles[0], quartiles[2], habits["heard_share"]]
    cells += _estimate(habits["too_fast"])
    cells += [habits["longest_run"], habits["run_p"]]
    cells += [drift["drifted"], drift["at"], drift["direction"]]
    cells += [len(days), days[0] if days else None, days[-1] if days else None]
    cells += [detail["cluster"], row.flag_count, " ".join(flag["code"] for flag in detail["flags"])]
    kinds = Measure.Kind
    held_now = [kind in held for kind in (kinds.EXCLUDE, kinds.PAUSE, kinds.REQUIZ)]
    return [*cells, detail["is_excluded"], *held_now]


def _estimate(estimate: Estimate) -> list[Any]:
    return [estimate["value"], estimate["low"], estimate["high"], estimate["number"]]
