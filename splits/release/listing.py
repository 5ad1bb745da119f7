"""Which of a release's tables are staged, each with the description that belongs to it."""

from __future__ import annotations

from typing import Final

from consonance.errors import ReleaseError
from splits.release.fields import (
    AUDIO_SUMS,
    SPLITS,
    TableKind,
    shard_columns,
    tables_of,
)
from splits.release.spec import ReleaseSpec
from splits.release.staging import Staging

#: Folder of the audio shards.
SHARDS: Final = "audio-parquet"
#: Folder with the names that mirdata's OpenMIC loader insists on.
LEGACY: Final = "mirdata"
LEGACY_NAME: Final = "openmic-2018"
_TABULAR: Final = (".csv", ".parquet")


def staged_tables(staging: Staging, spec: ReleaseSpec) -> list[TableKind]:
    """Return every staged CSV and Parquet file as a table, sorted by path.

    Raises
    ------
    ReleaseError
        If one is not described in `splits.release.fields`.
    """
    known = {table.path: table for table in tables_of(spec)}
    found = []
    for path in staging.names:
        if path.endswith(_TABULAR):
            table = known.get(path) or _one_of_many(path, spec, known)
            if table is None:
                raise ReleaseError(
                    f"{path} is a table that nobody described: add it to splits.release.fields."
                )
            found.append(table)
    return found


def _one_of_many(path: str, spec: ReleaseSpec, known: dict[str, TableKind]) -> TableKind | None:
    """Return the table of a path that stands for one of many: partitions, shards, copies."""
    folder, _, file = path.rpartition("/")
    stem = file.rpartition(".")[0].lower().replace("_", "-")
    if folder in ("partitions", f"{LEGACY}/partitions"):
        prefix = "partition" if folder == "partitions" else f"{LEGACY}-partition"
        return TableKind(
            name=f"{prefix}-{stem}",
            path=path,
            what=f"Clips of {stem}.",
            columns=(SPLITS[0],),
            key=("sample_key",),
            has_header=False,
        )
    if folder == SHARDS:
        return TableKind(
            name=f"{SHARDS}-{stem}",
            path=path,
            what="Sound, labels and credit of clips of one partition.",
            columns=shard_columns(spec.classes),
            key=("sample_key",),
        )
    if path == f"checksums/{spec.name}-audio.csv":
        # OpenMIC's file names its second column only.
        return TableKind(
            name="audio-md5",
            path=path,
            what="MD5 of each clip.",
            columns=AUDIO_SUMS,
            has_header=False,
            left_out=(1,),
        )
    original = known.get(f"{spec.name}{file.removeprefix(LEGACY_NAME)}")
    if folder == LEGACY and file.startswith(f"{LEGACY_NAME}-") and original is not None:
        return TableKind(
            name=f"{LEGACY}-{original.name}",
            path=path,
            what=f"The same bytes as {original.path}.",
            columns=original.columns,
            key=original.key,
        )
    return None
