"""`./consonance diff_releases`: what differs between two versions of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand

_SHOWN = 20


class Command(BaseCommand):
    """Compare two versions."""

    help = (
        "Tell what differs between two versions of a release: clips, labels, partitions, why each "
        "changed, and which version number that asks for. Versions are folders, or names such as "
        "my-set-1.0.0 of releases that lie in this installation."
    )
    example = "diff_releases my-set-1.0.0 my-set-1.1.0"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("old", metavar="A", help="the earlier version")
        parser.add_argument("new", metavar="B", help="the later version")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Compare them."""
        from splits.release.changes import Snapshot, compare

        old, new = (Snapshot.of_folder(_folder(options[side])) for side in ("old", "new"))
        changes = compare(old, new)
        found = changes.as_json()
        return {
            "name": new.name,
            "version": new.version,
            **found,
            "rows": [dict(zip(_KEYS, row.as_row(), strict=True)) for row in changes.rows],
            "summary": _summary(new.name, new.version, found),
        }


_KEYS = ("what", "sample_key", "class", "from", "to", "why")


def _folder(named: str) -> Path:
    for folder in (Path(named), Path(settings.RELEASES_ROOT) / named):
        if folder.is_dir():
            return folder
    raise ParameterError(f"{named} is neither a folder nor a release of this installation.")


def _summary(name: str, version: str, found: dict[str, Any]) -> str:
    clips, labels = found["clips"], found["labels"]
    lines = [
        f"{name} {found['previous']} → {version}: {found['bump'].upper()}. {found['why']}",
        f"  clips       {clips['added']} added, {clips['removed']} removed",
        f"  labels      {labels['added']} added, {labels['removed']} removed, "
        f"{labels['changed']} changed",
        f"  partitions  {found['partitions']['moved']} clip(s) moved",
    ]
    lines += [
        f"  classes     {word}: {', '.join(names)}"
        for word, names in found["classes"].items()
        if names
    ]
    lines += [f"  because of  {why}: {count}" for why, count in found["why_counts"].items()]
    for row in found["examples"][:_SHOWN]:
        what = f"{row['what']} {row['class']}".strip()
        lines.append(
            f"  {row['sample_key']}  {what}: {row['from'] or '—'} → {row['to'] or '—'} "
            f"({row['why']})"
        )
    return "\n".join(lines)
