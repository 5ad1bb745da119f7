"""What people's answers weigh, from the latest run that judged them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.db import models

from annotation.allocation.deciding import SILENT, UNKNOWN, Weights
from annotation.models import Campaign, ConsensusRun, Measure, SkillSnapshot
from annotation.people.measures import in_force, is_excluded
from annotation.stopping.policy import MIN_SUPPORT
from consonance.ledger.prepared import Prepared


def _of_latest_run(collection: UUID, person: UUID) -> models.QuerySet[SkillSnapshot, Any]:
    # Any campaign of the collection counts: who was judged in the first is known in the second.
    runs = ConsensusRun.objects.filter(campaign__collection=collection, skill_rows__person=person)
    latest = runs.order_by("-created_at").values("pk")[:1]
    rows = SkillSnapshot.objects.filter(person=person, run=models.Subquery(latest))
    return rows.values_list("target_id", "weight_yes", "weight_no", "weight_unsure")


_LATEST: Final = Prepared(_of_latest_run, collection=UUID, person=UUID)


class PersonWeights:
    """One person's weights in the campaigns of a batch; each is looked up once.

    Parameters
    ----------
    person
        Whose answers.
    """

    def __init__(self, person: Any) -> None:
        self._person = person
        self._by_collection: dict[UUID, dict[UUID | None, Weights]] = {}
        self._is_excluded: dict[UUID, bool] = {}

    def of(self, campaign: Campaign, target_id: UUID | None) -> Weights:
        """Return the weights for a class: of the class, else of the person, else a stranger's.

        Whoever is left out of consensus here weighs nothing.
        """
        if campaign.pk not in self._is_excluded:
            self._is_excluded[campaign.pk] = is_excluded(self._person, campaign)
        if self._is_excluded[campaign.pk]:
            return SILENT
        known = self._by_collection.get(campaign.collection_id)
        if known is None:
            known = self._by_collection[campaign.collection_id] = self._latest(campaign)
        return known.get(target_id) or known.get(None) or UNKNOWN

    def _latest(self, campaign: Campaign) -> dict[UUID | None, Weights]:
        rows = _LATEST.values(collection=campaign.collection_id, person=self._person.pk)
        return {target: Weights(yes=yes, no=no, unsure=unsure) for target, yes, no, unsure in rows}


class CrowdWeights:
    """Everybody's weights by one run; who it did not judge keeps what an earlier one said.

    Parameters
    ----------
    run
        With `campaign` loaded.
    """

    def __init__(self, run: ConsensusRun) -> None:
        self._run = run
        self._weights: dict[tuple[UUID, UUID | None], Weights] = {}
        self._seen: set[UUID] = set()
        self._supported: set[UUID] = set()
        self._excluded: frozenset[UUID] = frozenset()

    def look_up(self, people: Collection[UUID]) -> None:
        """Get ready for some people: skills once, and each time who is left out of consensus."""
        self._excluded = frozenset(
            in_force(self._run.campaign)
            .filter(kind=Measure.Kind.EXCLUDE, person__in=people)
            .values_list("person_id", flat=True)
        )
        new = set(people) - self._seen
        if not new:
            return
        self._seen |= new
        missing = new - self._read(SkillSnapshot.objects.filter(run=self._run, person__in=new))
        if missing:
            self._read(_latest_rows(self._run, missing))

    def of(self, person: UUID, target_id: UUID | None) -> Weights:
        """Return the weights for a class: of the class, else of the person, else a stranger's."""
        if person in self._excluded:
            return SILENT
        known = self._weights
        return known.get((person, target_id)) or known.get((person, None)) or UNKNOWN

    def is_known(self, person: UUID) -> bool:
        """Whether `MIN_SUPPORT` ratings stand behind a person who is not left out."""
        return person in self._supported and person not in self._excluded

    def _read(self, rows: models.QuerySet[SkillSnapshot]) -> set[UUID]:
        found = set()
        for person, target, support, yes, no, unsure in rows.values_list(
            "person_id", "target_id", "support", "weight_yes", "weight_no", "weight_unsure"
        ).iterator():
            self._weights[person, target] = Weights(yes=yes, no=no, unsure=unsure)
            if target is None and support >= MIN_SUPPORT:
                self._supported.add(person)
            found.add(person)
        return found


def _latest_rows(run: ConsensusRun, people: Collection[UUID]) -> models.QuerySet[SkillSnapshot]:
    rows = SkillSnapshot.objects.filter(run__campaign__collection=run.campaign.collection_id)
    judged = rows.filter(person=models.OuterRef("person"))
    latest = judged.order_by("-run__created_at").values("run")[:1]
    return rows.filter(person__in=people, run=models.Subquery(latest))
