"""Messages between those who answer and those who run a campaign, for both sides."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.actions.read_messages import read_messages
from annotation.actions.send_message import MAX_TEXT, send_message
from annotation.models import Campaign
from annotation.people.correspondence import conversations, shown, thread, unread_by
from annotation.people.measures import standing
from annotation.people.taking_part import is_known, run_by, takes_part
from annotation.presenting.links import page_url
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.problems import status_of
from consonance.people.access import require, roles
from consonance.people.models import Role, User

_PAGE: Final = 25
_THREAD: Final = 50


@require_GET
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """List a person's conversations, and where they can begin one."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    only_unread = request.GET.get("show") == "unread"
    found = conversations(request.user, words=words, only_unread=only_unread)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    open_to = Campaign.objects.answerable_by(request.user).exclude(state=Campaign.State.CLOSED)
    runs_some = run_by(request.user).exists()
    context = {
        "page": page,
        "conversations": shown(request.user, list(page)),
        "query": words,
        "is_filtered": bool(words or only_unread),
        "filters": [
            {
                "name": "show",
                "label": _("Which"),
                "value": "unread" if only_unread else "",
                "options": [
                    {"value": "", "label": _("All conversations")},
                    {"value": "unread", "label": _("Unread")},
                ],
            }
        ],
        "unread": unread_by(request.user),
        "clear_url": request.path,
        "runs_some": runs_some,
        "sees_people": Role.ADMIN in roles(request.user),
        # Whoever runs campaigns writes to people from their pages.
        "write_about": [] if runs_some else open_to.select_related("collection")[:_PAGE],
    }
    return render(request, "annotation/messages/inbox.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def conversation(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Read what whoever runs a campaign wrote to oneself, and write to them."""
    campaign = _campaign(campaign_id)
    if not is_known(request.user, campaign):
        raise NotAllowedError(_("You have no part in %(campaign)s.") % {"campaign": campaign})
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            send_message(campaign=campaign, sender=request.user, text=text)
        except (ParameterError, StateError) as error:
            return _page(request, campaign, request.user, text=text, error=error)
        messages.success(request, _("Sent."))
        return redirect("annotation:conversation", campaign_id=campaign.pk)
    response = _page(request, campaign, request.user)
    read_messages(campaign=campaign, reader=request.user)  # once drawn, with what was new
    return response


@require_GET
@login_required
def conversation_with(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> HttpResponse:
    """Read what a person and those who run a campaign wrote each other."""
    campaign, person = _of_curator(request, campaign_id, person_id)
    return _page(request, campaign, person)


@require_POST
@login_required
def send(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> HttpResponse:
    """Write to a person; what they wrote before is read then."""
    campaign, person = _of_curator(request, campaign_id, person_id)
    text = request.POST.get("text", "")
    try:
        send_message(campaign=campaign, sender=request.user, recipient=person, text=text)
    except (ParameterError, StateError) as error:
        return _page(request, campaign, person, text=text, error=error)
    read_messages(campaign=campaign, reader=request.user, person=person)
    messages.success(request, _("Sent to %(person)s.") % {"person": person})
    return redirect(_return_to(request, campaign, person))


@require_POST
@login_required
def mark_read(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> HttpResponse:
    """Mark what a person wrote as read, without an answer."""
    campaign, person = _of_curator(request, campaign_id, person_id)
    read_messages(campaign=campaign, reader=request.user, person=person)
    return redirect(_return_to(request, campaign, person))


def _campaign(campaign_id: UUID) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)


def _of_curator(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> tuple[Campaign, User]:
    campaign = _campaign(campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    person = get_object_or_404(User, pk=person_id)
    if not is_known(person, campaign):
        raise Http404("This person has no part in the campaign.")
    return campaign, person


def _return_to(request: HttpRequest, campaign: Campaign, person: User) -> str:
    """Return the page that the form was on: one of two of ours, never an address from outside."""
    # A person's own page is for admins.
    is_theirs = request.POST.get("from") != "conversation" and _is_admin(request, campaign)
    name = "consistency_person" if is_theirs else "conversation_with"
    return page_url(name, campaign.pk, person.pk) + "#messages"


def _is_admin(request: HttpRequest, campaign: Campaign) -> bool:
    return Role.ADMIN in roles(request.user, *campaign.places)


def _page(
    request: HttpRequest,
    campaign: Campaign,
    person: Any,
    *,
    text: str = "",
    error: ParameterError | StateError | None = None,
) -> HttpResponse:
    is_own = person.pk == request.user.pk
    page = Paginator(thread(campaign, person), _THREAD).get_page(request.GET.get("page"))
    written = list(page)[::-1]
    own = standing(person, campaign) if is_own else None
    context = {
        "campaign": campaign,
        "person": person,
        "is_own": is_own,
        "has_page": _is_admin(request, campaign),
        "page": page,
        "messages_shown": written,
        "unread": 0
        if is_own
        else sum(row.recipient_id is None and row.read_at is None for row in written),
        "max_text": MAX_TEXT,
        "draft": text,
        "error": str(error) if error is not None else "",
        "standing": own,
        "may_answer": own is not None
        and own.may_answer
        and campaign.state == Campaign.State.OPEN
        and takes_part(person, campaign),
    }
    status = status_of(error) if error is not None else 200
    return render(request, "annotation/messages/conversation.html", context, status=status)
