"""Trust from gold: a Beta posterior of how often somebody is right, per person and class.

Yes and no count; unsure is honest and counts for nothing. Before the first answer people are
believed to be right four times in five, as a stranger's answers are weighed
(`annotation.allocation.deciding.UNKNOWN_SENSITIVITY`), and that belief weighs as much as five
answers: a Beta(4, 1). Whole numbers make the posterior's tail a binomial sum, exact without special
functions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from annotation.models import Campaign, GoldTrust, GuidelineVersion
from consonance.catalog.models import TaxonomyClass
from consonance.ledger.prepared import Prepared

PRIOR_RIGHT: Final = 4
PRIOR_WRONG: Final = 1
#: A credible interval leaves so much on either side. People are looked at after each answer: over a
#: hundred of them, with a floor of .7, it finds 99 % of those who throw a coin (half within 20) and
#: 77 % of those right at .6; of those right at .75 it stops 3 %, at .8 one in 200 (simulated). They
#: lose two minutes.
TAIL: Final = 0.05
#: Fewer definite answers than this pause nobody, however wrong they are.
LEAST_ANSWERS: Final = 5
_HALVINGS: Final = 50


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Counts, and what they say of how often a person is right.

    Attributes
    ----------
    right, wrong
        Definite answers to gold.
    """

    right: int = 0
    wrong: int = 0

    @property
    def number(self) -> int:
        """Definite answers to gold."""
        return self.right + self.wrong

    @property
    def mean(self) -> float:
        """The posterior's mean, in (0, 1)."""
        alpha, beta = PRIOR_RIGHT + self.right, PRIOR_WRONG + self.wrong
        return alpha / (alpha + beta)

    @property
    def low(self) -> float:
        """Above which accuracy lies with probability 1 - `TAIL`."""
        return self._bound(1 - TAIL)

    @property
    def high(self) -> float:
        """Below which accuracy lies with probability 1 - `TAIL`."""
        return self._bound(TAIL)

    def chance_above(self, accuracy: float) -> float:
        """Return the posterior probability that the person is right oftener than this.

        I_x(a, b) is the chance of a or more among a + b - 1 throws that succeed with probability x
        (Abramowitz and Stegun 1964, 26.5.24); this is the rest of it.

        Parameters
        ----------
        accuracy
            In [0, 1].
        """
        alpha = PRIOR_RIGHT + self.right
        throws = alpha + PRIOR_WRONG + self.wrong - 1
        if accuracy <= 0:
            return 1.0
        if accuracy >= 1:
            return 0.0
        yes, no = math.log(accuracy), math.log1p(-accuracy)
        whole = math.lgamma(throws + 1)
        return min(
            1.0,
            math.fsum(
                math.exp(
                    whole
                    - math.lgamma(hits + 1)
                    - math.lgamma(throws - hits + 1)
                    + hits * yes
                    + (throws - hits) * no
                )
                for hits in range(alpha)
            ),
        )

    def is_below(self, floor: float) -> bool:
        """Return whether accuracy is surely below a floor: the upper credible bound is."""
        return self.number >= LEAST_ANSWERS and self.chance_above(floor) < TAIL

    def _bound(self, above: float) -> float:
        """Return the accuracy that is exceeded with some probability."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.chance_above(middle) > above:
                low = middle
            else:
                high = middle
        return (low + high) / 2


@dataclass(frozen=True, kw_only=True)
class ClassTrust:
    """A person's trust in one class."""

    target: TaxonomyClass
    trust: Trust


#: Asked with every answer.
_TRUST: Final = Prepared[GoldTrust](
    lambda person, collection, campaign: (
        GoldTrust.objects.filter(
            Q(right__gt=0) | Q(wrong__gt=0),
            person=person,
            collection=collection,
            target__in=GuidelineVersion.objects.filter(campaign=campaign).values("target"),
        )
        .select_related("target")
        .order_by("target__position", "target__name")
    ),
    person=UUID,
    collection=UUID,
    campaign=UUID,
)


def trust_of(person: Any, campaign: Campaign) -> list[ClassTrust]:
    """Return a person's trust in each class of a campaign that they met gold of; one query.

    What they answered in other campaigns of the collection counts, too.
    """
    found = _TRUST.rows(person=person.pk, collection=campaign.collection_id, campaign=campaign.pk)
    return [
        ClassTrust(target=row.target, trust=Trust(right=row.right, wrong=row.wrong))
        for row in found
    ]


def together(rows: Iterable[ClassTrust]) -> Trust:
    """Return the trust of all classes as one."""
    rows = list(rows)
    return Trust(
        right=sum(row.trust.right for row in rows), wrong=sum(row.trust.wrong for row in rows)
    )


def doubtful(rows: list[ClassTrust], floor: float) -> list[ClassTrust] | None:
    """Return the classes in which somebody is surely below a floor; None where they are nowhere.

    All classes together count as well, so that who guesses a little everywhere is found: the list
    is empty then.
    """
    below = [row for row in rows if row.trust.is_below(floor)]
    if below or together(rows).is_below(floor):
        return below
    return None
