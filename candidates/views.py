"""A curator's pages about rounds."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from candidates.actions.review_round import review_round
from candidates.forms import DrawRoundForm
from candidates.models import Candidate, SamplingRound, ScoreSet
from consonance.catalog.panels import panels_of
from consonance.errors import ConsonanceError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE = 20


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
        "score_sets": ScoreSet.objects.select_related("collection", "detector"),
    }
    return render(request, "candidates/rounds.html", context)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def round_draw(request: HttpRequest) -> HttpResponse:
    """Ask for the recipe and start the draw."""
    form = DrawRoundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        score_set: ScoreSet = form.cleaned_data["score_set"]
        job = enqueue_job(
            kind="candidates.draw_round",
            title=f"Draw a round from {score_set.collection.name}",
            arguments={
                "score_set": str(score_set.pk),
                "recipe": form.recipe().as_json(),
            },
            actor=request.user,
        )
        messages.success(request, "The round is being drawn.")
        return redirect("jobs:detail", job_id=job.pk)
    has_scores = ScoreSet.objects.filter(is_complete=True).exists()
    status = 400 if form.is_bound else 200
    return render(
        request, "candidates/draw.html", {"form": form, "has_scores": has_scores}, status=status
    )


@require_GET
@needs(Role.CURATOR)
def round_detail(request: HttpRequest, round_id: UUID) -> HttpResponse:
    """Show what a round drew: per class the likelihoods, the quantile lines and the clips."""
    drawn = get_object_or_404(
        SamplingRound.objects.select_related("score_set__collection", "score_set__detector"),
        pk=round_id,
    )
    classes = _classes(drawn)
    chosen = request.GET.get("class") or (classes[0]["name"] if classes else "")
    current = next((entry for entry in classes if entry["name"] == chosen), None)
    tail = request.GET.get("tail", "")
    strata = sorted(drawn.candidates.order_by().values_list("tail", flat=True).distinct())
    candidates: QuerySet[Candidate] = Candidate.objects.none()
    if current:
        candidates = (
            drawn.candidates.filter(target__name=chosen)
            .select_related("clip__track", "target")
            .order_by("-likelihood", "pk")
        )
        if tail in strata:
            candidates = candidates.filter(tail=tail)
    context = {
        "round": drawn,
        "recipe": drawn.recipe,
        "classes": classes,
        "current": current,
        "histogram": _histogram(drawn.figures.get(chosen)),
        "tail": tail,
        "others": [name for name in strata if name not in {"high", "low"}],
        "page": Paginator(candidates, _PAGE).get_page(request.GET.get("page")),
        "n_candidates": sum(entry["drawn"] for entry in classes),
        "n_clips": drawn.candidates.values("clip").distinct().count(),
        "n_tracks": drawn.candidates.values("clip__track").distinct().count(),
        "shortfall": sum(drawn.shortfall.values()),
        "panels": panels_of("round", drawn, request.user),
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


def _classes(drawn: SamplingRound) -> list[dict[str, Any]]:
    counts = (
        drawn.candidates.values("target__name", "target__display_name", "target__position")
        .annotate(
            high=Count("pk", filter=Q(tail="high")),
            low=Count("pk", filter=Q(tail="low")),
            drawn=Count("pk"),
        )
        .order_by("target__position")
    )
    return [
        {
            "name": row["target__name"],
            "display_name": row["target__display_name"],
            "high": row["high"],
            "low": row["low"],
            "drawn": row["drawn"],
            "missing": drawn.shortfall.get(row["target__name"], 0),
            **{
                key: drawn.figures.get(row["target__name"], {}).get(f"{key}") for key in ("median",)
            },
            "at_low": drawn.figures.get(row["target__name"], {}).get("low"),
            "at_high": drawn.figures.get(row["target__name"], {}).get("high"),
        }
        for row in counts
    ]


def _histogram(figure: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return bars and lines in the chart's units: one wide each, 100 high."""
    if not figure:
        return None
    counts = figure["counts"]
    most = max(counts)
    width = 1 / len(counts)
    bins = [
        {
            "count": count,
            # Likelihoods of rare classes crowd at zero: on a linear scale nothing else shows.
            "height": round(100 * math.sqrt(count / most), 2) if most else 0,
            "label": f"{index * width:.3f}-{(index + 1) * width:.3f}",
            "low": index * width < figure["low"],
            "high": (index + 1) * width > figure["high"],
        }
        for index, count in enumerate(counts)
    ]
    return {
        "bins": bins,
        "max": most,
        "low": figure["low"],
        "high": figure["high"],
        "low_x": round(figure["low"] * len(counts), 3),
        "high_x": round(figure["high"] * len(counts), 3),
    }
