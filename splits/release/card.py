"""The head of README.md: what Hugging Face reads of a data set (YAML between two lines of ---)."""

from __future__ import annotations

import json
from typing import Final

from splits.release.listing import SHARDS
from splits.release.material import Material

_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)
#: Tables that are configurations of their own, each in one piece.
TABLES: Final = ("labels", "labels_wide", "ratings", "metadata", "splits", "groups", "candidates")
TASKS: Final = ("audio-classification",)


def front_matter(material: Material) -> str:
    """Return the YAML head of README.md, with its lines of dashes.

    The configuration `default` is the audio with its labels, one split a partition; the others are
    the tables of parquet/, each a single split called `all_rows`.
    """
    spec, found = material.spec, material.found
    size = next((word for bound, word in _SIZES if len(found.clips) < bound), "n>1M")
    held = [name for name in TABLES if name != "candidates" or found.candidates is not None]
    lines = [
        "---",
        f"pretty_name: {json.dumps(spec.title, ensure_ascii=False)}",
        # Clips have licences of their own.
        "license: other",
        "license_name: one-per-clip",
        "license_link: LICENSE-audio.txt",
        "task_categories:",
        *(f"- {name}" for name in TASKS),
        "tags:",
        *(f"- {name}" for name in ("music", "audio", "multi-label", "croissant")),
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  default: true",
        "  data_files:",
        *(
            line
            for name in _partitions(material)
            for line in (f"  - split: {name}", f"    path: {SHARDS}/{name}-*.parquet")
        ),
    ]
    for name in held:
        lines += [
            f"- config_name: {name}",
            "  data_files:",
            "  - split: all_rows",
            f"    path: parquet/{name}.parquet",
        ]
    return "\n".join([*lines, "---", "", ""])


def _partitions(material: Material) -> list[str]:
    """Return the partitions in the order in which they are promised, then any others."""
    held = set(material.found.clips["partition"])
    first = [name for name in material.spec.contract.partitions if name in held]
    return [*first, *sorted(held - set(first))]
