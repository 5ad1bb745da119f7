"""What people and programs are shown of questions and progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.core.cache import cache
from django.urls import reverse

from annotation.campaigns.guidelines import current_guidelines, present_guideline, question_of
from annotation.models import Assignment, Campaign, GuidelineVersion, Question, Rating
from annotation.quizzes import taught_questions
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import StateError

_EXACT_UP_TO: Final = 500
_ESTIMATE_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one person is in one campaign."""

    answered_by_you: int
    remaining_for_you: int

    def as_dict(self) -> dict[str, int]:
        """Return it as JSON values."""
        return asdict(self)


def progress_of(campaign: Campaign, person: Any, now: Any) -> Progress:
    """Return how many answers a person has given, and how many questions could still come.

    The latter is exact up to `_EXACT_UP_TO`; above, it is up to a minute old and also counts what
    is kept from this person (explicit tracks without consent).

    Parameters
    ----------
    campaign
        Where.
    person
        Whose.
    now
        The time that decides which leases still live.
    """
    # All of them, planted repeats too: nobody is to tell by the count which answer was one.
    mine = Rating.objects.in_force().filter(question__campaign=campaign, person=person)
    answered = mine.count()
    in_hand = Assignment.objects.of(campaign).in_hand(person, now).count()
    still_open = (
        Question.objects.of(campaign)
        .not_gold()
        .open()
        .exclude(pk__in=taught_questions(campaign, person))
    )
    to_come = still_open.not_asked_of(person).suitable_for(person)[:_EXACT_UP_TO].count()
    remaining = in_hand + to_come
    if to_come == _EXACT_UP_TO:
        # Counting all takes long, so it is done now and then; answers since are subtracted.
        key = f"annotation.remaining:{campaign.pk}:{person.pk}"
        possible = cache.get(key)
        if possible is None:
            had = still_open.filter(assignments__person=person, assignments__occasion=0).count()
            possible = still_open.count() - had + in_hand + answered
            cache.set(key, possible, _ESTIMATE_SECONDS)
        remaining = max(remaining, possible - answered)
    return Progress(answered_by_you=answered, remaining_for_you=remaining)


def present_questions(
    campaign: Campaign, assignments: Sequence[Assignment]
) -> list[dict[str, Any]]:
    """Return leased questions as the rating page reads them.

    Parameters
    ----------
    campaign
        Theirs.
    assignments
        With question, clip and class loaded.
    """
    targets = {lease.question.target_id for lease in assignments}
    guidelines = current_guidelines(campaign, targets) if targets else {}
    return [_present(lease, guidelines) for lease in assignments]


def _present(lease: Assignment, guidelines: dict[Any, GuidelineVersion]) -> dict[str, Any]:
    question, target, clip = lease.question, lease.question.target, lease.question.clip
    if target is None or clip is None:
        raise StateError(f"Question {question.pk} has no clip and class: this page cannot ask it.")
    guideline = guidelines.get(question.target_id)
    return {
        "assignment": str(lease.pk),
        "lease_until": lease.lease_until.isoformat(),
        "question": str(question.pk),
        "class": {
            "name": target.name,
            "display_name": target.display_name,
            "article": target.article,
        },
        "prompt": question_of(guideline, target),
        "guideline": present_guideline(guideline, target) if guideline else None,
        "clip": {
            "id": str(clip.pk),
            "duration_ms": clip.duration_ms,
            "audio_url": sound_sources(clip)[0]["url"],
            "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
            "peaks": clip.peaks,
        },
    }
