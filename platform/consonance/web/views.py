"""Pages that belong to no room: the front door, the style guide, errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from annotation.campaigns.cards import campaigns_for
from consonance.catalog.overview import collection_overviews
from consonance.ledger.problems import json_problem, speaks_json
from consonance.people.access import roles
from consonance.people.models import Role
from splits.overview import latest_releases


def home(request: HttpRequest) -> HttpResponse:
    """Show each person what they can do next."""
    held = roles(request.user)
    page: dict[str, Any] = {"releases": latest_releases(limit=4)}
    if Role.ANNOTATOR in held:
        page["campaigns"] = campaigns_for(request.user)
    if Role.CURATOR in held:
        page["collections"] = collection_overviews()
    return render(request, "home.html", page)


def health(request: HttpRequest) -> JsonResponse:
    """Say whether the process and its database answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component of the design system."""
    sample = json.loads((settings.ROOT / "templates" / "styleguide_sample.json").read_text("utf-8"))
    sample["sample_time"] = datetime(2018, 9, 23, 12, 0, tzinfo=UTC)
    return render(request, "styleguide.html", sample)


def _problem(request: HttpRequest, status: int, heading: str, detail: str) -> HttpResponse:
    if speaks_json(request):
        return json_problem(status, detail)
    page = {"status": status, "heading": heading, "detail": detail}
    return render(request, "errors/problem.html", page, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 to what is too large."""
    if isinstance(exception, RequestDataTooBig):
        bound = getattr(exception, "most", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        most = f"{bound // 1024:,}"
        detail = _("A request may hold at most %(most)s KiB. Send it in parts.") % {"most": most}
        return _problem(request, 413, _("Too large"), detail)
    return _problem(
        request, 400, _("Bad request"), _("The address or the form was not understood.")
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _problem(request, 403, _("Not allowed"), _("You may not do this here."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _problem(request, 404, _("Not found"), _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without touching the database or the session."""
    if speaks_json(request):
        detail = _("Something went wrong on our side. Nothing was changed; try again later.")
        return json_problem(500, detail)
    return render(None, "errors/500.html", status=500)
