"""Pages on which people join by a link, and agree to the terms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from consonance.errors import ConsonanceError, ParameterError, StateError
from consonance.people import consent
from consonance.people.actions.accept_invitation import (
    NO_GOOD,
    accept_invitation,
    join_with_new_account,
)
from consonance.people.actions.give_consent import give_consent
from consonance.people.forms import ConsentForm, NewAccountForm
from consonance.people.invitations import fingerprint, good
from consonance.people.models import Invitation, Membership
from consonance.people.places import Invited, place_of
from consonance.people.throttle import is_slowed, note_failure, slowed_response

BACKEND = "consonance.people.backends.AccountBackend"
_JOIN = "join"


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Say what a link leads to, and let whoever follows it join."""
    if is_slowed(request, _JOIN):
        return slowed_response(request)
    invitation = _invitation(request, token)
    if invitation is None:
        return _no_good(request)
    try:
        place = place_of(invitation.scope, invitation.scope_id)
    except ParameterError:
        return _no_good(request)
    if place.refusal:
        return render(request, "people/join_gone.html", {"detail": place.refusal}, status=409)
    if request.method == "POST":
        if request.user.is_authenticated:
            return _join_as_oneself(request, token, invitation, place)
        return _join_as_somebody_new(request, token, invitation, place)
    return _page(request, invitation, place, _form(request))


def _invitation(request: HttpRequest, token: str) -> Invitation | None:
    found = Invitation.objects.filter(token_sha256=fingerprint(token)).first()
    if found is None:
        return None
    if good(timezone.now()).filter(pk=found.pk).exists():
        return found
    # Whoever joined by it finds the way in again.
    person: Any = request.user
    is_in = (
        person.is_authenticated
        and Membership.objects.filter(
            person=person, role=found.role, scope=found.scope, scope_id=found.scope_id
        ).exists()
    )
    return found if is_in else None


def _no_good(request: HttpRequest) -> HttpResponse:
    note_failure(request, _JOIN)
    return render(request, "people/join_gone.html", {"detail": NO_GOOD}, status=404)


def _form(request: HttpRequest, data: Any = None) -> ConsentForm | None:
    person: Any = request.user
    if not person.is_authenticated:
        return NewAccountForm(data)
    return None if consent.is_given(person) else ConsentForm(data)


def _page(
    request: HttpRequest,
    invitation: Invitation,
    place: Invited,
    form: ConsentForm | None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "invitation": invitation,
        "place": place,
        "facts": [{"label": label, "value": value} for label, value in place.facts],
        "form": form,
        "terms": consent.TERMS,
        "sign_in_url": f"{reverse('account_login')}?next={request.path}",
    }
    return render(request, "people/join.html", context, status=status)


def _join_as_oneself(
    request: HttpRequest, token: str, invitation: Invitation, place: Invited
) -> HttpResponse:
    form = _form(request, request.POST)
    if form is not None:
        if not form.is_valid():
            return _page(request, invitation, place, form, status=400)
        give_consent(person=request.user, **form.given())
    accept_invitation(token=token, person=request.user)
    messages.success(request, _("Welcome to %(place)s.") % {"place": place.name})
    return redirect(place.url)


def _join_as_somebody_new(
    request: HttpRequest, token: str, invitation: Invitation, place: Invited
) -> HttpResponse:
    form = NewAccountForm(request.POST)
    if not form.is_valid():
        return _page(request, invitation, place, form, status=400)
    data = form.cleaned_data
    try:
        user = join_with_new_account(
            token=token, username=data["username"], password=data["password"], **form.given()
        )
    except StateError:  # its last use went to somebody else at this moment
        return _no_good(request)
    except ConsonanceError as error:
        note_failure(request, _JOIN)
        form.add_error(None, str(error))
        return _page(request, invitation, place, form, status=400)
    login(request, user, backend=BACKEND)
    said = _("Welcome to %(place)s, %(person)s.") % {"place": place.name, "person": user}
    messages.success(request, said)
    return redirect(place.url)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def agree(request: HttpRequest) -> HttpResponse:
    """Show the terms; whoever agrees goes on where they wanted to go (`?next=`)."""
    person: Any = request.user
    target = _target(request)
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        give_consent(person=person, **form.given())
        return redirect(target)
    context = {
        "form": form,
        "terms": consent.TERMS,
        "next": target,
        "is_given": consent.is_given(person) and person.consent_version > 0,
        "is_outdated": consent.is_outdated(person),
        "given_at": person.consented_at,
    }
    status = 400 if form.is_bound else 200
    return render(request, "people/consent.html", context, status=status)


def _target(request: HttpRequest) -> str:
    """Return where to go on: an address of ours, never one from outside."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
