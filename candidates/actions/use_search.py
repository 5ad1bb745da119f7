"""Make a detector of a search's head, ready to score archives with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.db import transaction

from candidates.actions.keep_detector import keep_detector
from candidates.models import DetectorSearch, DetectorTrial, DetectorVersion
from candidates.search.recipe import SearchRecipe
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def use_search(
    *,
    search: DetectorSearch,
    number: int | None = None,
    name: str = "",
    models_dir: Path | None = None,
    actor: Any = None,
) -> DetectorVersion:
    """Register a configuration's head on top of the detector whose embeddings it learnt from.

    Of the configuration's trainings the one with the best validation is taken. Its figures are
    measured on the held-out excerpts, or on those for validation if nothing was held out.

    Parameters
    ----------
    search
        One that is done.
    number
        Of the configuration; by default the winner.
    name
        What it is to be called; by default after the detector below.
    models_dir
        Where published weights lie.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    StateError
        If the search is not done, or the configuration was stopped early.
    ModelError
        If the detector below cannot be loaded.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    if search.state != DetectorSearch.State.DONE:
        raise StateError(f"“{search}” is not done: nobody has won yet.")
    chosen = search.winner if number is None else number
    if chosen is None:
        raise StateError(f"“{search}” has no winner: nothing was trained to its end.")
    trials = DetectorTrial.objects.filter(
        search=search, rung=search.rung, number=chosen, state=DetectorTrial.State.DONE
    )
    best = trials.order_by("-value", "seed").first()
    if best is None:
        raise StateError(
            f"Configuration {chosen} was not trained to the end. Use one that was, or the winner."
        )
    below = search.score_set.detector
    card, metrics = _card(search, best)
    version = keep_detector(
        content=_content(best),
        card=card,
        name=name.strip() or f"{below.name.removesuffix('-head')}-head",
        taxonomy=below.taxonomy,
        metrics=metrics,
        models_dir=models_dir,
        actor=actor,
    )
    with transaction.atomic():
        DetectorSearch.objects.filter(pk=search.pk).update(detector=version)
        record("use_search", target=search, actor=actor, detector=str(version), number=chosen)
    return version


def _content(trial: DetectorTrial) -> bytes:
    try:
        content = trial.path.read_bytes()
    except OSError as error:
        raise StateError(f"The head of {trial} cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != trial.head_sha256:
        raise StateError(f"The head of {trial} was altered: its hash no longer matches.")
    return content


def _card(search: DetectorSearch, trial: DetectorTrial) -> tuple[dict[str, Any], dict[str, Any]]:
    from candidates.actions.prepare_search import MATERIAL
    from candidates.detector.evaluation import evaluate
    from candidates.detector.heads import load_head
    from candidates.search.material import load
    from candidates.search.trial import summed_up

    material = load(search.folder / MATERIAL, sha256=search.material_sha256)
    head = load_head(trial.path)
    on = search.verdict["judged_on"]
    part = getattr(material, on)
    metrics = {
        "on": on,
        "excerpts": len(part),
        "groups": len(set(part.groups)),
        **summed_up(material, evaluate(head, part), part),
        "interval": _interval(search, trial, on),
    }
    recipe = SearchRecipe.from_json(search.recipe)
    below = search.score_set.detector
    inner = below.provenance.get("below", below.provenance)
    card = {
        "kind": "head",
        "what": f"A head on {below.name}'s embeddings, found by the search “{search.name}”.",
        "base": below.file or below.name,
        "base_weights_sha256": inner.get("weights_sha256", ""),
        "taxonomy": below.taxonomy.name,
        "licence": "",
        "data": dict(recipe.data) | {"material_sha256": search.material_sha256},
        "training": {
            "search": str(search.pk),
            "search_recipe_sha256": search.recipe_sha256,
            "configuration": trial.number,
            "head": head.recipe.as_json(),
            "best_epoch": head.best_epoch,
        },
        "measured": metrics,
    }
    return card, metrics


def _interval(search: DetectorSearch, trial: DetectorTrial, on: str) -> dict[str, float] | None:
    """Return the winner's interval over all its seeds; nobody else's was computed there."""
    judged = search.verdict[on]
    return judged["winner"] if judged and trial.number == search.winner else None
