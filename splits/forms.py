"""Forms of the release pages."""

from __future__ import annotations

from typing import Any

from django import forms

from consonance.catalog.models import Collection, FrozenTableRow
from consonance.errors import ParameterError
from splits.recipes import ReleaseRecipe
from splits.shares import nearest_shares


class _LabelsField(forms.ModelChoiceField):
    def label_from_instance(self, obj: FrozenTableRow) -> str:
        made = obj.created_at.strftime("%d %b %Y, %H:%M")
        return f"{obj.collection}, {obj.rows:,} labels of {made} ({obj.sha256[:8]})"


_PARTITIONS = ("train", "validation", "test")


def with_nearest_shares(data: Any) -> Any:
    """Return what was sent, with the nearest possible shares where those were chosen."""
    if not data or "use_nearest" not in data:
        return data
    try:
        shares = {name: float(data[name]) for name in _PARTITIONS}
    except (KeyError, ValueError):
        return data
    if min(shares.values()) <= 0 or not sum(shares.values()) < 100:
        return data
    return {**data.dict(), **nearest_shares(shares)}


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
    creators = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Who is to be cited, one a line; an ORCID may follow: Name (https://orcid.org/…).",
    )
    homepage = forms.URLField(
        required=False,
        assume_scheme="https",
        help_text="Public address of the release's page, if it has one.",
    )
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
            ("drop", "Leave none of them"),
            ("keep_together", "Keep all, in one partition"),
        ]
    )
    seed = forms.IntegerField(min_value=0, initial=0)
    engine = forms.ChoiceField(
        label="Splitter",
        choices=[
            ("consonance", "Consonance’s: groups, unknown labels and pairs"),
            ("skmultilearn", "scikit-multilearn’s iterative stratification, of whole groups"),
        ],
        required=False,
    )
    whole_albums = forms.BooleanField(
        required=False,
        label="Never divide an album",
        help_text="Artists never are. An album of several artists ties them together.",
    )
    split_anew = forms.BooleanField(
        required=False,
        label="Divide all clips again",
        help_text="Else those of the last version stay in their partition. It asks for a MAJOR "
        "version.",
    )
    #: Shares that could be had, where those asked for cannot.
    nearest: dict[str, float] | None = None

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(with_nearest_shares(data), *args, **kwargs)
        field = self.fields["labels"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = FrozenTableRow.objects.filter(kind="labels").select_related("collection")

    def clean(self) -> dict[str, Any]:
        """Check that the values make a recipe."""
        values = super().clean() or {}
        if not self.errors:
            shares = {name: values[name] for name in ("train", "validation", "test")}
            if abs(sum(shares.values()) - 1) > 1e-6:
                self.nearest = nearest_shares(shares)
                told = ", ".join(f"{share:g} {name}" for name, share in self.nearest.items())
                raise forms.ValidationError(
                    f"The shares add up to {sum(shares.values()):.2f}. They must add up to 1. "
                    f"The nearest possible plan is {told}."
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
            creators=tuple(
                line.strip() for line in values["creators"].splitlines() if line.strip()
            ),
            **{
                name: values[name]
                for name in (
                    "name",
                    "version",
                    "title",
                    "description",
                    "homepage",
                    "min_positives",
                    "min_labels",
                    "duplicates",
                    "seed",
                    "whole_albums",
                    "split_anew",
                )
            },
            engine=values["engine"] or "consonance",
        )


class FindDuplicatesForm(forms.Form):
    """Whose clips are compared, and how many strangers may be taken for copies."""

    collection = forms.ModelChoiceField(queryset=Collection.objects.none(), empty_label=None)
    expected_false_edges = forms.FloatField(
        label="False pairs expected, at most",
        min_value=0.001,
        max_value=1,
        initial=0.1,
        help_text="Among all pairs. It sets the thresholds.",
    )
    recordings = forms.BooleanField(
        required=False,
        label="Compare whole recordings, too",
        help_text="Two clips of one song on two albums need not overlap.",
    )

    def __init__(self, *args: Any, collections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["collection"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = collections.order_by("name")
