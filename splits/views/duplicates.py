"""Curators' pages about copies: searches, pairs, and two clips side by side."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consonance.errors import NotAllowedError, ParameterError
from consonance.people.access import require, roles
from consonance.people.models import Role
from splits.actions.decide_pair import EXACT, decide_pair
from splits.actions.find_duplicates import ask_for_duplicates
from splits.copies.pairs import (
    KINDS,
    STATES,
    beside,
    curated,
    doubtful_first,
    naming,
    narrowed,
    pairs_of,
    scan_of,
)
from splits.forms import FindDuplicatesForm
from splits.models import DuplicatePair, DuplicateScan, DuplicateVerdict
from splits.presenting.duplicates import curve_chart, scan_facts, times_of

_PAGE: Final = 25
_MAX_NOTE: Final = 500
_Says = DuplicateVerdict.Says
_VERDICT_KINDS: Final = {_Says.SAME: "good", _Says.DIFFERENT: "accent", _Says.UNSURE: "warn"}


@require_http_methods(["GET", "POST"])
@login_required
def scans(request: HttpRequest) -> HttpResponse:
    """List searches for duplicates, newest first; start one."""
    collections = curated(request.user)
    if not collections.exists():
        # Whoever curates everything sees an empty list; nobody else sees anything.
        require(request.user, Role.CURATOR)
    form = FindDuplicatesForm(request.POST or None, collections=collections)
    if request.method == "POST" and form.is_valid():
        job = ask_for_duplicates(
            collection=form.cleaned_data["collection"],
            recordings=form.cleaned_data["recordings"],
            expected_false_edges=form.cleaned_data["expected_false_edges"],
            actor=request.user,
        )
        messages.success(request, "The clips are being compared. What is found appears here.")
        if Role.CURATOR in roles(request.user):
            return redirect("jobs:detail", job_id=job.pk)
        return redirect("splits:duplicates")  # jobs are for those who curate everything
    words = request.GET.get("q", "").strip()
    found = DuplicateScan.objects.filter(collection__in=collections).select_related("collection")
    if words:
        found = found.filter(collection__name__icontains=words)
    newest = DuplicateVerdict.objects.filter(
        collection=OuterRef("scan__collection"), first=OuterRef("first"), second=OuterRef("second")
    ).order_by("-pk")
    page = Paginator(found.order_by("-created_at", "pk"), _PAGE).get_page(request.GET.get("page"))
    counts = {
        row["scan"]: row
        for row in DuplicatePair.objects.filter(scan__in=[scan.pk for scan in page])
        .annotate(says=Subquery(newest.values("says")[:1]))
        .order_by()
        .values("scan")
        .annotate(
            pairs=Count("pk"),
            verified=Count("pk", filter=Q(is_verified=True)),
            waiting=Count("pk", filter=Q(is_verified=False, says__isnull=True)),
        )
    }
    none = {"pairs": 0, "verified": 0, "waiting": 0}
    context = {
        "page": page,
        "rows": [{**counts.get(scan.pk, none), "scan": scan} for scan in page],
        "query": words,
        "form": form,
        "has_collections": collections.exists(),
    }
    return render(request, "splits/duplicates.html", context, status=400 if form.is_bound else 200)


@require_GET
@login_required
def pairs(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """Show what a search found: doubtful pairs first, and how the threshold came about."""
    scan = scan_of(request.user, scan_id)
    every = pairs_of(scan)
    state, kind = request.GET.get("state", "all"), request.GET.get("kind", "")
    words = request.GET.get("q", "").strip()
    if state not in STATES:
        state = "all"
    listed = naming(narrowed(every, state=state, kind=kind), words)
    counts = {name: narrowed(every, state=name).count() for name in STATES}
    keep = {key: value for key, value in (("kind", kind), ("q", words)) if value}
    here = reverse("splits:duplicate_pairs", args=[scan.pk])
    context = {
        "scan": scan,
        "facts": scan_facts(scan),
        "chart": curve_chart(scan),
        "recordings": scan.facts.get("recordings"),
        "unread": scan.facts.get("unread", {}),
        "page": Paginator(doubtful_first(listed), _PAGE).get_page(request.GET.get("page")),
        "tabs": [
            {
                "label": label,
                "url": reverse(
                    "splits:duplicate_pairs", args=[scan.pk], query={"state": name, **keep}
                ),
                "active": name == state,
                "count": counts[name],
            }
            for name, label in STATES.items()
        ],
        "state": state,
        "query": words,
        "filters": [
            {
                "name": "kind", "label": "Kind", "value": kind,
                "options": [{"value": "", "label": "Any kind"}]
                + [{"value": name, "label": label} for name, label in KINDS.items()],
            }
        ],
        "kinds": KINDS,
        "verdict_kinds": _VERDICT_KINDS,
        "waiting": counts["waiting"],
        "is_filtered": bool(words or kind or state != "all"),
        "here": here,
        "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "splits/duplicate_pairs.html", context)


@require_GET
@login_required
def review(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """Show two clips side by side, to be heard and told apart or not."""
    scan = scan_of(request.user, scan_id)
    every = pairs_of(scan)
    waiting = narrowed(every, state="waiting")
    pair = _asked_pair(request, every) or waiting.order_by("-score", "pk").first()
    context: dict[str, Any] = {
        "scan": scan,
        "pair": pair,
        "waiting": waiting.count(),
        "done": _just_done(request, scan),
        "verdict_kinds": _VERDICT_KINDS,
        "max_note": _MAX_NOTE,
        "crumbs": [*_crumbs(), {"label": str(scan.collection), "url": _address(scan)}],
        "list_url": _address(scan),
    }
    if pair is not None:
        among = waiting if waiting.exclude(pk=pair.pk).exists() else every
        history = list(
            DuplicateVerdict.objects.filter(
                collection=scan.collection_id, first=pair.first_id, second=pair.second_id
            )
            .select_related("person")
            .order_by("-pk")[:20]
        )
        context |= {
            "is_exact": pair.kind in EXACT,
            "kind": KINDS.get(pair.kind, pair.kind),
            "sides": times_of(pair),
            "history": history,
            "held": history[0] if history else None,
            "next_url": _beside(scan, among, pair, after=True),
            "previous_url": _beside(scan, among, pair, after=False),
        }
    return render(request, "splits/duplicate_review.html", context)


@require_POST
@login_required
def decide(request: HttpRequest, scan_id: UUID, pair_id: int) -> HttpResponse:
    """Keep a verdict, and go on to the next pair; or back to the same one that was taken back."""
    scan = scan_of(request.user, scan_id)
    pair = get_object_or_404(
        DuplicatePair.objects.select_related("scan__collection"), pk=pair_id, scan=scan
    )
    note = request.POST.get("note", "").strip()
    try:
        verdict = decide_pair(
            pair=pair, says=request.POST.get("says", ""), note=note, actor=request.user
        )
    except NotAllowedError:
        raise
    except ParameterError as error:
        messages.error(request, str(error))
        return redirect(_review_url(scan, pair=pair.pk))
    if "back" in request.POST:
        return redirect(_review_url(scan, pair=pair.pk))
    after = beside(narrowed(pairs_of(scan), state="waiting"), pair, after=True)
    query = {"done": verdict.pk, "of": pair.pk}
    if after is not None:
        query["pair"] = after.pk
    return redirect(_review_url(scan, **query))


def _asked_pair(request: HttpRequest, every: Any) -> Any:
    asked = request.GET.get("pair", "")
    if not asked:
        return None
    if not asked.isdecimal() or len(asked) > 18:
        raise ParameterError(f"{asked[:40]!r} is no pair: it is a number.")
    return get_object_or_404(every, pk=int(asked))


def _just_done(request: HttpRequest, scan: DuplicateScan) -> dict[str, Any] | None:
    """Return the verdict that was just given, and what taking it back would say."""
    asked = [request.GET.get(name, "") for name in ("done", "of")]
    if not all(one.isdecimal() and len(one) < 19 for one in asked):
        return None
    verdict = DuplicateVerdict.objects.filter(pk=asked[0], collection=scan.collection_id).first()
    pair = pairs_of(scan).filter(pk=asked[1]).first()
    if verdict is None or pair is None:
        return None
    before = (
        DuplicateVerdict.objects.filter(
            collection=scan.collection_id, first=verdict.first_id, second=verdict.second_id,
            pk__lt=verdict.pk,
        )
        .order_by("-pk")
        .first()
    )  # fmt: skip
    return {
        "verdict": verdict,
        "pair": pair,
        "kind": _VERDICT_KINDS[_Says(verdict.says)],
        "before": before.says if before else _Says.UNSURE,
        "url": _review_url(scan, pair=pair.pk),
    }


def _beside(scan: DuplicateScan, among: Any, pair: Any, *, after: bool) -> str:
    found = beside(among, pair, after=after)
    return _review_url(scan, pair=found.pk) if found else ""


def _review_url(scan: DuplicateScan, **query: Any) -> str:
    return reverse("splits:duplicate_review", args=[scan.pk], query=query)


def _address(scan: DuplicateScan) -> str:
    return reverse("splits:duplicate_pairs", args=[scan.pk])


def _crumbs() -> list[dict[str, str]]:
    return [
        {"label": "Releases", "url": reverse("splits:releases")},
        {"label": "Duplicates", "url": reverse("splits:duplicates")},
    ]
