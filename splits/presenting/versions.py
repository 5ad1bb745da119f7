"""The versions of a release, in their own order."""

from __future__ import annotations

from splits.models import Release


def order_of(version: str) -> tuple[int, ...]:
    """Return what sorts MAJOR.MINOR.PATCH as numbers: 1.10.0 after 1.9.0."""
    parts = version.split(".")
    return tuple(int(part) if part.isascii() and part.isdigit() else -1 for part in parts)


def versions_of(name: str) -> list[Release]:
    """Return all versions of a release, the newest version first."""
    found = Release.objects.filter(name=name).defer("manifest")
    return sorted(found, key=lambda release: order_of(release.version), reverse=True)


def newest_of(name: str) -> Release | None:
    """Return the newest version of a release."""
    found = versions_of(name)
    return found[0] if found else None
