"""The rating page as ordinary forms, for browsers without script."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.claim_questions import Claim, claim_questions
from annotation.actions.flag_clip import flag_clip
from annotation.actions.skip_question import skip_question
from annotation.actions.submit_ratings import GivenAnswer, submit_ratings
from annotation.actions.undo_rating import undo_rating
from annotation.allocation.handing_out import present_questions
from annotation.models import Campaign
from annotation.models.ratings import Answer
from annotation.presenting.end_card import end_card
from annotation.views.rating import (
    annotated,
    chosen_class,
    chosen_mode,
    comes_first,
    rating_frame,
)
from consonance.errors import ConsonanceError, ParameterError
from consonance.people.views import asks_consent

#: The answer that can be taken back, in the session.
_LAST: Final = "last_plain_answer"


@never_cache
@require_http_methods(["GET", "POST"])
@asks_consent
def rate_plain(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Ask about one clip as an ordinary form; an answer leads to the next."""
    campaign = annotated(request, campaign_id)
    if request.method == "POST":
        return _posted(request, campaign)
    elsewhere = comes_first(request, campaign)
    if elsewhere:
        return redirect(elsewhere)
    frame = rating_frame(request, campaign)
    page = {**frame, "plain": True, "questions": [], "query": _query(request, campaign)}
    if frame["standing"].may_answer:
        claim = _claim(request, campaign)
        shown = present_questions(campaign, claim.assignments)
        # Keys are made with the form, so that sending it twice stores one answer.
        page["questions"] = [{**one, "key": str(uuid.uuid4())} for one in shown]
        page["confidences"] = confidences() if campaign.asks_confidence else []
        page["last"] = request.session.get(_LAST, {}).get(str(campaign.pk))
        if not shown:
            page["end"] = end_card(
                campaign,
                request.user,
                reason=claim.reason,
                detail=claim.detail,
                target=claim.quiz.target if claim.quiz else chosen_class(request, campaign),
                url=claim.quiz.url if claim.quiz else "",
            )
    return render(request, "annotation/rate.html", page)


def confidences() -> list[tuple[int, str]]:
    """Return the steps in which people say how sure they are, least first."""
    return [(1, _("A guess")), (2, _("Fairly sure")), (3, _("Certain"))]


def _claim(request: HttpRequest, campaign: Campaign) -> Claim:
    target = chosen_class(request, campaign)
    mode = chosen_mode(request, campaign)
    by_class = (mode or campaign.asks) != Campaign.Asks.CLIP_PASS
    return claim_questions(
        campaign=campaign,
        person=request.user,
        count=1,
        mode=mode,
        class_name=target.name if target is not None and by_class else "",
    )


def _query(request: HttpRequest, campaign: Campaign) -> str:
    """Return the person's choice as the address carries it."""
    target = chosen_class(request, campaign)
    chosen = {"mode": chosen_mode(request, campaign), "class": target.name if target else ""}
    kept = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def _posted(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    acts: dict[str, Callable[[HttpRequest, Campaign], None]] = {
        "skip": _skip, "flag": _flag, "undo": _undo,
    }  # fmt: skip
    act = acts.get(request.POST.get("do", ""), _answer)
    try:
        act(request, campaign)
    except ParameterError:
        raise
    except ConsonanceError as error:
        messages.error(request, str(error))
    here = reverse("annotation:rate_plain", args=[campaign.pk])
    return redirect(here + _query(request, campaign))


def _answer(request: HttpRequest, campaign: Campaign) -> None:
    answers = _given(request)
    if not answers:
        messages.info(request, _("Choose an answer first, or skip the clip."))
        return
    results = submit_ratings(person=request.user, answers=answers)
    for result in results:
        if result.status == "rejected":
            messages.error(request, result.detail)
    last = answers[-1]
    kept = request.session.setdefault(_LAST, {})
    kept[str(campaign.pk)] = {
        "assignment": str(last.assignment),
        "key": str(last.key),
        "answer": str(Answer(last.answer).label) if last.answer in Answer.values else "",
    }
    request.session.modified = True


def _given(request: HttpRequest) -> list[GivenAnswer]:
    """Return the answers of the form: one, or those of a clip's classes that were given."""
    sent = request.POST
    if "assignment" not in sent:
        raise ParameterError(_("The form was incomplete. Load the page again."))
    given = []
    for assignment in sent.getlist("assignment"):
        answer = sent.get(f"answer-{assignment}") or sent.get("answer", "")
        key = sent.get(f"key-{assignment}", "")
        if not answer:
            continue
        given.append(
            GivenAnswer(
                key=_id(key),
                assignment=_id(assignment),
                answer=answer,
                ui_version=f"{settings.VERSION} plain"[:32],
                **_told(request, assignment),
            )
        )
    return given


def _told(request: HttpRequest, assignment: str) -> dict[str, Any]:
    """Return what comes with an answer: how sure the person is, and what guideline they read."""
    told: dict[str, Any] = {}
    confidence = request.POST.get(f"confidence-{assignment}", "")
    if confidence in {str(value) for value, _label in confidences()}:
        told["confidence"] = int(confidence)
    guideline = request.POST.get(f"guideline-{assignment}", "")
    if guideline:
        told["guideline"] = _id(guideline)
    return told


def _skip(request: HttpRequest, campaign: Campaign) -> None:
    reason = request.POST.get("reason", "")
    for assignment in request.POST.getlist("assignment"):
        skip_question(person=request.user, assignment=_id(assignment), reason=reason)
    messages.success(request, _("Skipped. You are not asked it again."))


def _flag(request: HttpRequest, campaign: Campaign) -> None:
    first, *others = request.POST.getlist("assignment") or [""]
    kind, note = request.POST.get("kind", ""), request.POST.get("note", "")
    flag_clip(person=request.user, assignment=_id(first), kind=kind, note=note)
    for assignment in others:  # the same clip, which the report is about
        skip_question(person=request.user, assignment=_id(assignment), reason="other")
    messages.success(request, _("Thank you. Somebody will listen to this clip."))


def _undo(request: HttpRequest, campaign: Campaign) -> None:
    last = request.session.get(_LAST, {}).pop(str(campaign.pk), None)
    request.session.modified = True
    if last is None:
        return
    status = undo_rating(
        person=request.user, assignment=UUID(last["assignment"]), key=UUID(last["key"])
    )
    if status == "undone":
        messages.success(request, _("Taken back. Answer this clip again."))
    else:
        messages.info(request, _("Too late to take it back. You can correct it in your history."))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ParameterError(_("The form was incomplete. Load the page again.")) from None
