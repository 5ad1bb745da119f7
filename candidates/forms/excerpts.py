"""Which excerpts a curator wants to hear or see: of a bin, or of a square of the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator

from candidates.scoring.embedding_map import FEWEST as FEWEST_MAPPED
from candidates.scoring.embedding_map import MOST as MOST_MAPPED
from candidates.scoring.lookup import MOST_HEARD

HEARD_AT_ONCE: Final = 5


class ListenForm(forms.Form):
    """Which excerpts a curator wants to hear."""

    bin = forms.IntegerField(min_value=0)
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    n = forms.IntegerField(min_value=1, max_value=MOST_HEARD, required=False)

    def __init__(self, data: Mapping[str, Any], *, classes: Sequence[str]) -> None:
        super().__init__(data)
        field = forms.ChoiceField(choices=[(name, name) for name in classes])
        self.fields["class"] = field


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
