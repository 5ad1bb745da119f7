"""People who answer more alike than their skill explains: pairs, and groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from annotation.actions.take_measure import MAX_REASON
from annotation.models import Measure
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.people import measure_pills
from annotation.reporting.shape import ClusterRow, PairRow
from consonance.people.models import User

#: Columns that pairs are sorted by: key of the stored row, words, whether large comes first.
SORTS: Final[dict[str, tuple[str, bool]]] = {
    "z": ("z", True),
    "p": ("Adjusted p", False),
    "shared": ("Shared", True),
    "equal": ("Equal", True),
    "excess": ("More than expected", True),
}
DEFAULT_SORT: Final = "z"
#: Below this a p-value is only said to be smaller.
_SMALLEST_P: Final = 0.0001
#: Code of the flag that a cluster raises (annotation.agreement.flags).
RULE: Final = "cluster"


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two people: name, page, and what holds for them; no page where the account is gone."""

    name: str
    url: str
    pills: list[dict[str, str]]
    person: User | None


@dataclass(frozen=True, kw_only=True)
class ShownPair:
    """Two people, their numbers in words, and the ratings that both gave."""

    first: Side
    second: Side
    shared: str
    equal: str
    expected: str
    excess: float
    z: float
    z_text: str
    p: float
    p_text: str
    cluster: int | None
    url: str

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both of them."""
        return self.first, self.second


@dataclass(frozen=True, kw_only=True)
class ShownCluster:
    """People who answer as one.

    Attributes
    ----------
    number
        As in the report.
    members
        Everybody of it.
    told
        A sentence with its numbers.
    reason
        The same, to begin a measure's reason with.
    people
        Accounts that still exist.
    to_exclude, to_pause
        How many of them are not left out, and not paused.
    """

    number: int
    members: list[Side]
    told: str
    reason: str
    people: list[User]
    to_exclude: int
    to_pause: int


class Accounts:
    """Names and measures of a report's people, by pseudonym."""

    def __init__(
        self,
        campaign_id: UUID,
        people: Mapping[str, User],
        measures: Mapping[UUID, dict[str, Measure]],
        run: int | None = None,
    ) -> None:
        self._campaign, self._run = campaign_id, run
        self._people, self._measures = people, measures

    def side(self, rater: str) -> Side:
        """Return somebody by pseudonym; those without an account are called by it."""
        person = self._people.get(rater)
        if person is None:
            return Side(name=rater, url="", pills=[], person=None)
        return Side(
            name=person.username,
            url=page_url("consistency_person", self._campaign, person.pk, run=self._run),
            pills=measure_pills(self._measures.get(person.pk, {})),
            person=person,
        )

    def holds(self, kind: str, person: User) -> bool:
        """Return whether a measure is in force for somebody."""
        return kind in self._measures.get(person.pk, {})

    def shared_url(self, first: Side, second: Side) -> str:
        """Return the ratings of questions that both answered."""
        if first.person is None or second.person is None:
            return ""
        return ratings_url(self._campaign, pair=f"{first.person.pk},{second.person.pk}")


def shown_pairs(pairs: Iterable[PairRow], accounts: Accounts) -> list[ShownPair]:
    """Return stored pairs with names and words."""
    shown = []
    for row in pairs:
        first, second = accounts.side(row["first"]), accounts.side(row["second"])
        shown.append(
            ShownPair(
                first=first,
                second=second,
                shared=f"{row['shared']:,}",
                equal=f"{row['equal']:,}",
                expected=f"{row['expected']:,.1f}",
                excess=row["equal"] - row["expected"],
                z=row["z"],
                z_text=f"{row['z']:.1f}",
                p=row["p"],
                p_text=p_text(row["p"]),
                cluster=row["cluster"],
                url=accounts.shared_url(first, second),
            )
        )
    return shown


def sorted_pairs(pairs: Sequence[PairRow], sort: str) -> list[PairRow]:
    """Return pairs by a key of `SORTS`, `-` before it for the other way round."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        name, sort = DEFAULT_SORT, DEFAULT_SORT
    large_first = SORTS[name][1] != sort.startswith("-")

    def key(row: PairRow) -> Any:
        value = row["equal"] - row["expected"] if name == "excess" else dict(row)[name]
        return (-value if large_first else value, row["first"], row["second"])  # type: ignore[operator]

    return sorted(pairs, key=key)


def shown_clusters(clusters: Iterable[ClusterRow], accounts: Accounts) -> list[ShownCluster]:
    """Return groups of people who answer as one."""
    shown = []
    for row in clusters:
        members = [accounts.side(rater) for rater in row["raters"]]
        people = [member.person for member in members if member.person is not None]
        told = (
            f"{row['equal']:,} of {row['shared']:,} shared answers are equal,"
            f" {row['expected']:,.0f} were to be expected."
        )
        reason = f"{len(members)} people answer more alike than their skill explains: {told}"
        shown.append(
            ShownCluster(
                number=row["cluster"],
                members=members,
                told=told,
                reason=reason[:MAX_REASON],
                people=people,
                to_exclude=sum(
                    not accounts.holds(Measure.Kind.EXCLUDE, person) for person in people
                ),
                to_pause=sum(not accounts.holds(Measure.Kind.PAUSE, person) for person in people),
            )
        )
    return shown


def raters_in(pairs: Iterable[PairRow], clusters: Iterable[ClusterRow]) -> set[str]:
    """Return the pseudonyms of everybody named."""
    named = {rater for row in pairs for rater in (row["first"], row["second"])}
    return named | {rater for row in clusters for rater in row["raters"]}


def p_text(value: float) -> str:
    """Return a p-value: "< 0.0001" below that."""
    return f"< {_SMALLEST_P:g}" if value < _SMALLEST_P else f"{value:.4f}"


#: Columns of pairs.csv, people by pseudonym; `p` is adjusted for the number of pairs.
PAIR_COLUMNS: Final = ("first", "second", "shared", "equal", "expected", "z", "p", "cluster")


def pair_cells(row: PairRow) -> list[Any]:
    """Return one row of pairs.csv."""
    stored: dict[str, Any] = dict(row)
    return [stored[name] for name in PAIR_COLUMNS]
