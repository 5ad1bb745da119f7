"""Forms of the release pages."""

from __future__ import annotations

from typing import Any

from django import forms

from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError
from splits.recipes import ReleaseRecipe


class _LabelsField(forms.ModelChoiceField):
    def label_from_instance(self, obj: FrozenTableRow) -> str:
        made = obj.created_at.strftime("%d %b %Y, %H:%M")
        return f"{obj.collection}, {obj.rows:,} labels of {made} ({obj.sha256[:8]})"


class BuildReleaseForm(forms.Form):
    """What a curator decides before a release is built."""

    labels = _LabelsField(queryset=FrozenTableRow.objects.none(), empty_label=None)
    name = forms.RegexField(
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=100,
        help_text="Lower-case words joined by hyphens. It ends in “-simulated” if any rating is.",
    )
    version = forms.RegexField(
        r"^\d+\.\d+\.\d+$", initial="1.0.0", help_text="A clip that changes partition: next major."
    )
    title = forms.CharField(max_length=200)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    min_positives = forms.IntegerField(
        label="Positives a class, at least", min_value=1, initial=500
    )
    min_labels = forms.IntegerField(label="Labels a class, at least", min_value=1, initial=1500)
    train = forms.FloatField(label="Share for training", min_value=0.01, max_value=1, initial=0.6)
    validation = forms.FloatField(
        label="Share for validation", min_value=0.01, max_value=1, initial=0.15
    )
    test = forms.FloatField(label="Share for the test", min_value=0.01, max_value=1, initial=0.25)
    duplicates = forms.ChoiceField(
        choices=[
            ("keep_one", "Leave one of verified copies"),
            ("keep_together", "Keep all, in one partition"),
        ]
    )
    seed = forms.IntegerField(min_value=0, initial=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["labels"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = FrozenTableRow.objects.filter(kind="labels").select_related("collection")

    def clean(self) -> dict[str, Any]:
        """Check that the values make a recipe."""
        values = super().clean() or {}
        if not self.errors:
            shares = {name: values[name] for name in ("train", "validation", "test")}
            if abs(sum(shares.values()) - 1) > 1e-6:
                raise forms.ValidationError(
                    f"The shares add up to {sum(shares.values()):.2f}. They must add up to 1."
                )
            try:
                self.recipe()
            except ParameterError as error:
                raise forms.ValidationError(str(error)) from error
        return values

    def recipe(self) -> ReleaseRecipe:
        """Return the recipe of the form's values."""
        values = self.cleaned_data
        return ReleaseRecipe(
            shares={name: values[name] for name in ("train", "validation", "test")},
            **{
                name: values[name]
                for name in (
                    "name",
                    "version",
                    "title",
                    "description",
                    "min_positives",
                    "min_labels",
                    "duplicates",
                    "seed",
                )
            },
        )
