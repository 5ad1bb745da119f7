"""How often releases are fetched: by part and day, and nothing of who it was."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from splits.models import DownloadCount, Release

#: The part that single files are counted under, together.
ONE_FILE: Final = "one file"


def count_download(release: Release, part: str) -> None:
    """Count a download that begins now."""
    day = timezone.now().date()
    with transaction.atomic():
        if part != ONE_FILE:  # else whoever fetches file by file would count by thousands
            Release.objects.filter(pk=release.pk).update(downloads=F("downloads") + 1)
        row, _ = DownloadCount.objects.get_or_create(release=release, part=part, day=day)
        DownloadCount.objects.filter(pk=row.pk).update(count=F("count") + 1)


def downloads_of(release: Release) -> list[dict[str, Any]]:
    """Return how often each part of a release was fetched in all, the most fetched first."""
    rows = DownloadCount.objects.filter(release=release).order_by()
    found = [dict(row) for row in rows.values("part").annotate(times=Sum("count"))]
    return sorted(found, key=lambda row: (-row["times"], row["part"]))
