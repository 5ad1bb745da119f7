"""Values as the database at hand keeps them, for statements that are written in SQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection


def as_stored(name: UUID) -> Any:
    """Return an id as this database keeps it."""
    return name if connection.features.has_native_uuid_field else name.hex


def as_id(stored: Any) -> UUID:
    """Return what a row holds as an id."""
    return stored if isinstance(stored, UUID) else UUID(hex=stored)


def as_optional_id(stored: Any) -> UUID | None:
    """Return what a row holds as an id; None where it holds none."""
    return None if stored is None else as_id(stored)
