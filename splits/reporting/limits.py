"""How many reports are taken: of a stranger's address, of a person's account."""

from __future__ import annotations

import time
from typing import Any, Final

from django.core.cache import cache
from django.http import HttpRequest

from consonance.people.throttle import hash_of_network

#: Reports within `WINDOW` seconds. Homes and schools share an address; whoever reports more than
#: that signs in.
OF_ADDRESS: Final = 20
OF_ACCOUNT: Final = 60
WINDOW: Final = 3_600


def seconds_to_wait(request: HttpRequest, person: Any) -> int:
    """Count a report and return 0, or how long to wait where there were too many.

    Parameters
    ----------
    request
        Where it comes from.
    person
        Who reports; an anonymous one is counted by address.
    """
    if getattr(person, "is_authenticated", False):
        who, limit = f"account:{person.pk}", OF_ACCOUNT
    else:
        who, limit = f"address:{hash_of_network(request)}", OF_ADDRESS
    now = time.time()
    left = WINDOW - int(now) % WINDOW
    key = f"splits.reports:{who}:{int(now) // WINDOW}"
    if cache.add(key, 1, left):
        return 0
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, left)
        return 0
    return left if count > limit else 0
