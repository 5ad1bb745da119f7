"""Questions of a campaign: where every count on its page leads to."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from annotation.allocation.deciding import posterior
from annotation.campaigns.effort import asked_beside
from annotation.models import Adjudication, Campaign, Question
from consonance.catalog.models import TaxonomyClass
from consonance.people.access import require
from consonance.people.models import Role

_PAGE: Final = 50
_DECISIONS: Final = {"present": "Present", "absent": "Absent", "none": "No decision"}
_CAME: Final = {"drawn": "Drawn by a round", "beside": "Asked beside, in clip passes"}
_State = Question.State


@require_GET
@login_required
def question_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's questions by class, state, decision and how they came."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    questions = (
        Question.objects.of(campaign)
        .not_gold()
        .select_related("clip__track", "target")
        .annotate(ruled=Subquery(_rulings().values("decision")[:1]))
        .order_by("target__position", "clip__track__track_no", "clip__start_ms")
    )
    names = ("state", "class", "decision", "came")
    chosen = {name: request.GET.get(name, "").replace("\x00", "") for name in names}
    state, class_name = chosen["state"], chosen["class"]
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if state in Question.State.values:
        questions = questions.filter(state=state)
    if class_name:
        questions = questions.filter(target__name=class_name)
    if chosen["decision"] in _DECISIONS:
        questions = _decided(questions, chosen["decision"])
    if chosen["came"] in _CAME:
        beside = asked_beside(campaign).values("pk")
        is_beside = chosen["came"] == "beside"
        questions = (
            questions.filter(pk__in=beside) if is_beside else questions.exclude(pk__in=beside)
        )
    if words:
        questions = questions.filter(clip__track__title__icontains=words)
    page = Paginator(questions, _PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "page": page,
        "rows": [
            {"question": row, "posterior": posterior(row.log_odds), "label": _label(row)}
            for row in page
        ],
        "query": words,
        "filters": _filters(campaign, chosen),
        "is_filtered": bool(words or any(chosen.values())),
        "clear_url": request.path,
    }
    return render(request, "annotation/questions.html", context)


def _rulings() -> QuerySet[Adjudication]:
    return Adjudication.objects.filter(
        question=OuterRef("pk"), withdrawn_at__isnull=True
    ).order_by()


def _decided(questions: Any, decision: str) -> Any:
    """Return questions with one decision: the crowd's where it decided, else a curator's."""
    crowd_says_so = {"present": Q(log_odds__gt=0), "absent": Q(log_odds__lte=0)}
    if decision in crowd_says_so:
        by_crowd = Q(state=_State.DECIDED) & crowd_says_so[decision]
        return questions.filter(by_crowd | Q(state=_State.ADJUDICATED, ruled=decision))
    undecidable = Q(state=_State.ADJUDICATED) & ~Q(ruled__in=["present", "absent"])
    return questions.filter(
        Q(state__in=[_State.OPEN, _State.DISPUTED, _State.SET_ASIDE]) | undecidable
    )


def _label(question: Any) -> str:
    if question.state == _State.DECIDED:
        return "Present" if question.log_odds > 0 else "Absent"
    if question.state == _State.ADJUDICATED and question.ruled:
        return f"{Adjudication.Decision(question.ruled).label}, by a curator"
    return "–"


def _filters(campaign: Campaign, chosen: dict[str, str]) -> list[dict[str, Any]]:
    # The guidelines name a campaign's classes: far fewer rows than its questions.
    targets = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target")).order_by(
        "position"
    )
    options = {
        "class": [("", "All classes"), *((one.name, one.display_name) for one in targets)],
        "state": [("", "All states"), *Question.State.choices],
        "decision": [("", "All labels"), *_DECISIONS.items()],
    }
    if campaign.asks != Campaign.Asks.CLASS_BATCH:
        options["came"] = [("", "However it came"), *_CAME.items()]
    labels = {"class": "Class", "state": "State", "decision": "Label", "came": "How it came"}
    return [
        {
            "name": name,
            "label": labels[name],
            "value": chosen[name],
            "options": [{"value": value, "label": label} for value, label in several],
        }
        for name, several in options.items()
    ]
