"""Kinds of long work of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import Q

from consonance.catalog.actions.import_tracks import import_tracks
from consonance.catalog.actions.render_clips import render_clips
from consonance.catalog.models import Clip
from consonance.catalog.selection import collection_named
from consonance.jobs.context import JobContext
from consonance.jobs.registry import register

IMPORT_TRACKS = "catalog.import_tracks"
RENDER_CLIPS = "catalog.render_clips"


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


@register(RENDER_CLIPS, label="Render clips for playback")
def render_clips_work(
    context: JobContext, *, collection: str = "", again: bool = False, processes: int = 2
) -> dict[str, Any]:
    """Render clips that have no rendition; see `consonance.catalog.actions.render_clips`.

    Parameters
    ----------
    context
        The running job.
    collection
        Slug of the collection whose clips are rendered; empty for all.
    again
        Render also what was rendered before this job was made; a second attempt goes on from
        where the first one stopped.
    processes
        How many clips are worked on at a time.
    """
    clips = Clip.objects.filter(is_withdrawn=False)
    if collection:
        clips = clips.filter(track__collection=collection_named(collection))
    due = Q(playback_sha256="")
    if again:
        due |= Q(rendered_at__lt=context.job.created_at)
    wanted = list(clips.filter(due).order_by("pk").values_list("pk", flat=True))

    def tell(done: int, total: int) -> None:
        context.progress(done, total, unit="clips", message="Rendering clips")

    made = render_clips(clips=wanted, progress=tell, processes=processes)
    for clip_id, sentence in sorted(made.failures.items()):
        context.log(f"Clip {clip_id}: {sentence}", level="warning")
    summary = f"Rendered {len(made.rendered)} clips"
    if made.failures:
        summary += (
            f"; {len(made.failures)} could not be rendered, of which {len(made.withdrawn)} were "
            "withdrawn (see the log)"
        )
    return {
        "rendered": len(made.rendered),
        "repaired": len(made.repaired),
        "failed": len(made.failures),
        "withdrawn": len(made.withdrawn),
        "summary": f"{summary}.",
    }


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
