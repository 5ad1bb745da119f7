"""Studies on marketplaces: for curators, and the two pages that their people come through."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.actions.enter_study import (
    MAX_REASON,
    end_for,
    end_participation,
    enter_study,
    may_come_back,
    participant_of,
)
from annotation.actions.open_study import MAX_REWARD, MAX_WANTED, move_study, open_study, set_reward
from annotation.models import Campaign, Participant, Study
from annotation.people.joining import facts_of
from annotation.people.participation import (
    Account,
    accounts_of,
    an_hour,
    hourly_pay,
    median_seconds,
    outcomes_of,
    pay_for,
)
from annotation.people.studies import (
    PRESETS,
    Arrival,
    arrival_at,
    completion_url,
    link_to_paste,
    study_of,
)
from annotation.views.consistency.csv import csv_response
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.problems import status_of
from consonance.people import consent
from consonance.people.access import require
from consonance.people.forms import ConsentForm
from consonance.people.join_views import BACKEND
from consonance.people.models import Role
from consonance.people.own_browser import people_of, remember
from consonance.people.throttle import is_slowed, note_failure, slowed_response

_PAGE: Final = 50
_DOOR: Final = "study"
_NO_REWARD: Final = f"A reward is a number from 0 to {MAX_REWARD:,}, for instance 3.50."
_Outcome = Participant.Outcome
_PILLS: Final = {
    _Outcome.WORKING: "busy",
    _Outcome.COMPLETED: "good",
    _Outcome.SCREENED_OUT: "warn",
}
_SORTS: Final = {
    "joined": lambda row: row.participant.joined_at,
    "ratings": lambda row: row.ratings,
    "time": lambda row: row.seconds,
}
#: Columns of participants.csv: one row a person; times in seconds; empty cells are not known.
CSV_COLUMNS: Final = (
    "external_id", "session_id", "outcome", "joined_at", "ended_at", "ratings", "gold_right",
    "gold_answered", "active_seconds", "owed", "reward", "reward_an_hour", "currency",
)  # fmt: skip


class StudyForm(forms.Form):
    """What a curator decides when opening a study."""

    provider = forms.ChoiceField(choices=Study.Provider.choices, label="Marketplace")
    name = forms.CharField(max_length=200)
    ratings_wanted = forms.IntegerField(
        label="Answers of each person", min_value=1, max_value=MAX_WANTED, initial=50
    )
    reward = forms.DecimalField(
        required=False, min_value=0, max_value=MAX_REWARD, decimal_places=2,
        label="Reward of each person",
        help_text="What the marketplace pays, in the campaign’s currency. Compared with what the"
        " time comes to.",
    )  # fmt: skip
    external_id = forms.CharField(
        required=False, max_length=200, label="The marketplace's id of the study",
        help_text="If given, links of other studies are refused.",
    )  # fmt: skip
    completion_code = forms.CharField(
        required=False, max_length=64, help_text="Handed in by whoever finished. Empty: drawn."
    )
    screened_out_code = forms.CharField(
        required=False, max_length=64,
        help_text="Handed in by whoever failed the quiz or the headphone test, or did not agree."
        " Empty: drawn.",
    )  # fmt: skip


# --- curators ----------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def studies(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's studies, and open one."""
    campaign = get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    form = StudyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = open_study(campaign=campaign, actor=request.user, **form.cleaned_data)
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            return redirect("annotation:study", study_id=made.pk)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    found = campaign.studies.all()
    if words:
        found = found.filter(name__icontains=words)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "form": form,
        "page": page,
        "rows": [{"study": study, "people": outcomes_of(study)} for study in page],
        "query": words,
    }
    status = 400 if form.is_bound else 200
    return render(request, "annotation/people/studies.html", context, status=status)


def _study(request: HttpRequest, study_id: UUID) -> Study:
    found = get_object_or_404(Study.objects.select_related("campaign__collection"), pk=study_id)
    require(request.user, Role.CURATOR, *found.campaign.places)
    return found


@never_cache
@require_GET
@login_required
def study(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Show a study's link, codes and people, and what its pay comes to."""
    shown = _study(request, study_id)
    campaign = shown.campaign
    accounts = accounts_of(shown, list(shown.participants.all()))
    chosen = _choice(request, accounts)
    page = Paginator(chosen["rows"], _PAGE).get_page(request.GET.get("page"))
    median = median_seconds(accounts)
    fair = pay_for(campaign, median) if median is not None else None
    reward, problem = _reward(request.GET.get("reward", ""), shown.reward, fair)
    preset = PRESETS[shown.provider]
    context = {
        "study": shown,
        "campaign": campaign,
        "link": link_to_paste(shown, request.build_absolute_uri("/").rstrip("/")),
        "how": preset.how,
        "return_url": completion_url(shown, shown.completion_code),
        "screened_out_url": completion_url(shown, shown.screened_out_code),
        "people": outcomes_of(shown),
        "page": page,
        "rows": [
            {
                "account": row,
                "kind": _PILLS[_Outcome(row.participant.outcome)],
                "hourly": None if reward is None else an_hour(row, reward),
            }
            for row in page
        ],
        "max_reason": MAX_REASON,
        "median_minutes": None if median is None else median / 60,
        "fair": fair,
        "reward": reward,
        "reward_problem": problem,
        "hourly": hourly_pay(shown, accounts, reward) if reward is not None else None,
        **{name: chosen[name] for name in ("query", "filters", "sorts", "sort", "is_narrow")},
    }
    return render(request, "annotation/people/study.html", context)


def _choice(request: HttpRequest, accounts: list[Account]) -> dict[str, Any]:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    outcome = request.GET.get("outcome", "")
    sort = request.GET.get("sort", "")
    name = sort.removeprefix("-")
    rows = [
        row
        for row in accounts
        if (not words or words.lower() in row.participant.external_id.lower())
        and (outcome not in _Outcome.values or row.participant.outcome == outcome)
    ]
    if name in _SORTS:
        rows.sort(key=_SORTS[name], reverse=sort.startswith("-"))
    outcomes = [{"value": "", "label": "All people"}]
    outcomes += [{"value": value, "label": str(label)} for value, label in _Outcome.choices]
    kept = {key: value for key, value in (("q", words), ("outcome", outcome)) if value}
    return {
        "rows": rows,
        "query": words,
        "is_narrow": bool(words or outcome),
        "sort": sort,
        "filters": [{"name": "outcome", "label": "Outcome", "value": outcome, "options": outcomes}],
        "sorts": {
            key: {
                "url": "?" + urlencode({**kept, "sort": key if sort == f"-{key}" else f"-{key}"}),
                "order": "" if name != key else ("descending" if sort[0] == "-" else "ascending"),
            }
            for key in _SORTS
        },
    }


def _reward(text: str, stored: Decimal | None, fair: Decimal | None) -> tuple[Decimal | None, str]:
    """Return the reward that is asked about, and what is wrong with it.

    By default the study's own, and for a study without one what the median time comes to.
    """
    usual = fair if stored is None else stored
    if not text.strip():
        return usual, ""
    try:
        reward = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        reward = Decimal(-1)
    if not reward.is_finite() or not 0 <= reward <= MAX_REWARD:
        return usual, _NO_REWARD
    return reward, ""


@require_POST
@login_required
def study_state(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Close a study for new people, or open it again."""
    shown = _study(request, study_id)
    move_study(study=shown, is_open=request.POST.get("to") == "open", actor=request.user)
    return redirect("annotation:study", study_id=shown.pk)


@require_POST
@login_required
def study_reward(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Write down what each person is paid."""
    shown = _study(request, study_id)
    text = request.POST.get("reward", "")
    reward, problem = _reward(text, None, None)
    if problem:
        raise ParameterError(problem)
    set_reward(study=shown, reward=reward, actor=request.user)
    messages.success(request, "The reward is written down.")
    return redirect("annotation:study", study_id=shown.pk)


@require_POST
@login_required
def end_person(request: HttpRequest, study_id: UUID, participant_id: UUID) -> HttpResponse:
    """End somebody's participation, so that they get a code."""
    shown = _study(request, study_id)
    participant = get_object_or_404(
        shown.participants.select_related("study__campaign", "person"), pk=participant_id
    )
    try:
        end_for(
            participant=participant,
            outcome=request.POST.get("outcome", ""),
            reason=request.POST.get("reason", ""),
            actor=request.user,
        )
    except StateError as error:
        messages.error(request, str(error))
    else:
        who = participant.external_id or "Somebody who is erased"
        messages.success(request, f"{who}: {participant.get_outcome_display().lower()}.")
    return redirect("annotation:study", study_id=shown.pk)


@require_GET
@login_required
def study_csv(request: HttpRequest, study_id: UUID) -> HttpResponseBase:
    """Download a study's people by external id; see `CSV_COLUMNS`."""
    shown = _study(request, study_id)

    def rows() -> Iterator[list[Any]]:
        everybody = list(shown.participants.all())
        for first in range(0, len(everybody), _PAGE):
            for account in accounts_of(shown, everybody[first : first + _PAGE]):
                yield _cells(shown, account)

    response = csv_response(f"study-{shown.pk}-participants.csv", CSV_COLUMNS, rows())
    response["Cache-Control"] = "no-store"
    return response


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _cells(shown: Study, account: Account) -> list[Any]:
    row = account.participant
    return [
        row.external_id, row.session_id, row.outcome, row.joined_at.isoformat(),
        row.ended_at.isoformat() if row.ended_at else None, account.ratings, account.gold_right,
        account.gold_answered, round(account.seconds, 3), account.owed, shown.reward,
        _rounded(None if shown.reward is None else an_hour(account, shown.reward)),
        shown.campaign.pay_currency if (account.owed, shown.reward) != (None, None) else None,
    ]  # fmt: skip


# --- people from marketplaces ------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "POST"])
def door(request: HttpRequest, link: str) -> HttpResponse:
    """Say what a study is about; whoever agrees is signed in and begins.

    Looking changes nothing: only the button signs anybody in.
    """
    if is_slowed(request, _DOOR):
        return slowed_response(request)
    try:
        shown = _behind(link)
        arrival = arrival_at(shown, request.GET)
    except (Http404, ParameterError):
        note_failure(request, _DOOR)
        raise
    if request.method == "POST":
        return _arrive(request, shown, arrival)
    known = participant_of(shown, arrival.person)
    if known is not None and not may_come_back(known, arrival, people_of(request)):
        return _elsewhere(request, shown)
    return _door_page(request, shown, arrival, ConsentForm())


def _elsewhere(request: HttpRequest, shown: Study) -> HttpResponse:
    note_failure(request, _DOOR)
    return render(request, "annotation/people/study_elsewhere.html", {"study": shown}, status=403)


def _behind(link: str) -> Study:
    study_id = study_of(link)
    if study_id is None:
        raise Http404("There is no such study.")
    return get_object_or_404(Study.objects.select_related("campaign__collection"), pk=study_id)


def _arrive(request: HttpRequest, shown: Study, arrival: Arrival) -> HttpResponse:
    if request.POST.get("do") == "refuse":
        code = shown.screened_out_code
        context = {"study": shown, "code": code, "return_url": completion_url(shown, code)}
        return render(request, "annotation/people/study_refused.html", context)
    known = participant_of(shown, arrival.person)
    own_people = people_of(request)
    if known is not None and not may_come_back(known, arrival, own_people):
        return _elsewhere(request, shown)
    form = ConsentForm(request.POST)
    given: dict[str, Any] = {"is_adult": True, "agrees": True, "version": consent.VERSION}
    if known is None or not consent.is_given(known.person):
        if not form.is_valid():
            return _door_page(request, shown, arrival, form, status=400)
        given = form.given()
    try:
        participant = enter_study(study=shown, arrival=arrival, own_people=own_people, **given)
    except NotAllowedError:  # somebody else's browser was faster
        return _elsewhere(request, shown)
    except (ParameterError, StateError) as error:
        form.add_error(None, str(error))
        return _door_page(request, shown, arrival, form, status=status_of(error))
    login(request, participant.person, backend=BACKEND)
    if participant.outcome != _Outcome.WORKING:
        response = redirect("annotation:study_end", study_id=shown.pk)
    else:
        response = redirect("annotation:rate", campaign_id=shown.campaign_id)
    if known is None or participant.person_id in own_people:  # a session's id alone is not enough
        remember(request, response, participant.person)
    return response


def _door_page(
    request: HttpRequest, shown: Study, arrival: Arrival, form: ConsentForm, *, status: int = 200
) -> HttpResponse:
    known = participant_of(shown, arrival.person)
    campaign = shown.campaign
    facts = [(_("Answers"), number_format(shown.ratings_wanted, force_grouping=True))]
    if shown.reward is not None:
        reward = f"{number_format(shown.reward, 2)} {campaign.pay_currency}"
        facts.append((_("Reward"), reward))
    about = facts_of(campaign)
    if shown.reward is not None and campaign.pay_per_hour is None:
        about = about[1:]  # not "as volunteers": the marketplace pays
    facts += about
    context = {
        "study": shown,
        "campaign": campaign,
        "facts": [{"label": label, "value": value} for label, value in facts],
        "form": form,
        "terms": consent.TERMS,
        "is_preview": arrival.is_preview,
        "is_back": known is not None and consent.is_given(known.person),
        "lets_in": known is not None or (shown.is_open and campaign.state == Campaign.State.OPEN),
        # Whoever is signed in as somebody else is told before that ends.
        "signed_in_as": request.user
        if request.user.is_authenticated and (known is None or known.person != request.user)
        else None,
        "action": request.get_full_path(),
    }
    return render(request, "annotation/people/study_door.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def study_end(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Show a participant how far they are and, at the end, their code."""
    person: Any = request.user
    participant = (
        Participant.objects.filter(study=study_id, person=person)
        .select_related("study__campaign", "person")
        .first()
    )
    if participant is None:
        raise Http404("You take no part in such a study.")
    shown = participant.study
    stand = end_participation(
        participant=participant,
        leaves=request.method == "POST" and request.POST.get("do") == "leave",
    )
    if request.method == "POST":
        return redirect("annotation:study_end", study_id=shown.pk)
    code = {
        _Outcome.COMPLETED: shown.completion_code,
        _Outcome.SCREENED_OUT: shown.screened_out_code,
    }.get(_Outcome(stand.outcome), "")
    context = {
        "study": shown,
        "campaign": shown.campaign,
        "stand": stand,
        "is_completed": stand.outcome == _Outcome.COMPLETED,
        "code": code,
        "return_url": completion_url(shown, code) if code else "",
    }
    return render(request, "annotation/people/study_end.html", context)
