"""Which parts of a release are offered, each with its size."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.core.cache import cache

from splits.models import Release
from splits.serving.answers import layout_of
from splits.serving.contents import MANIFEST, contents_of
from splits.serving.places import size_of
from splits.serving.selection import Selection
from splits.serving.withheld import withheld

_KEPT: Final = 3_600  # seconds


def parts_of(release: Release) -> list[dict[str, Any]]:
    """Return the whole, the labels and the metadata with their sizes; none without its files.

    Sizes take a look at every file, and are kept until another clip is withdrawn or comes back.
    """
    if size_of(release, MANIFEST) is None:
        return []
    told = hashlib.sha256(withheld(release).listing).hexdigest()
    key = f"splits.parts:{release.pk}:{release.manifest_sha256}:{told}"
    parts: list[dict[str, Any]] | None = cache.get(key)
    if parts is None:
        parts = _measured(release)
        if parts:
            cache.set(key, parts, _KEPT)
    return parts


def _measured(release: Release) -> list[dict[str, Any]]:
    contents = contents_of(release)
    if contents is None:  # taken away this moment
        return []
    offered = (
        (Selection(), "Everything"),
        (Selection("labels"), "Labels only"),
        (Selection("metadata"), "Metadata only"),
    )
    return [
        {
            "label": label,
            "query": selection.query,
            "bytes": layout_of(selection.choose(contents)).size,
        }
        for selection, label in offered
    ]
