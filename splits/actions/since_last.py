"""What a new version follows: the last one, where its clips lay, and why some are gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from consonance.catalog.models import Clip, Withdrawal
from splits.models import LabelReport, Release

if TYPE_CHECKING:
    from splits.release.changes import Known


def last_before(name: str, version: str) -> Release | None:
    """Return the highest version of a release below this one."""
    rows = Release.objects.filter(name=name)
    wanted = numbers(version)
    earlier = [row for row in rows.only("pk", "version") if numbers(row.version) < wanted]
    if not earlier:
        return None
    return rows.get(pk=max(earlier, key=lambda row: numbers(row.version)).pk)


def numbers(version: str) -> tuple[int, ...]:
    """Return MAJOR, MINOR and PATCH."""
    return tuple(int(part) for part in version.split("."))


def partitions_of(release: Release) -> dict[str, str]:
    """Return the partition of each clip, by the clip's id."""
    return {
        str(clip): partition
        for clip, partition in release.clips.values_list("clip_id", "partition").iterator()
    }


def known_of(release: Release, left_out: Mapping[str, str], groups: pa.Table) -> Known:
    """Return why clips of the last version are gone, and which labels readers reported.

    Parameters
    ----------
    release
        The last version.
    left_out
        Clip to why its contract does not allow it.
    groups
        Of the new plan: verified copies are marked there.
    """
    from splits.release.changes import Known

    dropped = {
        clip
        for clip, action in zip(
            groups.column("clip_id").to_pylist(), groups.column("action").to_pylist(), strict=True
        )
        if action == "drop"
    }
    keys = {str(clip): key for clip, key in release.clips.values_list("clip_id", "sample_key")}
    withdrawn = {
        str(clip): "withdrawn"
        for clip in Clip.objects.filter(release_rows__release=release, is_withdrawn=True)
        .values_list("pk", flat=True)
        .distinct()
    }
    withdrawn |= {
        str(row.clip_id): f"withdrawn: {row.get_reason_display()[0].lower()}"
        f"{row.get_reason_display()[1:]}"
        for row in Withdrawal.objects.filter(
            clip__release_rows__release=release, lifted_at__isnull=True
        ).distinct()
    }
    why = {**dict.fromkeys(dropped, "duplicate group"), **left_out, **withdrawn}
    reports = LabelReport.objects.filter(
        release__name=release.name, state=LabelReport.State.ACCEPTED
    ).values_list("release_clip__sample_key", "class_name")
    return Known(
        left_out={keys[clip]: reason for clip, reason in why.items() if clip in keys},
        reported=frozenset(reports),
    )
