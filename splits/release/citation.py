"""How to cite a release: CITATION.cff (Citation File Format 1.2.0) and BibTeX."""

from __future__ import annotations

import json
import re
from typing import Final

from splits.release.licences import licence_name
from splits.release.spec import ReleaseSpec

#: A creator may be told as "Name (https://orcid.org/0000-0000-0000-0000)".
_ORCID: Final = re.compile(
    r"^(?P<name>.*?)\s*\((?P<orcid>https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX])\)$"
)
NOBODY: Final = "The creators of this data set"


def creators_of(spec: ReleaseSpec) -> list[tuple[str, str]]:
    """Return name and ORCID, which may be empty, of everybody who is to be cited."""
    people = []
    for told in spec.creators or (f"{NOBODY} ({spec.title})",):
        found = _ORCID.match(told)
        people.append((found["name"], found["orcid"]) if found else (told, ""))
    return people


def citation_cff(spec: ReleaseSpec) -> str:
    """Return CITATION.cff; strings are written as JSON, which is YAML."""
    lines = [
        "cff-version: 1.2.0",
        "message: If you use this data set, please cite it as below.",
        "type: dataset",
        f"title: {_text(spec.title)}",
        f"version: {_text(spec.version)}",
    ]
    if spec.created:
        lines.append(f"date-released: {spec.created}")
    if spec.homepage:
        lines.append(f"url: {_text(spec.homepage)}")
    lines.append(f"license: {licence_name(spec.licence_labels)}")
    if spec.description:
        lines.append(f"abstract: {_text(spec.description)}")
    lines.append("authors:")
    for name, orcid in creators_of(spec):
        # One name, not cut into family and given: where to cut differs by culture.
        lines.append(f"  - name: {_text(name)}")
        if orcid:
            lines.append(f"    orcid: {_text(orcid)}")
    return "\n".join(lines) + "\n"


def bibtex(spec: ReleaseSpec) -> str:
    """Return a BibTeX entry, of biblatex's kind `dataset`."""
    authors = " and ".join(f"{{{_tex(name)}}}" for name, _ in creators_of(spec))
    fields = [
        ("author", authors),
        ("title", f"{{{_tex(spec.title)}}}"),
        ("version", spec.version),
        *([("date", spec.created), ("year", spec.created[:4])] if spec.created else []),
        *([("url", spec.homepage)] if spec.homepage else []),
    ]
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields)
    return f"@dataset{{{spec.name}-{spec.version},\n{body}\n}}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tex(value: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", value.replace("\\", ""))
