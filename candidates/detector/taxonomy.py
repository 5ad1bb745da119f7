"""The taxonomies that ship, read from `candidates/taxonomies/<name>.json`.

Imports neither torch nor numpy: web pages read class names from here.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from consonance.errors import ParameterError
from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.file import read_file

__all__ = ["TAXONOMIES", "ClassDefinition", "Taxonomy", "available", "read", "read_file"]

TAXONOMIES: Final = Path(__file__).resolve().parent.parent / "taxonomies"


def available() -> tuple[str, ...]:
    """Return the names of the taxonomies that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in TAXONOMIES.glob("*.json")))


@lru_cache(maxsize=16)
def read(name: str) -> Taxonomy:
    """Return a taxonomy that ships, by name.

    Parameters
    ----------
    name
        One of `available()`.

    Raises
    ------
    ParameterError
        If there is no such taxonomy, or its file is not one.
    """
    if name not in available():
        known = ", ".join(available())
        raise ParameterError(f"No taxonomy is called {name!r}. Use one of: {known}.")
    taxonomy = read_file(TAXONOMIES / f"{name}.json")
    if taxonomy.name != name:
        raise ParameterError(
            f"In the taxonomy {name}.json: the name inside is {taxonomy.name!r}; it must be "
            f"{name!r}."
        )
    return taxonomy
