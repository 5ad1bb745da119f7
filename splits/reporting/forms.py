"""The form by which anybody says that a label is wrong."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from splits.actions.report_label import LONGEST_NOTE, published_label
from splits.models import LabelReport, ReleaseClip

#: A field that no person sees; a program fills it in.
TRAP: Final = "website"


class ReportForm(forms.Form):
    """Which label, what is to be heard instead, and why."""

    class_name = forms.ChoiceField(label="Class")
    says = forms.ChoiceField(
        label="What do you hear?", choices=LabelReport.Says.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For instance at which second. Shown with the report; tell nothing private.",
    )
    website = forms.CharField(
        required=False,
        label="Leave this empty",
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(self, row: ReleaseClip, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["class_name"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (
                name,
                f"{name.replace('_', ' ').capitalize()} (published: {published_label(row, name)})",
            )
            for name in row.release.figures["classes"]
        ]

    @property
    def is_trapped(self) -> bool:
        """Whether the field that no person sees was filled in."""
        return bool(self.cleaned_data.get(TRAP))


def _choice(row: ReleaseClip, name: str) -> str:
    return f"{name.replace('_', ' ').capitalize()} (published: {published_label(row, name)})"
