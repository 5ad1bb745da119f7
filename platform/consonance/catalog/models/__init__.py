"""What lies in an archive, what was cut from it, and the tables frozen from it."""

from consonance.catalog.models.clips import Clip, ClipFault, Withdrawal
from consonance.catalog.models.collections import Collection, Track, TrackState
from consonance.catalog.models.tables import FrozenTableRow
from consonance.catalog.models.taxonomies import Taxonomy, TaxonomyClass

__all__ = [
    "Clip",
    "ClipFault",
    "Collection",
    "FrozenTableRow",
    "Taxonomy",
    "TaxonomyClass",
    "Track",
    "TrackState",
    "Withdrawal",
]
