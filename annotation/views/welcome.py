"""Before the first clip: instructions, a sound check, and headphones where a campaign needs them.

Plain forms; what was played lies in the session, so that no page, address or file name tells it.
"""

from __future__ import annotations

import secrets
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotation.actions.finish_welcome import finish_welcome
from annotation.actions.screen_headphones import begin_headphones, screen_headphones
from annotation.models import Campaign, Workload
from annotation.people.participation import way_out
from annotation.presenting.first_steps import first_steps
from annotation.welcome.due import step_due
from annotation.welcome.screening import INTERVALS, PASS_MARK, TRIALS
from annotation.welcome.sounds import headphone_trial, sound_check
from annotation.welcome.tries import minutes_until, rests_until, trials_of
from annotation.welcome.wav_response import wav_response
from consonance.errors import ParameterError
from consonance.people.access import require
from consonance.people.models import Role
from consonance.people.views import asks_consent

_CHECK: Final = "sound_check"
_TEST: Final = "headphone_test"
#: How many notes the check may have; one more can be said.
_FEWEST, _MOST = 2, 4


@never_cache
@require_http_methods(["GET", "POST"])
@asks_consent
def welcome(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show the instructions; whoever says how many notes they hear has done the sound check."""
    campaign = _campaign(request, campaign_id)
    context: dict[str, Any] = {}
    if request.method == "POST":
        heard, played = request.POST.get("notes", ""), request.session.pop(_CHECK, None)
        if played is not None and heard == str(played):
            finish_welcome(campaign=campaign, person=request.user)
            return redirect("annotation:rate", campaign_id=campaign.pk)
        context = {"refused": "expired" if played is None else heard or "none", "heard": heard}
    if _CHECK not in request.session:
        # Another number each time, else it would be found by trying.
        request.session[_CHECK] = _FEWEST + secrets.randbelow(_MOST - _FEWEST + 1)
    context |= {
        "campaign": campaign,
        "steps": first_steps(campaign, "welcome"),
        "choices": range(1, _MOST + 1),
        "has_been_here": step_due(campaign, request.user) != "welcome",
    }
    return render(request, "annotation/welcome.html", context)


@never_cache
@require_GET
@login_required
def check_sound(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Send the notes that the person is to count."""
    _campaign(request, campaign_id)
    if _CHECK not in request.session:
        raise Http404("There is no sound check going on.")
    return wav_response(request, sound_check(request.session[_CHECK]))


@never_cache
@require_http_methods(["GET", "POST"])
@asks_consent
def headphones(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Play six sounds, one a page; tell at the end whether they were heard with headphones."""
    campaign = _campaign(request, campaign_id)
    if request.method == "POST":
        return _test_posted(request, campaign)
    test = _test(request, campaign)
    person: Any = request.user
    work = Workload.objects.filter(campaign=campaign, person=person).first()
    page = {
        "campaign": campaign,
        "steps": first_steps(campaign, "headphones"),
        "asked": TRIALS,
        "needed": PASS_MARK,
        "tones": range(1, INTERVALS + 1),
        "tries": work.headphone_tries if work else 0,
    }
    if work is not None and work.headphones_at:
        page["stage"] = "passed"
    elif test is not None:
        page |= {"stage": "asking", "place": len(test["answers"]) + 1}
    else:
        # Read once: whoever comes back later begins with the explanation.
        told = request.session.pop(f"{_TEST}_told", None)
        page |= {"stage": "failed" if told is not None else "intro", "right": told}
        page["way_out"] = way_out(person, campaign)
        until = rests_until(work)
        if until is not None:
            page |= {"rests_until": until, "minutes": minutes_until(until)}
    return render(request, "annotation/headphones.html", page)


@never_cache
@require_GET
@login_required
def headphone_sound(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Send the sound in turn."""
    test = _test(request, _campaign(request, campaign_id))
    if test is None:
        raise Http404("There is no headphone test going on.")
    return wav_response(request, headphone_trial(*test["trials"][len(test["answers"])]))


def _test_posted(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    here = redirect("annotation:headphones", campaign_id=campaign.pk)
    test = _test(request, campaign)
    if "tone" not in request.POST:
        if test is not None:
            return here  # sent twice: one goes on with the try that was begun
        person: Any = request.user
        work = Workload.objects.filter(campaign=campaign, person=person).first()
        if work is not None and (work.headphones_at or rests_until(work)):
            return here  # the page tells that it is passed, or for how long
        number = begin_headphones(campaign=campaign, person=person)
        request.session[_TEST] = {
            "campaign": str(campaign.pk),
            "number": number,
            "trials": trials_of(campaign, person, number),
            "answers": [],
        }
        return here
    if test is None or request.POST.get("place") != str(len(test["answers"]) + 1):
        return here  # sent twice, or from another window: the page tells where one is
    said = request.POST["tone"]
    if said not in {str(place) for place in range(1, INTERVALS + 1)}:
        raise ParameterError(
            _("Choose tone 1 to %(last)s, or load the page again.") % {"last": INTERVALS}
        )
    test["answers"].append(int(said) - 1)
    request.session.modified = True
    if len(test["answers"]) < TRIALS:
        return here
    del request.session[_TEST]
    result = screen_headphones(
        campaign=campaign, person=request.user, number=test["number"], answers=test["answers"]
    )
    if not result.has_passed:
        request.session[f"{_TEST}_told"] = result.right
    return here


def _campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    return campaign


def _test(request: HttpRequest, campaign: Campaign) -> dict[str, Any] | None:
    """Return the try that is going on in this campaign."""
    test: dict[str, Any] | None = request.session.get(_TEST)
    # One begun before tries had numbers is begun anew.
    here = test and test["campaign"] == str(campaign.pk) and "number" in test
    return test if here else None
