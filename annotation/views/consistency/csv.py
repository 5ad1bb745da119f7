"""Reports as files: one header row, numbers as they were computed, nothing rounded."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from annotation.reporting.shape import ClassRow, Estimate, ReportData
from annotation.views.consistency.frame import Frame, frame
from consonance.errors import StateError

_COUNTS: Final = (
    "questions", "open", "decided", "disputed", "rated", "ratings", "yes", "no", "unsure",
)  # fmt: skip
_DECISIONS: Final = ("present", "absent", "undecided")
_ESTIMATES: Final = (
    "alpha", "fleiss", "ac1", "agreement", "unsure_rate", "disputed_rate", "gold_accuracy",
)  # fmt: skip
_QUOTA: Final = (
    "positives", "positives_wanted", "labels", "labels_wanted", "days", "days_low", "days_high",
    "questions_short",
)  # fmt: skip
#: Columns of classes.csv: an estimate has its value, interval and what it rests on; `quota_*` is
#: the forecast in days; empty cells could not be computed.
CLASS_COLUMNS: Final = (
    "class", "display_name", *_COUNTS, *_DECISIONS,
    *(f"{name}{part}" for name in _ESTIMATES for part in ("", "_low", "_high", "_number")),
    *(f"quota_{name}" for name in _QUOTA),
    "detector_auc", "detector_auc_low", "detector_auc_high", "detector_auc_number",
)  # fmt: skip
#: Columns of days.csv: a day in UTC; days without a rating are not in it.
DAY_COLUMNS: Final = ("day", "ratings", "people")
#: What spreadsheets take for the start of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Return a file, written row by row as it is sent.

    Parameters
    ----------
    name
        Of the file.
    header
        Names of the columns.
    rows
        Values; None becomes an empty cell, numbers are written in full, and text that a
        spreadsheet would run as a formula gets an apostrophe in front.
    """
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow(header)
        for row in rows:
            yield writer.writerow([safe_cell(value) for value in row])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def file_name(shown: Frame, what: str) -> str:
    """Return the name of a file: what campaign, which run or cut-off, which table."""
    version = f"run{shown.run.number}" if shown.run is not None else "latest"
    return f"{shown.campaign.pk}-{version}-{what}.csv"


def required(shown: Frame) -> ReportData:
    """Return the report's content.

    Raises
    ------
    StateError
        If there is none to read.
    """
    if shown.data is None:
        raise StateError(
            f"{shown.campaign.name} has no report to download. Compute one on its consistency page."
        )
    return shown.data


@require_GET
@login_required
def classes_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download the report's classes; see `CLASS_COLUMNS`."""
    shown = frame(request, campaign_id, tab="classes")
    data = required(shown)
    rows = (_class_cells(row) for row in data["classes"])
    return csv_response(file_name(shown, "classes"), CLASS_COLUMNS, rows)


@require_GET
@login_required
def days_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download ratings and people a day; see `DAY_COLUMNS`."""
    shown = frame(request, campaign_id, tab="overview")
    days = required(shown)["campaign"]["days"]
    rows = ((day["day"], day["ratings"], day["people"]) for day in days)
    return csv_response(file_name(shown, "days"), DAY_COLUMNS, rows)


def _class_cells(row: ClassRow) -> list[Any]:
    stored: dict[str, Any] = dict(row)
    cells = [row["name"], row["display_name"], *(stored[name] for name in _COUNTS)]
    cells += [stored["labels"][name] for name in _DECISIONS]
    for name in _ESTIMATES:
        cells += _estimate_cells(stored[name])
    cells += [stored["quota"][name] for name in _QUOTA]
    return cells + _estimate_cells(row["detector"]["auc"])


def _estimate_cells(estimate: Estimate) -> list[Any]:
    return [estimate["value"], estimate["low"], estimate["high"], estimate["number"]]


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula; nothing where nothing is known."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
