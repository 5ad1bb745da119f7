"""Reads of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from consonance.catalog.models import Collection


class TrackQuerySet(models.QuerySet):
    """Chainable reads of tracks."""

    def of(self, collection: Collection) -> Self:
        """Return the tracks of one collection."""
        return self.filter(collection=collection)

    def ready(self) -> Self:
        """Return tracks that passed inspection."""
        return self.filter(state="ready")

    def quarantined(self) -> Self:
        """Return tracks that did not."""
        return self.filter(state="quarantined")

    def missing(self) -> Self:
        """Return rows of metadata without a file."""
        return self.filter(state="missing")
