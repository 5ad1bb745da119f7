"""Train a head on a score set's embeddings and register what comes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from candidates.actions.keep_detector import keep_detector
from candidates.learning.labelled_scores import material_of
from candidates.models import DetectorVersion, ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

if TYPE_CHECKING:
    from candidates.detector.heads import EpochReport, HeadRecipe

VALIDATION_SHARE: Final = 0.2
HELD_OUT_SHARE: Final = 0.2


def train_head(
    *,
    score_set: ScoreSet,
    recipe: HeadRecipe,
    labels: FrozenTableRow | None = None,
    release: str = "",
    groups: str = "artist",
    name: str = "",
    licence: str = "",
    models_dir: Path | None = None,
    actor: Any = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
    device: str = "cpu",
) -> DetectorVersion:
    """Train one head, measure it on excerpts held out, and register it as a detector.

    Parameters
    ----------
    score_set
        Whose embeddings are learnt from.
    recipe
        Of the head.
    labels, release
        What people said: a frozen table of labels, or the folder name of a release. One of them.
    groups
        `artist` or `track`: what never stands both among excerpts learnt from and held out.
    name
        What it is to be called; by default after the detector below.
    licence
        SPDX identifier of the weights.
    models_dir
        Where published weights lie.
    actor
        A curator; None for the command line.
    on_epoch, device
        As in `head_training.train_head`.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    ParameterError
        If not exactly one source is given, it does not fit the scores, or nothing can be learnt.
    StateError
        If the scores are not complete.
    """
    from candidates.detector import head_training
    from candidates.detector.evaluation import evaluate, mean_of
    from candidates.scoring import shards

    if actor is not None:
        require(actor, Role.CURATOR)
    if (labels is None) == (not release):
        raise ParameterError("Learn from labels or from a release: give one of the two.")
    if not score_set.is_complete:
        raise StateError(f"The scores “{score_set}” are not complete: score the collection first.")
    if labels is not None and labels.collection_id != score_set.collection_id:
        raise ParameterError(
            f"The labels are of “{labels.collection}”, the scores of “{score_set.collection}”."
        )
    material = material_of(
        score_set,
        labels=labels,
        release=release,
        groups=groups,
        validation_share=VALIDATION_SHARE,
        held_out_share=HELD_OUT_SHARE,
        seed=recipe.seed,
    )
    head = head_training.train_head(
        material.train, material.validation, recipe, on_epoch=on_epoch, device=device
    )
    judged = material.held_out if len(material.held_out) else material.validation
    by_class = evaluate(head, judged)
    metrics = {
        "on": "held_out" if judged is material.held_out else "validation",
        "excerpts": len(judged),
        "groups": len(set(judged.groups)),
        "mean_auc": mean_of(by_class, "auc", min_positives=1),
        "mean_ap": mean_of(by_class, "ap", min_positives=1),
        "classes": by_class,
    }
    below = score_set.detector
    inner = below.provenance.get("below", below.provenance)
    card = {
        "kind": "head",
        "what": f"A head on {below.name}'s embeddings, trained on labels of this installation.",
        "base": below.file or below.name,
        "base_weights_sha256": inner.get("weights_sha256", ""),
        "taxonomy": below.taxonomy.name,
        "licence": licence,
        "data": {
            "score_set": str(score_set.pk),
            "scores_sha256": shards.digest(score_set.folder),
            "labels_sha256": labels.sha256 if labels else "",
            "release": release,
            **material.facts(),
        },
        "training": {
            "head": recipe.as_json(),
            "best_epoch": head.best_epoch,
            "epochs": len(head.history),
        },
        "measured": metrics,
    }
    with tempfile.TemporaryDirectory(prefix="consonance-head-") as scratch:
        path = Path(scratch) / "head.npz"
        head.save(path)
        content = path.read_bytes()
    version = keep_detector(
        content=content,
        card=card,
        name=name.strip() or f"{below.name.removesuffix('-head')}-head",
        taxonomy=below.taxonomy,
        metrics=metrics,
        models_dir=models_dir,
        actor=actor,
    )
    record("train_head", target=version, actor=actor, score_set=str(score_set.pk))
    return version
