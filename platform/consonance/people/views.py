"""View guards shared by every room above."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from consonance.people import consent
from consonance.people.access import require
from consonance.people.models import Role

View = Callable[..., HttpResponseBase]


def needs(role: Role) -> Callable[[View], View]:
    """Let only people with this site-wide role into a view; strangers are sent to sign in."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, role)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def asks_consent(view: View) -> View:
    """Show the terms first to whoever has not agreed to their present wording, then the page.

    Only pages are put off: what somebody posts is taken. Strangers are sent to sign in.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person: Any = request.user
        if not person.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if request.method == "GET" and not consent.is_given(person):
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('people:terms')}?{query}")
        return view(request, *args, **kwargs)

    return guarded
