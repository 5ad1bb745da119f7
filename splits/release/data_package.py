"""datapackage.json: the tables of a release as a Frictionless data package, with their schemas.

Data Package and Table Schema, version 1, as the `frictionless` tool reads them.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pyarrow.parquet as pq

from consonance.errors import ReleaseError
from splits.release.fields import Column, TableKind
from splits.release.licences import licence_name, licence_url
from splits.release.listing import staged_tables
from splits.release.material import Material
from splits.release.staging import Staging

PACKAGE: Final = "datapackage.json"
_TYPES: Final = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "flag": "boolean",
    "date": "date",
    "list": "array",
    "object": "object",
}


def write_package(staging: Staging, material: Material) -> None:
    """Write datapackage.json over every table that is staged.

    Raises
    ------
    ReleaseError
        If a staged table, or a column of one, is described nowhere.
    """
    spec = material.spec
    facts = staging.facts()
    resources = []
    for table in staged_tables(staging, spec):
        _check_columns(staging, table)
        resources.append(_resource(table, facts[table.path]))
    used = sorted({*material.found.clips["licence_spdx"].astype(str)})
    package: dict[str, Any] = {
        "profile": "data-package",
        "name": spec.name,
        "title": spec.title,
        "description": spec.description or spec.title,
        "version": spec.version,
        "licenses": [
            {**_licence(spec.licence_labels), "title": "Labels, ratings and documentation"},
            *({**_licence(name), "title": f"Audio of clips under {name}"} for name in used),
        ],
        "contributors": [{"title": name, "role": "author"} for name in spec.creators],
        "resources": resources,
    }
    if spec.created:
        package["created"] = f"{spec.created}T00:00:00Z"
    if spec.homepage:
        package["homepage"] = spec.homepage
    if not spec.creators:
        del package["contributors"]  # an empty list is no valid one
    staging.write(PACKAGE, json.dumps(package, indent=1, ensure_ascii=False) + "\n")


def _licence(spdx: str) -> dict[str, str]:
    return {"name": licence_name(spdx), "path": licence_url(spdx)}


def _check_columns(staging: Staging, table: TableKind) -> None:
    path = staging.root / table.path
    told = [column.name for column in table.columns]
    if table.path.endswith(".parquet"):
        found = pq.read_schema(path).names
    elif table.has_header:
        with path.open(encoding="utf-8", newline="") as file:
            found = file.readline().rstrip("\n").split(",")
    else:
        return
    if found != told:
        odd = sorted(set(found) ^ set(told)) or ["their order"]
        raise ReleaseError(
            f"The columns of {table.path} are not those that splits.release.fields describes "
            f"({', '.join(odd)}): describe them there."
        )


def _resource(table: TableKind, facts: dict[str, object]) -> dict[str, Any]:
    is_csv = table.path.endswith(".csv")
    resource: dict[str, Any] = {
        "name": table.name,
        "type": "table",
        "path": table.path,
        "description": table.what,
        "scheme": "file",
        "format": "csv" if is_csv else "parquet",
        "mediatype": "text/csv" if is_csv else "application/vnd.apache.parquet",
        "sha256": facts["sha256"],
        "schema": {"fields": [_field(column, is_csv=is_csv) for column in table.columns]},
    }
    if is_csv:
        # Of Parquet the tool measures neither, and takes that for a difference.
        resource |= {"hash": f"sha256:{facts['sha256']}", "bytes": facts["bytes"]}
        resource["encoding"] = "utf-8"
        # Written out: a reader that guesses takes a list of keys for numbers with separators.
        resource["dialect"] = {
            "header": table.has_header,
            "csv": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True},
        }
        if table.left_out:
            resource["dialect"]["commentRows"] = list(table.left_out)
    if table.key:
        resource["schema"]["primaryKey"] = list(table.key)
    return resource


def _field(column: Column, *, is_csv: bool) -> dict[str, Any]:
    kind = _TYPES[column.kind]
    if not is_csv:
        # The tool reads Parquet through pandas: a missing integer is NaN there, a list an array.
        is_number = column.kind == "integer" and not column.required
        kind = "number" if is_number else "any" if column.kind == "list" else kind
    field: dict[str, Any] = {
        "name": column.name,
        "type": kind,
        "description": column.what,
    }
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.values:
        constraints["enum"] = list(column.values)
    if constraints:
        field["constraints"] = constraints
    return field
