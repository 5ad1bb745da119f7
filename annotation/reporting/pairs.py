"""The part of a report that names people who answer suspiciously alike."""

from __future__ import annotations

from typing import Final

import numpy as np

from annotation.agreement import NotEnoughData
from annotation.reporting.observed import Observed
from annotation.reporting.shape import ClusterRow, PairRow
from annotation.reporting.values import DIGITS

#: How many pairs are listed at most, and how many at least where so many were tested: those next
#: in line show what is not suspicious.
LISTED: Final = 200
LISTED_ANYHOW: Final = 20


def pair_rows(seen: Observed) -> list[PairRow]:
    """Return pairs of people, the most suspicious first."""
    found = seen.pairs
    if isinstance(found, NotEnoughData):
        return []
    suspicious = np.flatnonzero(found.is_suspicious)[:LISTED]
    others = np.flatnonzero(~found.is_suspicious)[: max(0, LISTED_ANYHOW - len(suspicious))]
    people = seen.collected.people
    rows: list[PairRow] = []
    for row in [*suspicious.tolist(), *others.tolist()]:
        first, second = int(found.first[row]), int(found.second[row])
        cluster = int(found.cluster_of[first]) if found.is_suspicious[row] else -1
        rows.append(
            {
                "first": people[first].pseudonym,
                "second": people[second].pseudonym,
                "shared": int(found.shared[row]),
                "equal": int(found.equal[row]),
                "expected": round(float(found.expected[row]), DIGITS),
                "z": round(float(found.z[row]), DIGITS),
                "p": float(f"{found.adjusted[row]:.3g}"),
                "cluster": cluster if cluster >= 0 else None,
            }
        )
    return rows


def cluster_rows(seen: Observed) -> list[ClusterRow]:
    """Return people joined by suspicious pairs, the largest cluster first."""
    found = seen.pairs
    if isinstance(found, NotEnoughData):
        return []
    people = seen.collected.people
    return [
        {
            "cluster": index,
            "raters": [people[person].pseudonym for person in cluster.people.tolist()],
            "shared": cluster.shared,
            "equal": cluster.equal,
            "expected": round(float(cluster.expected), DIGITS),
        }
        for index, cluster in enumerate(found.clusters)
    ]


def cluster_of(seen: Observed) -> list[int | None]:
    """Return each person's cluster [shape=(n_people,)]; None for none."""
    found = seen.pairs
    if isinstance(found, NotEnoughData):
        return [None] * seen.n_people
    return [place if place >= 0 else None for place in found.cluster_of.tolist()]
