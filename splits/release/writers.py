"""What a release is made of beside its audio: the one list of writers, in the order they run.

A writer is a function of `(staging, material)` that stages its files and nothing else; it reads
no clock and no setting, so equal material gives equal bytes. It must not hold the audio of more
than a few clips at once. Those that describe other files (Frictionless, Croissant) come last:
they see what is staged by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from splits.release import (
    baseline,
    changes,
    composition,
    croissant,
    data_package,
    documents,
    mirdata_tree,
    openmic_tree,
    parquet,
    shards,
)
from splits.release.material import Material
from splits.release.staging import Staging


@dataclass(frozen=True)
class Writer:
    """One kind of content.

    Attributes
    ----------
    name : str
        For progress: lower-case words.
    write : callable
        Called with the staging and the material, after all audio is staged.
    """

    name: str
    write: Callable[[Staging, Material], None]


WRITERS: Final[tuple[Writer, ...]] = (
    Writer("tables", openmic_tree.write_tables),
    Writer("mirdata", mirdata_tree.write_mirdata),
    Writer("parquet", parquet.write_parquet),
    Writer("changes", lambda staging, material: changes.write_changes(staging, material.changes)),
    Writer("baseline", baseline.write_baseline),
    Writer("audio shards", shards.write_shards),
    Writer("composition", composition.write_composition),
    Writer("documents", documents.write_documents),
    Writer("data package", data_package.write_package),
    Writer("croissant", croissant.write_croissant),
)
