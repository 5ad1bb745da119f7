"""How a session's person is found."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import get_user_model

from consonance.ledger.prepared import Prepared

_PERSON: Final = Prepared[Any](
    lambda person: get_user_model()._default_manager.filter(pk=person), person=UUID
)


class AccountBackend(AuthenticationBackend):
    """allauth's, that reads the person of each request by a query that is put together once."""

    def get_user(self, user_id: Any) -> Any:
        """Return the account of a session; None where there is none that may sign in."""
        person = _PERSON.first(person=UUID(str(user_id)))
        return person if person is not None and self.user_can_authenticate(person) else None
