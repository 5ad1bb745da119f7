"""Whose answers stand behind the labels: groups of raters, by pseudonyms only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: Lower ends of the bands of trust, as the consensus run estimated it.
_TRUST: Final = (
    (0.9, "0.9 and above"),
    (0.8, "0.8 to 0.9"),
    (0.7, "0.7 to 0.8"),
    (0.0, "below 0.7"),
)
#: Fewer people than this are never told as a group: they could be recognised.
FEWEST: Final = 5


def raters_of(
    ratings: Iterable[tuple[str, str, bool]],
    trust: Mapping[str, float],
    partition_of: Mapping[str, str],
) -> dict[str, Any]:
    """Return how ratings are shared among groups of raters, in all and by partition.

    Parameters
    ----------
    ratings : iterable of (clip_id, rater, is_simulated)
        Those of released clips are counted.
    trust : mapping of str to float
        Of each rater, in [0, 1].
    partition_of : mapping of str to str
        Clip to partition.

    Returns
    -------
    dict
        `levels`, `totals` (ratings), `raters`, and `groups` by kind (people or simulated), by
        trust and by how much they answered; a group of fewer than five people is joined with the
        next one, so that nobody stands alone.
    """
    levels = ["release", *sorted(set(partition_of.values()))]
    each: dict[str, Counter[str]] = {level: Counter() for level in levels}
    is_simulated: dict[str, bool] = {}
    for clip_id, rater, simulated in ratings:
        if clip_id in partition_of:
            is_simulated[rater] = simulated
            each["release"][rater] += 1
            each[partition_of[clip_id]][rater] += 1
    kind = {rater: "simulated" if there else "people" for rater, there in is_simulated.items()}
    return {
        "unit": "ratings",
        "levels": levels,
        "totals": [sum(each[level].values()) for level in levels],
        "raters": [len(each[level]) for level in levels],
        "groups": [
            _group("kind", "Who answered", kind, each, ["people", "simulated"]),
            _group(
                "trust",
                "How often they are right",
                {rater: _band(trust[rater]) if rater in trust else "" for rater in kind},
                each,
                [label for _, label in _TRUST],
            ),
            _group(
                "share", "How much they answered", _by_size(each["release"]), each, list(_SIZES)
            ),
        ],
    }


_SIZES: Final = ("busiest tenth", "rest of the busier half", "other half")


def _band(value: float) -> str:
    return next(label for low, label in _TRUST if value >= low)


def _by_size(ratings: Counter[str]) -> dict[str, str]:
    """Return each rater's part of the crowd by number of answers."""
    order = sorted(ratings, key=lambda rater: (-ratings[rater], rater))
    tenth, half = -(-len(order) // 10), -(-len(order) // 2)
    return {
        rater: _SIZES[0] if place < tenth else _SIZES[1] if place < half else _SIZES[2]
        for place, rater in enumerate(order)
    }


def _group(
    name: str,
    title: str,
    group_of: Mapping[str, str],
    each: Mapping[str, Counter[str]],
    order: list[str],
) -> dict[str, Any]:
    people = Counter(group_of.values())
    joined: list[list[str]] = []
    waiting: list[str] = []
    for group in [entry for entry in order if people[entry]]:
        waiting.append(group)
        # Of machines nobody can be recognised; of few people somebody can.
        if name == "kind" or sum(people[entry] for entry in waiting) >= FEWEST:
            joined.append(waiting)
            waiting = []
    if waiting and joined:
        joined[-1] += waiting
    elif waiting:
        joined.append(waiting)
    return {
        "name": name,
        "title": title,
        "values": [
            {
                "value": ", ".join(groups),
                "raters": sum(people[group] for group in groups),
                "counts": [
                    sum(n for rater, n in found.items() if group_of.get(rater) in groups)
                    for found in each.values()
                ],
            }
            for groups in joined
        ],
        "unknown": [
            sum(n for rater, n in found.items() if not group_of.get(rater))
            for found in each.values()
        ],
    }
