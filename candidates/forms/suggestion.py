"""The form that asks for the next round."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from candidates.loop.suggestion import DESIGNS, Aim
from consonance.errors import ParameterError

OWN: Final = "own"
_WORDS: Final = {
    "balanced": "Balanced: quotas, the uncertain, and some of everything",
    "tails": "Tails: meet the quotas with the fewest questions",
    "uncertainty": "Uncertainty: teach the detector what it cannot tell",
    "coverage": "Coverage: reach what no tail holds, estimate the archive",
    OWN: "Shares of my own",
}
_USUAL: Final = Aim()


class SuggestForm(forms.Form):
    """What a curator wants of all rounds together, and of the next one."""

    design = forms.ChoiceField(
        label="Design", choices=list(_WORDS.items()), initial="balanced", widget=forms.RadioSelect
    )
    questions = forms.IntegerField(
        label="Questions of the round",
        min_value=1,
        max_value=10_000_000,
        initial=_USUAL.questions,
        help_text="All classes together, at most.",
    )
    positives = forms.IntegerField(
        label="Positives wanted a class", min_value=0, max_value=10_000_000,
        initial=_USUAL.positives, help_text="Over all rounds.",
    )  # fmt: skip
    labels = forms.IntegerField(
        label="Labels wanted a class", min_value=0, max_value=10_000_000,
        initial=_USUAL.labels, help_text="Over all rounds, positives among them.",
    )  # fmt: skip
    uncertain = forms.FloatField(
        label="Uncertain, percent", min_value=0, max_value=99, required=False,
        help_text="Of a class’s questions. Only with shares of your own.",
    )  # fmt: skip
    coverage = forms.FloatField(
        label="Coverage, percent", min_value=1, max_value=100, required=False,
        help_text="Of a class’s questions, from all excerpts alike.",
    )  # fmt: skip
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=2**31 - 1, initial=0)

    def clean(self) -> dict[str, Any]:
        """Check that the values make an aim."""
        values = super().clean() or {}
        if self.errors:
            return values
        if values["design"] == OWN and None in (values["uncertain"], values["coverage"]):
            raise forms.ValidationError("Say both shares: uncertain and coverage.")
        try:
            self.aim()
        except ParameterError as error:
            raise forms.ValidationError(str(error)) from error
        return values

    def aim(self) -> Aim:
        """Return the aim of a form whose fields are valid.

        Raises
        ------
        ParameterError
            If the shares make none.
        """
        values = self.cleaned_data
        if values["design"] == OWN:
            uncertain, coverage = values["uncertain"] / 100, values["coverage"] / 100
        else:
            uncertain, coverage = DESIGNS[values["design"]]
        return Aim(
            positives=values["positives"],
            labels=values["labels"],
            questions=values["questions"],
            uncertain=uncertain,
            coverage=coverage,
        )


def design_of(aim: Aim) -> str:
    """Return the design whose shares an aim has; one's own if none."""
    shares = (aim.uncertain, aim.coverage)
    return next((name for name, known in DESIGNS.items() if known == shares), OWN)


def values_of(aim: Aim, *, seed: int) -> dict[str, Any]:
    """Return the form's values that ask for an aim once more."""
    return {
        "design": design_of(aim),
        "questions": aim.questions,
        "positives": aim.positives,
        "labels": aim.labels,
        "uncertain": f"{100 * aim.uncertain:g}",
        "coverage": f"{100 * aim.coverage:g}",
        "seed": seed,
    }
