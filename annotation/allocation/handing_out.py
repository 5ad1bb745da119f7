"""What people and programs are shown of questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from annotation.campaigns.guidelines import guidelines_to_show, present_guideline, question_of
from annotation.models import Assignment, Campaign
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
    targets = {lease.question.target for lease in assignments if lease.question.target}
    shown = guidelines_to_show(campaign, [target.pk for target in targets])
    texts = {
        target.pk: present_guideline(shown[target.pk][0], target, shown[target.pk][1])
        for target in targets
        if target.pk in shown
    }
    return [_present(lease, texts) for lease in assignments]


def _present(lease: Assignment, guidelines: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    question, target, clip = lease.question, lease.question.target, lease.question.clip
    if target is None or clip is None:
        raise StateError(f"Question {question.pk} has no clip and class: this page cannot ask it.")
    guideline = guidelines.get(target.pk)
    return {
        "assignment": str(lease.pk),
        "lease_until": lease.lease_until.isoformat(),
        "question": str(question.pk),
        "class": {
            "name": target.name,
            "display_name": target.display_name,
            "article": target.article,
        },
        "prompt": guideline["question"] if guideline else question_of(None, target),
        "guideline": guideline,
        "clip": {
            "id": str(clip.pk),
            "duration_ms": clip.duration_ms,
            "audio_url": sound_sources(clip)[0]["url"],
            "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
            "peaks": clip.peaks,
        },
    }
