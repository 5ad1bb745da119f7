"""What a person is told when no more questions come: how they did, how far it is, what is next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.allocation.tallies import shown_tallies
from annotation.campaigns.other_classes import other_classes
from annotation.gold.own import OwnAccuracy, own_accuracy
from annotation.gold.quiz_breaks import breaks
from annotation.models import Campaign
from consonance.catalog.models import TaxonomyClass

#: Title and sentence by the reason why nothing more comes.
_TOLD: Final[dict[str, tuple[str | Promise, str | Promise]]] = {
    "nothing_left": (
        gettext_lazy("That was the last one"),
        gettext_lazy("No other clip is open to you here at the moment."),
    ),
    "hands_full": (
        gettext_lazy("Another window has your clips"),
        gettext_lazy(
            "You have the page open elsewhere, or had a moment ago. Go on there, or come back in a"
            " few minutes: what is not answered comes free by itself."
        ),
    ),
    "paused": (
        gettext_lazy("This campaign is paused"),
        gettext_lazy("What you answered is kept. Come back when the curator has opened it again."),
    ),
    "closed": (
        gettext_lazy("This campaign is closed"),
        gettext_lazy("It has all the answers it needs. Thank you for yours."),
    ),
    "paused_you": (gettext_lazy("You are paused here"), gettext_lazy("Your answers are kept.")),
    "quiz": (
        gettext_lazy("A short quiz first"),
        gettext_lazy("It takes about two minutes, and each answer is explained."),
    ),
    "consent": (
        gettext_lazy("The terms have changed"),
        gettext_lazy("Please read them before you go on. Your answers are kept."),
    ),
    "study_done": (
        gettext_lazy("You have finished the study"),
        gettext_lazy("You gave all the answers that it asks for. Thank you!"),
    ),
    "welcome": (
        gettext_lazy("Instructions first"),
        gettext_lazy("Please read them and check your sound. It takes a minute."),
    ),
    "headphones": (
        gettext_lazy("Headphones first"),
        gettext_lazy("This campaign needs them. A short listening test comes before the clips."),
    ),
}


@dataclass(frozen=True, kw_only=True)
class ClassProgress:
    """How far a class, or a campaign's classes together, are towards their quota.

    Attributes
    ----------
    name
        As it is shown.
    decided, quota_labels
        Labels there are and labels wanted.
    positives, quota_positives
        Those of them that are present.
    """

    name: str
    decided: int
    quota_labels: int
    positives: int
    quota_positives: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """A way to go on."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class EndCard:
    """What is shown.

    Attributes
    ----------
    reason
        Why nothing more comes.
    title, text, detail
        The same in words, and what the server adds for this person.
    given
        Answers of this sitting; 0 where it is not known.
    first
        The next step, where there is one.
    accuracy
        The person's own on clips whose answer is known; None before there are enough.
    progress
        Of the class that was asked about, or of all; None where nothing was counted yet.
    others
        Other classes that have questions for the person: where this one has none, or its quiz was
        failed just now.
    """

    reason: str
    title: str
    text: str
    detail: str = ""
    given: int = 0
    first: Link | None = None
    accuracy: OwnAccuracy | None = None
    progress: ClassProgress | None = None
    others: list[Link] = field(default_factory=list)


def end_card(
    campaign: Campaign,
    person: Any,
    *,
    reason: str,
    detail: str = "",
    given: int = 0,
    target: TaxonomyClass | None = None,
    url: str = "",
) -> EndCard:
    """Return what to show when a claim brought nothing.

    Parameters
    ----------
    campaign
        Where.
    person
        To whom.
    reason
        A claim's; what is unknown is taken for `nothing_left`.
    detail
        A claim's sentence for the person.
    given
        Answers of this sitting.
    target
        The class that was asked about, where it was one.
    url
        Where the person is to go first, where the claim says so.
    """
    reason = reason if reason in _TOLD else "nothing_left"
    title, text = _TOLD[reason]
    if reason == "nothing_left" and not given:
        title = gettext_lazy("Nothing left to ask you")
    others: list[Link] = []
    if campaign.state == Campaign.State.OPEN and _is_over(campaign, person, reason, target):
        others = _links(campaign, other_classes(campaign, person, target))
    if others and reason == "nothing_left":
        text = gettext_lazy("No other clip of this class is open to you at the moment.")
    return EndCard(
        reason=reason,
        title=str(title),
        text=str(text),
        detail=detail,
        given=given,
        first=_first(campaign, reason, url),
        accuracy=own_accuracy(person, campaign),
        progress=class_progress(campaign, target),
        others=others,
    )


def class_progress(campaign: Campaign, target: TaxonomyClass | None) -> ClassProgress | None:
    """Return how far a class is, or all of them together; None where nothing was counted yet.

    As it was up to ten minutes ago (`annotation.allocation.tallies.shown_tallies`).
    """
    tallies = shown_tallies(campaign)
    if target is not None:
        tallies = {key: one for key, one in tallies.items() if key == target.pk}
    if not tallies:
        return None
    return ClassProgress(
        name=target.display_name if target is not None else _("All classes"),
        decided=sum(one.decided for one in tallies.values()),
        quota_labels=campaign.quota_labels * len(tallies),
        positives=sum(one.positives for one in tallies.values()),
        quota_positives=campaign.quota_positives * len(tallies),
    )


def _first(campaign: Campaign, reason: str, given: str) -> Link | None:
    here = [campaign.pk]
    pages = {
        "quiz": (_("To the quiz"), reverse("annotation:quiz", args=here)),
        "welcome": (_("Read the instructions"), reverse("annotation:welcome", args=here)),
        "headphones": (_("To the listening test"), reverse("annotation:headphones", args=here)),
        "consent": (_("Read the terms"), reverse("annotation:rate", args=here)),
        "study_done": (_("Get your code"), reverse("annotation:rate", args=here)),
        "paused_you": (
            _("Write to whoever runs it"),
            reverse("annotation:conversation", args=here),
        ),
    }
    if reason not in pages:
        return None
    label, url = pages[reason]
    return Link(label=label, url=given or url)


def _is_over(campaign: Campaign, person: Any, reason: str, target: TaxonomyClass | None) -> bool:
    """Return whether a class has nothing for a person: no clip, or a quiz only after a break."""
    if reason == "quiz" and target is not None:
        return target.pk in breaks(campaign, person, timezone.now())
    return reason == "nothing_left"


def _links(campaign: Campaign, classes: list[TaxonomyClass]) -> list[Link]:
    """Return where one is asked about each class."""
    here = reverse("annotation:rate", args=[campaign.pk])
    return [Link(label=one.display_name, url=f"{here}?class={one.name}") for one in classes]
