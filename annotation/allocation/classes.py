"""Which class a person is asked about next."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from annotation.allocation.chance import chance
from annotation.allocation.stored import as_stored
from annotation.allocation.tallies import NOTHING, Standing, shown_tallies
from annotation.models import Campaign
from consonance.catalog.models import TaxonomyClass
from consonance.ledger.planned import planned

#: How long people stay at most with a class that has met its quotas.
STAYS_SECONDS: Final = 120
_REMEMBERED_SECONDS: Final = 3_600
#: Written out, because putting it together anew for each claim takes longer than answering it.
_CLASSES: Final = """
SELECT c.*, t.decided, t.positives
FROM catalog_taxonomyclass c
LEFT JOIN annotation_classtally t ON t.target_id = c.id AND t.campaign_id = %s
WHERE c.id IN (SELECT g.target_id FROM annotation_guidelineversion g WHERE g.campaign_id = %s)
"""


@dataclass(frozen=True, kw_only=True)
class ClassStand:
    """How far a class is towards the campaign's quotas.

    Attributes
    ----------
    target
        The class.
    decided, positives
        Questions decided either way, and for present; gold apart.
    wanted_labels, wanted_positives
        How many the campaign wants of each.
    is_counted
        Whether any of its questions was decided ever.
    """

    target: TaxonomyClass
    decided: int
    positives: int
    wanted_labels: int
    wanted_positives: int
    is_counted: bool = True

    @property
    def share(self) -> float:
        """The lesser share of the two quotas that is there; 1 and more when both are met."""
        return min(
            had / wanted if wanted else math.inf
            for had, wanted in (
                (self.positives, self.wanted_positives),
                (self.decided, self.wanted_labels),
            )
        )

    @property
    def has_quota(self) -> bool:
        """Whether there are enough labels and positives."""
        return self.share >= 1


def as_shown(campaign: Campaign, stand: ClassStand, stands: Iterable[ClassStand]) -> ClassStand:
    """Return a class's stand as annotators are told it: as it was up to ten minutes ago.

    Parameters
    ----------
    campaign
        Whose.
    stand
        The class's, as it is.
    stands
        All of the campaign's, as they are: they are kept where nothing is.
    """
    shown = shown_tallies(
        campaign,
        {one.target.pk: Standing(one.decided, one.positives) for one in stands if one.is_counted},
    ).get(stand.target.pk, NOTHING)
    return replace(stand, decided=shown.decided, positives=shown.positives)


def classes_by_need(
    campaign: Campaign, person: Any, in_turn: UUID | None = None
) -> list[ClassStand]:
    """Return a campaign's classes in the order in which this person is asked about them.

    The class in turn comes first until its quotas are met, and a moment of the person's own
    longer, then the class that is furthest from its quotas. When all have met them, the order is
    the same: whoever is nearest to its quotas is asked about next, so that labels go on growing
    evenly. Classes that are equally far come in an order of the person's own, so that a crowd that
    begins together spreads. One query.

    Parameters
    ----------
    campaign
        Whose; classes with a guideline.
    person
        Who is asked.
    in_turn
        The class that the person was asked about last.
    """
    here = as_stored(campaign.pk)
    with planned():
        rows: list[Any] = list(TaxonomyClass.objects.raw(_CLASSES, [here, here]))
    stands = [
        ClassStand(
            target=row,
            decided=row.decided or 0,
            positives=row.positives or 0,
            wanted_labels=campaign.quota_labels,
            wanted_positives=campaign.quota_positives,
            is_counted=row.decided is not None,
        )
        for row in rows
    ]
    all_met = all(one.has_quota for one in stands)
    return sorted(
        stands,
        key=lambda one: (
            one.target.pk != in_turn
            or (one.has_quota and not all_met and not _stays(campaign, person, one)),
            one.share,
            chance("classes", campaign.seed, person.pk, one.target.pk),
        ),
    )


def _stays(campaign: Campaign, person: Any, stand: ClassStand) -> bool:
    """Return whether a person goes on with the class in turn although it has met its quotas.

    Up to two minutes, by chance. Whoever was sent on at once would know of the answer before that
    it decided a question, and so was no answer to gold.
    """
    now = timezone.now().timestamp()
    key = f"annotation.quota_met:{campaign.pk}:{stand.target.pk}"
    met_at = cache.get_or_set(key, now, _REMEMBERED_SECONDS) or now
    own = chance("classes:stay", campaign.seed, person.pk, stand.target.pk)
    return bool(now < met_at + own * STAYS_SECONDS)
