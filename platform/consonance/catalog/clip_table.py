"""Clips as a table: what other rooms read instead of rows."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import pyarrow as pa

from consonance.catalog.models import Clip
from consonance.tables.schemas import CLIPS


def clip_table(clip_ids: Iterable[UUID | str]) -> pa.Table:
    """Return the clips of these ids, withdrawn ones left out.

    Parameters
    ----------
    clip_ids
        Primary keys of clips.

    Returns
    -------
    pyarrow.Table
        In the schema `clips`, ordered by collection number and start.
    """
    rows = []
    clips = Clip.objects.filter(pk__in=list(clip_ids), is_withdrawn=False)
    for clip in clips.select_related("track").order_by("track__track_no", "start_ms"):
        track = clip.track
        rows.append(
            {
                "clip_id": str(clip.pk),
                "sample_key": clip.sample_key,
                "track_id": str(track.pk),
                "track_no": track.track_no,
                "start_ms": clip.start_ms,
                "duration_ms": clip.duration_ms,
                "sample_rate": clip.sample_rate,
                "channels": clip.channels,
                "audio_sha256": clip.audio_sha256,
                "pcm_sha256": clip.pcm_sha256,
                "audio_name": clip.audio_name,
                "title": track.title,
                "artist": track.artist,
                "artist_key": track.artist_key,
                "album": track.album or None,
                "album_key": track.album_key or None,
                "genres": [str(genre) for genre in track.genres],
                "licence_spdx": track.licence_spdx,
                "licence_title": track.licence_title,
                "licence_url": track.licence_url or None,
                "track_url": track.track_url or None,
                "artist_url": track.artist_url or None,
            }
        )
    return pa.Table.from_pylist(rows, schema=CLIPS)
