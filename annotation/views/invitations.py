"""Links by which people join a campaign: for its curators; and the door of open campaigns."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.join_campaign import join_campaign
from annotation.models import Campaign
from annotation.people.joining import facts_of, invitation_refusal
from consonance.errors import ParameterError, StateError
from consonance.people import consent
from consonance.people.access import require
from consonance.people.actions.create_invitation import (
    MAX_DAYS,
    MAX_NOTE,
    MAX_USES,
    create_invitation,
)
from consonance.people.actions.give_consent import give_consent
from consonance.people.actions.revoke_invitation import revoke_invitation
from consonance.people.forms import ConsentForm
from consonance.people.invitations import state_of
from consonance.people.models import Invitation, Role, Scope

_PAGE: Final = 25
_PILLS: Final = {
    "open": ("Open", "good"),
    "used": ("Used up", ""),
    "expired": ("Run out", "warn"),
    "revoked": ("Revoked", "bad"),
}


class InvitationForm(forms.Form):
    """For how many people a link is, and for how long."""

    note = forms.CharField(
        required=False, max_length=MAX_NOTE, label="For whom", help_text="Only curators see it."
    )
    max_uses = forms.IntegerField(
        label="People", min_value=1, max_value=MAX_USES, initial=1,
        help_text="How many may join with it.",
    )  # fmt: skip
    days = forms.IntegerField(
        label="Days", min_value=1, max_value=MAX_DAYS, initial=14, help_text="Then it runs out."
    )


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def invitations(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's links, and make one; its address is shown once."""
    campaign = _campaign(request, campaign_id)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    link, status = "", 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            try:
                _, token = create_invitation(
                    scope=Scope.CAMPAIGN, scope_id=campaign.pk, actor=request.user,
                    **form.cleaned_data,
                )  # fmt: skip
            except (ParameterError, StateError) as error:
                form.add_error(None, str(error))
            else:
                link = request.build_absolute_uri(reverse("people:join", args=[token]))
                form, status = InvitationForm(), 200
    words = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    found = Invitation.objects.filter(scope=Scope.CAMPAIGN, scope_id=campaign.pk)
    if words:
        found = found.filter(Q(note__icontains=words) | Q(created_by__username__icontains=words))
    page = Paginator(found.select_related("created_by"), _PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {
        "campaign": campaign,
        "form": form,
        "link": link,
        "page": page,
        "rows": [_row(invitation, now) for invitation in page],
        "query": words,
        "refusal": invitation_refusal(campaign),
    }
    return render(request, "annotation/people/invitations.html", context, status=status)


def _row(invitation: Invitation, now: Any) -> dict[str, Any]:
    state = state_of(invitation, now)
    label, kind = _PILLS[state]
    return {"invitation": invitation, "state": state, "label": label, "kind": kind}


@require_POST
@login_required
def revoke(request: HttpRequest, campaign_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Make a link useless."""
    campaign = _campaign(request, campaign_id)
    invitation = Invitation.objects.filter(
        pk=invitation_id, scope=Scope.CAMPAIGN, scope_id=campaign.pk
    ).first()
    if invitation is None:
        raise Http404("This campaign has no such link.")
    revoke_invitation(invitation=invitation, actor=request.user)
    messages.success(request, "The link is no good any more. Whoever joined by it stays.")
    return redirect("annotation:invitations", campaign_id=campaign.pk)


def _campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    campaign = get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    return campaign


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def join(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show an open campaign to whoever has an account, and let them join."""
    person: Any = request.user
    campaign = get_object_or_404(
        Campaign.objects.select_related("collection"),
        pk=campaign_id,
        joining=Campaign.Joining.ANYBODY,
    )
    form = None
    if not consent.is_given(person):
        form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        if form is not None:
            give_consent(person=person, **form.given())
        if join_campaign(campaign=campaign, person=person):
            messages.success(request, _("Welcome to %(place)s.") % {"place": campaign})
        return redirect("annotation:rate", campaign_id=campaign.pk)
    context = {
        "campaign": campaign,
        "facts": [{"label": label, "value": value} for label, value in facts_of(campaign)],
        "form": form,
        "terms": consent.TERMS,
    }
    status = 400 if form is not None and form.is_bound else 200
    return render(request, "annotation/people/join.html", context, status=status)
