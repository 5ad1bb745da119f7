"""Forms of the rounds pages: the same one draws a round and asks what it would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator
from django.http import QueryDict

from candidates.models import ScoreSet
from candidates.previews import class_labels
from candidates.recipes import LICENCES, RoundRecipe
from candidates.sampling import PRESETS, Stratum, tails
from candidates.sampling.strata import checked
from candidates.scoring.embedding_map import FEWEST as FEWEST_MAPPED
from candidates.scoring.embedding_map import MOST as MOST_MAPPED
from candidates.scoring.lookup import MOST_HEARD
from consonance.errors import ParameterError

#: Strata that the page has rows for.
MOST_STRATA: Final = 6
HEARD_AT_ONCE: Final = 5
#: Positives a class that OpenMIC-2018 aimed at.
POSITIVES: Final = 500
#: More names than this are no help in a sentence.
_MOST_NAMED: Final = 8
_LICENCE_WORDS: Final = {
    "open": "Only recordings whose clips may be cut and passed on",
    "commercial": "Of those, only ones that do not forbid commerce",
    "all": "Every recording: I answer for it",
}
#: What a curator may start from: title, and what it is for.
PRESET_WORDS: Final = {
    "tails": ("Both tails", "Half from the lowest tenth, half from the highest: the usual rule."),
    "tails_and_uniform": (
        "Tails and a uniform slice",
        "A fifth is drawn from everywhere, so that evaluation on it is unbiased.",
    ),
    "top_decile": (
        "OpenMIC-2018’s own",
        "Its code drew likely positives alone, from the highest tenth.",
    ),
    "uniform": ("Uniform", "The detector has no say. For classes it does not know."),
}


@dataclass(frozen=True, kw_only=True)
class StratumRow:
    """The fields of one stratum, bound."""

    number: int
    name: forms.BoundField
    low: forms.BoundField
    high: forms.BoundField
    share: forms.BoundField


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A design that a curator may start from."""

    name: str
    title: str
    text: str
    strata: Sequence[Sequence[Any]]


def _percent(value: float) -> float:
    """Return a share in percent, as it is typed."""
    return round(100 * value, 4)


def _share(percent: float) -> float:
    """Return what is typed in percent as a share: 10 is exactly 0.1."""
    return round(percent / 100, 6)


def presets() -> list[Preset]:
    """Return the designs there are, ours first in the order above."""
    names = sorted(PRESETS, key=lambda name: [*PRESET_WORDS, name].index(name))
    return [
        Preset(
            name=name,
            title=PRESET_WORDS.get(name, (name.replace("_", " ").capitalize(), ""))[0],
            text=PRESET_WORDS.get(name, ("", ""))[1],
            strata=[
                [one.name, _percent(one.low), _percent(one.high), _percent(one.share)]
                for one in PRESETS[name]
            ],
        )
        for name in names
    ]


def strata_values(strata: Sequence[Stratum]) -> dict[str, Any]:
    """Return strata as the values of the form's rows."""
    values: dict[str, Any] = {}
    for number, one in enumerate(strata[:MOST_STRATA]):
        values[f"stratum_{number}_name"] = one.name
        values[f"stratum_{number}_low"] = f"{_percent(one.low):g}"
        values[f"stratum_{number}_high"] = f"{_percent(one.high):g}"
        values[f"stratum_{number}_share"] = f"{_percent(one.share):g}"
    return values


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
                **{name: self[f"stratum_{number}_{name}"] for name in _STRATUM},
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
            row: list[Any] = [
                self.cleaned_data.get(f"stratum_{number}_{name}") for name in _STRATUM
            ]
            if all(value in (None, "") for value in row):
                continue
            if any(value in (None, "") for value in row):
                raise ParameterError(
                    f"Stratum {number + 1} is half filled: it needs a name, from, to and a share. "
                    "Empty all four to leave it out."
                )
            name, low, high, share = row
            found.append(
                Stratum(name=name, low=_share(low), high=_share(high), share=_share(share))
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
        known = list(self.fields["classes"].choices)  # type: ignore[attr-defined]
        chosen = tuple(values["classes"])
        return RoundRecipe(
            **_design_fields(self.design()),
            per_class=values["per_class"],
            # All of them by name are all of them.
            classes=() if len(chosen) == len(known) else chosen,
            max_per_track=values["max_per_track"],
            max_per_artist=values["max_per_artist"],
            max_per_album=values["max_per_album"],
            licences=values["licences"],
            explicit=values["explicit"],
            min_seconds=values["min_seconds"] or 0.0,
            max_seconds=values["max_seconds"],
            exclude_asked=not values["ask_again"],
            exclude_similar=values["exclude_similar"],
            seed=values["seed"],
        )

    @property
    def wanted(self) -> int:
        """Return the positives wanted of each class, of a valid form."""
        value = self.cleaned_data.get("positives")
        return POSITIVES if value is None else int(value)


_STRATUM: Final = ("name", "low", "high", "share")


def _design_fields(strata: Sequence[Stratum]) -> dict[str, Any]:
    """Return how a recipe names these strata: as tails or a preset if they are, else one by one.

    So a round that is drawn on the page and one that is drawn by command are the same round.
    """
    by_name = {stratum.name: stratum for stratum in strata}
    low, high = by_name.get("low"), by_name.get("high")
    if low and high and set(by_name) <= {"low", "high", "any"}:
        rest = None if "any" not in by_name else low.share
        try:
            same = tails(low.high, high.low, share_high=high.share, share_low=rest)
        except ParameterError:
            same = ()
        if alike(same, strata):
            return {
                "low": low.high, "high": high.low, "share_high": high.share, "share_low": rest,
            }  # fmt: skip
    for name, preset in PRESETS.items():
        if alike(preset, strata):
            return {"strata": name}
    return {"strata": tuple((one.name, one.low, one.high, one.share) for one in strata)}


def alike(one: Sequence[Stratum], other: Sequence[Stratum]) -> bool:
    """Return whether two designs are the same, but for how their numbers were rounded."""
    if [stratum.name for stratum in one] != [stratum.name for stratum in other]:
        return False
    pairs = (
        (getattr(a, field), getattr(b, field))
        for a, b in zip(one, other, strict=True)
        for field in ("low", "high", "share")
    )
    return all(abs(a - b) < 1e-9 for a, b in pairs)


def with_preset(sent: QueryDict, name: str) -> QueryDict:
    """Return a form's values with a preset's strata in place of its own.

    Raises
    ------
    ParameterError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise ParameterError(f"No preset is called {name!r}. Use one of: {', '.join(PRESETS)}.")
    values = sent.copy()
    for number in range(MOST_STRATA):
        for field in _STRATUM:
            values[f"stratum_{number}_{field}"] = ""
    for field, value in strata_values(PRESETS[name]).items():
        values[field] = value
    return values


class ListenForm(forms.Form):
    """Which excerpts a curator wants to hear."""

    bin = forms.IntegerField(min_value=0)
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    n = forms.IntegerField(min_value=1, max_value=MOST_HEARD, required=False)

    def __init__(self, data: Mapping[str, Any], *, classes: Sequence[str]) -> None:
        super().__init__(data)
        field = forms.ChoiceField(choices=[(name, name) for name in classes])
        self.fields["class"] = field


def refuse_unknown(sent: QueryDict, known: Sequence[str]) -> None:
    """Refuse a parameter that there is not: a misspelt one would look like an answer.

    Raises
    ------
    ParameterError
        If one is not known.
    """
    unknown = sorted(set(sent) - set(known))
    if unknown:
        told = ", ".join(known) if len(known) <= _MOST_NAMED else "the fields of the form"
        raise ParameterError(f"There is no parameter {unknown[0]!r} here. Known are {told}.")


def first_problem(form: forms.Form) -> str:
    """Return the first thing that is wrong with a form, with the field's name before it."""
    for name, told in form.errors.items():
        field = form.fields.get(name)
        where = f"{field.label or name}: " if field else ""
        return f"{where}{told[0]}"
    return ""


class MapForm(forms.Form):
    """How large a map's sample is."""

    most = forms.IntegerField(
        label="Sample", min_value=FEWEST_MAPPED, max_value=MOST_MAPPED, required=False
    )
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=2**31 - 1, required=False)


class SquareForm(forms.Form):
    """Which square of the map a curator wants to hear."""

    x = forms.IntegerField(label="Column", min_value=0)
    y = forms.IntegerField(label="Row", min_value=0)
    round = forms.UUIDField(label="Round", required=False)
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=2**31 - 1, required=False)

    def __init__(self, data: Mapping[str, Any], *, cells: int) -> None:
        super().__init__(data)
        for name in ("x", "y"):
            field = self.fields[name]
            field.validators.append(MaxValueValidator(cells - 1))
