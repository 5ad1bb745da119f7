"""Who rated, and who is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annotation.aggregation import identifiers
from annotation.aggregation.codes import IntArray
from annotation.models import Campaign, Measure
from annotation.people.pseudonyms import Pseudonyms
from consonance.people.models import User


@dataclass(frozen=True, kw_only=True)
class Rater:
    """Somebody who rated."""

    person_id: Any
    pseudonym: str
    is_simulated: bool


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Somebody whose ratings are left out, and why."""

    pseudonym: str
    reason: str
    rule: str
    since: str
    ratings: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "rater": self.pseudonym,
            "reason": self.reason,
            "rule": self.rule,
            "since": self.since,
            "ratings": self.ratings,
        }


def raters_called(campaign: Campaign, names: pa.FixedSizeBinaryArray) -> list[Rater]:
    """Return who bears some pseudonyms, sorted by them.

    Parameters
    ----------
    campaign
        Where.
    names
        Pseudonyms as bytes; each may occur often.
    """
    wanted = set(identifiers.rater_text(names.unique()).to_pylist())
    pseudonyms = Pseudonyms(campaign.collection_id)
    if not wanted:
        return []
    found = []
    # A pseudonym cannot be turned back, so everybody's is computed: some 3 µs each.
    everybody = User.objects.values_list("pk", "is_simulated", "pseudonym_key")
    for person, simulated, key in everybody.iterator():
        name = pseudonyms.under(key)
        if name in wanted:
            found.append(Rater(person_id=person, pseudonym=name, is_simulated=simulated))
    return sorted(found, key=lambda rater: rater.pseudonym)


def exclusions_in_force(campaign: Campaign) -> dict[str, Measure]:
    """Return the measures that leave people out of consensus now, by pseudonym."""
    found = list(
        Measure.objects.filter(campaign=campaign, kind=Measure.Kind.EXCLUDE, lifted_at__isnull=True)
    )
    names = Pseudonyms(campaign.collection_id).of_all(row.person_id for row in found)
    return {names[row.person_id]: row for row in found}


def listed(
    measures: dict[str, Measure], excluded: list[Rater], number: IntArray
) -> list[Exclusion]:
    """Return who is left out, sorted by pseudonym.

    Parameters
    ----------
    measures
        By pseudonym.
    excluded
        Those among them who rated.
    number : np.ndarray [shape=(n_excluded,)]
        How much.
    """
    ratings = {person.pseudonym: int(count) for person, count in zip(excluded, number, strict=True)}
    return [
        Exclusion(
            pseudonym=name,
            reason=measure.reason,
            rule=measure.rule,
            since=measure.created_at.isoformat(),
            ratings=ratings.get(name, 0),
        )
        for name, measure in sorted(measures.items())
    ]
