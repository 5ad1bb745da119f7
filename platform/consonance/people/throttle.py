"""Slow down whoever guesses: failures are counted, what succeeds is not."""

from __future__ import annotations

import hashlib
import ipaddress
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


def hash_of_network(request: HttpRequest) -> str:
    """Return what tries are counted under: an address tells who somebody is, its hash less so.

    It is kept as long as is counted: minutes, an hour.
    """
    network = network_of(get_adapter().get_client_ip(request) or "")
    return hashlib.sha256(network.encode()).hexdigest()[:32]


def network_of(address: str) -> str:
    """Return what one customer of a provider has: an IPv4 address, the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def _key(request: HttpRequest, what: str) -> str:
    return f"people.throttle:{what}:{hash_of_network(request)}"
