"""Pages about one's own account: the token for programs, the export, the erasure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from rest_framework.authtoken.models import Token

from consonance.people.actions.erase_person import erase_person
from consonance.people.actions.renew_token import renew_token, revoke_token
from consonance.people.own_browser import own_browser_only
from consonance.people.own_data import sections
from consonance.people.throttle import is_slowed, note_failure, slowed_response

_ERASE = "erase"


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
@own_browser_only
def token(request: HttpRequest) -> HttpResponse:
    """Make a key for programs, shown once, or take it away."""
    person: Any = request.user
    shown = ""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            revoke_token(person=person)
            messages.success(request, _("The token is no good any more."))
            return redirect("people:token")
        shown = renew_token(person=person)
    kept = Token.objects.filter(user=person).first()
    return render(request, "people/token.html", {"kept": kept, "shown": shown})


@require_GET
@login_required
@own_browser_only
def export(request: HttpRequest) -> HttpResponseBase:
    """Download everything that is stored about oneself, written as it is read."""
    name = f"consonance-{timezone.now():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        _document(request.user),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _document(person: Any) -> Iterator[str]:
    encode = DjangoJSONEncoder(ensure_ascii=False).encode
    yield '{"exported_at": ' + encode(timezone.now())
    for name, rows in sections():
        yield f",\n{json.dumps(name)}: ["
        for number, row in enumerate(rows(person)):
            yield (",\n " if number else "\n ") + encode(dict(row))
        yield "]"
    yield "}\n"


class _EraseForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    sure = forms.BooleanField(label=gettext_lazy("I know that this cannot be taken back."))

    def __init__(self, person: Any, *args: Any) -> None:
        super().__init__(*args)
        self.person = person
        if not person.has_usable_password():  # from a study: there is none to ask for
            del self.fields["password"]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.person.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
@own_browser_only
def erase(request: HttpRequest) -> HttpResponse:
    """Say what erasing means, and erase whoever confirms it with their password."""
    person: Any = request.user
    if is_slowed(request, _ERASE):
        return slowed_response(request)
    form = _EraseForm(person, request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        if "password" in form.errors:
            note_failure(request, _ERASE)
        status = 400 if form.is_bound else 200
        return render(request, "people/erase.html", {"form": form}, status=status)
    erase_person(person=person, actor=person)
    logout(request)
    return render(request, "people/erased.html")
