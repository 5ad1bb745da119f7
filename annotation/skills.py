"""What a person's answers weigh, from the latest run that judged them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models

from annotation.deciding import UNKNOWN, Weights
from annotation.models import Campaign, ConsensusRun, SkillSnapshot


class PersonWeights:
    """One person's weights in the campaigns of a batch; each collection is looked up once.

    Parameters
    ----------
    person
        Whose answers.
    """

    def __init__(self, person: Any) -> None:
        self._person = person
        self._by_collection: dict[UUID, dict[UUID | None, Weights]] = {}

    def of(self, campaign: Campaign, target_id: UUID | None) -> Weights:
        """Return the weights for a class: of the class, else of the person, else a stranger's."""
        known = self._by_collection.get(campaign.collection_id)
        if known is None:
            known = self._by_collection[campaign.collection_id] = self._latest(campaign)
        return known.get(target_id) or known.get(None) or UNKNOWN

    def _latest(self, campaign: Campaign) -> dict[UUID | None, Weights]:
        # Any campaign of the collection counts: who was judged in the first is known in the second.
        runs = ConsensusRun.objects.filter(
            campaign__collection=campaign.collection_id, skill_rows__person=self._person
        )
        latest = runs.order_by("-created_at").values("pk")[:1]
        rows = SkillSnapshot.objects.filter(person=self._person, run=models.Subquery(latest))
        return {
            row.target_id: Weights(yes=row.weight_yes, no=row.weight_no, unsure=row.weight_unsure)
            for row in rows
        }
