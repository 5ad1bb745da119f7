"""A release as a researcher reads it."""

from __future__ import annotations

from typing import Any

from splits.label_facts import Agreement, agreement_by_class
from splits.models import Release

_SERIES = 4  # colours of the design system
_METHODS = {"dawid_skene": "Dawid-Skene", "majority": "majority vote"}
_ORDER = ("train", "validation", "test")


def partitions_of(release: Release) -> list[str]:
    """Return the release's partitions in the order in which people name them."""
    # A JSON column may hand its keys back in any order.
    known = {name: place for place, name in enumerate(_ORDER)}
    return sorted(
        release.figures["partitions"], key=lambda name: (known.get(name, len(known)), name)
    )


def class_rows(release: Release) -> list[dict[str, Any]]:
    """Return a row a class: counts, agreement, its positives by partition as segments of a bar."""
    rows = []
    agreed = agreement_by_class(release)
    partitions = partitions_of(release)
    most = max((entry["present"] for entry in release.figures["classes"].values()), default=1)
    for name, entry in release.figures["classes"].items():
        start = 0
        segments = []
        for index, partition in enumerate(partitions):
            value = entry["by_partition"].get(partition, [0, 0])[0]
            segments.append(
                {
                    "start": start,
                    "value": value,
                    "series": index % _SERIES + 1,
                    "label": partition,
                }
            )
            start += value
        rows.append(
            {
                "name": name,
                "display_name": name.replace("_", " "),
                "present": entry["present"],
                "absent": entry["absent"],
                "labels": entry["present"] + entry["absent"],
                **_agreement(agreed.get(name)),
                "by_partition": [
                    entry["by_partition"].get(partition, [0, 0]) for partition in partitions
                ],
                "segments": segments,
                "max": max(1, most),
            }
        )
    return rows


def _agreement(found: Agreement | None) -> dict[str, str]:
    if found is None or found.agreeing is None:
        return {"agreement_percent": "", "alpha": ""}
    alpha = "–" if found.alpha is None else f"{found.alpha:.2f}"
    return {"agreement_percent": f"{100 * found.agreeing:.0f} %", "alpha": alpha}


def partition_legend(partitions: list[str]) -> list[dict[str, Any]]:
    """Return which colour means which partition."""
    return [
        {"label": partition, "series": index % _SERIES + 1}
        for index, partition in enumerate(partitions)
    ]


def facts_of(release: Release) -> list[dict[str, Any]]:
    """Return where the release comes from, for its table of facts."""
    manifest = release.manifest
    provenance = manifest.get("provenance", {})
    detector = provenance.get("detector", {})
    consensus = provenance.get("consensus", {})
    method = consensus.get("method", "unknown")
    contract = manifest.get("contract", {})
    quality = release.plan.quality
    duplicates = provenance.get("duplicates", {})
    facts = [
        {"label": "Collection", "value": release.collection.name},
        {
            "label": "Contract",
            "value": f"{contract.get('min_positives')} positives and "
            f"{contract.get('min_labels')} labels a class, or it is refused",
        },
        {
            "label": "Detector",
            "value": _detector(detector),
        },
        {"label": "Consensus", "value": _METHODS.get(method, method)},
        {
            "label": "Duplicates",
            "value": f"{duplicates.get('pairs', 0)} pairs found, "
            f"{duplicates.get('dropped', 0)} of their clips left out",
        },
        {
            "label": "Split",
            "value": f"seed {release.plan.recipe.get('seed')}, largest share error "
            f"{100 * quality.get('max_positive_share_error', 0):.1f} points, "
            f"{len(quality.get('divided_groups', []))} artists divided",
        },
        {"label": "Manifest", "value": release.manifest_sha256, "code": True},
        {"label": "Archive SHA-256", "value": release.archive_sha256, "code": True},
    ]
    basis = consensus.get("campaign", {}).get("simulated")
    if basis:
        facts.insert(0, {"label": "Simulation", "value": basis})
    return facts


def _detector(detector: dict[str, Any]) -> str:
    name = f"{detector.get('name', 'none')} {detector.get('version', '')}".strip()
    if detector.get("is_fallback"):
        return f"{name}, the small one that ships: no AudioSet weights were at hand"
    return name
