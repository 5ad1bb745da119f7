"""How a release is cited: a sentence, BibTeX, CITATION.cff, and its DOI."""

from __future__ import annotations

import json
import re

from splits.models import Release

#: `10.` and four to nine digits, a slash, and what the registrant chose.
DOI: re.Pattern[str] = re.compile(r"10\.\d{4,9}/[-._;()/:a-zA-Z0-9<>\[\]]{1,180}")


def creators_of(release: Release) -> list[str]:
    """Return who is to be cited: the creators, or else the collection."""
    return list(release.manifest.get("creators") or [release.collection.name])


def doi_address(doi: str) -> str:
    """Return where a DOI leads."""
    return f"https://doi.org/{doi}"


def sentence(release: Release) -> str:
    """Return a sentence to cite the release by."""
    who = ", ".join(creators_of(release))
    end = (
        f"{doi_address(release.doi)}."
        if release.doi
        else f"Manifest SHA-256 {release.manifest_sha256}."
    )
    return (
        f"{who} ({release.published_at:%Y}). {release.title}, version {release.version} "
        f"[Data set]. {end}"
    )


def bibtex(release: Release, address: str) -> str:
    """Return a BibTeX entry.

    Parameters
    ----------
    release
        What is cited.
    address
        Of its page.
    """
    fields = {
        "title": f"{{{_tex(release.title)}}}",
        "author": " and ".join(f"{{{_tex(name)}}}" for name in creators_of(release)),
        "year": f"{release.published_at:%Y}",
        "month": f"{release.published_at:%b}".lower(),
        "version": release.version,
        **({"doi": release.doi} if release.doi else {}),
        "url": address,
        "note": f"Data set. Manifest SHA-256 {release.manifest_sha256}",
    }
    rows = ",\n".join(
        f"  {name} = {value if name == 'month' else f'{{{value}}}'}"
        for name, value in fields.items()
    )
    key = f"{release.name}-{release.version}".replace(".", "-")
    return f"@misc{{{key},\n{rows}\n}}"


def citation_file(release: Release, address: str) -> str:
    """Return a CITATION.cff (1.2.0); a JSON string is a YAML string.

    Parameters
    ----------
    release
        What is cited.
    address
        Of its page.
    """
    lines = [
        "cff-version: 1.2.0",
        "message: If you use this data set, please cite it as below.",
        "type: dataset",
        f"title: {json.dumps(release.title, ensure_ascii=False)}",
        f"version: {json.dumps(release.version)}",
        f"date-released: {release.published_at:%Y-%m-%d}",
        "license: " + str(release.manifest.get("licence_labels", "CC-BY-4.0")),
        *([f"doi: {release.doi}"] if release.doi else []),
        f"url: {json.dumps(address)}",
        "authors:",
        *(f"  - name: {json.dumps(name, ensure_ascii=False)}" for name in creators_of(release)),
    ]
    return "\n".join(lines)


def badge(release: Release) -> str:
    """Return the DOI as Markdown for a README; empty without one."""
    return f"[DOI {release.doi}]({doi_address(release.doi)})" if release.doi else ""


def _tex(text: str) -> str:
    """Return text in which TeX finds no command."""
    signs = {"\\": r"\textbackslash ", "~": r"\textasciitilde ", "^": r"\textasciicircum "}
    return "".join(signs.get(sign, f"\\{sign}" if sign in "{}%&$#_" else sign) for sign in text)
