"""Who asks for a page that programs ask for as well: by session, else by token."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from consonance.errors import NotAllowedError


def person_of(request: HttpRequest) -> Any:
    """Return who asks: the session's person, else the owner of the token that was sent.

    For what is only looked at; the API's endpoints have their own.

    Raises
    ------
    NotAllowedError
        If a token was sent that is nobody's.
    """
    if request.user.is_authenticated or "Authorization" not in request.headers:
        return request.user
    try:
        found = TokenAuthentication().authenticate(request)  # type: ignore[arg-type]
    except AuthenticationFailed:
        raise NotAllowedError(_("This token is no good. Make a new one on your account.")) from None
    return found[0] if found is not None else request.user
