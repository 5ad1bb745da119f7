"""What an admin decides when aggregating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from annotation.aggregation.settings import METHODS, RunSettings
from annotation.presenting.numbers import method_label
from consonance.errors import ParameterError

_DEFAULT: Final = RunSettings()


class AggregateForm(forms.Form):
    """Method and thresholds of a run."""

    method = forms.ChoiceField(
        choices=[(name, method_label(name)) for name in METHODS],
        initial=_DEFAULT.method,
        help_text="Whose posterior decides labels.",
    )
    present_from = forms.FloatField(
        label="Present from",
        min_value=0.5,
        max_value=1,
        initial=_DEFAULT.present_from,
        help_text="Posterior from which a label is “present”.",
    )
    absent_to = forms.FloatField(
        label="Absent to",
        min_value=0,
        max_value=0.5,
        initial=_DEFAULT.absent_to,
        help_text="Posterior up to which it is “absent”. Between the two it stays undecided.",
    )
    use_detector = forms.BooleanField(
        label="Use the detector, too",
        required=False,
        initial=_DEFAULT.use_detector,
        help_text="Computes a second posterior that starts from the detector’s score. Labels for"
        " training and testing always use the crowd’s own.",
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name in ("present_from", "absent_to"):
            self.fields[name].widget.attrs["step"] = "0.01"

    @classmethod
    def sent(cls, given: Mapping[str, str]) -> AggregateForm:
        """Return the form as it was sent; fields that were not in it keep their defaults.

        A button elsewhere may aggregate again without asking for anything.
        """
        defaults = {name: field.initial for name, field in cls.base_fields.items()}
        if "method" in given:  # the form itself: a box that is not ticked is not sent
            del defaults["use_detector"]
        return cls({**defaults, **given})

    def clean(self) -> dict[str, Any]:
        """Check the thresholds together, by the rules of the run itself."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                RunSettings(**self.settings())
            except ParameterError as error:
                self.add_error(None, str(error))
        return cleaned

    def settings(self) -> dict[str, Any]:
        """Return fields of `RunSettings`."""
        return dict(self.cleaned_data)
