"""Write the row of a release."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from consonance.catalog.models import FrozenTableRow
from consonance.ledger.models import record
from splits.models import Release, ReleaseClip, SplitPlan

if TYPE_CHECKING:
    from splits.archive import Archive
    from splits.recipes import ReleaseRecipe
    from splits.release import ReleaseSpec
    from splits.release.assemble import Assembly
    from splits.release.changes import Changes


def publish_release(
    *,
    labels: FrozenTableRow,
    recipe: ReleaseRecipe,
    plan: SplitPlan,
    folder: Path,
    archive: Archive,
    spec: ReleaseSpec,
    found: Assembly,
    verification: dict[str, Any],
    previous: Release | None = None,
    changes: Changes | None = None,
    actor: Any,
) -> Release:
    """Make a built, verified and packed release known; the folder itself is not touched.

    Parameters
    ----------
    labels
        What it was built from.
    recipe, plan, spec, found
        As it was built.
    folder, archive
        Where it lies, and as one file.
    verification
        The verifier's report.
    previous, changes
        The last version, and what differs from it.
    actor
        Who publishes; None for the command line.
    """
    manifest = (folder / "manifest.json").read_bytes()
    frame, y = found.clips, found.y
    with transaction.atomic():
        release = Release.objects.create(
            collection=labels.collection,
            name=recipe.name,
            version=recipe.version,
            title=recipe.title,
            labels=labels,
            plan=plan,
            manifest_sha256=hashlib.sha256(manifest).hexdigest(),
            manifest=json.loads(manifest),
            figures=_figures(frame, y, spec.classes),
            verification=verification,
            is_simulated=spec.simulated,
            archive_bytes=archive.size,
            archive_sha256=archive.sha256,
            previous=previous,
            changes=changes.as_json() if changes else {},
            published_by=actor if getattr(actor, "pk", None) else None,
        )
        ReleaseClip.objects.bulk_create(
            [
                ReleaseClip(
                    release=release,
                    clip_id=clip_id,
                    sample_key=key,
                    partition=partition,
                    present=[
                        name for name, value in zip(spec.classes, row, strict=True) if value == 1
                    ],
                    absent=[
                        name for name, value in zip(spec.classes, row, strict=True) if value == 0
                    ],
                )
                for clip_id, key, partition, row in zip(
                    frame["clip_id"], frame["sample_key"], frame["partition"], y, strict=True
                )
            ],
            batch_size=1000,
        )
        record("build_release", target=release, actor=actor, manifest=release.manifest_sha256)
    return release


def _figures(frame: Any, y: Any, classes: tuple[str, ...]) -> dict[str, Any]:
    partitions = frame["partition"].astype(str)
    return {
        "clips": len(frame),
        "artists": int(frame["artist_key"].nunique()),
        "partitions": dict(sorted(Counter(partitions).items())),
        "licences": dict(Counter(frame["licence_spdx"].astype(str)).most_common()),
        "classes": {
            name: {
                "present": int((y[:, column] == 1).sum()),
                "absent": int((y[:, column] == 0).sum()),
                "by_partition": {
                    partition: [
                        int((y[(partitions == partition).to_numpy(), column] == 1).sum()),
                        int((y[(partitions == partition).to_numpy(), column] == 0).sum()),
                    ]
                    for partition in sorted(set(partitions))
                },
            }
            for column, name in enumerate(classes)
        },
    }
