"""Slow down whoever guesses: failures are counted, what succeeds is not."""

from __future__ import annotations

import hashlib
from typing import Final

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

#: Failures of one address of the network within `WINDOW` seconds; then it has to wait. Homes and
#: schools share an address, and a mistyped name is a failure, too.
LIMIT: Final = 30
WINDOW: Final = 600


def is_slowed(request: HttpRequest, what: str) -> bool:
    """Return whether too many tries of this kind failed from where this request comes."""
    return int(cache.get(_key(request, what), 0)) >= LIMIT


def note_failure(request: HttpRequest, what: str) -> None:
    """Count a failure; the window begins with the first."""
    key = _key(request, what)
    if not cache.add(key, 1, WINDOW):
        try:
            cache.incr(key)
        except ValueError:  # it ran out between the two
            cache.set(key, 1, WINDOW)


def slowed_response(request: HttpRequest) -> HttpResponse:
    """Return the page that says to wait, with status 429."""
    page = {
        "status": 429,
        "heading": _("Too many tries"),
        "detail": _("Wait %(minutes)d minutes, then try again.") % {"minutes": WINDOW // 60},
    }
    response = render(request, "errors/problem.html", page, status=429)
    response["Retry-After"] = str(WINDOW)
    return response


def _key(request: HttpRequest, what: str) -> str:
    # An address tells who somebody is: kept for minutes, and as a hash.
    address = get_adapter().get_client_ip(request) or ""
    return f"people.throttle:{what}:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
