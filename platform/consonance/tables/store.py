"""Frozen tables: Parquet files named by the hash of what is in them."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from consonance.errors import ParameterError, StateError
from consonance.tables.schemas import conform

_METADATA_KEY = b"consonance"


@dataclass(frozen=True, kw_only=True)
class FrozenTable:
    """A stored table and its facts.

    Attributes
    ----------
    kind
        A key of `consonance.tables.schemas.KINDS`.
    sha256
        Hash of the Parquet file's bytes; also its name.
    path
        Where the file lies.
    rows
        Number of rows.
    facts
        What the writer recorded beside the rows (method, parameters, inputs' hashes ...).
    """

    kind: str
    sha256: str
    path: Path
    rows: int
    facts: dict[str, object]

    def read(self) -> pa.Table:
        """Return the rows."""
        return pq.read_table(self.path)


class TableStore:
    """A folder of frozen tables, one sub-folder a kind.

    The same rows with the same facts give the same bytes and so the same name: freezing twice
    stores once.

    Parameters
    ----------
    root
        The folder; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def freeze(self, table: pa.Table, kind: str, facts: dict[str, object]) -> FrozenTable:
        """Store a table and return its name and place.

        Parameters
        ----------
        table
            Rows in the kind's schema (`conform` is applied).
        kind
            A key of `consonance.tables.schemas.KINDS`.
        facts
            JSON-serialisable provenance; part of the hash.

        Raises
        ------
        ParameterError
            If the rows do not fit the kind, or the facts are not JSON.
        """
        table = conform(table, kind)
        try:
            text = json.dumps({"kind": kind, **facts}, sort_keys=True, ensure_ascii=False)
        except TypeError as error:
            raise ParameterError(f"Facts of a {kind} table must be JSON: {error}") from error
        table = table.replace_schema_metadata({_METADATA_KEY: text.encode()})
        folder = self.root / kind
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
        os.close(descriptor)
        try:
            pq.write_table(table, temporary, compression="zstd", version="2.6")
            digest = hashlib.sha256(Path(temporary).read_bytes()).hexdigest()
            path = folder / f"{digest}.parquet"
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return FrozenTable(kind=kind, sha256=digest, path=path, rows=table.num_rows, facts=facts)

    def open(self, kind: str, sha256: str) -> FrozenTable:
        """Return a stored table after checking that its bytes still have their hash.

        Raises
        ------
        StateError
            If there is no such table, or the file was altered.
        """
        path = self.root / kind / f"{sha256}.parquet"
        if not path.is_file():
            raise StateError(f"There is no {kind} table {sha256[:12]} in {self.root}.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise StateError(f"The {kind} table {path} was altered: its hash no longer matches.")
        schema = pq.read_schema(path)
        facts = json.loads((schema.metadata or {}).get(_METADATA_KEY, b"{}"))
        facts.pop("kind", None)
        rows = pq.read_metadata(path).num_rows
        return FrozenTable(kind=kind, sha256=sha256, path=path, rows=rows, facts=facts)
