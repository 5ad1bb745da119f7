"""When a rung is trained: say who stands where, and who goes on or has won."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from candidates.actions.prepare_search import list_trials
from candidates.models import DetectorSearch, DetectorTrial
from candidates.portions import trials
from candidates.search.recipe import SearchRecipe
from consonance.ledger.models import record

if TYPE_CHECKING:
    from candidates.detector.bags import Bags
    from candidates.detector.heads import TrainedHead
    from candidates.detector.interface import Float
    from candidates.search.material import Material

_State = DetectorSearch.State


def close_rung(*, search: DetectorSearch, material: Material, token: UUID) -> None:
    """Store the standing of a rung, and list the next one's trainings or end the search.

    Everything is computed from stored results, so whoever closes a rung closes it alike.

    Parameters
    ----------
    search
        Whose rung has nothing left to train.
    material
        What was trained on.
    token
        The lease under which its caller leads.
    """
    from candidates.search import leaderboard, schedule

    recipe = SearchRecipe.from_json(search.recipe)
    rows = _finished(search, recipe)
    heads, lost = _heads(rows)
    if lost:
        trials.train_again(lost)
        _lead(search, token).update(closing_token=None)
        return
    if not rows:
        _fail(search, token)
        return
    validation = _said(heads, material.validation)
    standing = leaderboard.standing(material, validation, seed=recipe.seed)
    values = {int(number): row["value"] for number, row in standing.items()}
    changes: dict[str, Any] = {
        "standings": [*search.standings[: search.rung], standing],
        "closing_token": None,
    }
    is_last = search.rung + 1 == len(recipe.rung_epochs)
    if is_last:
        winner = leaderboard.first_of(values)
        compared = {number: heads[number] for number in {winner, schedule.DEFAULT} & set(heads)}
        changes |= {
            "winner": winner,
            "verdict": leaderboard.verdict(
                material,
                winner=winner,
                validation={number: validation[number] for number in compared},
                held_out=_said(compared, material.held_out),
                seed=recipe.seed,
            ),
            "state": _State.DONE,
            "finished_at": timezone.now(),
        }
    else:
        changes["rung"] = search.rung + 1
    with transaction.atomic():
        if not _lead(search, token).update(**changes):
            return
        if is_last:
            record("finish_search", target=search, winner=changes["winner"])
        else:
            on = schedule.going_on(values, recipe.reduction)
            list_trials(
                search, {number: rows[number][0].parameters for number in on}, rung=search.rung + 1
            )
    if not is_last:  # those that go on are trained anew, with more passes
        for trial in DetectorTrial.objects.filter(search=search, rung=search.rung):
            trial.path.unlink(missing_ok=True)


def _lead(search: DetectorSearch, token: UUID) -> QuerySet[DetectorSearch]:
    return DetectorSearch.objects.filter(
        pk=search.pk, rung=search.rung, closing_token=token, state=_State.OPEN
    )


def _finished(search: DetectorSearch, recipe: SearchRecipe) -> dict[int, list[DetectorTrial]]:
    """Return the rung's configurations of which every seed was trained."""
    rows: dict[int, list[DetectorTrial]] = {}
    done = DetectorTrial.objects.filter(
        search=search, rung=search.rung, state=DetectorTrial.State.DONE
    )
    for trial in done.select_related("search").order_by("number", "seed"):
        rows.setdefault(trial.number, []).append(trial)
    return {number: found for number, found in rows.items() if len(found) == recipe.seeds}


def _heads(
    rows: dict[int, list[DetectorTrial]],
) -> tuple[dict[int, list[TrainedHead]], list[DetectorTrial]]:
    """Return the heads, and trainings whose head is lost or altered."""
    from candidates.detector.heads import load_head

    heads: dict[int, list[TrainedHead]] = {}
    lost = []
    for number, found in rows.items():
        for trial in found:
            try:
                whole = hashlib.sha256(trial.path.read_bytes()).hexdigest() == trial.head_sha256
            except OSError:
                whole = False
            if whole:
                heads.setdefault(number, []).append(load_head(trial.path))
            else:
                lost.append(trial)
    return heads, lost


def _said(heads: dict[int, list[TrainedHead]], part: Bags) -> dict[int, list[Float]]:
    return {number: [head.likelihood(part) for head in found] for number, found in heads.items()}


def _fail(search: DetectorSearch, token: UUID) -> None:
    first = (
        DetectorTrial.objects.filter(search=search, rung=search.rung)
        .exclude(error="")
        .values_list("error", flat=True)
        .first()
    )
    error = f"No configuration could be trained. The first said: {first}"
    _lead(search, token).update(
        state=_State.FAILED, error=error, closing_token=None, finished_at=timezone.now()
    )
