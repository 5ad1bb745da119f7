"""The rounds that were drawn: a list, what each drew, and its review."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from candidates.actions.review_round import review_round
from candidates.models import Candidate, SamplingRound, ScoreSet
from candidates.presenting.chart import ScoreChart, score_chart
from candidates.presenting.rounds import recipe_facts, recipe_sentence, stratum_words
from candidates.presenting.spread import Axis, Spread
from candidates.presenting.yields import yield_panel
from candidates.rounds.previews import is_silent
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling import Stratum
from consonance.catalog.panels import panels_of
from consonance.errors import ConsonanceError
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE: Final = 20
_SORTS: Final = {
    "": ("-likelihood", "pk"),
    "likelihood": ("likelihood", "pk"),
    "chance": ("inclusion", "pk"),
    "-chance": ("-inclusion", "pk"),
}


@require_GET
@needs(Role.CURATOR)
def round_list(request: HttpRequest) -> HttpResponse:
    """List rounds, newest first."""
    words = request.GET.get("q", "").strip()
    rounds = SamplingRound.objects.select_related(
        "score_set__collection", "score_set__detector", "created_by"
    ).annotate(n_candidates=Count("candidates"), n_clips=Count("candidates__clip", distinct=True))
    rounds = rounds.order_by("-created_at")  # grouping drops the model's own order
    if words:
        rounds = rounds.filter(score_set__collection__name__icontains=words)
    page = Paginator(rounds, _PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "query": words,
        "score_sets": ScoreSet.objects.filter(is_complete=True).select_related(
            "collection", "detector"
        ),
    }
    return render(request, "candidates/rounds.html", context)


@require_GET
@needs(Role.CURATOR)
def round_detail(request: HttpRequest, round_id: UUID) -> HttpResponse:
    """Show what a round drew: per class the scores, the strata and the clips, to be reviewed."""
    drawn = get_object_or_404(
        SamplingRound.objects.select_related(
            "score_set__collection", "score_set__detector", "reviewed_by", "created_by"
        ),
        pk=round_id,
    )
    classes, strata = _classes(drawn)
    chosen = request.GET.get("class") or (classes[0]["name"] if classes else "")
    current = next((entry for entry in classes if entry["name"] == chosen), None)
    tail = request.GET.get("tail", "")
    if tail not in strata:
        tail = ""
    sort = request.GET.get("sort", "")
    if sort not in _SORTS:
        sort = ""
    candidates: QuerySet[Candidate] = Candidate.objects.none()
    if current:
        candidates = (
            drawn.candidates.filter(target__name=chosen)
            .select_related("clip__track", "target")
            .order_by(*_SORTS[sort])
        )
        if tail:
            candidates = candidates.filter(tail=tail)
    context = {
        "round": drawn,
        "recipe": drawn.recipe,
        "said": recipe_sentence(drawn.recipe),
        "facts": recipe_facts(drawn),
        "classes": classes,
        "current": current,
        "strata": strata,
        "tail": tail,
        "tabs": _tabs(current, strata, tail, sort),
        "heads": _heads(chosen, tail, sort),
        "chart": _chart(drawn, chosen, current["display_name"]) if current else None,
        "page": Paginator(candidates, _PAGE).get_page(request.GET.get("page")),
        "n_candidates": sum(entry["drawn"] for entry in classes),
        "n_clips": drawn.candidates.values("clip").distinct().count(),
        "n_tracks": drawn.candidates.values("clip__track").distinct().count(),
        "shortfall": sum(drawn.shortfall.values()),
        "panels": panels_of("round", drawn, request.user),
        "yields": yield_panel(drawn.score_set.collection_id, current=drawn.pk),
        "open_url": _open_url(drawn),
        "map_url": reverse(
            "candidates:map", args=[drawn.score_set_id], query={"round": str(drawn.pk)}
        ),
    }
    return render(request, "candidates/round.html", context)


@require_POST
@needs(Role.CURATOR)
def round_review(request: HttpRequest, round_id: UUID) -> HttpResponse:
    """Store what a review found; a rejected round is never asked."""
    get_object_or_404(SamplingRound, pk=round_id)
    reject = request.POST.get("verdict") == "reject"
    try:
        drawn = review_round(
            round_id=round_id, reject=reject, note=request.POST.get("note", ""), actor=request.user
        )
    except ConsonanceError as error:
        messages.error(request, str(error))
        return redirect("candidates:round", round_id=round_id)
    messages.success(request, f"{drawn} is {'rejected' if reject else 'approved'}.")
    return redirect(drawn)


def _open_url(drawn: SamplingRound) -> str:
    """Return the form of a campaign over this round; empty where there may be none.

    Campaigns stand above this room: their form is known by its address only.
    """
    if drawn.state != SamplingRound.State.DRAWN:
        return ""
    try:
        return reverse("annotation:campaign_new", query={"round": str(drawn.pk)})
    except NoReverseMatch:
        return ""


def _classes(drawn: SamplingRound) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what was drawn of each class by stratum, and the strata's names."""
    rows = list(
        drawn.candidates.values("target__name", "target__display_name", "target__position", "tail")
        .annotate(drawn=Count("pk"))
        .order_by("target__position", "target__name", "tail")
    )
    strata = _strata_names(drawn, {row["tail"] for row in rows})
    classes: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = classes.setdefault(
            row["target__name"],
            {
                "name": row["target__name"],
                "display_name": row["target__display_name"] or row["target__name"],
                "drawn": 0,
                "by_stratum": dict.fromkeys(strata, 0),
                "missing": drawn.shortfall.get(row["target__name"], 0),
            },
        )
        entry["drawn"] += row["drawn"]
        entry["by_stratum"][row["tail"]] = row["drawn"]
    for entry in classes.values():
        entry["counts"] = [entry["by_stratum"][name] for name in strata]
    return list(classes.values()), strata


def _strata_names(drawn: SamplingRound, found: set[str]) -> list[str]:
    """Return the strata in the recipe's order, and whatever else was drawn from."""
    named = [stratum.name for stratum in _design(drawn)]
    first: tuple[str, ...] = ("high", "low")
    known = [name for name in first if name in found and name in named]
    known += [name for name in named if name in found and name not in known]
    return known + sorted(found - set(known))


def _design(drawn: SamplingRound, name: str = "") -> tuple[Stratum, ...]:
    """Return the strata of a class; of the first, where each has its own and none is named."""
    try:
        recipe = RoundRecipe.from_json(drawn.recipe)
        names = recipe.names or (name,)
        designs = dict(zip(names, recipe.designs(names), strict=True))
    except ConsonanceError:
        return ()  # a recipe of another version
    return designs.get(name) or next(iter(designs.values()), ())


def _tabs(
    current: dict[str, Any] | None, strata: list[str], tail: str, sort: str
) -> list[dict[str, Any]]:
    if current is None:
        return []
    kept = {"class": current["name"], **({"sort": sort} if sort else {})}
    made = [("", "All", current["drawn"])]
    made += [(name, stratum_words(name), current["by_stratum"].get(name, 0)) for name in strata]
    return [
        {
            "label": label,
            "count": count,
            "active": tail == name,
            "query": urlencode({**kept, **({"tail": name} if name else {})}),
        }
        for name, label, count in made
    ]


def _heads(chosen: str, tail: str, sort: str) -> list[dict[str, str]]:
    """Return the columns of numbers, and how each would sort next."""
    heads = []
    for label, key in (("Likelihood", "likelihood"), ("Quantile", ""), ("Inclusion", "chance")):
        falling = {"likelihood": "", "chance": "-chance"}.get(key, "none")
        order = "descending" if sort == falling else "ascending" if key and sort == key else ""
        other = key if order == "descending" else falling
        query = {"class": chosen, "tail": tail, "sort": other}
        told = urlencode({name: value for name, value in query.items() if value})
        heads.append({"label": label, "order": order, "query": told if key else ""})
    return heads


def _chart(drawn: SamplingRound, chosen: str, label: str) -> ScoreChart | None:
    """Return the class's scores with the round's strata over them, where scores are known."""
    figures = drawn.score_set.figures
    if chosen not in figures or is_silent(drawn.score_set, chosen):
        return None
    spread = Spread.of(figures[chosen])
    return score_chart(chosen, label, spread, Axis.over([spread]), _design(drawn, chosen))
