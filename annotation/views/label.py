"""One label explains itself: answers, weights, runs, gold, detector."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.allocation.deciding import posterior
from annotation.campaigns.wording import prompt
from annotation.models import (
    Campaign,
    ConsensusRun,
    GoldAnswer,
    Measure,
    Question,
    Rating,
    SkillSnapshot,
)
from annotation.people import measures
from annotation.people.pseudonyms import Pseudonyms
from annotation.presenting.label import (
    Basis,
    Change,
    Step,
    path_chart,
    path_of,
    probability_text,
    thresholds_text,
    trusts,
    why_changed,
)
from annotation.presenting.links import ratings_url
from annotation.presenting.stored_labels import LabelInRun, counted_ratings, label_in_runs, runs_of
from candidates.models import Candidate
from consonance.catalog.panels import panels_of
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import StateError
from consonance.people.access import require, roles
from consonance.people.models import Role, Scope

#: A label's history goes back so many runs; older ones stand on the page of runs.
_RUNS: Final = 20
#: What differs less than this between the path and the stored value is rounding.
_ROUNDING: Final = 1e-6
_DECISION_KINDS: Final = {"present": "good", "absent": "accent", "undecided": "warn"}


@require_GET
@login_required
def label(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Explain one label: every answer, what it weighed, why asking stopped, each run."""
    question = get_object_or_404(
        Question.objects.select_related("campaign__collection", "clip__track", "target"),
        pk=question_id,
    )
    campaign = question.campaign
    held = roles(request.user, *campaign.places)
    require(request.user, Role.CURATOR, *campaign.places)
    clip, target = question.clip, question.target
    if clip is None or target is None:
        raise Http404("This page explains questions about a clip and a class.")
    ratings = list(
        question.ratings.select_related("person", "guideline", "superseded_by").order_by(
            "created_at", "pk"
        )
    )
    steps = path_of(question, ratings)
    runs = runs_of(campaign, most=_RUNS)
    history = label_in_runs(runs, clip.pk, target.name)
    gold = list(GoldAnswer.objects.filter(clip=clip, target=target).select_related("created_by"))
    in_force = [row for row in gold if row.retired_at is None]
    is_admin = Role.ADMIN in held
    context = {
        "campaign": campaign,
        "question": question,
        "clip": clip,
        "prompt": prompt(target),
        "headline": _headline(history),
        "posterior": probability_text(posterior(question.log_odds)),
        "prior": posterior(question.prior_log_odds),
        "has_prior": question.prior_log_odds != 0,
        "is_refitted": _is_refitted(question, steps),
        "chart": path_chart(question, steps) if steps else None,
        "rows": _rows(campaign, runs, ratings, steps),
        "history": [_shown(label) for label in history],
        "change": _change(question, ratings, history),
        "gold": gold,
        "is_contradicted": len({row.truth for row in in_force}) > 1,
        "may_set_gold": Role.CURATOR
        in roles(request.user, (Scope.COLLECTION, campaign.collection_id)),
        "candidates": _candidates(campaign, question),
        "panels": panels_of("label", question, request.user),
        "is_admin": is_admin,
        "ratings_url": ratings_url(campaign.pk, question=question.pk) if is_admin else "",
        "audio_url": sound_sources(clip)[0]["url"],
        "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
        "crumbs": [
            {"label": campaign.name, "url": reverse("annotation:campaign", args=[campaign.pk])},
            {"label": "Questions", "url": reverse("annotation:questions", args=[campaign.pk])},
        ],
    }
    return render(request, "annotation/question.html", context)


def _headline(history: list[LabelInRun]) -> dict[str, Any] | None:
    """Return what the newest run says of the label; None before any run."""
    return _shown(history[0]) if history else None


def _shown(label: LabelInRun) -> dict[str, Any]:
    return {
        "label": label,
        "run": label.run,
        "kind": _DECISION_KINDS.get(label.decision, ""),
        "thresholds": thresholds_text(label.run),
        "crowd": probability_text(label.posterior_crowd),
        "with_detector": probability_text(label.posterior_with_detector),
        "answers": label.n_yes + label.n_no + label.n_unsure,
    }


def _is_refitted(question: Question, steps: list[Step]) -> bool:
    """Return whether the running posterior is no longer the sum of what is recorded."""
    total = question.prior_log_odds + sum(step.weight or 0.0 for step in steps)
    return abs(total - question.log_odds) > _ROUNDING


def _rows(
    campaign: Campaign, runs: list[ConsensusRun], ratings: list[Rating], steps: list[Step]
) -> list[dict[str, Any]]:
    after = {step.rating.pk: step for step in steps if not step.is_undo}
    people = {rating.person_id for rating in ratings}
    held = measures.by_person(campaign, people)
    names = Pseudonyms(campaign.collection_id).of_all(people)
    left_out = {row["rater"]: row["reason"] for row in runs[0].exclusions} if runs else {}
    rows = []
    for rating in ratings:
        measure = held.get(rating.person_id, {}).get(Measure.Kind.EXCLUDE)
        step = after.get(rating.pk)
        rows.append(
            {
                "rating": rating,
                "weight": step.weight if step else None,
                "posterior": probability_text(
                    step.posterior if step and step.weight is not None else None
                ),
                "left_out": measure.reason
                if measure
                else left_out.get(names[rating.person_id], ""),
                "is_out_from_next": measure is not None and names[rating.person_id] not in left_out,
            }
        )
    return rows


def _change(question: Question, ratings: list[Rating], history: list[LabelInRun]) -> Change | None:
    """Return why the two latest runs differ about the label; None where there are not two."""
    if len(history) < 2 or any(label.problem for label in history[:2]):
        return None
    newer, older = history[:2]
    pseudonyms = Pseudonyms(question.campaign.collection_id)
    by_account = pseudonyms.of_all(rating.person_id for rating in ratings)
    names = {by_account[rating.person_id]: str(rating.person) for rating in ratings}
    try:
        before, after = (_basis(question, label, by_account) for label in (older, newer))
    except StateError as error:
        return Change(headline="Why the latest runs differ cannot be told.", reasons=[str(error)])
    return why_changed(before, after, names)


def _basis(question: Question, label: LabelInRun, names: dict[UUID, str]) -> Basis:
    skills = SkillSnapshot.objects.filter(run=label.run, person__in=names)
    known = skills.filter(target=question.target_id) | skills.filter(target__isnull=True)
    if question.clip is None or question.target is None:
        raise AssertionError("the page refuses questions without clip and class")
    clip, target = question.clip, question.target
    return Basis(
        label=label,
        ratings=counted_ratings(label.run, clip.pk, target.name),
        trust=trusts(list(known), names),
    )


def _candidates(campaign: Campaign, question: Question) -> list[Candidate]:
    found = Candidate.objects.filter(
        round__in=campaign.rounds.all(), clip=question.clip_id, target=question.target_id
    )
    return list(
        found.select_related(
            "target", "round__score_set__detector", "round__score_set__collection"
        ).order_by("-round__number")
    )
