"""Try what a recipe would give, line by line, and draw it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from candidates.forms.designs import MOST_STRATA, alike, presets, with_preset
from candidates.forms.draw import POSITIVES, DrawRoundForm
from candidates.forms.refusals import first_problem, refuse_unknown
from candidates.learning.suggestions import RECALIBRATE
from candidates.models import ScoreSet
from candidates.portions.one_at_a_time import under_way
from candidates.presenting.chart import band_words, score_chart
from candidates.presenting.preview import preview_json
from candidates.presenting.spread import Axis, Spread, bands, outline, veils
from candidates.rounds.previews import class_labels, is_silent, preview_of
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling import PRESETS, Stratum
from consonance.errors import ParameterError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.people.models import Role
from consonance.people.views import needs


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def round_draw(request: HttpRequest) -> HttpResponse:
    """Show the histograms and what the recipe would give; start the draw, or only count."""
    sent: QueryDict = request.POST
    if request.method == "POST":
        if "preset" in sent:
            sent = with_preset(sent, str(sent["preset"]))
        form = DrawRoundForm(sent)
        is_draw = sent.get("action", "draw") == "draw" and "preset" not in sent
        if form.is_valid() and is_draw:
            return _start(request, form)
        status = 400 if form.errors else 200
    else:
        form = DrawRoundForm(initial=_initial(request.GET))
        status = 200
    context = {
        "form": form,
        "score_sets": ScoreSet.objects.filter(is_complete=True).select_related(
            "collection", "detector"
        ),
        "suggested": form.suggested,
        "is_lost": bool(request.GET.get("suggestion")) and form.suggested is None,
        **(_page(form, request.GET.get("class", sent.get("class", ""))) if form.chosen else {}),
    }
    return render(request, "candidates/draw.html", context, status=status)


def _initial(asked: QueryDict) -> dict[str, Any]:
    """Return what an unsent form begins with: scores, and a suggestion with its seed."""
    initial: dict[str, Any] = {"score_set": asked.get("score_set", "")}
    if asked.get("suggestion"):
        initial["suggestion"] = asked["suggestion"]
    return initial


def _start(request: HttpRequest, form: DrawRoundForm) -> HttpResponse:
    score_set: ScoreSet = form.cleaned_data["score_set"]
    job = enqueue_job(
        kind="candidates.draw_round",
        title=f"Draw a round from {score_set.collection.name}",
        arguments={"score_set": str(score_set.pk), "recipe": form.recipe().as_json()},
        actor=request.user,
    )
    messages.success(request, "The round is being drawn.")
    return redirect("jobs:detail", job_id=job.pk)


@require_GET
@needs(Role.CURATOR)
def preview(request: HttpRequest) -> JsonResponse:
    """Answer what a recipe would give, as JSON; its parameters are the form's fields."""
    refuse_unknown(request.GET, [*DrawRoundForm().fields])
    form = DrawRoundForm(request.GET)
    if not form.is_valid():
        raise ParameterError(first_problem(form))
    found = preview_of(form.cleaned_data["score_set"], form.recipe(), positives=form.wanted)
    response = JsonResponse(preview_json(found))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _page(form: DrawRoundForm, chosen: str) -> dict[str, Any]:
    """Return what the page shows of the scores that the form is about."""
    score_set = form.chosen
    assert score_set is not None  # noqa: S101 - asked before
    labels = class_labels(score_set)
    if not labels:
        return {"score_set": score_set, "has_figures": False}
    recipe = _tried(form)
    usual = form.suggested.aim.positives if form.suggested else POSITIVES
    wanted = usual if not form.is_bound or form.errors else form.wanted
    found = preview_of(score_set, recipe, positives=wanted)
    told = preview_json(found)
    by_name = {row["name"]: row for row in told["classes"]}
    spreads = {
        name: Spread.of(score_set.figures[name])
        for name in labels
        if not is_silent(score_set, name)
    }
    axis = Axis.over(list(spreads.values()))
    strata_of = _shown_strata(form, recipe)
    page: dict[str, Any] = {
        "score_set": score_set,
        "learned": found.learned,
        "calibrating": under_way(RECALIBRATE, score_set),
        "has_figures": True,
        "presets": presets(),
        "preset": next((key for key, made in PRESETS.items() if alike(made, strata_of(""))), ""),
        "preview": told,
        "rows": [
            {"name": key, "label": label, "preview": by_name.get(key)}
            | (_shape(spreads[key], axis, strata_of(key)) if key in spreads else {})
            for key, label in labels.items()
        ],
    }
    if not spreads:
        return page
    name = chosen if chosen in spreads else next(iter(spreads))
    spread, strata = spreads[name], strata_of(name)
    # The large picture shows its class as wide as it is; the tiny ones share an axis.
    chart = score_chart(name, labels[name], spread, Axis.over([spread]), strata)
    held = {row["name"]: row for row in by_name.get(name, {}).get("strata", [])}
    nothing = {"excerpts": None, "at_most": None}
    needs = {key: row["needed"]["sentence"] for key, row in by_name.items()}
    return page | {
        "current": name,
        "chart": chart,
        "needs": needs.get(name, ""),
        "strata": [
            {
                **held.get(stratum.name, nothing),
                "name": stratum.name,
                "series": band.series,
                "range": band_words(band, stratum),
            }
            for band, stratum in zip(chart.bands, strata, strict=True)
        ],
        "data": {
            "scoreSet": str(score_set.pk),
            "preview": reverse("candidates:preview"),
            "current": name,
            "axis": {"firstBin": axis.first_bin, "afterBin": axis.after_bin},
            "mostStrata": MOST_STRATA,
            "presets": {preset.name: preset.strata for preset in presets()},
            "eligible": told["eligible"]["excerpts"],
            "capacity": told["capacity"],
            "needs": needs,
            "silent": [key for key in labels if key not in spreads],
            "classes": [
                {
                    "name": key,
                    "label": labels[key],
                    "n": spread.n,
                    "first": spread.first,
                    "step": spread.step,
                    "counts": list(spread.counts),
                }
                for key, spread in spreads.items()
            ],
        },
    }


def _shape(spread: Spread, axis: Axis, strata: Sequence[Stratum]) -> dict[str, Any]:
    """Return a class's tiny picture."""
    return {
        "outline": outline(spread, axis),
        "veils": veils(bands(spread, axis, strata)),
    }


def _tried(form: DrawRoundForm) -> RoundRecipe:
    """Return what the page shows: the form's recipe if it makes one, else what it begins with."""
    if form.is_bound and not form.errors:
        return form.recipe()
    suggested = form.suggested.recipe if form.suggested else None
    return suggested or RoundRecipe()


def _shown_strata(form: DrawRoundForm, recipe: RoundRecipe) -> Callable[[str], tuple[Stratum, ...]]:
    """Return what gives a class's strata: its own, the form's where they are some, or the usual."""
    if recipe.by_class:
        own = dict(zip(recipe.names, recipe.designs(recipe.names), strict=True))
        return lambda name: own.get(name, ())
    try:
        shown = form.design() if form.is_bound else recipe.design()
    except ParameterError:
        shown = recipe.design()
    return lambda _: shown
