"""A campaign's settings and guidelines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from annotation.actions.edit_campaign import edit_campaign
from annotation.actions.write_guideline import ExampleClip, write_guideline
from annotation.campaigns.guidelines import (
    MAX_EXAMPLES,
    current_guidelines,
    find_clip,
    history,
    offered_examples,
)
from annotation.campaigns.wording import prompt
from annotation.forms import EditCampaignForm, GuidelineForm
from annotation.models import Campaign, GuidelineExample, GuidelineVersion
from consonance.catalog.models import Clip, TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.people.access import require
from consonance.people.models import Role


@require_http_methods(["GET", "POST"])
@login_required
def settings(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Change a campaign's settings; what cannot change now says why."""
    campaign = curated(request, campaign_id)
    form = EditCampaignForm(campaign, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = edit_campaign(campaign_id=campaign.pk, actor=request.user, **form.changes())
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            count = len(changed)
            said = f"{count} setting{'' if count == 1 else 's'} changed." if changed else (
                "Nothing was changed, so nothing was saved."
            )  # fmt: skip
            messages.success(request, said)
            return redirect("annotation:campaign_settings", campaign_id=campaign.pk)
    page = {"campaign": campaign, "form": form, "tab": "settings"}
    return render(request, "annotation/campaign_settings.html", page)


@require_GET
@login_required
def guidelines(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's guidelines, class by class."""
    campaign = curated(request, campaign_id)
    found = current_guidelines(campaign)
    classes = TaxonomyClass.objects.in_bulk(list(found))
    rows = [
        {
            "target": target,
            "guideline": found[target.pk],
            "prompt": found[target.pk].question or prompt(target),
            "examples": len(found[target.pk].examples.all()),
        }
        for target in sorted(classes.values(), key=lambda one: one.position)
    ]
    page = {"campaign": campaign, "rows": rows, "tab": "guidelines"}
    return render(request, "annotation/campaign_guidelines.html", page)


@require_http_methods(["GET", "POST"])
@login_required
def guideline(request: HttpRequest, campaign_id: UUID, class_name: str) -> HttpResponse:
    """Write a class's guideline, see it as annotators do, and its versions."""
    campaign = curated(request, campaign_id)
    newest = (
        GuidelineVersion.objects.filter(campaign=campaign, target__name=class_name)
        .select_related("target")
        .prefetch_related("examples__clip__track")
        .order_by("-version")
        .first()
    )
    if newest is None:
        raise Http404("This campaign does not ask about that class.")
    target = newest.target
    form = GuidelineForm(
        request.POST or None, initial={"question": newest.question, "text": newest.text}
    )
    form.fields["question"].widget.attrs["placeholder"] = prompt(target)
    examples, problem = _examples(request, campaign, newest)
    if problem:
        form.add_error(None, problem)
    if request.method == "POST" and "save" in request.POST and form.is_valid():
        try:
            written, is_new = write_guideline(
                campaign_id=campaign.pk, target=target, actor=request.user,
                examples=[one for _, one in examples], **form.cleaned_data,
            )  # fmt: skip
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            said = f"Version {written.version} is saved: answers from now on record it."
            messages.success(request, said if is_new else "Nothing differs, so nothing was saved.")
            return redirect("annotation:guideline", campaign_id=campaign.pk, class_name=target.name)
    page = {
        "campaign": campaign,
        "target": target,
        "newest": newest,
        "form": form,
        "rows": _rows(campaign, target, examples),
        "kinds": GuidelineExample.Kind.choices,
        "most": MAX_EXAMPLES,
        "preview": {
            "question": (form["question"].value() or "").strip() or prompt(target),
            "text": form["text"].value() or "",
            "examples": sorted(
                (
                    {
                        "clip": clip,
                        "kind": one.kind,
                        "kind_label": GuidelineExample.Kind(one.kind).label,
                        "caption": one.caption,
                    }
                    for clip, one in examples
                ),
                key=lambda row: str(row["kind"]),
                reverse=True,
            ),
        },
        "history": history(campaign, target),
        "tab": "guidelines",
    }
    return render(request, "annotation/guideline.html", page)


def curated(request: HttpRequest, campaign_id: UUID) -> Campaign:
    """Return a campaign that the person curates.

    Raises
    ------
    Http404
        If there is none.
    NotAllowedError
        If the person is no curator of it.
    """
    campaign = get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    return campaign


def _examples(
    request: HttpRequest, campaign: Campaign, newest: GuidelineVersion
) -> tuple[list[tuple[Clip, ExampleClip]], str]:
    """Return the examples that the form names, and what is wrong with the key typed.

    Before anything is sent, these are the examples in force.
    """
    if request.method != "POST":
        rows = newest.examples.all()
        return [
            (row.clip, ExampleClip(clip_id=row.clip_id, kind=row.kind, caption=row.caption))
            for row in rows
        ], ""
    kinds = {
        name.removeprefix("kind-"): value
        for name, value in request.POST.items()
        if name.startswith("kind-") and value in GuidelineExample.Kind.values
    }
    try:
        wanted = {UUID(text): kind for text, kind in kinds.items()}
    except ValueError:
        raise ParameterError("The form was incomplete. Load the page again.") from None
    captions = {clip: request.POST.get(f"caption-{clip}", "") for clip in wanted}
    problem = ""
    key = request.POST.get("key", "").strip()
    if key:
        clip = find_clip(campaign, key)
        if clip is None:
            problem = f"{campaign.collection} has no clip {key!r}. A key looks like 000101_3840."
        else:
            kind = request.POST.get("key_kind", "")
            wanted[clip.pk] = kind if kind in GuidelineExample.Kind.values else "positive"
            captions[clip.pk] = request.POST.get("key_caption", "")
    found = Clip.objects.filter(track__collection=campaign.collection_id).select_related("track")
    clips = {clip.pk: clip for clip in found.filter(pk__in=wanted)}
    return [
        (clips[clip], ExampleClip(clip_id=clip, kind=kind, caption=captions[clip]))
        for clip, kind in wanted.items()
        if clip in clips
    ], problem


def _rows(
    campaign: Campaign, target: TaxonomyClass, examples: list[tuple[Clip, ExampleClip]]
) -> list[dict[str, Any]]:
    """Return the clips to choose from: chosen ones first, then gold."""
    chosen = {clip.pk for clip, _ in examples}
    rows: list[dict[str, Any]] = [
        {"clip": clip, "kind": one.kind, "caption": one.caption, "is_asked": False, "gold": ""}
        for clip, one in examples
    ]
    for clip, kind, is_asked in offered_examples(campaign, target):
        said = "present" if kind == GuidelineExample.Kind.POSITIVE else "absent"
        if clip.pk in chosen:
            for row in rows:
                if row["clip"].pk == clip.pk:
                    row |= {"is_asked": is_asked, "gold": said}
        else:
            rows.append(
                {"clip": clip, "kind": "", "caption": "", "is_asked": is_asked, "gold": said}
            )
    return rows
