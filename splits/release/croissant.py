"""croissant.json: Croissant 1.1 with the fields for responsible use (RAI 1.0).

It names every file with its SHA-256, and the columns of labels, metadata, partitions, ratings and
audio, so that tools that know the format load them without a line about this one.
"""

from __future__ import annotations

import json
from typing import Any, Final

from splits.release.account import account
from splits.release.citation import bibtex, creators_of
from splits.release.fields import Column, TableKind
from splits.release.licences import licence_url
from splits.release.listing import SHARDS, staged_tables
from splits.release.material import Material
from splits.release.staging import Staging

CROISSANT: Final = "croissant.json"
CONFORMS_TO: Final = (
    "http://mlcommons.org/croissant/1.1",
    "http://mlcommons.org/croissant/RAI/1.0",
)
#: The context that the specification of 1.1 gives.
CONTEXT: Final[dict[str, object]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{
        word: f"cr:{word}"
        for word in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract"),
            *("field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray"),
            *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source"),
            *("subField", "transform"),
        )
    },
}
#: Record sets by name, and the table that each reads.
RECORD_SETS: Final = {
    "labels": "parquet/labels.parquet",
    "labels_wide": "parquet/labels_wide.parquet",
    "metadata": "parquet/metadata.parquet",
    "partitions": "parquet/splits.parquet",
    "ratings": "parquet/ratings.parquet",
    "candidates": "parquet/candidates.parquet",
}
_TYPES: Final = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "flag": "sc:Boolean",
    "date": "sc:Date",
    "list": "sc:Text",
    "object": "sc:AudioObject",
}
_FORMATS: Final = {
    "csv": "text/csv",
    "parquet": "application/x-parquet",
    "json": "application/json",
    "md": "text/markdown",
    "txt": "text/plain",
    "py": "text/x-python",
    "cff": "application/yaml",
    "npz": "application/zip",
    "html": "text/html",
    "jams": "application/json",
}
#: Croissant's own names of the usual partitions.
_SPLITS: Final = {
    "train": "cr:TrainingSplit",
    "validation": "cr:ValidationSplit",
    "test": "cr:TestSplit",
}


def write_croissant(staging: Staging, material: Material) -> None:
    """Write croissant.json over everything that is staged."""
    text = json.dumps(describe_in_croissant(staging, material), indent=1, ensure_ascii=False)
    staging.write(CROISSANT, text + "\n")


def describe_in_croissant(staging: Staging, material: Material) -> dict[str, Any]:
    """Return the description, as JSON-LD."""
    spec = material.spec
    tables = {table.path: table for table in staged_tables(staging, spec)}
    used = sorted({licence_url(name) for name in material.found.clips["licence_spdx"].astype(str)})
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": spec.name,
        "alternateName": spec.title,
        "description": _description(material),
        "version": spec.version,
        "license": list(dict.fromkeys([licence_url(spec.licence_labels), *used])),
        "citeAs": bibtex(spec),
        "isLiveDataset": False,
        "creator": [
            {"@type": "sc:Person", "name": name, **({"sameAs": orcid} if orcid else {})}
            for name, orcid in creators_of(spec)
        ],
        "keywords": ["music", *spec.classes],
        "inLanguage": ["en"],
        "sdLicense": licence_url(spec.licence_labels),
        "sdVersion": "1.1",
    }
    if spec.created:
        told["datePublished"] = spec.created
    if spec.homepage:
        told["url"] = spec.homepage
    told |= _responsible(material)
    told["distribution"] = _distribution(staging, tables)
    told["recordSet"] = [
        _classes(spec.classes),
        _splits(material),
        *(_record_set(name, tables[path]) for name, path in RECORD_SETS.items() if path in tables),
        _audio(material),
    ]
    return told


def _description(material: Material) -> str:
    spec = material.spec
    warning = "The ratings were given by simulated people: this is no data about music. "
    return (
        (warning if spec.simulated else "")
        + (f"{spec.description} " if spec.description else "")
        + account(material).sources
    )


def _responsible(material: Material) -> dict[str, Any]:
    # mlcroissant 1.1 spells two of these otherwise; the RAI 1.0 vocabulary's spelling is kept.
    told = account(material)
    fields: dict[str, Any] = {
        "dataCollection": f"{told.sources} {told.selection}",
        "dataCollectionType": ["Manual Human Curator", "Software Collection"],
        "dataCollectionMissingData": f"{told.missing} {told.left_out}",
        "dataCollectionRawData": f"{told.sources} {told.cutting}",
        "dataImputationProtocol": "None: what is unknown stays unknown.",
        "dataPreprocessingProtocol": [told.cutting],
        "dataManipulationProtocol": f"{told.duplicates} {told.splitting}",
        "dataAnnotationProtocol": [told.asking, told.deciding],
        "dataAnnotationPlatform": ["Consonance"],
        "dataAnnotationAnalysis": [told.quality],
        "annotationsPerItem": told.per_item,
        "annotatorDemographics": [told.people, told.demographics],
        "machineAnnotationTools": [told.machine],
        "dataBiases": list(told.biases),
        "dataUseCases": list(told.uses),
        "dataLimitations": list(told.limits),
        "dataSocialImpact": "Not studied. " + told.rights,
        "personalSensitiveInformation": [told.personal],
        "dataReleaseMaintenancePlan": told.upkeep,
    }
    if told.days:
        fields["dataCollectionTimeframe"] = list(told.days)
    return {f"rai:{name}": value for name, value in fields.items()}


def _distribution(staging: Staging, tables: dict[str, TableKind]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for path, facts in staging.facts().items():
        if path.startswith("audio/"):
            continue  # a file a clip: the set below; their hashes stand in clips.csv
        listed.append(
            {
                "@type": "cr:FileObject",
                "@id": path,
                "name": path.rpartition("/")[2],
                **({"description": tables[path].what} if path in tables else {}),
                "contentUrl": path,
                "contentSize": f"{facts['bytes']} B",
                "encodingFormat": _FORMATS.get(path.rpartition(".")[2], "text/plain"),
                "sha256": facts["sha256"],
            }
        )
    return [
        *listed,
        {
            "@type": "cr:FileSet",
            "@id": "audio-files",
            "name": "audio-files",
            "description": "One Ogg Vorbis file a clip; clips.csv has their SHA-256.",
            "encodingFormat": "audio/ogg",
            "includes": "audio/*/*.ogg",
        },
        {
            "@type": "cr:FileSet",
            "@id": "audio-shards",
            "name": "audio-shards",
            "description": "The same files in Parquet, with labels, licence and credit.",
            "encodingFormat": "application/x-parquet",
            "includes": f"{SHARDS}/*.parquet",
        },
    ]


def _classes(classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "The classes that people were asked for.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/name"},
        "field": [_plain("classes/name", "sc:Text", "A class.")],
        "data": [{"classes/name": name} for name in classes],
    }


def _splits(material: Material) -> dict[str, Any]:
    names = sorted(set(material.found.clips["partition"]))
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The partitions.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            _plain("splits/name", "sc:Text", "A partition."),
            _plain("splits/url", "sc:URL", "What Croissant calls it."),
        ],
        "data": [
            {"splits/name": name, "splits/url": _SPLITS.get(name, "cr:Split")} for name in names
        ],
    }


def _plain(identifier: str, kind: str, what: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": identifier,
        "name": identifier.rpartition("/")[2],
        "description": what,
        "dataType": kind,
    }


def _record_set(name: str, table: TableKind) -> dict[str, Any]:
    told: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": table.what,
        "field": [_field(name, column, table) for column in table.columns],
    }
    if table.key:
        told["key"] = [{"@id": f"{name}/{column}"} for column in table.key]
    return told


def _field(record_set: str, column: Column, table: TableKind) -> dict[str, Any]:
    field = _plain(f"{record_set}/{column.name}", _TYPES[column.kind], column.what)
    if column.kind == "list":
        field |= {"isArray": True, "arrayShape": "-1"}
    if record_set == "labels" and column.name == "decision":
        field["dataType"] = ["sc:Text", "cr:Label"]
    field["source"] = {"fileObject": {"@id": table.path}, "extract": {"column": column.name}}
    return field


def _audio(material: Material) -> dict[str, Any]:
    classes = material.spec.classes

    def shard(column: str, kind: str, what: str, **transform: str) -> dict[str, Any]:
        return {
            **_plain(f"audio/{column}", kind, what),
            "source": {
                "fileSet": {"@id": "audio-shards"},
                "extract": {"column": column},
                **({"transform": transform} if transform else {}),
            },
        }

    return {
        "@type": "cr:RecordSet",
        "@id": "audio",
        "name": "audio",
        "description": "Each clip's sound with its labels, licence and credit.",
        "key": {"@id": "audio/sample_key"},
        "field": [
            shard("sample_key", "sc:Text", "Clip."),
            shard("audio", "sc:AudioObject", "The clip's Ogg Vorbis file.", jsonPath="$.bytes"),
            *(
                shard(name, "sc:Integer", f"{name}: 1 present, 0 absent, -1 unknown.")
                for name in classes
            ),
            shard("licence_spdx", "sc:Text", "SPDX identifier of the clip's licence."),
            shard("attribution", "sc:Text", "The line of credit to print."),
        ],
    }
