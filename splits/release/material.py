"""What every writer of a release is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splits.release.assemble import Assembly
from splits.release.changes import Changes
from splits.release.features import Features
from splits.release.spec import ReleaseSpec


@dataclass(frozen=True, kw_only=True)
class Material:
    """The whole of what a release says; its audio lies in the staging already.

    Attributes
    ----------
    spec : ReleaseSpec
        Name, version, classes, promise, provenance.
    found : Assembly
        The joined rows, in the one order that every file keeps.
    features : Features or None
        X of the npz.
    changes : Changes or None
        What differs from the last version; none for a first one.
    composition : dict or None
        The report of `splits.composition.tally.compose`.
    """

    spec: ReleaseSpec
    found: Assembly
    features: Features | None = None
    changes: Changes | None = None
    composition: dict[str, Any] | None = None
