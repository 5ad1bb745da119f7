"""Pairs of people and groups that answer suspiciously alike."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.models import ConsistencyReport
from annotation.people.measures import by_person
from annotation.presenting.pairs import (
    DEFAULT_SORT,
    PAIR_COLUMNS,
    RULE,
    SORTS,
    Accounts,
    pair_cells,
    raters_in,
    shown_clusters,
    shown_pairs,
    sorted_pairs,
)
from annotation.reporting.shape import ClusterRow, PairRow
from annotation.views.consistency.csv import csv_response, file_name, required
from annotation.views.consistency.frame import Frame, frame
from annotation.views.consistency.measures import notice_of

_PAGE: Final = 50


@require_GET
@login_required
def pairs(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show pairs of people and groups of them, with what can be done about all of a group."""
    shown = frame(request, campaign_id, tab="pairs")
    notice = notice_of(request, shown.campaign)
    if shown.report is None or shown.data is None:
        return render(
            request, "annotation/consistency/pairs.html", {**shown.context, "notice": notice}
        )
    stored, groups = shown.data["pairs"], shown.data["clusters"]
    accounts = accounts_of(shown, shown.report, stored, groups)
    words = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "")
    chosen = _matching(sorted_pairs(stored, sort), words, accounts)
    page = Paginator(chosen, _PAGE).get_page(request.GET.get("page"))
    context = {
        **shown.context,
        "page": page,
        "rows": shown_pairs(page, accounts),
        "clusters": shown_clusters(groups, accounts),
        "query": words,
        "sort": sort,
        "headings": _headings(sort, words, shown.run_number),
        "clear_url": shown.url("consistency_pairs"),
        "csv_url": shown.url("pairs_csv"),
        "rule": RULE,
        "back": request.get_full_path(),
        "notice": notice,
    }
    return render(request, "annotation/consistency/pairs.html", context)


@require_GET
@login_required
def pairs_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download pairs by pseudonym."""
    shown = frame(request, campaign_id, tab="pairs")
    rows = (pair_cells(row) for row in required(shown)["pairs"])
    return csv_response(file_name(shown, "pairs"), PAIR_COLUMNS, rows)


def accounts_of(
    shown: Frame, report: ConsistencyReport, rows: list[PairRow], groups: list[ClusterRow]
) -> Accounts:
    """Return who is behind the pseudonyms of pairs and groups; two queries."""
    wanted = raters_in(rows, groups)
    named = report.people.filter(rater__in=wanted, person__isnull=False).select_related("person")
    people = {row.rater: row.person for row in named if row.person is not None}
    measures = by_person(shown.campaign, [person.pk for person in people.values()])
    return Accounts(shown.campaign.pk, people, measures, run=shown.run_number)


def _matching(rows: list[PairRow], words: str, accounts: Accounts) -> list[PairRow]:
    if not words:
        return rows
    wanted = words.casefold()

    def names(rater: str) -> str:
        return f"{accounts.side(rater).name} {rater}".casefold()

    return [row for row in rows if wanted in names(row["first"]) or wanted in names(row["second"])]


def _headings(sort: str, words: str, run: int | None) -> dict[str, dict[str, Any]]:
    current = sort.removeprefix("-") if sort.removeprefix("-") in SORTS else DEFAULT_SORT
    is_turned = sort.startswith("-") and current == sort.removeprefix("-")
    found = {}
    for name, (label, large_first) in SORTS.items():
        order = ""
        if name == current:
            order = "descending" if large_first != is_turned else "ascending"
        turned = "-" if name == current and not is_turned else ""
        query = urlencode(
            {key: value for key, value in
             {"q": words, "sort": f"{turned}{name}", "run": run or ""}.items() if value}
        )  # fmt: skip
        found[name] = {"label": label, "url": f"?{query}#pairs", "order": order}
    return found
