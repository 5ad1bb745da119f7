"""Find a collection by the name a person types."""

from __future__ import annotations

from consonance.catalog.models import Collection
from consonance.errors import ParameterError


def collection_named(slug: str) -> Collection:
    """Return the collection of this slug.

    Raises
    ------
    ParameterError
        If there is none; the message lists those there are.
    """
    try:
        return Collection.objects.get(slug=slug)
    except Collection.DoesNotExist:
        known = ", ".join(Collection.objects.values_list("slug", flat=True)) or "none yet"
        raise ParameterError(f"No collection is called {slug!r}. There are: {known}.") from None
