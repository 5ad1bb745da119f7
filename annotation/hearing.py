"""Who may hear a clip because of a question or a quiz."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from annotation.gold.quizzes import in_quiz
from annotation.models import Assignment, Campaign, GuidelineExample
from consonance.catalog.media_access import readable_when
from consonance.catalog.models import Clip
from consonance.people.models import Membership, Role, Scope


@readable_when
def was_asked(clip: Clip, person: Any) -> bool:
    """Return whether the person was given a question about the clip."""
    return Assignment.objects.filter(question__clip=clip, person=person).exists()


@readable_when
def is_quizzed(clip: Clip, person: Any) -> bool:
    """Return whether the clip is in a quiz that the person is taking, or has just finished."""
    return in_quiz(person, timezone.now()).filter(gold__clip=clip).exists()


@readable_when
def is_example(clip: Clip, person: Any) -> bool:
    """Return whether the clip shows what counts in a campaign that the person may answer in."""
    if not GuidelineExample.objects.filter(clip=clip).exists():
        return False
    shown = Campaign.objects.filter(guidelines__examples__clip=clip)
    return shown.answerable_by(person).exists()


@readable_when
def curates_it(clip: Clip, person: Any) -> bool:
    """Return whether the person curates a campaign that asks about the clip, or shows it."""
    held = Membership.objects.filter(
        person=person, scope=Scope.CAMPAIGN, role__in=(Role.CURATOR, Role.ADMIN)
    )
    about = Campaign.objects.filter(pk__in=list(held.values_list("scope_id", flat=True)))
    return (
        about.filter(questions__clip=clip).exists()
        or about.filter(guidelines__examples__clip=clip).exists()
        or about.filter(collection=clip.track.collection_id, collection__gold__clip=clip).exists()
    )
