"""What a rating records of where its question came from: guideline and detector."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.cache import cache

from annotation.models import GuidelineVersion, Question
from candidates.models import Candidate, DetectorVersion
from consonance.ledger.prepared import Prepared

_REMEMBERED_SECONDS: Final = 60
_MOST: Final = 64  # characters that the column holds
_VERSIONS: Final = Prepared[GuidelineVersion](
    lambda campaign, target: (
        GuidelineVersion.objects.filter(campaign=campaign, target=target)
        .defer("text")
        .order_by("version")
    ),
    campaign=UUID,
    target=UUID,
)


class Guidelines:
    """The versions of guidelines that a batch of answers is about; each class is read once."""

    def __init__(self) -> None:
        self._versions: dict[tuple[UUID, UUID], list[GuidelineVersion]] = {}

    def shown(self, question: Question, guideline_id: UUID) -> GuidelineVersion | None:
        """Return the version with this id, if it is of the question's campaign and class."""
        versions = self._of(question)
        return next((row for row in versions if row.pk == guideline_id), None)

    def newest(self, question: Question, before: datetime) -> GuidelineVersion | None:
        """Return the version that was in force at a moment; the first of all if none was yet."""
        versions = self._of(question)
        there = [row for row in versions if row.created_at <= before]
        return there[-1] if there else next(iter(versions), None)

    def _of(self, question: Question) -> list[GuidelineVersion]:
        if question.target_id is None:
            return []
        place = (question.campaign_id, question.target_id)
        if place not in self._versions:
            self._versions[place] = _VERSIONS.rows(campaign=place[0], target=place[1])
        return self._versions[place]


def detector_of(question: Question) -> str:
    """Return the version of the detector whose scores a question was drawn by; empty if of none.

    Where all of a campaign's rounds have one detector, as nearly always, that is looked up once a
    minute and not for each answer.
    """
    key = f"annotation.detectors:{question.campaign_id}"
    versions: list[str] | None = cache.get(key)
    if versions is None:
        rows = DetectorVersion.objects.filter(
            pk__in=question.campaign.rounds.order_by().values("score_set__detector")
        )
        versions = sorted(set(rows.values_list("version", flat=True)))
        cache.set(key, versions, _REMEMBERED_SECONDS)
    if len(versions) < 2:
        return versions[0][:_MOST] if versions else ""
    drawn = Candidate.objects.filter(
        round__campaigns=question.campaign_id, clip=question.clip_id, target=question.target_id
    ).order_by("round__created_at")
    version = drawn.values_list("round__score_set__detector__version", flat=True).first()
    return (version or "")[:_MOST]
