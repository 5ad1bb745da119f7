"""Which parts of a release are offered, each with its size."""

from __future__ import annotations

from typing import Any

from splits.models import Release
from splits.serving.answers import layout_of
from splits.serving.contents import contents_of
from splits.serving.selection import Selection


def parts_of(release: Release) -> list[dict[str, Any]]:
    """Return the whole, the labels and the metadata with their sizes; none without its files."""
    contents = contents_of(release)
    if contents is None:
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
