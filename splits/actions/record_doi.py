"""Write down the DOI that a release was given."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.models import Release
from splits.presenting.citing import DOI

_PREFIXES = ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "doi:")


def cleaned_doi(text: str) -> str:
    """Return a DOI without an address before it, in lower case; empty stays empty.

    Raises
    ------
    ParameterError
        If it is none.
    """
    doi = text.strip()
    for prefix in _PREFIXES:
        if doi.lower().startswith(prefix):
            doi = doi[len(prefix) :]
    if doi and not DOI.fullmatch(doi):
        raise ParameterError(f"{text.strip()!r} is no DOI: it looks like 10.5281/zenodo.1234567.")
    return doi.lower()


def record_doi(*, release: Release, doi: str, actor: Any) -> Release:
    """Set, change or clear a release's DOI; files and manifest stay as they are.

    Raises
    ------
    NotAllowedError
        If the actor does not curate the release's collection.
    ParameterError
        If it is no DOI, or that of another release.
    """
    require(actor, Role.CURATOR, (Scope.COLLECTION, release.collection_id))
    doi = cleaned_doi(doi)
    with transaction.atomic():
        row = Release.objects.select_for_update().get(pk=release.pk)
        other = Release.objects.filter(doi=doi).exclude(pk=row.pk).first() if doi else None
        if other is not None:
            raise ParameterError(f"{doi} is the DOI of {other}: each version has its own.")
        if row.doi != doi:
            record("record_doi", target=row, actor=actor, before=row.doi, after=doi)
            row.doi = doi
            row.save(update_fields=["doi"])
    return row
