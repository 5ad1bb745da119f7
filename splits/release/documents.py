"""The files for people: credit, licences, the page, and the tools that travel with a release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from splits.release import loader, verify
from splits.release.attribution import attribution_table, licence_texts
from splits.release.card import front_matter
from splits.release.citation import citation_cff
from splits.release.datasheet import datasheet
from splits.release.material import Material
from splits.release.readme import readme
from splits.release.staging import Staging

#: Modules that import nothing of the platform and are copied into each release as they are.
TOOLS: Final = {"verify.py": verify, "load.py": loader}


def write_documents(staging: Staging, material: Material) -> None:
    """Write attribution, licences, README.md, datasheet, citation and the stand-alone tools.

    Parameters
    ----------
    staging : Staging
        Where to.
    material : Material
        What to say.
    """
    spec, found = material.spec, material.found
    credit = attribution_table(found.clips)
    rows = credit.astype(object).where(credit.notna(), None).itertuples(index=False, name=None)
    staging.write_csv("ATTRIBUTION.csv", list(credit.columns), rows)
    for name, text in licence_texts(spec, found.clips).items():
        staging.write(name, text)
    staging.write("README.md", front_matter(material) + readme(material))
    staging.write("DATASHEET.md", datasheet(material))
    staging.write("CITATION.cff", citation_cff(spec))
    for name, module in TOOLS.items():
        staging.write(name, Path(str(module.__file__)).read_bytes())
