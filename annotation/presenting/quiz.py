"""A quiz's clips as page and API show them: not a word of the truth before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.campaigns.guidelines import guidelines_to_show, present_guideline
from annotation.campaigns.wording import in_sentence, prompt
from annotation.gold.quizzes import is_right
from annotation.models import Campaign, GoldAnswer, QuizItem
from annotation.models.ratings import Answer
from consonance.catalog.sound_sources import sound_sources

_SAID: Final = {
    Answer.YES: _("You said yes."),
    Answer.NO: _("You said no."),
    Answer.UNSURE: _("You were unsure."),
}
_TRUTH: Final = {
    GoldAnswer.Truth.PRESENT: _("One can hear %(thing)s here."),
    GoldAnswer.Truth.ABSENT: _("One cannot hear %(thing)s here."),
}


def present_items(campaign: Campaign, items: Sequence[QuizItem]) -> list[dict[str, Any]]:
    """Return clips of a quiz, those that were answered with the explanation.

    Parameters
    ----------
    campaign
        Whose guidelines and questions they are asked with.
    items
        With gold, clip, track and class loaded.
    """
    targets = {item.gold.target_id: item.gold.target for item in items}
    found = guidelines_to_show(campaign, list(targets)) if targets else {}
    guidelines = {
        key: present_guideline(guideline, targets[key], examples)
        for key, (guideline, examples) in found.items()
    }
    return [_present(item, guidelines.get(item.gold.target_id)) for item in items]


def _present(item: QuizItem, guideline: dict[str, Any] | None) -> dict[str, Any]:
    clip, target = item.gold.clip, item.gold.target
    shown: dict[str, Any] = {
        "id": str(item.pk),
        "place": item.place,
        "prompt": guideline["question"] if guideline else prompt(target),
        "guideline": guideline,
        "target": target,
        "clip": clip,
        "audio_url": sound_sources(clip)[0]["url"],
        "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
        "duration_ms": clip.duration_ms,
    }
    if item.answer:
        shown |= {
            "answer": item.answer,
            "said": str(_SAID[Answer(item.answer)]),
            "is_right": is_right(item),
            "known": item.gold.truth,
            "truth": _TRUTH[GoldAnswer.Truth(item.gold.truth)] % {"thing": in_sentence(target)},
            "explanation": item.gold.explanation,
        }
    return shown
