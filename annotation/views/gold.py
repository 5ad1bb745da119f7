"""Gold: a campaign's, what could become some, and what is said of it on a label's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.actions.plant_gold import plant_gold
from annotation.actions.promote_gold import promote_gold
from annotation.actions.retire_gold import retire_gold
from annotation.actions.set_gold import set_gold
from annotation.campaigns.reached import campaign_of
from annotation.campaigns.wording import prompt
from annotation.gold.balance import CLEAR, NEAR_MISS, ClassBalance, Item, balance_of, items_of
from annotation.gold.unanimous import LEAST_ANSWERS, LEAST_POSTERIOR, proposals
from annotation.models import Campaign, GoldAnswer, Question
from annotation.presenting.links import page_url
from annotation.presenting.numbers import percent_text, plural
from consonance.errors import ParameterError, StateError
from consonance.people.access import require, roles
from consonance.people.models import Role, Scope

#: Each item has a player.
_PAGE: Final = 25
#: What a list of items can be narrowed to.
_SHOWS: Final[dict[str, tuple[str, Callable[[Item], bool]]]] = {
    "": ("All of it", lambda item: True),
    "suspect": ("Most people fail", lambda item: item.is_suspect),
    "contradicted": ("Contradicting", lambda item: item.is_contradicted),
    "planted": ("Asked as gold", lambda item: item.is_planted),
    "unplanted": ("Not asked as gold", lambda item: not item.is_planted),
    CLEAR: ("Clear", lambda item: item.difficulty == CLEAR),
    NEAR_MISS: ("Near miss", lambda item: item.difficulty == NEAR_MISS),
}
_DIFFICULTIES: Final = {CLEAR: "Clear", NEAR_MISS: "Near miss", "": "–"}


@require_GET
@login_required
def campaign_gold(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show a campaign's gold: its balance, and each item with how people do on it."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    items = items_of(campaign)
    balances = balance_of(campaign, items)
    choice = {name: request.GET.get(name, "").strip() for name in ("q", "class", "truth", "show")}
    if choice["show"] not in _SHOWS:
        choice["show"] = ""
    page = Paginator(_narrowed(items, choice), _PAGE).get_page(request.GET.get("page"))
    may_set = _may_set(request, campaign)
    context: dict[str, Any] = {
        "campaign": campaign,
        "balances": [_balance(campaign, row) for row in balances],
        "totals": _totals(balances),
        "suspects": sum(item.is_suspect for item in items),
        "unplanted": sum(item.can_be_planted for item in items),
        "has_gold": bool(items),
        "page": page,
        "rows": [_row(item) for item in page],
        "query": choice["q"],
        "filters": _filters(balances, choice),
        "is_filtered": any(choice.values()),
        "clear_url": f"{request.path}#items",
        "share": percent_text(campaign.gold_share),
        "may_set": may_set,
        "back": request.get_full_path(),
        "crumbs": _crumbs(campaign),
    }
    return render(request, "annotation/gold.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def promote(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Propose what everybody agreed on, and make gold of what a curator confirms."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    may_set = _may_set(request, campaign)
    if request.method == "POST":
        require(request.user, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
        named = request.POST.getlist("all" if request.POST.get("which") == "all" else "question")
        try:
            made = promote_gold(campaign=campaign, questions=_ids(named), actor=request.user)
        except (ParameterError, StateError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{plural(len(made), 'gold answer')} set. Plant them next.")
            return redirect("annotation:campaign_gold", campaign_id=campaign.pk)
    rows = [
        {
            "question": one.question,
            "clip": one.question.clip,
            "prompt": prompt(one.question.target),
            "truth": GoldAnswer.Truth(one.truth).label,
            "kind": _truth_kind(one.truth),
            "answers": one.answers,
            "posterior": one.posterior,
            "difficulty": _DIFFICULTIES[one.difficulty],
        }
        for one in proposals(campaign)
        if one.question.target is not None
    ]
    context = {
        "campaign": campaign,
        "rows": rows,
        "may_set": may_set,
        "has_run": campaign.runs.exists(),
        "least_answers": LEAST_ANSWERS,
        "least_posterior": LEAST_POSTERIOR,
        "crumbs": [
            *_crumbs(campaign),
            {"label": "Gold", "url": reverse("annotation:campaign_gold", args=[campaign.pk])},
        ],
    }
    return render(request, "annotation/gold_promote.html", context)


@require_POST
@login_required
def plant(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Make gold questions of all gold that is none yet."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    try:
        done = plant_gold(campaign=campaign, actor=request.user)
    except StateError as error:
        messages.error(request, str(error))
        return redirect("annotation:campaign_gold", campaign_id=campaign.pk)
    said = f"{plural(done.added + done.turned, 'question')} more asked as gold."
    if done.waiting:
        said += f" {plural(done.waiting, 'question')} still asked for their own sake will follow."
    messages.success(request, said)
    return redirect("annotation:campaign_gold", campaign_id=campaign.pk)


@require_POST
@login_required
def set_gold_answer(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Say that a question's class is in its clip, or is not."""
    question = get_object_or_404(
        Question.objects.select_related("campaign__collection", "clip__track", "target"),
        pk=question_id,
    )
    require(request.user, Role.CURATOR, *question.campaign.places)
    if question.clip is None or question.target is None:
        raise Http404("Gold is about a clip and a class.")
    truth = request.POST.get("truth", "")
    if truth not in GoldAnswer.Truth.values:
        raise ParameterError(f"{truth!r} cannot be known of a clip. Use present or absent.")
    try:
        set_gold(
            clip=question.clip,
            target=question.target,
            truth=GoldAnswer.Truth(truth),
            explanation=" ".join(request.POST.get("explanation", "").split()),
            is_quiz=bool(request.POST.get("is_quiz")),
            actor=request.user,
        )
    except StateError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Gold: {question.target.display_name} is {truth} here.")
    return redirect("annotation:question", question_id=question_id)


@require_POST
@login_required
def retire_gold_answer(request: HttpRequest, gold_id: UUID) -> HttpResponse:
    """Let a gold answer count no more; it stays listed."""
    gold = get_object_or_404(GoldAnswer.objects.select_related("target"), pk=gold_id)
    require(request.user, Role.CURATOR, (Scope.COLLECTION, gold.collection_id))
    retire_gold(gold=gold, actor=request.user)
    messages.success(request, "That gold counts no more.")
    campaign = Campaign.objects.filter(collection=gold.collection_id)
    try:
        here = campaign.filter(pk=UUID(request.POST.get("campaign", ""))).first()
    except ValueError:
        here = None
    if here is not None:
        return redirect("annotation:campaign_gold", campaign_id=here.pk)
    question = _question_of(gold, request.POST.get("question", ""))
    if question is None:
        return redirect("annotation:campaigns")
    return redirect("annotation:question", question_id=question.pk)


def _question_of(gold: GoldAnswer, wanted: str) -> Question | None:
    """Return the question whose page the button was on; only one that the gold is about."""
    about = Question.objects.filter(clip=gold.clip_id, target=gold.target_id)
    return next((row for row in about if str(row.pk) == wanted), about.first())


def _may_set(request: HttpRequest, campaign: Campaign) -> bool:
    return Role.CURATOR in roles(request.user, (Scope.COLLECTION, campaign.collection_id))


def _ids(named: list[str]) -> list[UUID]:
    try:
        return [UUID(name) for name in named]
    except ValueError:
        raise ParameterError("The form names something that is no question.") from None


def _narrowed(items: list[Item], choice: dict[str, str]) -> list[Item]:
    shows = _SHOWS[choice["show"]][1]
    words = choice["q"].casefold()

    def fits(item: Item) -> bool:
        gold = item.gold
        if choice["class"] and gold.target.name != choice["class"]:
            return False
        if choice["truth"] and gold.truth != choice["truth"]:
            return False
        text = f"{gold.clip.sample_key} {gold.clip.track.title} {gold.clip.track.artist}"
        return shows(item) and words in text.casefold()

    return [item for item in items if fits(item)]


def _row(item: Item) -> dict[str, Any]:
    return {
        "item": item,
        "gold": item.gold,
        "kind": _truth_kind(item.gold.truth),
        "difficulty": _DIFFICULTIES[item.difficulty],
        "accuracy": percent_text(item.accuracy),
    }


def _truth_kind(truth: str) -> str:
    return "good" if truth == GoldAnswer.Truth.PRESENT else "accent"


def _balance(campaign: Campaign, row: ClassBalance) -> dict[str, Any]:
    return {
        "row": row,
        "url": page_url("campaign_gold", campaign.pk, **{"class": row.target.name}) + "#items",
        "segments": [
            {"start": 0, "value": row.present, "series": 1, "label": "present"},
            {"start": row.present, "value": row.absent, "series": 2, "label": "absent"},
        ],
    }


def _totals(balances: list[ClassBalance]) -> dict[str, int]:
    names = ("number", "present", "absent", "clear", "near_miss", "planted")
    return {name: sum(getattr(row, name) for row in balances) for name in names}


def _filters(balances: list[ClassBalance], choice: dict[str, str]) -> list[dict[str, Any]]:
    classes = [{"value": "", "label": "All classes"}]
    classes += [{"value": row.target.name, "label": row.target.display_name} for row in balances]
    truths = [{"value": "", "label": "Both truths"}]
    truths += [{"value": value, "label": label} for value, label in GoldAnswer.Truth.choices]
    shows = [{"value": value, "label": label} for value, (label, _) in _SHOWS.items()]
    return [
        {"name": "class", "label": "Class", "value": choice["class"], "options": classes},
        {"name": "truth", "label": "Truth", "value": choice["truth"], "options": truths},
        {"name": "show", "label": "Which", "value": choice["show"], "options": shows},
    ]


def _crumbs(campaign: Campaign) -> list[dict[str, str]]:
    return [{"label": campaign.name, "url": reverse("annotation:campaign", args=[campaign.pk])}]
