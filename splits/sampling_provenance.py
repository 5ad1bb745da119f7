"""How a release's clips came to be asked about: what splits may know of candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from candidates.models import Candidate
from splits.actions.plan_split import Planned

if TYPE_CHECKING:
    from splits.release import Features


def sampling_of(
    planned: Planned, clips: pa.Table
) -> tuple[pa.Table | None, dict[str, Any], Features | None]:
    """Return the candidates behind the clips, how they were drawn, and features of the clips."""
    kept = planned.splits.column("clip_id").to_pylist()
    rows = list(
        Candidate.objects.filter(clip__in=kept)
        .select_related("round__score_set__detector", "target")
        .order_by("clip_id", "target__name", "-round__created_at")
    )
    if not rows:
        return None, {}, None
    seen = {(str(row.clip_id), row.target.name): row for row in reversed(rows)}
    table = pa.Table.from_pylist(
        [
            {
                "clip_id": clip_id,
                "class_name": name,
                "tail": row.tail,
                "likelihood": row.likelihood,
                "quantile": row.quantile,
                "inclusion": row.inclusion,
            }
            for (clip_id, name), row in sorted(seen.items())
        ]
    )
    rounds = sorted({row.round for row in rows}, key=lambda drawn: drawn.number)
    detector = rounds[-1].score_set.detector
    provenance = {
        "detector": {
            "name": detector.name,
            "version": detector.version,
            "is_fallback": detector.is_fallback,
            **detector.provenance,
        },
        "rounds": [drawn.recipe for drawn in rounds],
    }
    return table, provenance, _features(rounds[-1].score_set, kept, clips)


def _features(score_set: Any, kept: list[str], clips: pa.Table) -> Features | None:
    """Return the detector's embeddings of the clips, reduced as the release stores them."""
    from candidates.scoring.at_places import read_embeddings
    from splits.release import quantise

    frame = clips.to_pandas().set_index("clip_id").loc[kept]
    places = list(zip(frame["track_no"].tolist(), frame["start_ms"].tolist(), strict=True))
    embeddings = read_embeddings(score_set.folder, places)
    return quantise(
        embeddings, kept, name=f"{score_set.detector.name}-{score_set.detector.version}"
    )
