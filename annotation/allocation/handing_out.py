"""What people and programs are shown of questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from annotation.campaigns.guidelines import current_guidelines, present_guideline, question_of
from annotation.models import Assignment, Campaign, GuidelineVersion
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import StateError


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
