"""Forms of the curator's pages."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.actions.open_campaign import MAX_RATINGS
from annotation.models import Campaign
from candidates.models import SamplingRound


def _default(name: str) -> Any:
    return getattr(Campaign(), name)


class OpenCampaignForm(forms.Form):
    """What a curator decides when opening a campaign."""

    round = forms.ModelChoiceField(
        SamplingRound.objects.none(), help_text="Each of its candidates becomes one question."
    )
    name = forms.CharField(max_length=200)
    min_ratings = forms.IntegerField(
        label="Ratings at least",
        min_value=1,
        max_value=MAX_RATINGS,
        initial=_default("min_ratings"),
        help_text="No question stops before it has so many.",
    )
    max_ratings = forms.IntegerField(
        label="Ratings at most",
        min_value=1,
        max_value=MAX_RATINGS,
        initial=_default("max_ratings"),
        help_text="Then a question without a decision is disputed.",
    )
    stop_posterior = forms.FloatField(
        label="Stop at certainty",
        min_value=0.5,
        max_value=1,
        initial=_default("stop_posterior"),
        help_text="Between them, a question stops when it is so sure either way, above 0.5.",
    )
    seed = forms.IntegerField(
        min_value=0,
        initial=_default("seed"),
        help_text="Decides the order in which questions are handed out.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rounds = SamplingRound.objects.filter(state=SamplingRound.State.DRAWN)
        self.fields["round"].queryset = rounds.select_related(  # type: ignore[attr-defined]
            "score_set__collection"
        )
        self.fields["round"].empty_label = None  # type: ignore[attr-defined]
