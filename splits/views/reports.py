"""The curators' queue of reported labels."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST

from consonance.catalog.models import Collection
from consonance.errors import NotAllowedError, ParameterError, StateError
from splits.actions.decide_reports import LONGEST_REPLY, decide_reports
from splits.models import LabelReport
from splits.reporting.queue import counts_of, curated_by, reports_of

#: Each report has a player.
_PAGE: Final = 20
_State = LabelReport.State
_TABS: Final = ((_State.OPEN, "Open"), (_State.ACCEPTED, "Accepted"),
                (_State.REJECTED, "Rejected"), (_State.SPAM, "Spam"))  # fmt: skip
_DONE: Final = {
    _State.ACCEPTED: "accepted: the next version is to answer",
    _State.REJECTED: "rejected",
    _State.SPAM: "put aside as spam",
    _State.OPEN: "open again",
}


@require_GET
@login_required
def report_queue(request: HttpRequest) -> HttpResponse:
    """List reports of the collections that the person curates, each to be decided in place."""
    collections = _curated(request)
    asked = {key: request.GET.get(key, "").strip() for key in _FILTERS}
    chosen = [row for row in collections if row.slug == asked["collection"]] or collections
    reports = reports_of(row.pk for row in chosen)
    releases = sorted(
        set(reports.order_by().values_list("release__name", "release__version").distinct())
    )
    classes = sorted(set(reports.order_by().values_list("class_name", flat=True).distinct()))
    reports = _narrowed(reports, asked)
    counts = counts_of(reports)
    state = asked["state"] if asked["state"] in _State.values else _State.OPEN
    rows = reports.filter(state=state).select_related(
        "release", "release_clip__clip__track", "reporter", "decided_by"
    )
    # Who waits longest comes first; what was decided last is what one wants to take back.
    rows = rows.order_by("created_at" if state == _State.OPEN else "-decided_at", "pk")
    page = Paginator(rows.defer("release__manifest"), _PAGE).get_page(request.GET.get("page"))
    kept = {key: value for key, value in asked.items() if value and key != "state"}
    here = reverse("splits:report_queue")
    context: dict[str, Any] = {
        "page": page,
        "state": state,
        "query": asked["q"],
        "longest_reply": LONGEST_REPLY,
        "tabs": [
            {
                "label": label,
                "url": f"{here}?{urlencode({**kept, 'state': value})}",
                "active": value == state,
                "count": counts[value],
            }
            for value, label in _TABS
        ],
        "filters": [
            _filter("collection", asked, [(row.slug, row.name) for row in collections]),
            _filter("release", asked, [(f"{n} {v}", f"{n} {v}") for n, v in releases]),
            _filter("class", asked, [(name, name.replace("_", " ")) for name in classes]),
        ],
        "clear_url": f"{here}?{urlencode({'state': state})}" if kept else "",
        "back": request.get_full_path(),
    }
    return render(request, "splits/report_queue.html", context)


_FILTERS: Final = ("state", "collection", "release", "class", "q")


@require_POST
@login_required
def decide(request: HttpRequest) -> HttpResponse:
    """Decide about the chosen reports, and go back to where one was."""
    _curated(request)
    try:
        changed = decide_reports(
            ids=[_id(text) for text in request.POST.getlist("report")],
            state=request.POST.get("state", ""),
            reply=request.POST.get("reply", ""),
            actor=request.user,
        )
    except (ParameterError, StateError) as error:
        messages.error(request, str(error))
    else:
        told = "1 report is" if len(changed) == 1 else f"{len(changed)} reports are"
        messages.success(request, f"{told} {_DONE[_State(request.POST['state'])]}.")
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe else "splits:report_queue")


def _curated(request: HttpRequest) -> list[Collection]:
    found = curated_by(request.user)
    if not found:
        raise NotAllowedError("You need to be a curator here.")
    return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ParameterError("One of these reports is not there.") from None


def _narrowed(reports: Any, asked: dict[str, str]) -> Any:
    name, _, version = asked["release"].partition(" ")
    if version:
        reports = reports.filter(release__name=name, release__version=version)
    if asked["class"]:
        reports = reports.filter(class_name=asked["class"])
    if asked["q"]:
        reports = reports.filter(
            Q(release_clip__sample_key__startswith=asked["q"]) | Q(note__icontains=asked["q"])
        )
    return reports


def _filter(name: str, asked: dict[str, str], entries: list[tuple[str, str]]) -> dict[str, Any]:
    options = [{"value": "", "label": f"Any {name}"}]
    options += [{"value": value, "label": label} for value, label in entries]
    return {"name": name, "label": name.capitalize(), "value": asked[name], "options": options}
