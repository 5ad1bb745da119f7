"""Names under which ratings leave the database."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import Count, Max

from consonance.people.models import User

_PURPOSE: Final = b"consonance.annotation.raters"
#: 64 bits: a clash among a million raters of a collection has odds of 1 to 37 million.
_DIGITS: Final = 16
#: Keys read by one query; databases limit how many values it may name.
_AT_ONCE: Final = 5_000


class Pseudonyms:
    """One collection's pseudonyms: HMAC-SHA256 of the collection's id, under each person's own key.

    So a person has one name in all tables of a collection and other names elsewhere, and nobody
    without the key can test whether a name belongs to an account. Erasure puts another key in the
    old one's place: what was frozen before keeps its names, and nothing leads from them to what
    comes later.

    Keys are read once; many people's are cheaper asked for together (`of_all`) than one by one.

    Parameters
    ----------
    collection_id
        The collection.
    """

    def __init__(self, collection_id: UUID) -> None:
        self._message = _PURPOSE + collection_id.bytes
        self._known: dict[UUID, str] = {}

    def under(self, key: str) -> str:
        """Return the name that a person with this key has here: `r` and 16 hexadecimal digits."""
        digest = hmac.digest(key.encode(), self._message, hashlib.sha256)
        return f"r{digest.hex()[:_DIGITS]}"

    def of(self, person_id: UUID) -> str:
        """Return a person's name here.

        Raises
        ------
        KeyError
            If there is no such account.
        """
        if person_id not in self._known:
            self._read([person_id])
        return self._known[person_id]

    def of_all(self, people: Iterable[UUID]) -> dict[UUID, str]:
        """Return the names of several people, by account; one query for those not known yet.

        Whoever has no account is left out.
        """
        wanted = list(dict.fromkeys(people))
        self._read([person for person in wanted if person not in self._known])
        return {person: self._known[person] for person in wanted if person in self._known}

    def _read(self, people: list[UUID]) -> None:
        for some in _batches(people):
            found = User.objects.filter(pk__in=some).values_list("pk", "pseudonym_key")
            self._known |= {person: self.under(key) for person, key in found}


def _batches(people: list[UUID]) -> Iterable[list[UUID]]:
    for first in range(0, len(people), _AT_ONCE):
        yield people[first : first + _AT_ONCE]


def generation() -> str:
    """Return what differs once somebody was erased: until then everybody's names stay."""
    erased = User.objects.aggregate(number=Count("erased_at"), last=Max("erased_at"))
    return f"{erased['number']}:{erased['last'].isoformat() if erased['last'] else ''}"
