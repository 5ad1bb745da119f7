"""Withdraw a clip, or serve it again."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from consonance.catalog.actions.withdraw_clip import lift_withdrawal, withdraw_clip
from consonance.catalog.models import Clip, Withdrawal
from consonance.errors import StateError
from consonance.people.access import require
from consonance.people.models import Role, Scope


class WithdrawForm(forms.Form):
    """Why a clip is withdrawn."""

    reason = forms.ChoiceField(
        choices=[("", "Choose one"), *Withdrawal.Reason.choices],
        help_text="It is published with every download.",
    )
    note = forms.CharField(
        required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who asked, and where it is written. For curators only.",
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@login_required
def withdrawal(request: HttpRequest, slug: str, clip_id: UUID) -> HttpResponse:
    """Ask why a clip is withdrawn, or whether it is to come back; then do it."""
    clip = get_object_or_404(
        Clip.objects.select_related("track__collection"), pk=clip_id, track__collection__slug=slug
    )
    require(request.user, Role.CURATOR, (Scope.COLLECTION, clip.track.collection_id))
    form, refused = WithdrawForm(request.POST or None), ""
    if request.method == "POST":
        try:
            done = _decide(request, clip, form)
        except StateError as error:
            done, refused = "", str(error)
        if done:
            messages.success(request, done)
            return redirect("catalog:track", slug=slug, track_no=clip.track.track_no)
    history = list(clip.withdrawals.select_related("withdrawn_by", "lifted_by"))
    context = {
        "clip": clip,
        "collection": clip.track.collection,
        "form": form,
        "refused": refused,
        "history": history,
        "held": next((row for row in history if row.lifted_at is None), None),
    }
    status = 409 if refused else 400 if form.is_bound else 200
    return render(request, "catalog/withdrawal.html", context, status=status)


def _decide(request: HttpRequest, clip: Clip, form: WithdrawForm) -> str:
    """Do what was asked and return what to say of it; nothing if the form is not filled in."""
    if "lift" in request.POST:
        lift_withdrawal(clip_id=clip.pk, actor=request.user)
        return f"{clip} is served again."
    if not form.is_valid():
        return ""
    withdraw_clip(clip_id=clip.pk, actor=request.user, **form.cleaned_data)
    return f"{clip} is withdrawn: its sound is no longer served."
