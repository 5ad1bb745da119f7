"""Disputed questions, one at a time: hear it, see every answer, decide."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from annotation.actions.adjudicate import MAX_NOTE, adjudicate, withdraw_adjudication
from annotation.allocation.deciding import posterior
from annotation.campaigns.reached import campaign_of
from annotation.campaigns.wording import prompt
from annotation.models import Adjudication, Campaign, Question
from annotation.presenting.adjudication import DECISION_KINDS, evidence_of
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.people.access import require, roles
from consonance.people.models import Role

_PAGE: Final = 50
_State = Question.State
_RELATED: Final = ("campaign", "clip__track", "target")


@require_GET
@login_required
def queue(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show one disputed question with everything a decision rests on, and the next after it."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    class_name = request.GET.get("class", "")
    waiting = _asked(campaign, class_name).filter(state=_State.DISPUTED)
    question = _shown(request, campaign, waiting)
    done = _just_done(request, campaign)
    here = reverse("annotation:adjudication", args=[campaign.pk])
    context: dict[str, Any] = {
        "campaign": campaign,
        "question": question,
        "waiting": waiting.count(),
        "class_name": class_name,
        "options": _class_options(campaign),
        "done": done,
        "done_kind": DECISION_KINDS.get(done.decision, "") if done else "",
        "decisions": _decisions(),
        "max_note": MAX_NOTE,
        "here": here,
        "list_url": _address("adjudication_list", campaign, **{"class": class_name}),
        "crumbs": _crumbs(campaign),
    }
    if question is not None and question.target is not None:
        after = _after(question, waiting)
        is_admin = Role.ADMIN in roles(request.user, *campaign.places)
        context |= evidence_of(question, is_admin=is_admin) | {
            "prompt": prompt(question.target),
            "later_url": _address(
                "adjudication", campaign, question=after.pk, **{"class": class_name}
            )
            if after
            else "",
            "held": question.adjudications.filter(withdrawn_at__isnull=True)
            .select_related("decided_by")
            .first(),
        }
    return render(request, "annotation/adjudication.html", context)


@require_GET
@login_required
def question_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List what waits for a curator and what curators have decided."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    class_name, words = request.GET.get("class", ""), request.GET.get("q", "").strip()
    state = request.GET.get("state", "")
    if state not in {_State.DISPUTED, _State.ADJUDICATED}:
        state = _State.DISPUTED
    counts = dict(
        _asked(campaign, class_name)
        .filter(state__in=[_State.DISPUTED, _State.ADJUDICATED])
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    in_force = Adjudication.objects.filter(withdrawn_at__isnull=True).select_related("decided_by")
    found = (
        _asked(campaign, class_name)
        .filter(state=state)
        .prefetch_related(Prefetch("adjudications", queryset=in_force, to_attr="held"))
    )
    if words:
        found = found.filter(clip__track__title__icontains=words)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    rows = [_row(campaign, row, class_name) for row in page]
    context = {
        "campaign": campaign,
        "page": page,
        "rows": rows,
        "state": state,
        "class_name": class_name,
        "query": words,
        "options": _class_options(campaign),
        "tabs": [
            {
                "label": label,
                "url": _address("adjudication_list", campaign, state=value,
                                **{"class": class_name}),
                "active": value == state,
                "count": counts.get(value, 0),
            }
            for value, label in ((_State.DISPUTED, "Waiting"), (_State.ADJUDICATED, "Decided"))
        ],
        "is_filtered": bool(words or class_name),
        "clear_url": _address("adjudication_list", campaign, state=state),
        "queue_url": _address("adjudication", campaign, **{"class": class_name}),
        "crumbs": _crumbs(campaign),
    }  # fmt: skip
    return render(request, "annotation/adjudication_list.html", context)


def _row(campaign: Campaign, question: Question, class_name: str) -> dict[str, Any]:
    held: list[Adjudication] = question.held  # type: ignore[attr-defined]
    return {
        "question": question,
        "posterior": posterior(question.log_odds),
        "held": held[0] if held else None,
        "kind": DECISION_KINDS.get(held[0].decision, "") if held else "",
        "url": _address("adjudication", campaign, question=question.pk, **{"class": class_name}),
    }


@require_POST
@login_required
def decide(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Store a decision and go on to the next question."""
    question = get_object_or_404(Question.objects.select_related("campaign"), pk=question_id)
    require(request.user, Role.CURATOR, *question.campaign.places)
    class_name = request.POST.get("class", "")
    try:
        row = adjudicate(
            question_id=question.pk,
            decision=request.POST.get("decision", ""),
            note=request.POST.get("note", ""),
            actor=request.user,
        )
    except StateError as error:
        messages.error(request, str(error))
        return redirect(_address("adjudication", question.campaign, **{"class": class_name}))
    done = {"done": row.pk, "class": class_name}
    return redirect(_address("adjudication", question.campaign, **done))


@require_POST
@login_required
def withdraw(request: HttpRequest, adjudication_id: UUID) -> HttpResponse:
    """Take a decision back and show its question again."""
    row = get_object_or_404(
        Adjudication.objects.select_related("question__campaign"), pk=adjudication_id
    )
    require(request.user, Role.CURATOR, *row.question.campaign.places)
    question = withdraw_adjudication(adjudication_id=row.pk, actor=request.user)
    messages.success(request, "The decision was taken back: this question is disputed again.")
    class_name = request.POST.get("class", "")
    return redirect(
        _address("adjudication", question.campaign, question=question.pk, **{"class": class_name})
    )


def _asked(campaign: Campaign, class_name: str) -> QuerySet[Question]:
    """Return a campaign's questions about a clip and a class, those that wait longest first."""
    found = Question.objects.of(campaign).filter(clip__isnull=False, target__isnull=False)
    if class_name:
        found = found.filter(target__name=class_name)
    ordered: QuerySet[Question] = found.select_related(*_RELATED).order_by("stopped_at", "pk")
    return ordered


def _shown(
    request: HttpRequest, campaign: Campaign, waiting: QuerySet[Question]
) -> Question | None:
    """Return the question that was asked for, if a curator may decide it, or the first."""
    wanted = request.GET.get("question", "")
    if not wanted:
        return waiting.first()
    try:
        key = UUID(wanted)
    except ValueError:
        raise ParameterError(f"{wanted!r} is no question. Load the page again.") from None
    about = _asked(campaign, "").filter(state__in=[_State.DISPUTED, _State.ADJUDICATED])
    # Somebody else may have decided, or the clip was withdrawn: then on with the next.
    return about.filter(pk=key).first() or waiting.first()


def _after(question: Question, waiting: QuerySet[Question]) -> Question | None:
    if question.stopped_at is None:
        return waiting.exclude(pk=question.pk).first()
    at = question.stopped_at
    later = Q(stopped_at__gt=at) | Q(stopped_at=at, pk__gt=question.pk)
    return waiting.filter(later).first()


def _just_done(request: HttpRequest, campaign: Campaign) -> Adjudication | None:
    try:
        key = UUID(request.GET.get("done", ""))
    except ValueError:
        return None
    found: Adjudication | None = (
        Adjudication.objects.filter(pk=key, question__campaign=campaign, withdrawn_at__isnull=True)
        .select_related("question__clip__track", "question__target")
        .first()
    )
    return found


def _decisions() -> list[dict[str, str]]:
    icons = {"present": "check", "absent": "x", "undecidable": "question"}
    keys = {"present": "P", "absent": "A", "undecidable": "N"}
    return [
        {"value": value, "label": label, "icon": icons[value], "key": keys[value]}
        for value, label in Adjudication.Decision.choices
    ]


def _class_options(campaign: Campaign) -> list[dict[str, str]]:
    targets = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target"))
    return [
        {"value": "", "label": "All classes"},
        *(
            {"value": target.name, "label": target.display_name}
            for target in targets.order_by("position")
        ),
    ]


def _address(name: str, campaign: Campaign, **query: Any) -> str:
    given = {key: value for key, value in query.items() if value not in (None, "")}
    address = reverse(f"annotation:{name}", args=[campaign.pk])
    return f"{address}?{urlencode(given)}" if given else address


def _crumbs(campaign: Campaign) -> list[dict[str, str]]:
    return [{"label": campaign.name, "url": reverse("annotation:campaign", args=[campaign.pk])}]
