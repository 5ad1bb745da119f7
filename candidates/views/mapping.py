"""The map of a collection by its embeddings: what a round covers, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from candidates.forms.excerpts import HEARD_AT_ONCE, MapForm, SquareForm
from candidates.forms.refusals import first_problem, refuse_unknown
from candidates.models import SamplingRound, ScoreSet
from candidates.portions.one_at_a_time import ask_for, under_way
from candidates.presenting.atlas import (
    MOST_CELLS,
    MOST_PICKS,
    Frame,
    coverage,
    excerpts_in,
    picked_cells,
    squares,
)
from candidates.presenting.rounds import stratum_words
from candidates.scoring.embedding_map import MOST, EmbeddingMap, read_map, read_picks
from candidates.scoring.lookup import Place
from candidates.views.listening import Heard, heard, score_set_of
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import ParameterError
from consonance.people.models import Role
from consonance.people.views import needs

_KIND: Final = "candidates.map_embeddings"
_PAGE: Final = 20
#: Squares without a pick that are listed: the fullest.
_UNMET: Final = 12


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A clip of the round on the map: its place in percent, its class and stratum."""

    x: float
    y: float
    series: int
    hint: str
    clip: str


class _Row(NamedTuple):
    """What the map needs of a candidate: a round may have tens of thousands."""

    track_no: int
    start_ms: int
    clip: UUID
    tail: str
    name: str
    label: str
    title: str


_COLUMNS: Final = (
    "clip__track__track_no", "clip__start_ms", "clip_id", "tail", "target__name",
    "target__display_name", "clip__track__title",
)  # fmt: skip


@require_GET
@needs(Role.CURATOR)
def embedding_map(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Show the map, with a round's picks on top."""
    score_set = score_set_of(score_set_id)
    made = read_map(score_set.folder)
    rounds = list(score_set.rounds.filter(state=SamplingRound.State.DRAWN).order_by("-number"))
    context: dict[str, Any] = {
        "score_set": score_set,
        "rounds": rounds,
        "job": under_way(_KIND, score_set),
        "made": made,
        "most": MOST,
        "is_stale": made is not None and made.scores != score_set.sha256,
    }
    if made is not None:
        context |= _drawn(request, score_set, made, rounds)
    return render(request, "candidates/map.html", context)


@require_POST
@needs(Role.CURATOR)
def make(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Start the job that makes the map, or lays new rounds onto it; one at a time."""
    score_set = score_set_of(score_set_id)
    form = MapForm(request.POST)
    if not form.is_valid():
        raise ParameterError(first_problem(form))
    _, is_new = ask_for(
        _KIND,
        score_set,
        title=f"Map {score_set.collection.name}",
        actor=request.user,
        most=form.cleaned_data["most"] or MOST,
        seed=form.cleaned_data["seed"] or 0,
    )
    if is_new:
        messages.success(request, "The map is being made.")
    return redirect("candidates:map", score_set_id=score_set.pk)


@require_GET
@needs(Role.CURATOR)
def square(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Show random excerpts of a square of the map: a page of its own, or a part of one."""
    score_set = score_set_of(score_set_id)
    refuse_unknown(request.GET, ("x", "y", "seed", "round"))
    form = SquareForm(request.GET, cells=MOST_CELLS)
    if not form.is_valid():
        raise ParameterError(first_problem(form))
    cell = form.cleaned_data["x"], form.cleaned_data["y"]
    seed = form.cleaned_data["seed"] or 0
    made = read_map(score_set.folder)
    frame = None if made is None else Frame.of(made)
    inside = [] if made is None or frame is None else excerpts_in(made, frame, cell)
    picked: list[Heard] = []
    if made is not None and frame is not None and form.cleaned_data["round"]:
        drawn = get_object_or_404(score_set.rounds, pk=form.cleaned_data["round"])
        picked = _picked(drawn, made, frame, cell)
    chance = np.random.default_rng([seed, *cell])
    chosen = chance.permutation(len(inside))[:HEARD_AT_ONCE].tolist()
    places = [
        Place(track_no=inside[row][0], start_ms=inside[row][1], likelihood=float("nan"))
        for row in chosen
    ]
    address = reverse("candidates:map_square", args=[score_set.pk])
    again: dict[str, Any] = {"x": cell[0], "y": cell[1], "seed": seed + 1}
    if form.cleaned_data["round"]:
        again["round"] = form.cleaned_data["round"]
    context = {
        "score_set": score_set,
        "label": "Square of the map",
        "range": f"column {cell[0] + 1}, row {cell[1] + 1}",
        "among": len(inside),
        "of_sample": True,
        "picked": picked[:HEARD_AT_ONCE],
        "n_picked": len(picked),
        "heard": heard(score_set, places),
        "others": f"{address}?{urlencode(again)}",
        "back": reverse("candidates:map", args=[score_set.pk]),
    }
    part = bool(getattr(request, "htmx", False))
    return render(request, "candidates/_heard.html" if part else "candidates/listen.html", context)


def _picked(
    drawn: SamplingRound, made: EmbeddingMap, frame: Frame, cell: tuple[int, int]
) -> list[Heard]:
    """Return a round's picks in a square, each clip once, with what it was drawn for."""
    places = read_picks(drawn.score_set.folder, str(drawn.pk), made) or {}
    keys = list(places)
    if not keys:
        return []
    inside = (frame.cells(np.array([places[key] for key in keys])) == np.array(cell)).all(axis=1)
    here = {keys[row] for row in np.flatnonzero(inside).tolist()}
    numbers = {track_no for track_no, _ in here}
    rows = drawn.candidates.filter(clip__track__track_no__in=numbers).select_related(
        "clip__track__collection", "target"
    )
    found: dict[tuple[int, int], Heard] = {}
    for row in rows.order_by("position", "pk"):
        key = (row.clip.track.track_no, row.clip.start_ms)
        if key not in here:
            continue
        note = f"{row.target.display_name or row.target.name}, {stratum_words(row.tail).lower()}"
        if key in found:
            found[key] = replace(found[key], note=f"{found[key].note}; {note}")
        else:
            found[key] = Heard(
                track=row.clip.track,
                start_ms=row.clip.start_ms,
                key=row.clip.sample_key,
                likelihood=row.likelihood,
                sources=sound_sources(row.clip),
                note=note,
            )
    return list(found.values())


def _drawn(
    request: HttpRequest,
    score_set: ScoreSet,
    made: EmbeddingMap,
    rounds: list[SamplingRound],
) -> dict[str, Any]:
    frame = Frame.of(made)
    asked = request.GET.get("round", "")
    drawn = next((one for one in rounds if str(one.pk) == asked), None)
    if asked and drawn is None:
        get_object_or_404(SamplingRound, pk=_uuid(asked), score_set=score_set)
    drawn = drawn or (rounds[0] if rounds else None)
    context: dict[str, Any] = {
        "cells": frame.side,
        "explained": round(100 * sum(made.explained)),
        "sample": len(made.ids),
        "drawn": drawn,
    }
    places = read_picks(score_set.folder, str(drawn.pk), made) if drawn else None
    if drawn is None or places is None:
        return {**context, "squares": squares(made, frame, {}), "is_laid": False}
    classes = _classes(drawn)
    chosen = request.GET.get("class", "")
    if chosen not in dict(classes):
        chosen = ""
    candidates = drawn.candidates.select_related("clip__track", "target").order_by("position", "pk")
    if chosen:
        candidates = candidates.filter(target__name=chosen)
    rows = [
        row
        for row in map(_Row._make, candidates.values_list(*_COLUMNS))
        if (row.track_no, row.start_ms) in places
    ]
    at = [places[row.track_no, row.start_ms] for row in rows]
    # Every so-many-th, so that no class is left out.
    each = -(-len(rows) // MOST_PICKS) or 1
    found = squares(made, frame, picked_cells(frame, at))
    cover = coverage(found)
    return {
        **context,
        "is_laid": True,
        "squares": found,
        "classes": classes,
        "class_name": chosen,
        "class_label": dict(classes).get(chosen, ""),
        "picks": _picks(rows[::each], at[::each], frame, by_stratum=bool(chosen)),
        "n_picks": len(rows),
        "is_thinned": each > 1,
        "strata": _legend(rows) if chosen else [],
        "cover": cover,
        "unmet": cover["unmet"][:_UNMET],
        "page": Paginator(candidates, _PAGE).get_page(request.GET.get("page")),
    }


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ParameterError(f"{text!r} is no round.") from None


def _classes(drawn: SamplingRound) -> list[tuple[str, str]]:
    rows = drawn.candidates.order_by("target__position", "target__name").values_list(
        "target__name", "target__display_name", "target__position"
    )
    return [(name, label or name) for name, label, _ in rows.distinct()]


def _series(rows: Sequence[_Row]) -> dict[str, int]:
    names = sorted({row.tail for row in rows}, key=lambda name: (name != "high", name))
    return {name: 1 + place % 4 for place, name in enumerate(names)}


def _legend(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    return [
        {"label": stratum_words(name), "series": series} for name, series in _series(rows).items()
    ]


def _picks(
    rows: Sequence[_Row], at: Sequence[tuple[float, float]], frame: Frame, *, by_stratum: bool
) -> list[Pick]:
    if not rows:
        return []
    series = _series(rows)
    shares = (100 * frame.share(np.array(at, np.float32))).round(2).tolist()
    return [
        Pick(
            x=x,
            y=y,
            series=series[row.tail] if by_stratum else 1,
            hint=f"{row.label or row.name}, {stratum_words(row.tail).lower()}: "
            f"{row.title or 'Untitled'}",
            clip=str(row.clip),
        )
        for row, (x, y) in zip(rows, shares, strict=True)
    ]
