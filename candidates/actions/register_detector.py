"""Make a detector and its taxonomy known to the database."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from candidates.models import DetectorVersion
from consonance.catalog.models import Taxonomy, TaxonomyClass
from consonance.errors import StateError


def register_taxonomy(*, name: str) -> Taxonomy:
    """Store a taxonomy file as rows; the same version is stored once.

    Raises
    ------
    ParameterError
        If no taxonomy file has this name, or it is ill-formed.
    StateError
        If the file was changed without a new version.
    """
    from candidates.detector.taxonomy import read

    source = read(name)
    with transaction.atomic():
        row, made = Taxonomy.objects.get_or_create(
            name=source.name, version=source.version, defaults={"licence": source.licence}
        )
        if made:
            TaxonomyClass.objects.bulk_create(
                TaxonomyClass(
                    taxonomy=row,
                    position=position,
                    name=entry.name,
                    display_name=entry.display_name,
                    article=entry.article,
                )
                for position, entry in enumerate(source.classes)
            )
    known = tuple(row.classes.values_list("name", flat=True))
    if known != source.class_names:
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
        As in `candidates.detector.load`, or `auto` for the best whose weights are at hand.
    taxonomy
        Name of the taxonomy to map to.
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
    detector = load(chosen, taxonomy=taxonomy, models_dir=models_dir)
    version, _ = DetectorVersion.objects.update_or_create(
        name=chosen,
        version=detector.version,
        taxonomy=row,
        defaults={"is_fallback": chosen == "default", "provenance": detector.provenance},
    )
    return version
