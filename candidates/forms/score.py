"""What a curator chooses before a collection is scored."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from candidates.detector import names
from candidates.models import DetectorVersion
from consonance.catalog.models import Collection, Taxonomy, TrackState

_SHIPPED: Final = "openmic20"


class ScoreForm(forms.Form):
    """Which recordings, which detector, which grid."""

    collection = forms.ModelChoiceField(
        Collection.objects.none(), label="Collection", empty_label=None
    )
    detector = forms.ChoiceField(
        label="Detector", help_text="Automatic takes the best one whose weights are at hand."
    )
    taxonomy = forms.ChoiceField(label="Taxonomy")
    window_ms = forms.IntegerField(
        label="Length of an excerpt, ms", min_value=1_000, max_value=600_000, initial=10_000
    )
    hop_ms = forms.IntegerField(
        label="From one excerpt to the next, ms",
        min_value=100,
        max_value=600_000,
        initial=3_840,
        help_text="OpenMIC-2018's grid: 10,000 and 3,840.",
    )
    processes = forms.IntegerField(
        label="Processes", min_value=1, max_value=256, initial=2, help_text="One a core."
    )
    fan_out = forms.BooleanField(
        label="Let the queue's other workers help, a hundred tracks at a time", required=False
    )

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["collection"].queryset = (  # type: ignore[attr-defined]
            Collection.objects.filter(tracks__state=TrackState.READY).distinct()
        )
        trained = DetectorVersion.objects.exclude(file="").order_by("name")
        own = sorted(set(trained.values_list("name", flat=True)))
        choices = [("auto", "Automatic"), *((name, name) for name in (*names(), *own))]
        self.fields["detector"].choices = choices  # type: ignore[attr-defined]
        published = Taxonomy.objects.filter(is_published=True).values_list("name", flat=True)
        known = sorted({_SHIPPED, *published})
        self.fields["taxonomy"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]
        self.fields["taxonomy"].initial = _SHIPPED

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that a forecast and the scoring itself have in common."""
        chosen = self.cleaned_data
        return {
            "collection": str(chosen["collection"].pk),
            **{
                name: chosen[name]
                for name in ("detector", "taxonomy", "window_ms", "hop_ms", "processes")
            },
        }
