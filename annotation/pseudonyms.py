"""Names under which ratings leave the database."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from uuid import UUID

from django.conf import settings

_PURPOSE: Final = b"consonance.annotation.raters"
#: 64 bits: a clash among a million raters of a collection has odds of 1 to 37 million.
_DIGITS: Final = 16


class Pseudonyms:
    """One collection's pseudonyms: HMAC-SHA256 of the account's id, under a key of its own.

    The key is derived from `SECRET_KEY` and the collection's id. So a person has one name in all
    tables of a collection and other names elsewhere, nobody without the key can test whether a
    name belongs to an account, and nothing more needs to be stored. A changed `SECRET_KEY` gives
    new names; tables frozen before keep theirs.

    Parameters
    ----------
    collection_id
        The collection.
    """

    def __init__(self, collection_id: UUID) -> None:
        root = settings.SECRET_KEY.encode()
        self._key = hmac.digest(root, _PURPOSE + collection_id.bytes, hashlib.sha256)

    def of(self, person_id: UUID) -> str:
        """Return a person's name here: `r` and 16 hexadecimal digits."""
        return f"r{hmac.new(self._key, person_id.bytes, hashlib.sha256).hexdigest()[:_DIGITS]}"
