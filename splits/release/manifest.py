"""The manifest: what a release is, what it promises, and the hash of every file in it."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Final

import numpy as np
import soundfile as sf

from splits.release.assemble import Assembly
from splits.release.features import Features
from splits.release.spec import ReleaseSpec
from splits.release.staging import Staging

FORMAT: Final = "consonance-release/1"
MANIFEST: Final = "manifest.json"
MANIFEST_HASH: Final = "manifest.json.sha256"


def encoders() -> dict[str, str]:
    """Return the versions that a file's bytes may depend on."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pandas": version("pandas"),
        "pyarrow": version("pyarrow"),
        "soundfile": version("soundfile"),
        "libsndfile": str(sf.__libsndfile_version__),
    }


def class_counts(spec: ReleaseSpec, found: Assembly) -> dict[str, dict[str, object]]:
    """Return positives, negatives and undecided of each class, in all and per partition."""
    undecided = found.labels[found.labels["decision"] == "undecided"]["class_name"].value_counts()
    held = found.clips["partition"].to_numpy()
    return {
        name: {
            "positives": int((found.y[:, index] == 1).sum()),
            "negatives": int((found.y[:, index] == 0).sum()),
            "undecided": int(undecided.get(name, 0)),
            "partitions": {
                part: {
                    "positives": int((found.y[held == part, index] == 1).sum()),
                    "negatives": int((found.y[held == part, index] == 0).sum()),
                }
                for part in sorted(set(held))
            },
        }
        for index, name in enumerate(spec.classes)
    }


def describe(spec: ReleaseSpec, found: Assembly, features: Features | None) -> dict[str, object]:
    """Return the manifest without its files."""
    held = found.clips["partition"].value_counts()
    decided = found.decided
    disagree = (decided["relevance"] >= 0.5) != (decided["decision"] == "present")
    return {
        "format": FORMAT,
        "name": spec.name,
        "version": spec.version,
        "title": spec.title,
        "description": spec.description,
        "creators": list(spec.creators),
        "created": spec.created,
        "simulated": spec.simulated,
        "licence_labels": spec.licence_labels,
        "classes": list(spec.classes),
        "clips": len(found.clips),
        "labels": len(decided),
        "ratings": len(found.ratings),
        "raters": len(found.skills),
        "partitions": {name: int(held[name]) for name in sorted(held.index)},
        "class_counts": class_counts(spec, found),
        # Labels for which a loader that reads `relevance >= 0.5` sees another answer than
        # `decision` gives: trust-weighted votes and the consensus model may differ.
        "legacy_disagreements": int(disagree.sum()),
        "contract": spec.contract.as_json(),
        "features": None
        if features is None
        else {"name": features.name, "description": features.description},
        "inputs": spec.inputs,
        "provenance": spec.provenance,
        "encoders": encoders(),
    }


def write_manifest(staging: Staging, description: dict[str, object]) -> None:
    """Write the manifest over everything staged so far, and the manifest's own hash."""
    text = json.dumps(
        {**description, "files": staging.facts()},
        indent=1,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
    )
    data = (text + "\n").encode()
    staging.write(MANIFEST, data)
    staging.write(MANIFEST_HASH, f"{hashlib.sha256(data).hexdigest()}  {MANIFEST}\n")
