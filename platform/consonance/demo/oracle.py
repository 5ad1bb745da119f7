"""What simulated people go by: the truth where it is known, the detector where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.db.models import QuerySet

from annotation.models import Campaign, GoldAnswer
from candidates.models import Candidate
from consonance.catalog.models import Clip


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What is there to be heard.

    Attributes
    ----------
    present
        Whether the class sounds in the clip.
    difficulty
        From 0 (obvious) to 1.
    sample_key
        Of the clip: what makes simulated answers the same in every run.
    """

    present: bool
    difficulty: float
    sample_key: str


class Oracle(Protocol):
    """Something that knows, or pretends to know, what sounds in a clip."""

    #: How its answers came about; stands in the release's provenance.
    basis: str

    def hear(self, clip_id: UUID, class_name: str) -> Hearing:
        """Return what sounds in a clip."""


class TruthOracle:
    """Knows the Synthetic Archive.

    Parameters
    ----------
    campaign
        Whose clips will be asked about.
    corpus
        The corpus's folder.
    """

    basis = "answers simulated from the known truth of rendered music"

    def __init__(self, campaign: Campaign, corpus: Path) -> None:
        from consonance.demo.corpus import truth

        table = truth.load(corpus)
        self._known: dict[tuple[UUID, str], Hearing] = {}
        classes: dict[Clip, set[str]] = {}
        for question in campaign.questions.select_related("clip__track", "target"):
            if question.clip and question.target:
                classes.setdefault(question.clip, set()).add(question.target.name)
        for gold in _gold_of(campaign):  # what quizzes ask
            classes.setdefault(gold.clip, set()).add(gold.target.name)
        for clip, several in classes.items():
            names = sorted(several)
            place = (clip.track.track_no, clip.start_ms, clip.duration_ms)
            present = truth.presence(table, *place, classes=names)
            difficulty = truth.difficulty(table, *place, classes=names)
            for name in names:
                self._known[clip.pk, name] = Hearing(
                    present=present[name],
                    difficulty=difficulty[name],
                    sample_key=clip.sample_key,
                )

    def hear(self, clip_id: UUID, class_name: str) -> Hearing:
        """Return what sounds in a clip."""
        return self._known[clip_id, class_name]


class TailOracle:
    """Takes the detector's word: drawn from the upper tail means present.

    For recordings whose truth nobody knows. Labels made so say nothing about the recordings; they
    let the whole chain run on real audio before anybody has listened. What a curator said of a
    clip is taken before the detector's word: quizzes ask about it.

    Parameters
    ----------
    campaign
        Whose candidates will be asked about.
    """

    basis = (
        "answers simulated from the detector's own scores: these labels say nothing about the "
        "recordings"
    )

    def __init__(self, campaign: Campaign) -> None:
        rows = Candidate.objects.filter(round__in=campaign.rounds.all())
        self._known = {
            (row.clip_id, row.target.name): Hearing(
                present=row.tail == Candidate.Tail.HIGH,
                difficulty=0.2,
                sample_key=row.clip.sample_key,
            )
            for row in rows.select_related("clip__track", "target")
        }
        for gold in _gold_of(campaign):
            self._known[gold.clip_id, gold.target.name] = Hearing(
                present=gold.truth == GoldAnswer.Truth.PRESENT,
                difficulty=0.2,
                sample_key=gold.clip.sample_key,
            )

    def hear(self, clip_id: UUID, class_name: str) -> Hearing:
        """Return what the detector thinks."""
        return self._known[clip_id, class_name]


def _gold_of(campaign: Campaign) -> QuerySet[GoldAnswer]:
    """Return what is known of the collection's clips, as far as the campaign asks about it."""
    known = GoldAnswer.objects.filter(collection=campaign.collection_id, retired_at__isnull=True)
    asked = known.filter(target__in=campaign.guidelines.values("target"))
    return asked.select_related("clip__track", "target").order_by("created_at", "pk")
