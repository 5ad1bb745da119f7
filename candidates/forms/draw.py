"""The form of a round: the same one draws it and asks what it would give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django import forms

from candidates.forms.designs import (
    MOST_STRATA,
    STRATUM,
    StratumRow,
    design_fields,
    share_of,
    strata_values,
)
from candidates.learning.suggestions import Suggestion, suggestion_of
from candidates.models import ScoreSet
from candidates.rounds.previews import class_labels
from candidates.rounds.recipes import LICENCES, RoundRecipe
from candidates.sampling import PRESETS, Stratum
from candidates.sampling.strata import checked
from consonance.errors import ParameterError

#: Positives a class that OpenMIC-2018 aimed at.
POSITIVES: Final = 500
_LICENCE_WORDS: Final = {
    "open": "Only recordings whose clips may be cut and passed on",
    "commercial": "Of those, only ones that do not forbid commerce",
    "all": "Every recording: I answer for it",
}


class DrawRoundForm(forms.Form):
    """What a curator decides before a draw."""

    score_set = forms.ModelChoiceField(
        queryset=ScoreSet.objects.none(), label="Scores", empty_label=None
    )
    per_class = forms.IntegerField(
        label="Candidates a class", min_value=1, max_value=100_000, initial=100
    )
    positives = forms.IntegerField(
        label="Positives wanted a class",
        min_value=0,
        max_value=1_000_000,
        initial=POSITIVES,
        required=False,
        help_text="Over all rounds together. Only the forecast reads it.",
    )
    classes = forms.MultipleChoiceField(
        label="Classes",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    max_per_track = forms.IntegerField(
        label="Candidates a recording",
        min_value=1,
        max_value=10_000,
        initial=1,
        required=False,
        help_text="OpenMIC-2018 took one.",
    )
    max_per_artist = forms.IntegerField(
        label="Candidates an artist", min_value=1, max_value=100_000, required=False
    )
    max_per_album = forms.IntegerField(
        label="Candidates an album", min_value=1, max_value=100_000, required=False
    )
    licences = forms.ChoiceField(
        label="Licences", choices=[(name, _LICENCE_WORDS.get(name, name)) for name in LICENCES]
    )
    min_seconds = forms.FloatField(
        label="Shortest recording, seconds", min_value=0, max_value=1e6, initial=0, required=False
    )
    max_seconds = forms.FloatField(
        label="Longest recording, seconds", min_value=0, max_value=1e6, required=False
    )
    explicit = forms.BooleanField(label="Draw explicit recordings, too", required=False)
    ask_again = forms.BooleanField(
        label="Draw clips of earlier rounds again",
        required=False,
        help_text="Usually what an approved round has asked is left out, and what overlaps it.",
    )
    exclude_similar = forms.FloatField(
        label="Leave out what sounds like an asked clip",
        min_value=0.01,
        max_value=1,
        required=False,
        help_text="From this cosine of the embeddings on: 0.95 leaves near-duplicates out.",
    )
    suggestion = forms.UUIDField(required=False, widget=forms.HiddenInput, label="Suggestion")
    seed = forms.IntegerField(
        label="Seed",
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text="The same recipe on the same scores is the same round.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scores = self.fields["score_set"]
        assert isinstance(scores, forms.ModelChoiceField)  # noqa: S101 - declared above
        scores.queryset = ScoreSet.objects.filter(is_complete=True).select_related(
            "collection", "detector__taxonomy"
        )
        chosen = self._chosen(scores)
        labels = class_labels(chosen) if chosen else {}
        classes = self.fields["classes"]
        assert isinstance(classes, forms.MultipleChoiceField)  # noqa: S101 - declared above
        classes.choices = list(labels.items())
        self.chosen = chosen
        self._add_strata()
        self.suggested = self._suggested(chosen)
        if self.suggested:
            # Each class brings its own number: there is none to type.
            self.fields["per_class"].required = False
            self.initial.setdefault("positives", self.suggested.aim.positives)
            self.initial.setdefault("seed", self.suggested.seed)

    def _chosen(self, scores: forms.ModelChoiceField[ScoreSet]) -> ScoreSet | None:
        """Return the scores that the form is about: those named, else the newest."""
        given = self.data.get("score_set") if self.is_bound else self.initial.get("score_set")
        if given in (None, "") and not self.is_bound:
            return scores.queryset.first() if scores.queryset is not None else None
        try:
            found: ScoreSet | None = scores.to_python(given)
        except forms.ValidationError:
            return None
        return found

    def _suggested(self, chosen: ScoreSet | None) -> Suggestion | None:
        """Return the suggestion that is drawn, if it is one of these scores."""
        given = self.data.get("suggestion") if self.is_bound else self.initial.get("suggestion")
        if not given or chosen is None:
            return None
        try:
            found = suggestion_of(chosen, UUID(str(given)))
        except ValueError:
            return None
        return found if found and found.recipe else None

    def clean_suggestion(self) -> UUID | None:
        """Refuse a suggestion that is of other scores, or gone."""
        given: UUID | None = self.cleaned_data["suggestion"]
        if given and not self.suggested:
            raise forms.ValidationError(
                "It is not one of these scores, asks nothing, or is gone. Suggest a round anew."
            )
        return given

    def _add_strata(self) -> None:
        usual = strata_values(PRESETS["tails"])
        for number in range(MOST_STRATA):
            prefix = f"stratum_{number}_"
            which = f"of stratum {number + 1}"
            made: dict[str, forms.Field] = {
                "name": forms.CharField(label=f"Name {which}", max_length=32),
                "low": forms.FloatField(label=f"From, {which}", min_value=0, max_value=100),
                "high": forms.FloatField(label=f"To, {which}", min_value=0, max_value=100),
                "share": forms.FloatField(label=f"Share {which}", min_value=0, max_value=100),
            }
            for name, field in made.items():
                field.required = False
                field.initial = usual.get(prefix + name)
                field.widget.attrs |= {"data-stratum": name, "data-number": str(number)}
                if name != "name":
                    field.widget.attrs |= {"step": "any", "inputmode": "decimal"}
                else:
                    field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
                self.fields[prefix + name] = field

    @property
    def rows(self) -> list[StratumRow]:
        """Return the strata's fields, a row each."""
        return [
            StratumRow(
                number=number,
                **{name: self[f"stratum_{number}_{name}"] for name in STRATUM},
            )
            for number in range(MOST_STRATA)
        ]

    def clean(self) -> dict[str, Any]:
        """Check that the values make a recipe."""
        values = super().clean() or {}
        if not self.errors:
            try:
                self.recipe()
            except ParameterError as error:
                raise forms.ValidationError(str(error)) from error
        return values

    def design(self) -> tuple[Stratum, ...]:
        """Return the strata of a form whose fields are valid.

        Raises
        ------
        ParameterError
            If a row is half filled, or they make no design.
        """
        found = []
        for number in range(MOST_STRATA):
            row: list[Any] = [self.cleaned_data.get(f"stratum_{number}_{name}") for name in STRATUM]
            if all(value in (None, "") for value in row):
                continue
            if any(value in (None, "") for value in row):
                raise ParameterError(
                    f"Stratum {number + 1} is half filled: it needs a name, from, to and a share. "
                    "Empty all four to leave it out."
                )
            name, low, high, share = row
            found.append(
                Stratum(name=name, low=share_of(low), high=share_of(high), share=share_of(share))
            )
        return checked(found)

    def recipe(self) -> RoundRecipe:
        """Return the recipe of a form whose fields are valid.

        Raises
        ------
        ParameterError
            If the values make none.
        """
        values = self.cleaned_data
        suggested = self.suggested.recipe if self.suggested else None
        if suggested:
            return replace(suggested, **self._limits())
        known = list(self.fields["classes"].choices)  # type: ignore[attr-defined]
        chosen = tuple(values["classes"])
        return RoundRecipe(
            **design_fields(self.design()),
            per_class=values["per_class"],
            # All of them by name are all of them.
            classes=() if len(chosen) == len(known) else chosen,
            **self._limits(),
        )

    def _limits(self) -> dict[str, Any]:
        """Return what is chosen whatever the design: caps, filters and the seed."""
        values = self.cleaned_data
        return {
            "max_per_track": values["max_per_track"],
            "max_per_artist": values["max_per_artist"],
            "max_per_album": values["max_per_album"],
            "licences": values["licences"],
            "explicit": values["explicit"],
            "min_seconds": values["min_seconds"] or 0.0,
            "max_seconds": values["max_seconds"],
            "exclude_asked": not values["ask_again"],
            "exclude_similar": values["exclude_similar"],
            "seed": values["seed"],
        }

    @property
    def wanted(self) -> int:
        """Return the positives wanted of each class, of a valid form."""
        value = self.cleaned_data.get("positives")
        return POSITIVES if value is None else int(value)
