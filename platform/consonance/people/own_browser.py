"""Browsers that an account without a password began in: they stand in for the password.

Whoever comes from a marketplace is known by an id that others can read and write into a link. So
the browser of their first visit keeps a signed cookie, and only it opens the account again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from consonance.errors import NotAllowedError

COOKIE: Final = "consonance_own"
_SALT: Final = "consonance.people.own_browser"
_YEAR: Final = 365 * 24 * 3600
#: People of one browser that are remembered, the latest first: homes and laboratories share one.
_MOST: Final = 20
REFUSAL: Final = _(
    "Your account has no password, so this works only in the browser that you began in. Open this"
    " page there, or write to whoever runs the campaign."
)


def people_of(request: HttpRequest) -> tuple[UUID, ...]:
    """Return the people whose accounts began in this browser; none if the cookie is not ours."""
    value = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_YEAR) or ""
    try:
        return tuple(UUID(one) for one in value.split(".") if one)
    except ValueError:
        return ()


def remember(request: HttpRequest, response: HttpResponseBase, person: Any) -> None:
    """Let this browser open a person's account again."""
    people = [person.pk, *(one for one in people_of(request) if one != person.pk)][:_MOST]
    response.set_signed_cookie(
        COOKIE, ".".join(one.hex for one in people), salt=_SALT, max_age=_YEAR,
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def own_browser_only(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Refuse signed-in people without a password outside of the browser they began in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = request.user
        if (
            person.is_authenticated
            and not person.has_usable_password()
            and person.pk not in people_of(request)
        ):
            raise NotAllowedError(REFUSAL)
        return view(request, *args, **kwargs)

    return checked
