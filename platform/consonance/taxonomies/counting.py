"""Which of AudioSet's labels count as each class of a taxonomy."""

from __future__ import annotations

from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.ontology import Ontology, ontology


def counted(taxonomy: Taxonomy, known: Ontology | None = None) -> dict[str, tuple[str, ...]]:
    """Return for each class the AudioSet labels whose presence means its presence.

    These are the labels that a class names and all below them in the ontology, without what it
    takes out (`audioset_without`) and without what another class names: bass guitar lies below
    guitar, and where a taxonomy has a class for it, it is no guitar. What a kind of the class
    names stays: where guitar's parent is plucked strings, a guitar is plucked strings, too.

    Parameters
    ----------
    taxonomy
        Whose classes.
    known
        The ontology; AudioSet's by default.

    Returns
    -------
    dict
        Class name → identifiers of published labels, in alphabetical order; empty for a class that
        no network trained on AudioSet hears.
    """
    known = known or ontology()
    return {entry.name: _of(entry, taxonomy, known) for entry in taxonomy.classes}


def _of(entry: ClassDefinition, taxonomy: Taxonomy, known: Ontology) -> tuple[str, ...]:
    own = set(entry.audioset_mids)
    kinds = taxonomy.kinds_of(entry.name)
    others = {
        mid
        for other in taxonomy.classes
        if other.name != entry.name and other.name not in kinds
        for mid in other.audioset_mids
    }
    but = frozenset(set(entry.audioset_without) | (others - own))
    found = {mid for named in entry.audioset_mids for mid in known.below(named, but=but)}
    return tuple(sorted(mid for mid in found if known[mid].is_label))


def unheard(taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the names of the classes for which AudioSet has no label."""
    return tuple(name for name, mids in counted(taxonomy).items() if not mids)
