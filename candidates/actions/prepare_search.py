"""Gather what a search learns from, and list its first trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from candidates.learning.labelled_scores import material_of
from candidates.models import DetectorSearch, DetectorTrial
from candidates.search.recipe import SearchRecipe
from consonance.errors import StateError
from consonance.ledger.models import record

if TYPE_CHECKING:
    from candidates.search.material import Material

MATERIAL = "material.npz"


def prepare_search(*, search: DetectorSearch, token: UUID) -> None:
    """Write the material, draw the configurations and list the trainings of the first rung.

    Parameters
    ----------
    search
        One without material.
    token
        The lease under which its caller leads.

    Raises
    ------
    ParameterError
        If the data do not fit each other, or nothing can be learnt or measured.
    StateError
        If the scores are no longer those that the search was asked for.
    """
    from candidates.search import schedule

    recipe = SearchRecipe.from_json(search.recipe)
    material = _material(search, recipe)
    sha256 = material.save(search.folder / MATERIAL)
    found = schedule.configurations(recipe)
    facts = material.facts() | {
        "configurations": len(found),
        "trainings": recipe.cost(configurations=len(found)).trainings,
        "optuna": schedule.optuna_version(),
    }
    with transaction.atomic():
        mine = DetectorSearch.objects.filter(pk=search.pk, closing_token=token, material_sha256="")
        if not mine.update(material_sha256=sha256, material=facts, closing_token=None):
            return
        list_trials(search, dict(enumerate(found)), rung=0)
        record("prepare_search", target=search, material=sha256, configurations=len(found))


def list_trials(
    search: DetectorSearch, parameters: dict[int, dict[str, object]], *, rung: int
) -> None:
    """Add a rung's trainings: each configuration with each seed."""
    recipe = SearchRecipe.from_json(search.recipe)
    DetectorTrial.objects.bulk_create(
        DetectorTrial(
            search=search,
            number=number,
            rung=rung,
            seed=seed,
            epochs=recipe.rung_epochs[rung],
            parameters=settings_of,
        )
        for number, settings_of in sorted(parameters.items())
        for seed in recipe.training_seeds
    )


def _material(search: DetectorSearch, recipe: SearchRecipe) -> Material:
    from candidates.scoring import shards

    if shards.digest(search.score_set.folder) != recipe.data["scores_sha256"]:
        raise StateError(
            f"The scores “{search.score_set}” have changed since the search was asked for. Start "
            "a new one."
        )
    return material_of(
        search.score_set,
        labels=search.labels,
        release=search.release,
        groups=recipe.groups,
        validation_share=recipe.validation_share,
        held_out_share=recipe.held_out_share,
        seed=recipe.seed,
    )
