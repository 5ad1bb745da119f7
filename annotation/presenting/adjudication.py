"""What a curator sees of a disputed question: every answer, who gave it, the detector."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from annotation.allocation.deciding import posterior
from annotation.models import Measure, Question, SkillSnapshot
from annotation.people import measures
from annotation.presenting.label import path_chart, path_of, probability_text
from annotation.presenting.links import ratings_url
from candidates.models import Candidate

#: Colours of decisions, as of labels in runs.
DECISION_KINDS: Final = {"present": "good", "absent": "accent", "undecidable": "warn"}


def evidence_of(question: Question, *, is_admin: bool) -> dict[str, Any]:
    """Return what the page shows of a question; a handful of queries.

    Parameters
    ----------
    question
        About a clip and a class, with campaign, clip, track and class loaded.
    is_admin
        Whether names lead to people's pages.
    """
    campaign = question.campaign
    ratings = list(
        question.ratings.select_related("person", "guideline", "superseded_by").order_by(
            "created_at", "pk"
        )
    )
    steps = path_of(question, ratings)
    after = {step.rating.pk: step for step in steps if not step.is_undo}
    people = {rating.person_id for rating in ratings}
    trust = _trust(question, people)
    held = measures.by_person(campaign, people)
    rows = []
    for rating in ratings:
        step = after.get(rating.pk)
        measure = held.get(rating.person_id, {}).get(Measure.Kind.EXCLUDE)
        rows.append(
            {
                "rating": rating,
                "weight": step.weight if step else None,
                "posterior": probability_text(
                    step.posterior if step and step.weight is not None else None
                ),
                "trust": trust.get(rating.person_id),
                "left_out": measure.reason if measure else "",
                "person_url": reverse(
                    "annotation:consistency_person", args=[campaign.pk, rating.person_id]
                )
                if is_admin
                else "",
            }
        )
    return {
        "clip": question.clip,
        "rows": rows,
        "chart": path_chart(question, steps) if steps else None,
        "posterior": probability_text(posterior(question.log_odds)),
        "has_prior": question.prior_log_odds != 0,
        "prior": probability_text(posterior(question.prior_log_odds)),
        "candidate": _candidate(question),
        "ratings_url": ratings_url(campaign.pk, question=question.pk) if is_admin else "",
    }


def _trust(question: Question, people: Collection[UUID]) -> dict[UUID, SkillSnapshot]:
    """Return how far the newest run trusts people: in the class where it says so, else at all."""
    run = question.campaign.runs.order_by("-number").values("pk")[:1]
    found = SkillSnapshot.objects.filter(run__in=run, person__in=people)
    rows = found.filter(target=question.target_id) | found.filter(target__isnull=True)
    # A class's row comes last and stays.
    ordered = sorted(rows, key=lambda row: row.target_id is not None)
    return {row.person_id: row for row in ordered}


def _candidate(question: Question) -> Candidate | None:
    drawn = Candidate.objects.filter(
        round__in=question.campaign.rounds.all(),
        clip=question.clip_id,
        target=question.target_id,
    )
    newest: Candidate | None = (
        drawn.select_related("target", "round__score_set__detector", "round__score_set__collection")
        .order_by("-round__number")
        .first()
    )
    return newest
