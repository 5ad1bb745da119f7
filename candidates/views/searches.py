"""A curator's pages about searches: start one, watch it, read who won and why."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from candidates.actions.start_search import send_workers, start_search
from candidates.actions.stop_search import stop_search
from candidates.forms.search import SearchForm, sources
from candidates.models import DetectorSearch, DetectorTrial, ScoreSet
from candidates.presenting import curves, leaderboard
from candidates.presenting.leaderboard import DEFAULT
from candidates.search.recipe import SearchRecipe
from candidates.search.words import in_words
from consonance.errors import ConsonanceError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE: Final = 20
_ROWS: Final = 50
_DIGITS: Final = 7
_STATES: Final = {
    DetectorSearch.State.OPEN: {"label": "Not finished", "kind": "accent"},
    DetectorSearch.State.DONE: {"label": "Done", "kind": "good"},
    DetectorSearch.State.FAILED: {"label": "Failed", "kind": "bad"},
}
#: Columns a list of searches can be sorted by, as the database knows them.
_SORTS: Final = {"name": "name", "-name": "-name", "newest": "-created_at", "oldest": "created_at"}


@require_GET
@needs(Role.CURATOR)
def search_list(request: HttpRequest) -> HttpResponse:
    """List searches, newest first."""
    words = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "newest")
    ended = Q(trials__state__in=[DetectorTrial.State.DONE, DetectorTrial.State.FAILED])
    searches = DetectorSearch.objects.select_related(
        "score_set__collection", "score_set__detector", "created_by", "detector"
    ).annotate(ended=Count("trials", filter=ended))
    searches = searches.order_by(_SORTS.get(sort, "-created_at"), "pk")
    if words:
        searches = searches.filter(
            Q(name__icontains=words) | Q(score_set__collection__name__icontains=words)
        )
    page = Paginator(searches, _PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "searches",
        "page": page,
        "rows": [
            {"search": search, "verdict": leaderboard.verdict_words(search)} for search in page
        ],
        "query": words,
        "sort": sort,
        "sorts": leaderboard.list_sorts(sort, query=words, time="Started"),
        "can_start": _can_start(),
    }
    return render(request, "candidates/searches.html", context)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def search_new(request: HttpRequest) -> HttpResponse:
    """Ask for the recipe, tell what it takes, and start it."""
    form = SearchForm(request.POST or None)
    cost = None
    if request.method == "POST" and form.is_valid():
        recipe = form.recipe()
        if request.POST.get("action") == "count":
            cost = {"recipe": recipe, "cost": recipe.cost()}
        else:
            try:
                return _start(request, form, recipe)
            except ConsonanceError as error:
                form.add_error(None, str(error))
    context = {"form": form, "cost": cost, "is_ready": _can_start()}
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "candidates/search_new.html", context, status=status)


def _start(request: HttpRequest, form: SearchForm, recipe: SearchRecipe) -> HttpResponse:
    search = start_search(
        recipe=recipe,
        score_set=form.cleaned_data["score_set"],
        labels=form.labels(),
        release=form.release(),
        name=form.cleaned_data["name"],
        actor=request.user,
    )
    if search.state == DetectorSearch.State.DONE:
        messages.info(request, "This recipe was searched before: here is how it ended.")
    else:
        send_workers(search, workers=form.cleaned_data["workers"], actor=request.user)
        messages.success(request, "The search has begun.")
    return redirect(search)


@require_GET
@needs(Role.CURATOR)
def search_detail(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Show the leaderboard, whether the winner beats the default, and how they learnt."""
    search = _search(search_id)
    trials = list(search.trials.defer("curve").order_by("rung", "number", "seed"))
    query = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "rank")
    rows = leaderboard.sorted_by(leaderboard.rows_of(search, trials), sort)
    if query:
        rows = [row for row in rows if _fits(row, query)]
    recipe = SearchRecipe.from_json(search.recipe)
    jobs = list(search.jobs.unfinished().order_by("created_at"))
    context = {
        "search": search,
        "state": _STATES[DetectorSearch.State(search.state)],
        "recipe": recipe,
        "space": _space(recipe),
        "page": Paginator(rows, _ROWS).get_page(request.GET.get("page")),
        "query": query,
        "sorts": leaderboard.sort_links(sort, query=query),
        "sort": sort,
        "verdict": leaderboard.verdict_words(search),
        "comparison": leaderboard.comparison(search),
        "charts": _curves(search),
        "jobs": jobs,
        "progress": _progress(search, trials, jobs),
        "n_configurations": len({trial.number for trial in trials}),
        "seconds": sum(trial.seconds or 0.0 for trial in trials),
        "last_job": search.jobs.order_by("-created_at").first(),
    }
    template = "candidates/search.html"
    return render(request, template, context)


@require_GET
@needs(Role.CURATOR)
def configuration(request: HttpRequest, search_id: UUID, number: int) -> HttpResponse:
    """Show one configuration: its settings, each class's figures, every training's curve."""
    search = _search(search_id)
    trials = list(search.trials.filter(number=number).order_by("rung", "seed"))
    if not trials:
        raise Http404
    last = [trial for trial in trials if trial.rung == trials[-1].rung]
    [row] = leaderboard.rows_of(search, trials)
    drawn = [
        curves.Curve(
            label=f"Rung {trial.rung + 1}, seed {trial.seed}",
            series=1 if trial.rung == trials[-1].rung else 2,
            reports=trial.curve,
        )
        for trial in trials
    ]
    context = {
        "search": search,
        "row": row,
        "trials": trials,
        "classes": leaderboard.classes_of(last, search.material.get("counted", [])),
        "charts": _both(drawn, legend=[]),
        "can_be_used": _can_be_used(search, trials),
        "crumbs": [{"label": search.name, "url": search.get_absolute_url()}],
    }
    return render(request, "candidates/configuration.html", context)


@require_POST
@needs(Role.CURATOR)
def go_on(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Let workers go on with a search that nobody works on, or let more work on it."""
    search = get_object_or_404(DetectorSearch, pk=search_id)
    text = request.POST.get("workers", "")
    workers = 2 if (said := _number(text)) is None else said
    try:
        jobs = send_workers(search, workers=workers, actor=request.user)
    except ConsonanceError as error:
        messages.error(request, str(error))
    else:
        told = f"{len(jobs)} more will work on it." if jobs else "So many work on it already."
        messages.success(request, told)
    return redirect(search)


@require_POST
@needs(Role.CURATOR)
def stop(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Stop a search; it can go on later."""
    search = get_object_or_404(DetectorSearch, pk=search_id)
    try:
        stop_search(search=search, actor=request.user)
    except ConsonanceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Asked to stop. What was trained stays; it can go on later.")
    return redirect(search)


@require_POST
@needs(Role.CURATOR)
def use(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """Make a detector of a configuration's head; a job does it, for it loads networks."""
    search = get_object_or_404(DetectorSearch, pk=search_id)
    number = request.POST.get("number", "")
    chosen = search.winner if (said := _number(number)) is None else said
    trials = list(search.trials.filter(number=chosen)) if chosen is not None else []
    if not _can_be_used(search, trials):
        messages.error(request, "Only a configuration that was trained to the end can be used.")
        return redirect(search)
    job = enqueue_job(
        kind="candidates.use_search",
        title=f"Make a detector of {leaderboard.configuration_name(chosen or 0).lower()}",
        arguments={
            "search": str(search.pk),
            "number": chosen,
            "name": request.POST.get("name", "").strip()[:64],
        },
        actor=request.user,
    )
    messages.success(request, "The detector is being made.")
    return redirect("jobs:detail", job_id=job.pk)


def _can_start() -> bool:
    return bool(sources()) and ScoreSet.objects.filter(is_complete=True).exists()


def _search(search_id: UUID) -> DetectorSearch:
    return get_object_or_404(
        DetectorSearch.objects.select_related(
            "score_set__collection", "score_set__detector", "labels", "detector", "created_by"
        ),
        pk=search_id,
    )


def _fits(row: leaderboard.Row, query: str) -> bool:
    words = " ".join([row.name, row.state, *(f"{label} {value}" for label, value in row.settings)])
    return all(word in words.lower() for word in query.lower().split())


def _space(recipe: SearchRecipe) -> list[dict[str, str]]:
    return [
        {"label": leaderboard.SETTINGS[name].label, "value": in_words(part)}
        for name, part in recipe.space.of.items()
    ]


def _curves(search: DetectorSearch) -> list[dict[str, Any]]:
    """Return the learning curves of the last rung: the default against the best."""
    if not search.standings:
        return []
    rung = len(search.standings) - 1
    standing = {int(number): row["value"] for number, row in search.standings[rung].items()}
    best = search.winner
    if best is None:
        best = min(standing, key=lambda number: (-standing[number], number))
    trials = search.trials.filter(rung=rung, number__in={best, DEFAULT}).order_by("number", "seed")
    drawn = [
        curves.Curve(
            label=f"{leaderboard.configuration_name(trial.number)}, seed {trial.seed}",
            series=1 if trial.number == best else 2,
            reports=trial.curve,
        )
        for trial in trials
    ]
    legend = [{"label": leaderboard.configuration_name(best), "series": 1, "sign": "dot"}]
    if best != DEFAULT:
        legend.append({"label": "The default", "series": 2, "sign": "diamond"})
    return _both(drawn, legend=legend)


def _both(drawn: list[curves.Curve], *, legend: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        curves.chart(
            drawn, what="mean_ap", title="How good it got", y_label="Mean AP", legend=legend
        ),
        curves.chart(
            drawn,
            what="validation_loss",
            title="How wrong it was",
            y_label="Loss in validation",
            legend=legend,
        ),
    ]


def _progress(
    search: DetectorSearch, trials: list[DetectorTrial], jobs: list[Job]
) -> dict[str, Any] | None:
    if search.state != DetectorSearch.State.OPEN:
        return None
    ended = sum(
        trial.state in (DetectorTrial.State.DONE, DetectorTrial.State.FAILED) for trial in trials
    )
    total = max(ended, search.material.get("trainings", 0))
    rungs = len(SearchRecipe.from_json(search.recipe).rung_epochs)
    return {
        "done": ended,
        "total": total,
        "text": f"{ended:,} of up to {total:,}, rung {search.rung + 1} of {rungs}"
        if search.material_sha256
        else "Gathering labels and embeddings",
        "job": jobs[0] if jobs else None,
    }


def _can_be_used(search: DetectorSearch, trials: list[DetectorTrial]) -> bool:
    return search.state == DetectorSearch.State.DONE and any(
        trial.rung == search.rung and trial.state == DetectorTrial.State.DONE for trial in trials
    )


def _number(text: str) -> int | None:
    """Return a whole number, a huge one as merely large; None for anything else that was typed."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if len(text) < _DIGITS else 10**_DIGITS
