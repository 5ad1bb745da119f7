"""The application as it is served to these tests: with an address that makes it forget. Not a test.

A test begins in the world as it was made. What the web process remembers of the last one's world
(where a queue was read up to, who tried too often) has to go with it, and what a page of it sent as
it was closed has to be answered before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Condition
from typing import Any, Final

from consonance.web.wsgi import application as ours
from tests.browser.world import FORGET

_LONGEST_S: Final = 30
_change = Condition()
_under_way = 0


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the product does, but for the one address."""
    global _under_way
    if environ["PATH_INFO"] == FORGET:
        return _forget(start)
    with _change:
        _under_way += 1
    try:
        return ours(environ, start)
    finally:
        with _change:
            _under_way -= 1
            _change.notify_all()


def _forget(start: Callable[..., Any]) -> Iterable[bytes]:
    from django.core.cache import cache

    with _change:
        is_quiet = _change.wait_for(lambda: not _under_way, timeout=_LONGEST_S)
    cache.clear()
    start("204 No Content" if is_quiet else "503 Service Unavailable", [])
    return []
