"""A clip of a release, as its page and the API tell it."""

from __future__ import annotations

from typing import Any

from splits.actions.report_label import published_label
from splits.label_facts import duplicates_of, labels_of_clip
from splits.models import ReleaseClip
from splits.presenting.versions import order_of


def label_rows(row: ReleaseClip) -> list[dict[str, Any]]:
    """Return a row a class: what is published, the answers, the posterior, why asking stopped."""
    facts = labels_of_clip(row.release, row.clip_id)
    found = []
    for name in row.release.figures["classes"]:
        told = facts.get(name)
        published = published_label(row, name)
        found.append(
            {
                "class": name,
                "display_name": name.replace("_", " "),
                "published": published,
                "posterior": None if told is None else told["posterior_crowd"],
                "posterior_text": "" if told is None else _share(told["posterior_crowd"]),
                "n_yes": None if told is None else told["n_yes"],
                "n_no": None if told is None else told["n_no"],
                "n_unsure": None if told is None else told["n_unsure"],
                "stop_reason": None if told is None else told["stop_reason"],
            }
        )
    order = {"present": 0, "absent": 1, "unknown": 2}
    return sorted(found, key=lambda entry: (order[entry["published"]], entry["class"]))


def _share(value: float) -> str:
    if value < 0.0005:
        return "< 0.001"
    return "> 0.999" if value > 0.9995 else f"{value:.3f}"


def attribution_of(row: ReleaseClip) -> str:
    """Return the line of credit: title, artist, licence with its address, source."""
    track = row.clip.track
    return (
        f"“{track.title or 'Untitled'}” by {track.artist or 'an unknown artist'}, "
        f"{track.licence_title or track.licence_spdx}"
        + (f" ({track.licence_url})" if track.licence_url else "")
        + (f", {track.track_url}" if track.track_url else "")
    )


def versions_with(row: ReleaseClip) -> list[ReleaseClip]:
    """Return the clip in each release that holds it, the newest version first."""
    rows = ReleaseClip.objects.filter(clip=row.clip_id).select_related("release")
    return sorted(
        rows.defer("release__manifest"),
        key=lambda entry: (entry.release.name, order_of(entry.release.version)),
        reverse=True,
    )


def same_sound(row: ReleaseClip) -> list[ReleaseClip]:
    """Return the release's other clips of the same duplicate group."""
    others = duplicates_of(row.release, row.clip_id)
    return list(row.release.clips.filter(clip__in=others).order_by("sample_key"))
