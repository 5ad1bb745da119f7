"""Forms of the curator's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.db.models import Count

from annotation.actions.pilot_campaign import MAX_PILOT, PILOT_SIZE
from annotation.campaigns.changing import locked
from annotation.campaigns.rules import (
    MAX_CLIP_CLASSES,
    MAX_DESCRIPTION,
    MAX_GOLD_SHARE,
    MAX_HEARD_MS,
    MAX_LEASE,
    MAX_PAY,
    MAX_RATINGS,
    MAX_REPEAT_SHARE,
    MIN_LEASE,
    CampaignRules,
    rules_of,
)
from annotation.models import Campaign
from candidates.models import SamplingRound

_USUAL: Final = CampaignRules()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Fields that belong together.

    Attributes
    ----------
    title, text
        What they are about.
    fields
        The bound fields, in order.
    """

    title: str
    text: str
    fields: list[forms.BoundField]


class LanguagesField(forms.CharField):
    """Codes of languages between commas."""

    def prepare_value(self, value: Any) -> Any:
        """Return a list as it is typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Return the codes as a list."""
        return [code for code in re.split(r"[\s,;]+", super().clean(value) or "") if code]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether other codes are meant."""
        return self.prepare_value(initial or []) != (data or "")


class _RulesForm(forms.Form):
    name = forms.CharField(max_length=200)
    description = forms.CharField(
        required=False,
        initial=_USUAL.description,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What whoever joins reads first: what it is for, and how long it takes.",
    )
    asks = forms.ChoiceField(
        label="How people are asked",
        choices=Campaign.Asks.choices,
        initial=_USUAL.asks,
        help_text="One class at a time suits rare classes; one clip at a time suits clips about"
        " which several classes are open.",
    )
    clip_classes = forms.IntegerField(
        label="Classes of a clip",
        min_value=1,
        max_value=MAX_CLIP_CLASSES,
        initial=_USUAL.clip_classes,
        help_text="Where people are asked clip by clip: each clip is asked about what it was drawn"
        " for and about the classes that the detector is least sure of, so many together.",
    )
    asks_confidence = forms.BooleanField(
        label="Ask how sure people are",
        required=False,
        initial=_USUAL.asks_confidence,
        help_text="Beside each answer they may say: a guess, fairly sure, or certain.",
    )
    min_ratings = forms.IntegerField(
        label="Ratings at least",
        min_value=1,
        max_value=MAX_RATINGS,
        initial=_USUAL.min_ratings,
        help_text="No question stops before it has so many.",
    )
    max_ratings = forms.IntegerField(
        label="Ratings at most",
        min_value=1,
        max_value=MAX_RATINGS,
        initial=_USUAL.max_ratings,
        help_text="Then a question without a decision is disputed and goes to a curator.",
    )
    stop_posterior = forms.FloatField(
        label="Stop at certainty",
        min_value=0.5,
        max_value=1,
        initial=_USUAL.stop_posterior,
        help_text="Between them, a question stops when it is so sure either way, above 0.5.",
    )
    audit_share = forms.FloatField(
        label="Share asked in full",
        min_value=0,
        max_value=1,
        initial=_USUAL.audit_share,
        help_text="Drawn at random and never stopped early. Calibration and the detector’s"
        " precision are estimated on it: 0.05 is one question in twenty.",
    )
    quota_positives = forms.IntegerField(
        label="Positives a class",
        min_value=0,
        initial=_USUAL.quota_positives,
        help_text="Labels “present” wanted of each class; forecasts count towards it.",
    )
    quota_labels = forms.IntegerField(
        label="Labels a class",
        min_value=0,
        initial=_USUAL.quota_labels,
        help_text="Decided labels wanted of each class, present or absent.",
    )
    gold_share = forms.FloatField(
        label="Share of gold",
        min_value=0,
        max_value=MAX_GOLD_SHARE,
        initial=_USUAL.gold_share,
        help_text="So many of the questions have a known answer, and nobody can tell which. It"
        " shows how far each person can be trusted: 0.1 is one in ten.",
    )
    trust_floor = forms.FloatField(
        label="Trusted from",
        min_value=0,
        max_value=1,
        initial=_USUAL.trust_floor,
        help_text="Whoever is surely right less often than this on gold is paused and offered the"
        " quiz again.",
    )
    repeat_share = forms.FloatField(
        label="Share asked again",
        min_value=0,
        max_value=MAX_REPEAT_SHARE,
        initial=_USUAL.repeat_share,
        help_text="So often a person gets a clip again that they answered some time ago, and"
        " cannot tell. It shows who agrees with themselves: 0.02 is one answer in fifty.",
    )
    min_heard_ms = forms.IntegerField(
        label="Heard before answering (ms)",
        min_value=0,
        max_value=MAX_HEARD_MS,
        initial=_USUAL.min_heard_ms,
        help_text="The rating page keeps its answers locked until so much of the clip was heard."
        " Only that page's script does: answers through plain forms and the API are stored with"
        " what was heard.",
    )
    requires_quiz = forms.BooleanField(
        label="Quiz first",
        required=False,
        initial=_USUAL.requires_quiz,
        help_text="Nobody is asked about a class before they have passed its quiz. A class without"
        " two known clips of each answer has none, and is asked about at once.",
    )
    checks_headphones = forms.BooleanField(
        label="Headphones needed",
        required=False,
        initial=_USUAL.checks_headphones,
        help_text="People are screened for headphones first. It takes a minute or two.",
    )
    joining = forms.ChoiceField(
        label="Who may join",
        choices=Campaign.Joining.choices,
        initial=_USUAL.joining,
    )
    languages = LanguagesField(
        label="Languages to read",
        required=False,
        initial=_USUAL.languages,
        max_length=200,
        help_text="Codes between commas, as in en, de. Leave it empty if it does not matter.",
    )
    pay_per_hour = forms.DecimalField(
        label="Pay an hour",
        required=False,
        min_value=0,
        max_value=MAX_PAY,
        decimal_places=2,
        help_text="For the cost of a label. Leave it empty for volunteers.",
    )
    pay_currency = forms.RegexField(
        label="Currency",
        regex=r"^[A-Za-z]{3}$",
        initial=_USUAL.pay_currency,
        error_messages={"invalid": "Three letters, as in EUR or USD."},
        help_text="Three letters (ISO 4217).",
    )
    lease_seconds = forms.IntegerField(
        label="Lease (seconds)",
        min_value=MIN_LEASE,
        max_value=MAX_LEASE,
        initial=_USUAL.lease_seconds,
        help_text="A question goes to somebody else when it was not answered in this time.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        initial=_USUAL.seed,
        help_text="Decides the order of questions, which are asked in full and which again.",
    )

    layout: ClassVar[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
        (
            "What is asked",
            "",
            ("rounds", "name", "description", "asks", "clip_classes", "asks_confidence"),
        ),
        (
            "When a question stops",
            "Each question is put to several people until they are sure enough together.",
            ("min_ratings", "max_ratings", "stop_posterior", "quota_positives", "quota_labels"),
        ),
        (
            "Quality",
            "How answers are checked. The usual values do for most campaigns.",
            (
                "gold_share", "trust_floor", "requires_quiz", "min_heard_ms", "checks_headphones",
                "audit_share", "repeat_share", "seed",
            ),
        ),
        (
            "People and pay",
            "",
            ("joining", "languages", "pay_per_hour", "pay_currency", "lease_seconds"),
        ),
    )  # fmt: skip

    def clean_pay_currency(self) -> str:
        """Return the code in capitals."""
        code: str = self.cleaned_data["pay_currency"]
        return code.upper()

    def groups(self) -> Iterator[Group]:
        """Yield the fields as they are shown."""
        for title, text, names in self.layout:
            shown = [self[name] for name in names if name in self.fields]
            if shown:
                yield Group(title=title, text=text, fields=shown)


class RoundsField(forms.ModelMultipleChoiceField):
    """Drawn rounds, each with its number of candidates."""

    def label_from_instance(self, obj: Any) -> str:
        """Return a round's name with what it drew."""
        return f"{obj}: {obj.drawn:,} candidates"


def drawn_rounds() -> Any:
    """Return rounds that can be asked about, with the number of their candidates as `drawn`."""
    rounds = SamplingRound.objects.filter(state=SamplingRound.State.DRAWN)
    return rounds.select_related("score_set__collection").annotate(drawn=Count("candidates"))


class OpenCampaignForm(_RulesForm):
    """What a curator decides when opening a campaign."""

    rounds = RoundsField(
        SamplingRound.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Each of their candidates becomes one question, once.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rounds"].queryset = drawn_rounds()  # type: ignore[attr-defined]


class EditCampaignForm(_RulesForm):
    """What a curator may change later; what is fixed is shown and says why."""

    def __init__(self, campaign: Campaign, data: Any = None) -> None:
        now = {"name": campaign.name, **rules_of(campaign)}
        super().__init__(data, initial=now)
        for name, why in locked(campaign).items():
            self.fields[name].disabled = True
            self.fields[name].help_text = why

    def changes(self) -> dict[str, Any]:
        """Return what was changed, by setting."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class ExtendForm(forms.Form):
    """What is added to a campaign."""

    rounds = RoundsField(
        SamplingRound.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Their candidates that are not asked about yet become questions.",
    )
    min_ratings = forms.IntegerField(
        label="Ratings at least",
        max_value=MAX_RATINGS,
        help_text="Higher than now: open questions are asked of more people.",
    )
    max_ratings = forms.IntegerField(label="Ratings at most", max_value=MAX_RATINGS)

    def __init__(self, campaign: Campaign, data: Any = None) -> None:
        now = {"min_ratings": campaign.min_ratings, "max_ratings": campaign.max_ratings}
        super().__init__(data, initial=now, auto_id="extend_%s")
        own = drawn_rounds().filter(score_set__collection=campaign.collection_id)
        self.fields["rounds"].queryset = own  # type: ignore[attr-defined]
        for name, least in now.items():
            self.fields[name].widget.attrs["min"] = least


class CloneForm(forms.Form):
    """A campaign like another."""

    name = forms.CharField(max_length=200)
    rounds = RoundsField(SamplingRound.objects.none(), widget=forms.CheckboxSelectMultiple)

    def __init__(self, campaign: Campaign, data: Any = None) -> None:
        super().__init__(data, auto_id="clone_%s")
        self.fields["name"].initial = f"{campaign.name[:190]} again"
        own = drawn_rounds().filter(score_set__collection=campaign.collection_id)
        self.fields["rounds"].queryset = own  # type: ignore[attr-defined]


class PilotForm(forms.Form):
    """A campaign tried on a few questions."""

    size = forms.IntegerField(
        label="Questions",
        min_value=1,
        max_value=MAX_PILOT,
        initial=PILOT_SIZE,
        help_text="Drawn over classes and tails in proportion.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**63 - 1, initial=0, help_text="Decides which questions."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="pilot_%s")


class GuidelineForm(forms.Form):
    """The words of a guideline; its examples are rows beside it."""

    question = forms.CharField(
        required=False,
        max_length=200,
        help_text="Leave it empty for the usual question.",
    )
    text = forms.CharField(
        label="What to listen for",
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="What counts, what does not, and when unsure is the right answer.",
    )
    takes_out = forms.BooleanField(
        label="Take clips that are still asked about out of the campaign",
        required=False,
        help_text="As an example, a clip’s answer is given away: its question is set aside.",
    )
