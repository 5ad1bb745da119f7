"""A search's rows as pages meet them, without files. Not a test."""

from __future__ import annotations

import math
from typing import Any

from django.utils import timezone

from candidates.models import DetectorSearch, DetectorTrial
from candidates.search.recipe import SearchRecipe
from tests.factories import DetectorVersionFactory, FrozenTableRowFactory, ScoreSetFactory

CLASSES = ("banjo", "flute", "organ")
BETTER = {"value": 0.06, "low": 0.021, "high": 0.102}


def estimate(value: float, half: float = 0.04) -> dict[str, float]:
    return {"value": value, "low": round(value - half, 6), "high": round(value + half, 6)}


def make_search(*, configurations: int = 8, score_set: Any = None, **fields: Any) -> DetectorSearch:
    """Make an open search with recipe and material; no trial yet."""
    recipe = SearchRecipe(trials=configurations, seeds=2, epochs=9, rungs=2, reduction=3)
    part = {"excerpts": 1200, "groups": 90, "present": 800, "absent": 2600}
    score_set = score_set or ScoreSetFactory(collection__name="The Attic")
    return DetectorSearch.objects.create(
        **{
            "name": "Heads on The Attic",
            "score_set": score_set,
            "labels": FrozenTableRowFactory(collection=score_set.collection, rows=6800),
            "recipe": recipe.as_json(),
            "recipe_sha256": f"{DetectorSearch.objects.count():064x}",
            "material_sha256": "cd" * 32,
            "material": {
                "classes": list(CLASSES), "counted": ["banjo", "flute"], "left_out": 3,
                "dimensions": 128, "train": part, "validation": part, "held_out": part,
                "configurations": configurations + 1, "trainings": 30, "optuna": "5.0.0",
            },
            **fields,
        }
    )  # fmt: skip


def add_trials(
    search: DetectorSearch, *, rung: int = 0, numbers: Any = None, state: str = "done"
) -> list[DetectorTrial]:
    """Add a rung's trainings; a configuration is the better the higher its number."""
    recipe = SearchRecipe.from_json(search.recipe)
    made = []
    for number in numbers or range(search.material["configurations"]):
        for seed in recipe.training_seeds:
            value = round(0.5 + 0.02 * number + 0.01 * seed + 0.1 * rung, 6)
            done = {
                "value": value, "seconds": 1.5, "head_sha256": "ef" * 32,
                "metrics": metrics(value), "curve": curve(value, recipe.rung_epochs[rung]),
                "finished_at": timezone.now(),
            } if state == "done" else {}  # fmt: skip
            made.append(
                DetectorTrial.objects.create(
                    search=search,
                    number=number,
                    rung=rung,
                    seed=seed,
                    state=state,
                    attempts=1,
                    epochs=recipe.rung_epochs[rung],
                    parameters={"hidden": 64 * number, "learning_rate": 0.00123456}
                    if number
                    else {},
                    **done,
                )
            )
    return made


def metrics(value: float) -> dict[str, Any]:
    figures = {"auc": round(value + 0.2, 6), "ap": value, "positives": 40, "negatives": 110}
    rare = {"auc": None, "ap": None, "positives": 0, "negatives": 12}
    return {
        "mean_ap": value, "mean_auc": round(value + 0.2, 6), "best_epoch": 3,
        "classes": {"banjo": figures, "flute": figures, "organ": rare},
    }  # fmt: skip


def curve(value: float, epochs: int) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch, "train_loss": round(0.7 * math.exp(-epoch / 4), 6),
            "validation_loss": round(0.7 * math.exp(-epoch / 6), 6),
            "mean_ap": round(value * (1 - math.exp(-epoch)), 6), "mean_auc": value,
        }
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip


def finished_search(**fields: Any) -> DetectorSearch:
    """Make a search whose last configuration won, and beats the default."""
    verdict = fields.pop("verdict", None)
    search = make_search(**fields)
    numbers = range(search.material["configurations"])
    add_trials(search)
    on = (0, 6, 7, 8)
    add_trials(search, rung=1, numbers=on)
    search.standings = [
        {str(n): estimate(0.5 + 0.02 * n) | {"by_seed": [0.5, 0.5]} for n in numbers},
        {str(n): estimate(0.6 + 0.02 * n) | {"by_seed": [0.6, 0.6]} for n in on},
    ]
    part = {
        "winner": estimate(0.76), "default": estimate(0.6), "difference": estimate(0.16, 0.1),
        "as_it_is": estimate(0.55), "classes": ["banjo", "flute"], "excerpts": 1200, "groups": 90,
    }  # fmt: skip
    search.rung, search.winner, search.state = 1, 8, "done"
    search.finished_at = timezone.now()
    search.verdict = verdict or {
        "winner": 8, "resamples": 2000, "validation": part,
        "held_out": part | {"difference": BETTER}, "judged_on": "held_out", "beats": True,
    }  # fmt: skip
    search.save()
    return search


def trained_detector(**fields: Any) -> Any:
    """Make a version that was trained here, with figures and provenance."""
    return DetectorVersionFactory(
        **{
            "name": "default-head",
            "file": "0123456789abcdef.npz",
            "metrics": metrics(0.76)
            | {"on": "held_out", "excerpts": 1200, "groups": 90, "interval": estimate(0.76)},
            "provenance": {
                "what": "A head on default's embeddings.", "weights_sha256": "ef" * 32,
                "weights": "0123456789abcdef.npz", "uncovered": ["organ"],
                "below": {"name": "default", "version": "aabbccddeeff"},
                "training": {"configuration": 8, "head": {"hidden": 512}},
                "data": {"labels_sha256": "ab" * 32},
            },
            **fields,
        }
    )  # fmt: skip
