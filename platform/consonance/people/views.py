"""View guards shared by every room above."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from consonance.people.access import require
from consonance.people.models import Role

View = Callable[..., HttpResponse]


def needs(role: Role) -> Callable[[View], View]:
    """Let only people with this site-wide role into a view; strangers are sent to sign in."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, role)
            return view(request, *args, **kwargs)

        return guarded

    return guard
