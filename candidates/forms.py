"""Forms of the rounds pages."""

from __future__ import annotations

from typing import Any

from django import forms

from candidates.models import ScoreSet
from candidates.recipes import RoundRecipe
from consonance.errors import ParameterError


class DrawRoundForm(forms.Form):
    """What a curator decides before a draw."""

    score_set = forms.ModelChoiceField(
        queryset=ScoreSet.objects.none(), label="Scores", empty_label=None
    )
    per_class = forms.IntegerField(
        label="Candidates a class", min_value=1, max_value=10_000, initial=100
    )
    low = forms.FloatField(
        label="Lower quantile",
        min_value=0,
        max_value=0.5,
        initial=0.1,
        help_text="Likely negatives come from at or below it.",
    )
    high = forms.FloatField(
        label="Upper quantile",
        min_value=0.5,
        max_value=1,
        initial=0.9,
        help_text="Likely positives come from at or above it.",
    )
    share_high = forms.FloatField(
        label="Share from the upper tail", min_value=0, max_value=1, initial=0.5
    )
    max_per_track = forms.IntegerField(
        label="Candidates a track",
        min_value=1,
        max_value=100,
        initial=1,
        help_text="At most, over all classes. OpenMIC-2018 took one.",
    )
    licences = forms.ChoiceField(
        label="Licences",
        choices=[
            ("open", "Only tracks whose clips may be cut and passed on"),
            ("all", "Every track: I answer for it"),
        ],
    )
    explicit = forms.BooleanField(label="Draw explicit tracks, too", required=False)
    seed = forms.IntegerField(
        label="Seed",
        min_value=0,
        initial=0,
        help_text="The same recipe on the same scores is the same round.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["score_set"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = ScoreSet.objects.filter(is_complete=True).select_related(
            "collection", "detector"
        )

    def clean(self) -> dict[str, Any]:
        """Check that the values make a recipe."""
        values = super().clean() or {}
        if not self.errors:
            try:
                self.recipe()
            except ParameterError as error:
                raise forms.ValidationError(str(error)) from error
        return values

    def recipe(self) -> RoundRecipe:
        """Return the recipe of a valid form."""
        values = {key: value for key, value in self.cleaned_data.items() if key != "score_set"}
        return RoundRecipe(**values)
