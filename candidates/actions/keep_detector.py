"""Keep a detector that was trained here: weights under their hash, and a row about them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from candidates.models import DetectorVersion
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of
from consonance.errors import ModelError, ParameterError
from consonance.ledger.models import record

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGITS = 24  # of the hash in a file's name: no two files share so many


def require_name(name: str) -> None:
    """Refuse a name that stands for something else: a file, or a detector that is published.

    Raises
    ------
    ParameterError
        With what a name is made of.
    """
    from candidates.detector.registry import names

    if not _NAME.fullmatch(name) or name.endswith(".npz") or name in {"auto", *names()}:
        raise ParameterError(
            f"{name!r} cannot be a trained detector's name: use up to 64 letters, digits, '.', '-' "
            "and '_', not ending in .npz, and not the name of a detector that is there already."
        )


def keep_detector(
    *,
    content: bytes,
    card: dict[str, Any],
    name: str,
    taxonomy: Taxonomy,
    metrics: dict[str, Any],
    models_dir: Path | None = None,
    actor: Any = None,
) -> DetectorVersion:
    """Store weights and card in the detectors folder, load them once, and register what they are.

    The same weights for the same taxonomy are the same version, however often they are kept.

    Parameters
    ----------
    content
        Of the ``.npz``.
    card
        What stands beside it; the weights' file name and hash are filled in here.
    name
        What pages and `score --detector` call it.
    taxonomy
        Whose classes it is to score.
    metrics
        How good it is, on what.
    models_dir
        Where published weights lie, if it stands on some.
    actor
        Who keeps it.

    Raises
    ------
    ParameterError
        If the name is none that a trained detector may have.
    ModelError
        If it cannot be loaded: then nothing is kept.
    """
    from candidates.detector import load
    from candidates.detector.arrays import write_whole
    from candidates.detector.headed import write_card

    require_name(name)
    digest = hashlib.sha256(content).hexdigest()
    path = Path(settings.DETECTORS_ROOT) / f"{digest[:_DIGITS]}.npz"
    write_whole(path, content)
    write_card(path, card | {"weights": path.name, "weights_sha256": digest})
    try:
        detector = load(str(path), taxonomy=definition_of(taxonomy), models_dir=models_dir)
    except ModelError:
        if not DetectorVersion.objects.filter(file=path.name).exists():
            path.unlink()
            path.with_suffix(".json").unlink()
        raise
    with transaction.atomic():
        version, made = DetectorVersion.objects.update_or_create(
            name=name[:64],
            version=detector.version,
            taxonomy=taxonomy,
            defaults={
                "provenance": detector.provenance,
                "file": path.name,
                "metrics": metrics,
                "created_by": actor if getattr(actor, "pk", None) else None,
            },
        )
        if made:
            record("keep_detector", target=version, actor=actor, weights=digest)
    return version
