"""Which tracks make which shard, and what decides its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db.models import QuerySet

from candidates.models import ScoreSet
from candidates.scoring.recordings import Recording
from consonance.catalog.models import Track, TrackState

#: Of scoring itself: raised when the same detector gives other bits than before.
_ARITHMETIC: Final = 2
_FIELDS: Final = ("track_no", "path", "title", "state", "file_sha256", "duration_ms")


@dataclass(frozen=True, kw_only=True)
class ShardPlan:
    """One shard that a score set consists of.

    Attributes
    ----------
    number
        Its place among the score set's shards.
    path
        Where it lies or will lie.
    recipe
        What decides its content.
    tracks
        The tracks it holds.
    """

    number: int
    path: Path
    recipe: dict[str, Any]
    tracks: tuple[Track, ...]

    def recordings(self, root: str) -> list[Recording]:
        """Return the files to score, where `root` is the folder or address they lie under."""
        return [
            Recording(
                track_no=track.track_no,
                path=f"{root.rstrip('/')}/{track.path}",
                name=track.path,
                file_sha256=track.file_sha256,
            )
            for track in self.tracks
        ]

    @property
    def music_ms(self) -> int:
        """How long its tracks last together."""
        return sum(track.duration_ms for track in self.tracks)


def planned(score_set: ScoreSet, shard_tracks: int) -> list[ShardPlan]:
    """Return the shards of a score set, in order.

    Tracks in quarantine keep their place: when one goes there, or comes back, no other shard
    changes.
    """
    rows = list(_tracks(score_set))
    plans = [
        _plan(score_set, number, rows[first : first + shard_tracks])
        for number, first in enumerate(range(0, len(rows), shard_tracks))
    ]
    return [plan for plan in plans if plan.tracks]


def planned_one(score_set: ScoreSet, number: int, shard_tracks: int) -> ShardPlan:
    """Return one shard of those of `planned`; without tracks if there is none of this number."""
    first = number * shard_tracks
    return _plan(score_set, number, list(_tracks(score_set)[first : first + shard_tracks]))


def _tracks(score_set: ScoreSet) -> QuerySet[Track]:
    found: QuerySet[Track] = Track.objects.of(score_set.collection).order_by("track_no")
    return found.only(*_FIELDS)


def _plan(score_set: ScoreSet, number: int, rows: list[Track]) -> ShardPlan:
    ready = tuple(track for track in rows if track.state == TrackState.READY)
    return ShardPlan(
        number=number,
        path=score_set.folder / f"shard-{number:05d}.parquet",
        tracks=ready,
        recipe={
            "arithmetic": _ARITHMETIC,
            "detector": str(score_set.detector),
            "window_ms": score_set.window_ms,
            "hop_ms": score_set.hop_ms,
            "tracks": [[track.track_no, track.file_sha256] for track in ready],
        },
    )
