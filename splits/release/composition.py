"""The composition report among a release's files: for programs and for people."""

from __future__ import annotations

import json

from splits.composition.document import as_html, as_markdown
from splits.release.material import Material
from splits.release.staging import Staging


def write_composition(staging: Staging, material: Material) -> None:
    """Write composition.json, .md and .html; nothing where nobody counted."""
    report = material.composition
    if report is None:
        return
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    staging.write("composition.json", text + "\n")
    title = f"{material.spec.title} {material.spec.version}"
    staging.write("composition.md", as_markdown(report, title))
    staging.write("composition.html", as_html(report, title))
