"""People of a report, chosen and ordered as an address says: for the page and for its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from annotation.listing.in_detail import HasEntry, InEntry
from annotation.models import Campaign, ConsistencyReport, Measure, PersonReport
from annotation.people.measures import has_measure

_Kind = Measure.Kind
#: Most ratings that anybody is asked to have: what the column holds.
_MOST: Final = 2_147_483_647


@dataclass(frozen=True, kw_only=True)
class Column:
    """Something that people are ordered by.

    Attributes
    ----------
    label
        Heading of the column.
    field
        Of `PersonReport`.
    large_first
        Whether the first click on the heading shows the large values on top.
    is_number
        Whether it stands right-aligned.
    in_class
        Where its value stands within one of `PersonDetail.classes`: keys and places; empty for
        what is only known of all classes together.
    hint
        What it means, in a sentence.
    """

    label: str
    field: str
    in_class: tuple[str | int, ...] = ()
    large_first: bool = False
    is_number: bool = True
    hint: str = ""


COLUMNS: Final[Mapping[str, Column]] = {
    "person": Column(label="Person", field="name", is_number=False),
    "flags": Column(label="Flags", field="flag_count", large_first=True, is_number=False),
    "ratings": Column(label="Ratings", field="ratings", in_class=("ratings",), large_first=True),
    "trust": Column(
        label="Trust", field="trust", in_class=("trust",),
        hint="How often a definite answer is right, the average over present and absent.",
    ),
    "sensitivity": Column(
        label="Yes if present", field="sensitivity", in_class=("confusion", 1, 1),
        hint="How often the answer to something present is yes.",
    ),
    "specificity": Column(
        label="No if absent", field="specificity", in_class=("confusion", 0, 0),
        hint="How often the answer to something absent is no.",
    ),
    "gold": Column(
        label="On gold", field="gold_accuracy", in_class=("gold", "value"),
        hint="Share of definite answers to gold clips that are right.",
    ),
    "agreement": Column(
        label="With the rest", field="agreement", in_class=("agreement", "value"),
        hint="Share of definite answers that agree with a consensus without their own.",
    ),
    "informative": Column(
        label="Informative", field="spammer_score",
        hint="1: answers tell present from absent perfectly. 0: they say nothing.",
    ),
    "unsure": Column(label="Unsure", field="unsure_share", large_first=True),
    "time": Column(
        label="Median time", field="median_response_ms",
        hint="From the first sound to the answer.",
    ),
}  # fmt: skip
DEFAULT_SORT: Final = "flags"
#: Columns that are the same whatever class is asked for: who it is, and what all answers raised.
_WHOLE: Final = ("person", "flags")
#: Codes of the rules that raise flags, with their titles, as `annotation.agreement.flags` has them:
#: it is not imported here, for it brings numpy and scipy into web processes.
FLAGS: Final = (
    ("", "Any flag or none"),
    ("gold", "Wrong on gold"),
    ("spammer", "Answers without listening"),
    ("cluster", "Answers like somebody else"),
    ("fast", "Faster than hearing allows"),
    ("straight", "Same answer in a row"),
    ("drift", "Became worse"),
    ("rest", "Disagrees with the others"),
    ("repeats", "Contradicts oneself"),
    ("unsure", "Unsure too often"),
)

#: What people are narrowed down to: value, words.
SHOWN: Final = (
    ("", "Everybody"),
    ("flagged", "With flags"),
    ("paused", "Paused"),
    ("requiz", "Asked for the quiz"),
    ("excluded", "Left out"),
    ("counted", "Not left out"),
)
KINDS: Final = (("", "Real and simulated"), ("real", "Real people"), ("simulated", "Simulated"))
LEAST: Final = (("", "Any number"), ("10", "10 ratings"), ("50", "50 ratings"),
                ("200", "200 ratings"), ("1000", "1,000 ratings"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PersonChoice:
    """Which people of a report, in which order.

    Attributes
    ----------
    words
        Part of an account's name or of a pseudonym.
    shown
        A value of `SHOWN`.
    kind
        A value of `KINDS`.
    flag
        A value of `FLAGS`.
    class_name
        Only who answered in this class, by what they said there; empty for all classes together.
    least
        Ratings at least, in the class if one is asked for; 0 for any number.
    sort
        A name of `columns`, `-` before it for the other way round.
    """

    words: str = ""
    shown: str = ""
    kind: str = ""
    flag: str = ""
    class_name: str = ""
    least: int = 0
    sort: str = DEFAULT_SORT

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> PersonChoice:
        """Return the choice that an address makes; what is not understood is left out."""
        sort = str(query.get("sort", ""))
        least = str(query.get("least", ""))
        choice = cls(
            words=_text(query.get("q", "")),
            shown=_known(query.get("show", ""), SHOWN),
            kind=_known(query.get("kind", ""), KINDS),
            flag=_known(query.get("flag", ""), FLAGS),
            class_name=_text(query.get("class", "")),
            least=min(_MOST, int(least)) if least.isdecimal() and len(least) < 11 else 0,
        )
        return replace(choice, sort=sort) if sort.removeprefix("-") in choice.columns else choice

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns that there are for this choice; of a class, fewer."""
        if not self.class_name:
            return COLUMNS
        return {
            name: column for name, column in COLUMNS.items() if column.in_class or name in _WHOLE
        }

    @property
    def is_narrow(self) -> bool:
        """Whether anybody may be left out by it."""
        return bool(set(self.query) - {"sort"})

    @property
    def query(self) -> dict[str, str]:
        """What an address must hold to make this choice again."""
        given = {"q": self.words, "show": self.shown, "kind": self.kind, "flag": self.flag,
                 "class": self.class_name, "least": str(self.least or ""),
                 "sort": "" if self.sort == DEFAULT_SORT else self.sort}  # fmt: skip
        return {name: value for name, value in given.items() if value}

    def order_of(self, name: str) -> str:
        """Return how a column is sorted now: "", "ascending" or "descending"."""
        if name != self.sort.removeprefix("-"):
            return ""
        is_turned = self.sort.startswith("-")
        return "descending" if COLUMNS[name].large_first != is_turned else "ascending"

    def sorted_by(self, name: str) -> PersonChoice:
        """Return the choice after a click on a column's heading."""
        return replace(self, sort=f"-{name}" if self.sort == name else name)

    def link(self, **more: Any) -> str:
        """Return this choice as the end of an address."""
        given = {name: value for name, value in more.items() if value not in (None, "")}
        return f"?{urlencode({**self.query, **given})}"


def people_of(
    report: ConsistencyReport, choice: PersonChoice, campaign: Campaign
) -> QuerySet[PersonReport]:
    """Return the people that are asked for, in order, with their accounts.

    Whether somebody is paused or left out is asked of the measures in force now, not of the
    report. Whoever lacks the value that is sorted by stands last, whichever way it is sorted.

    Parameters
    ----------
    report
        Whose people.
    choice
        Which.
    campaign
        The report's.
    """
    rows = report.people.select_related("person").annotate(
        name=Coalesce("person__username", "rater")
    )
    if choice.words:
        known = Q(person__username__icontains=choice.words)
        rows = rows.filter(known | Q(rater__icontains=choice.words))
    narrowed = _NARROWING.get(choice.shown)
    if narrowed is not None:
        rows = rows.filter(narrowed(campaign))
    if choice.kind:
        rows = rows.filter(is_simulated=choice.kind == "simulated")
    if choice.flag:
        rows = rows.filter(HasEntry("flags", choice.flag))
    if choice.class_name:
        rows = rows.filter(HasEntry("classes", choice.class_name))
    if choice.least:
        rows = rows.alias(number=_value("ratings", choice)).filter(number__gte=choice.least)
    value = _value(choice.sort.removeprefix("-"), choice)
    is_descending = choice.order_of(choice.sort.removeprefix("-")) == "descending"
    first = value.desc(nulls_last=True) if is_descending else value.asc(nulls_last=True)
    return rows.order_by(first, "-ratings", "rater")


def _value(name: str, choice: PersonChoice) -> F | InEntry:
    """Return a column's value, in the class that is asked for if there is one."""
    column = COLUMNS[name]
    if choice.class_name and column.in_class:
        return InEntry("classes", choice.class_name, *column.in_class)
    return F(column.field)


_NARROWING: Final[Mapping[str, Callable[[Campaign], Any]]] = {
    "flagged": lambda campaign: Q(flag_count__gt=0),
    "paused": lambda campaign: has_measure(campaign, _Kind.PAUSE),
    "requiz": lambda campaign: has_measure(campaign, _Kind.REQUIZ),
    "excluded": lambda campaign: has_measure(campaign, _Kind.EXCLUDE),
    "counted": lambda campaign: ~has_measure(campaign, _Kind.EXCLUDE),
}


def _known(value: Any, choices: tuple[tuple[str, str], ...]) -> str:
    return str(value) if value in dict(choices) else ""


def _text(value: Any) -> str:
    return str(value).replace("\x00", "").strip()[:150]
