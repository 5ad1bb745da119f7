"""Django's sessions in the database, each read by a query that is put together once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.sessions.backends import db
from django.utils import timezone

from consonance.ledger.prepared import Prepared

_LIVE: Final = Prepared[Any](
    lambda key, now: db.SessionStore.get_model_class().objects.filter(
        session_key=key, expire_date__gt=now
    ),
    key=str,
    now=datetime,
)


class SessionStore(db.SessionStore):
    """Every request reads its session first: that is most of what a small request asks."""

    def _get_session_from_db(self) -> Any:
        found = None
        if self.session_key is not None:
            found = _LIVE.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
