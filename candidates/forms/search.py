"""The form that starts a search."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from candidates.actions.start_search import MOST_WORKERS, releases
from candidates.models import ScoreSet
from candidates.search.recipe import SearchRecipe
from candidates.search.space import DEFAULT_SPACE, SETTINGS
from candidates.search.words import in_words, space_of
from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError

_NUMBERS: Final = (
    "trials", "seeds", "epochs", "rungs", "reduction", "validation_share", "held_out_share", "seed",
)  # fmt: skip
_VARIED: Final = "vary_"
_DEFAULT: Final = SearchRecipe()


class SearchForm(forms.Form):
    """What a curator decides before a search."""

    score_set = forms.ModelChoiceField(
        queryset=ScoreSet.objects.none(),
        label="Embeddings",
        empty_label=None,
        help_text="Of the detector that the new head will stand on.",
    )
    source = forms.ChoiceField(
        label="Labels",
        help_text="What people said of clips of the same collection. A release is divided as it "
        "is; its test clips are kept for the comparison at the end.",
    )
    name = forms.CharField(label="Name", max_length=120, required=False)
    scheduler = forms.ChoiceField(
        label="Scheduler",
        choices=[
            ("halving", "Successive halving: try many briefly, go on with the best"),
            ("random", "Random: train every one to the end"),
            ("grid", "Grid: every combination of the values below"),
        ],
    )
    trials = forms.IntegerField(
        label="Configurations",
        min_value=1,
        max_value=10_000,
        initial=_DEFAULT.trials,
        help_text="Besides the default, which is always tried.",
    )
    seeds = forms.IntegerField(
        label="Seeds",
        min_value=1,
        max_value=50,
        initial=_DEFAULT.seeds,
        help_text="Each configuration is trained so often: chance should not choose.",
    )
    epochs = forms.IntegerField(
        label="Passes over the data",
        min_value=1,
        max_value=10_000,
        initial=_DEFAULT.epochs,
        help_text="At most; a training ends when it gets no better.",
    )
    rungs = forms.IntegerField(
        label="Rungs",
        min_value=1,
        max_value=10,
        initial=_DEFAULT.rungs,
        help_text="Of successive halving: how often the best are chosen.",
    )
    reduction = forms.IntegerField(
        label="One in … goes on", min_value=2, max_value=10, initial=_DEFAULT.reduction
    )
    groups = forms.ChoiceField(
        label="Keep together",
        choices=[("artist", "Recordings of an artist"), ("track", "Clips of a recording")],
        help_text="What is never learnt from and measured on at once.",
    )
    validation_share = forms.FloatField(
        label="Share for choosing",
        min_value=0.01,
        max_value=0.9,
        initial=_DEFAULT.validation_share,
    )
    held_out_share = forms.FloatField(
        label="Share held out",
        min_value=0,
        max_value=0.9,
        initial=_DEFAULT.held_out_share,
        help_text="The winner is compared with the default on it, and nothing is chosen by it.",
    )
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=2_000_000, initial=0)
    workers = forms.IntegerField(
        label="Workers",
        min_value=1,
        max_value=MOST_WORKERS,
        initial=2,
        help_text="Jobs that work on it at once. The outcome does not depend on it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["score_set"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = ScoreSet.objects.filter(is_complete=True).select_related(
            "collection", "detector"
        )
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)  # noqa: S101 - declared above
        source.choices = sources()
        for setting in SETTINGS.values():
            part = DEFAULT_SPACE.of.get(setting.name)
            self.fields[_VARIED + setting.name] = forms.CharField(
                label=setting.label,
                required=False,
                max_length=300,
                initial=in_words(part) if part else "",
                help_text=f"{setting.sentence} Allowed: {setting.allowed}.",
            )

    @property
    def groups_of_fields(self) -> list[dict[str, Any]]:
        """The fields by what they are about, for the template."""
        names = {
            "What to learn from": ("score_set", "source", "groups", "name"),
            "How long to look": (
                "scheduler", "trials", "seeds", "epochs", "rungs", "reduction", "workers",
            ),
            "How to compare": ("validation_share", "held_out_share", "seed"),
            "What to vary": tuple(_VARIED + name for name in SETTINGS),
        }  # fmt: skip
        notes = {
            "What to vary": "Values with commas between them, or a range such as 0.0001 to 0.01 "
            "log. What is empty keeps its default.",
        }
        return [
            {"title": title, "note": notes.get(title, ""), "fields": [self[name] for name in found]}
            for title, found in names.items()
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

    def recipe(self) -> SearchRecipe:
        """Return the recipe of a valid form; its data are filled in when it starts."""
        values = self.cleaned_data
        words = {name: values[_VARIED + name] for name in SETTINGS}
        numbers: dict[str, Any] = {name: values[name] for name in _NUMBERS}
        if values["scheduler"] == "grid":
            numbers["trials"] = None
        return SearchRecipe(
            space=space_of(words),
            scheduler=values["scheduler"],
            groups=values["groups"],
            **numbers,
        )

    def labels(self) -> FrozenTableRow | None:
        """Return the chosen table of labels; None if a release was chosen."""
        kind, _, key = self.cleaned_data["source"].partition(":")
        return FrozenTableRow.objects.get(pk=key) if kind == "labels" else None

    def release(self) -> str:
        """Return the chosen release; empty if labels were chosen."""
        kind, _, key = self.cleaned_data["source"].partition(":")
        return key if kind == "release" else ""


def sources() -> list[tuple[str, str]]:
    """Return what can be learnt from: newest labels first, then releases."""
    tables = FrozenTableRow.objects.filter(kind="labels", rows__gt=0).select_related("collection")
    return [
        *(
            (
                f"labels:{row.pk}",
                f"{row.collection}: {row.rows:,} labels of {row.created_at:%-d %B %Y, %H:%M} "
                f"({row.sha256[:8]})",
            )
            for row in tables.order_by("-created_at")[:200]
        ),
        *((f"release:{name}", f"Release {name}") for name in releases()),
    ]
