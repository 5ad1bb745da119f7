"""Make a detector and its taxonomy known to the database."""

from __future__ import annotations

from pathlib import Path

from candidates.actions.keep_detector import keep_detector
from candidates.models import DetectorVersion
from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import complete, definition_of, published
from consonance.errors import StateError
from consonance.taxonomies.definition import Taxonomy as Definition


def register_taxonomy(*, name: str) -> Taxonomy:
    """Return the row of a taxonomy to score by; one that ships is stored when it is first needed.

    Parameters
    ----------
    name
        `name` for its newest published version, or `name@version`.

    Raises
    ------
    ParameterError
        If there is none of this name, or a file that ships is ill-formed.
    StateError
        If it is a draft, or a file that ships was changed without a new version.
    """
    from candidates.detector.taxonomy import available, read

    slug, _, version = name.partition("@")
    if slug in available():
        source = read(slug)
        if version in ("", source.version):
            row = _shipped(source)
            if version:
                return row
    return published(name)


def complete_shipped() -> None:
    """Give rows of taxonomies that ship the maps that older versions did not store."""
    from candidates.detector.taxonomy import available, read

    for name in available():
        source = read(name)
        row = Taxonomy.objects.filter(name=source.name, version=source.version).first()
        if row is not None and definition_of(row) != source:
            complete(row, source)


def _shipped(source: Definition) -> Taxonomy:
    row = Taxonomy.objects.filter(name=source.name, version=source.version).first()
    if row is None:
        row, _ = import_taxonomy(definition=source, publish=True)
    elif definition_of(row) != source and not complete(row, source):
        raise StateError(
            f"Taxonomy {row} has other classes here than in its file. Give the file a new version."
        )
    return row


def register_detector(
    *, name: str, taxonomy: str, models_dir: Path | None = None
) -> DetectorVersion:
    """Load a detector once and store what it is.

    Parameters
    ----------
    name
        As in `candidates.detector.load`, the name of a detector that was trained here (its newest
        version, or `name@version`), or `auto` for the best published one whose weights are at hand.
    taxonomy
        The taxonomy to map to, as in `register_taxonomy`.
    models_dir
        Where weights lie; None looks in `CONSONANCE_MODELS` and the user's cache.

    Raises
    ------
    ModelError
        If its weights are missing or altered.
    """
    from candidates.detector import best_available, load

    chosen = best_available(models_dir) if name == "auto" else name
    row = register_taxonomy(name=taxonomy)
    if chosen.endswith(".npz"):
        return _from_file(Path(chosen), row, models_dir)
    trained = _trained_here(chosen, row)
    if trained is not None:
        load(trained.source, taxonomy=definition_of(row), models_dir=models_dir)
        return trained
    detector = load(chosen, taxonomy=definition_of(row), models_dir=models_dir)
    version, _ = DetectorVersion.objects.update_or_create(
        name=chosen,
        version=detector.version,
        taxonomy=row,
        defaults={"is_fallback": chosen == "default", "provenance": detector.provenance},
    )
    return version


def _trained_here(name: str, taxonomy: Taxonomy) -> DetectorVersion | None:
    """Return the newest detector of this name that is kept here, for this taxonomy if there is."""
    slug, _, version = name.partition("@")
    found = DetectorVersion.objects.filter(name=slug, taxonomy=taxonomy).exclude(file="")
    if version:
        found = found.filter(version=version)
    return found.order_by("-created_at").first()


def _from_file(path: Path, taxonomy: Taxonomy, models_dir: Path | None) -> DetectorVersion:
    """Keep a file of weights that somebody trained, with its card, and return its version."""
    from candidates.detector.headed import read_card

    card = read_card(path)
    return keep_detector(
        content=path.read_bytes(),
        card=card,
        name=path.stem,
        taxonomy=taxonomy,
        metrics={},
        models_dir=models_dir,
    )
