"""One person: what their answers say, what was done about them, and what was written."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from annotation.actions.send_message import MAX_TEXT
from annotation.models import PersonReport
from annotation.people.correspondence import thread
from annotation.people.measures import by_person
from annotation.people.taking_part import is_known
from annotation.presenting.history import MOST_ENTRIES, audit_of, entries
from annotation.presenting.pairs import shown_clusters, shown_pairs
from annotation.presenting.people import measure_buttons, measure_pills
from annotation.presenting.person import person_page
from annotation.presenting.trust import trust_rows
from annotation.views.consistency.frame import Frame, frame
from annotation.views.consistency.measures import notice_of
from annotation.views.consistency.pairs import accounts_of
from consonance.people.models import User

#: Of the newest messages; all of them have a page of their own.
_MESSAGES: Final = 10


@require_GET
@login_required
def person(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> HttpResponse:
    """Show one person of a campaign."""
    shown = frame(request, campaign_id, tab="people")
    account = get_object_or_404(User, pk=person_id)
    row = None
    if shown.report is not None and shown.data is not None:
        row = shown.report.people.filter(person=account).first()
    if row is None and not is_known(account, shown.campaign):
        raise Http404("This person has no part in the campaign.")
    held = by_person(shown.campaign, [account.pk]).get(account.pk, {})
    context: dict[str, Any] = {
        **shown.context,
        "person": account,
        "row": row,
        "pills": measure_pills(held),
        "buttons": measure_buttons(held),
        "held": list(held.values()),
        "measures": account.measures.filter(campaign=shown.campaign).select_related(
            "created_by", "lifted_by"
        ),
        "audit": entries(audit_of(shown.campaign, account)[:MOST_ENTRIES]),
        "gold_trust": trust_rows(account, shown.campaign),
        "back": request.get_full_path(),
        "notice": notice_of(request, shown.campaign),
        "people_url": shown.url("consistency_people"),
        **_correspondence(shown, account),
    }
    if row is not None:
        context |= person_page(row, campaign_id, held=held, run=shown.run_number)
        context |= _alike(shown, row)
    flags = context.get("flags", [])
    about = next((flag for flag in flags if flag.code == request.GET.get("about")), None)
    context["draft"] = f"Hello {account}, about your answers: {about.text}\n\n" if about else ""
    return render(request, "annotation/consistency/person.html", context)


def _correspondence(shown: Frame, account: User) -> dict[str, Any]:
    written = thread(shown.campaign, account)
    newest = list(written[: _MESSAGES + 1])
    return {
        "messages_shown": newest[:_MESSAGES][::-1],
        "has_more_messages": len(newest) > _MESSAGES,
        "unread": sum(row.recipient_id is None and row.read_at is None for row in newest),
        "max_text": MAX_TEXT,
    }


def _alike(shown: Frame, row: PersonReport) -> dict[str, Any]:
    """Return whom a person answers like."""
    if shown.data is None or shown.report is None:
        return {}
    rows = [one for one in shown.data["pairs"] if row.rater in (one["first"], one["second"])]
    groups = [one for one in shown.data["clusters"] if row.rater in one["raters"]]
    if not rows and not groups:
        return {"pairs": [], "clusters": []}
    accounts = accounts_of(shown, shown.report, rows, groups)
    # The person of the page stands first, so that the other one is always in the same column.
    turned: list[Any] = [
        one
        if one["first"] == row.rater
        else {**one, "first": one["second"], "second": one["first"]}
        for one in rows
    ]
    return {
        "pairs": shown_pairs(turned, accounts),
        "clusters": shown_clusters(groups, accounts),
    }
