"""Kinds of long work of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consonance.catalog.actions.import_tracks import import_tracks
from consonance.jobs.context import JobContext
from consonance.jobs.registry import register

IMPORT_TRACKS = "catalog.import_tracks"


@register(IMPORT_TRACKS, label="Import tracks")
def import_tracks_work(
    context: JobContext,
    *,
    folder: str,
    slug: str,
    name: str = "",
    metadata: str | None = None,
    raw: str | None = None,
    mapping: str | None = None,
    look_beside: bool = True,
    synthetic: bool = False,
    processes: int = 2,
    recheck: bool = False,
) -> dict[str, Any]:
    """Import a folder; see `consonance.catalog.actions.import_tracks`."""

    def tell(done: int, total: int) -> None:
        context.progress(done, total, unit="files", message="Inspecting")

    return import_tracks(
        folder=Path(folder),
        slug=slug,
        name=name,
        metadata=_path(metadata),
        raw=_path(raw),
        mapping=_path(mapping),
        look_beside=look_beside,
        synthetic=synthetic,
        processes=processes,
        recheck=recheck,
        progress=tell,
        log=context.log,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
