"""Taking and lifting measures from a report's pages, with the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from annotation.actions.lift_measure import lift_measure
from annotation.actions.take_measure import take_measure, take_measures
from annotation.campaigns.reached import campaign_of
from annotation.models import Campaign, Measure
from annotation.people.measures import is_paused
from annotation.people.taking_part import is_known
from annotation.presenting.links import page_url
from consonance.errors import ParameterError, StateError
from consonance.people.models import User

_Kind = Measure.Kind
#: Where the session keeps what was just done, until the next page has shown it.
_JUST_DONE: Final = "annotation.people.measures"
_TAKEN: Final = {
    _Kind.PAUSE: "paused: no more questions until this is lifted.",
    _Kind.REQUIZ: "asked to pass the quiz before the next question.",
    _Kind.EXCLUDE: "left out of consensus from the next aggregation on.",
}
_LIFTED: Final = {
    _Kind.PAUSE: "no longer paused.",
    _Kind.REQUIZ: "no longer asked to take the quiz.",
    _Kind.EXCLUDE: "in consensus again from the next aggregation on.",
}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What was just done, with its way back; drawn by `_measure_notice.html`.

    Attributes
    ----------
    text
        What holds now, in a sentence.
    undo
        Measures that the undo button lifts; empty after lifting.
    changes_labels
        Whether aggregating again would change labels.
    """

    text: str
    undo: Sequence[str]
    changes_labels: bool


@require_POST
@login_required
def take(request: HttpRequest, campaign_id: UUID, person_id: UUID) -> HttpResponse:
    """Take a measure on one person; leaving out may pause, too."""
    campaign = campaign_of(request, campaign_id)
    person = get_object_or_404(User, pk=person_id)
    if not is_known(person, campaign):
        raise Http404  # an id alone must not be told a name
    kinds = [request.POST.get("kind", "")]
    if (
        kinds[0] == _Kind.EXCLUDE
        and request.POST.get("also_pause")
        and not is_paused(person, campaign)
    ):
        kinds.append(_Kind.PAUSE)
    try:
        with transaction.atomic():
            taken = [
                take_measure(
                    campaign=campaign,
                    person=person,
                    kind=kind,
                    actor=request.user,
                    **_said(request),
                )
                for kind in kinds
            ]
    except (ParameterError, StateError) as error:
        messages.error(request, str(error))
    else:
        _remember(request, campaign, taken, _TAKEN)
    return _back(request, page_url("consistency_person", campaign_id, person_id))


@require_POST
@login_required
def take_of_all(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Take a measure on several people at once."""
    campaign = campaign_of(request, campaign_id)
    try:
        taken = take_measures(
            campaign=campaign,
            people=_people(request),
            kind=request.POST.get("kind", ""),
            actor=request.user,
            **_said(request),
        )
    except (ParameterError, StateError) as error:
        messages.error(request, str(error))
    else:
        _remember(request, campaign, taken, _TAKEN)
    return _back(request, page_url("consistency_pairs", campaign_id))


@require_POST
@login_required
def lift(request: HttpRequest, campaign_id: UUID, measure_id: UUID) -> HttpResponse:
    """Lift a measure."""
    campaign = campaign_of(request, campaign_id)
    measure = get_object_or_404(Measure, pk=measure_id, campaign=campaign)
    _lift(request, campaign, [measure])
    return _back(request, page_url("consistency_person", campaign_id, measure.person_id))


@require_POST
@login_required
def lift_all(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Lift several measures at once: what undoes taking them at once."""
    campaign = campaign_of(request, campaign_id)
    wanted = _ids(request, "measure")
    measures = list(Measure.objects.filter(campaign=campaign, pk__in=wanted))
    if not wanted or len(measures) != len(wanted):
        messages.error(request, "Some of these measures are not there. Load the page again.")
    else:
        _lift(request, campaign, measures)
    return _back(request, page_url("consistency_people", campaign_id))


def notice_of(request: HttpRequest, campaign: Campaign) -> Notice | None:
    """Return what was just done in this campaign, once."""
    found = request.session.get(_JUST_DONE)
    if not isinstance(found, dict) or found.get("campaign") != str(campaign.pk):
        return None
    del request.session[_JUST_DONE]
    return Notice(text=found["text"], undo=found["undo"], changes_labels=found["changes_labels"])


def _lift(request: HttpRequest, campaign: Campaign, measures: Sequence[Measure]) -> None:
    reason = request.POST.get("reason", "")
    try:
        with transaction.atomic():
            lifted = [
                lift_measure(measure_id=measure.pk, reason=reason, actor=request.user)
                for measure in measures
            ]
    except (ParameterError, StateError) as error:
        messages.error(request, str(error))
    else:
        _remember(request, campaign, lifted, _LIFTED)


def _remember(
    request: HttpRequest, campaign: Campaign, done: Sequence[Measure], words: dict[_Kind, str]
) -> None:
    sentences = []
    for kind in dict.fromkeys(_Kind(measure.kind) for measure in done):
        people = [measure.person for measure in done if measure.kind == kind]
        who = f"{people[0]} is" if len(people) == 1 else f"{len(people)} people are"
        sentences.append(f"{who} {words[kind]}")
    request.session[_JUST_DONE] = {
        "campaign": str(campaign.pk),
        "text": " ".join(sentences),
        "undo": [str(measure.pk) for measure in done] if words is _TAKEN else [],
        "changes_labels": any(measure.kind == _Kind.EXCLUDE for measure in done),
    }


def _said(request: HttpRequest) -> dict[str, Any]:
    return {"reason": request.POST.get("reason", ""), "rule": request.POST.get("rule", "")}


def _people(request: HttpRequest) -> list[User]:
    wanted = _ids(request, "person")
    people = User.objects.in_bulk(wanted)
    if len(people) != len(wanted):
        raise ParameterError("Some of these people have no account any more. Load the page again.")
    return [people[pk] for pk in wanted]


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    try:
        given = [UUID(value) for value in request.POST.getlist(name)]
    except ValueError:
        raise ParameterError("The form was incomplete. Load the page again.") from None
    return list(dict.fromkeys(given))


def _back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """Return to the page that the form was on; never to another site."""
    wanted = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return HttpResponseRedirect(wanted if wanted and is_ours else otherwise)
