"""What answers have taught, and which round they suggest: the closed loop as a curator sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from candidates.forms.suggestion import SuggestForm, values_of
from candidates.learning.learned import learned_from
from candidates.learning.suggestions import (
    RECALIBRATE,
    SUGGEST,
    last_failure,
    newest_suggestion,
)
from candidates.learning.yields import yields_of
from candidates.models import ScoreSet
from candidates.portions.one_at_a_time import ask_for, under_way
from candidates.presenting.suggestion import suggestion_context
from candidates.presenting.yields import gains, is_told, yield_chart
from candidates.rounds.previews import class_labels
from candidates.views.listening import score_set_of
from consonance.catalog.models import Collection
from consonance.people.access import require
from consonance.people.models import Role, Scope

View = Callable[..., HttpResponseBase]
_ASKED: Final = ("design", "questions", "positives", "labels", "uncertain", "coverage", "seed")


def signed_in(view: View) -> View:
    """Send strangers to sign in; the view itself asks for the role, where its collection is."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return guarded


def curated(request: HttpRequest, score_set_id: UUID) -> ScoreSet:
    """Return a complete score set, if the person curates its collection."""
    score_set = score_set_of(score_set_id)
    require(request.user, Role.CURATOR, (Scope.COLLECTION, score_set.collection_id))
    return score_set


@require_http_methods(["GET", "POST"])
@signed_in
def suggest(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Show the newest suggestion, and ask for another one."""
    score_set = curated(request, score_set_id)
    learned = learned_from(score_set)
    newest = newest_suggestion(score_set, learned)
    if request.method == "POST":
        form = SuggestForm(request.POST)
        if form.is_valid():
            return _ask(request, score_set, form)
    else:
        before = values_of(newest.aim, seed=newest.seed) if newest else {}
        form = SuggestForm(initial=before)
    context: dict[str, Any] = {
        "score_set": score_set,
        "form": form,
        "fields": [form[name] for name in _ASKED],
        "learned": learned,
        "job": under_way(SUGGEST, score_set),
        "calibrating": under_way(RECALIBRATE, score_set),
        "failed": last_failure(SUGGEST, score_set),
        "suggestion": newest,
        "others": _others(score_set),
    }
    if newest is not None:
        context |= suggestion_context(newest, class_labels(score_set))
        context["draw_url"] = reverse(
            "candidates:draw",
            query={"score_set": str(score_set.pk), "suggestion": str(newest.job.pk)},
        )
    status = 400 if form.is_bound else 200
    return render(request, "candidates/suggest.html", context, status=status)


def _ask(request: HttpRequest, score_set: ScoreSet, form: SuggestForm) -> HttpResponse:
    aim = form.aim()
    _, is_new = ask_for(
        SUGGEST,
        score_set,
        title=f"Suggest the next round of {score_set.collection.name}",
        actor=request.user,
        aim={
            "positives": aim.positives,
            "labels": aim.labels,
            "questions": aim.questions,
            "uncertain": aim.uncertain,
            "coverage": aim.coverage,
        },
        seed=form.cleaned_data["seed"],
    )
    if is_new:
        messages.success(request, "The next round is being suggested.")
    else:
        messages.info(request, "A suggestion is under way already: this one was not begun.")
    return redirect("candidates:suggest", score_set_id=score_set.pk)


@require_POST
@signed_in
def recalibrate(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Start the job that calibrates the detector; one at a time."""
    score_set = curated(request, score_set_id)
    _, is_new = ask_for(
        RECALIBRATE,
        score_set,
        title=f"Calibrate {score_set.detector.name} on {score_set.collection.name}",
        actor=request.user,
    )
    if is_new:
        messages.success(request, "The answers are being read.")
    back = {
        "suggest": reverse("candidates:suggest", args=[score_set.pk]),
        "draw": reverse("candidates:draw", query={"score_set": str(score_set.pk)}),
    }
    usual = reverse("candidates:yields", args=[score_set.collection.slug])
    return redirect(back.get(request.POST.get("back", ""), usual))


@require_GET
@signed_in
def yields(request: HttpRequest, slug: str) -> HttpResponse:
    """Show positives per hundred questions by round, against the first detector."""
    collection = get_object_or_404(Collection, slug=slug)
    require(request.user, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    told = yields_of(collection.pk)
    score_set = told.score_set
    context: dict[str, Any] = {"collection": collection, "told": told, "score_set": score_set}
    if score_set is not None:
        context["job"] = under_way(RECALIBRATE, score_set)
        context["failed"] = last_failure(RECALIBRATE, score_set)
    if is_told(told):
        context["yields"] = yield_chart(told)
        context["rows"] = gains(told)
    return render(request, "candidates/yields.html", context)


def _others(score_set: ScoreSet) -> list[ScoreSet]:
    """Return what else a round of the collection may be drawn from."""
    others = ScoreSet.objects.filter(collection_id=score_set.collection_id, is_complete=True)
    return list(others.exclude(pk=score_set.pk).select_related("detector", "collection"))
