from __future__ import annotations

import pytest

from consonance.errors import StateError
from consonance.ledger.models import AuditEntry, record
from consonance.people.actions.create_person import create_person
from consonance.people.models import Role

pytestmark = pytest.mark.django_db


def test_an_entry_names_who_did_what_to_which_row() -> None:
    curator = create_person(username="ada", roles=[Role.CURATOR])
    entry = record("pause_campaign", target=curator, actor=curator, reason="holiday")
    assert (entry.actor, entry.action, entry.object_type) == (
        curator,
        "pause_campaign",
        "people.User",
    )
    assert entry.object_id == str(curator.pk)
    assert entry.detail == {"reason": "holiday"}


def test_an_entry_cannot_be_changed() -> None:
    curator = create_person(username="ada", roles=[Role.CURATOR])
    entry = record("pause_campaign", target=curator)
    entry.action = "something else"
    with pytest.raises(StateError, match="append-only"):
        entry.save()
    assert AuditEntry.objects.get(pk=entry.pk).action == "pause_campaign"
