"""Classes that somebody may be asked about in place of one that has nothing for them."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from annotation.allocation.classes import classes_by_need
from annotation.gold.quiz_breaks import breaks
from annotation.models import Campaign, Question
from consonance.catalog.models import TaxonomyClass

_MOST: Final = 6


def other_classes(
    campaign: Campaign, person: Any, target: TaxonomyClass | None
) -> list[TaxonomyClass]:
    """Return classes with questions for a person, the one they would be asked about next first.

    Left out is one whose quiz they failed just now. None where clips are passed: there nobody
    chooses. A query a class, each ended by its first row.

    Parameters
    ----------
    campaign
        Where.
    person
        Who.
    target
        The class in whose place; without one there is no other.
    """
    if campaign.asks == Campaign.Asks.CLIP_PASS or target is None:
        return []
    resting = breaks(campaign, person, timezone.now())
    left = Question.objects.of(campaign).not_gold().open().not_asked_of(person).suitable_for(person)
    found: list[TaxonomyClass] = []
    for stand in classes_by_need(campaign, person):
        other = stand.target
        if other.pk == target.pk or other.pk in resting:
            continue
        if left.filter(target=other).exists():
            found.append(other)
        if len(found) == _MOST:
            break
    return found
