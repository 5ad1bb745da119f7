"""Ratings one by one: which of them an address asks for, page by page, without counting pages.

Pages are read by key (Markus Winand's “seek method”): a page starts after the last row of the one
before, so the thousandth costs what the first does, and answers that arrive meanwhile move nothing.
Every query walks an index of ratings; what lies in other tables is looked up row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value

from annotation.models import Campaign, GoldAnswer, Question, Rating
from annotation.models.ratings import Answer
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError

#: Rows of a page.
PAGE: Final = 50
#: Ratings are counted up to here; beyond, it is "more than".
COUNTED: Final = 10_000
#: Rows that a file reads at a time.
_CHUNK: Final = 2_000

# When an answer is faster than hearing allows: as in `annotation.agreement.habits.too_fast`, whose
# module the web does not load. A test holds both to the same answers.
FASTEST_ANSWER_MS: Final = 500
CLOCK_TOLERANCE_MS: Final = 250

#: Which ratings, beside what they are about; the first are what consensus may use.
KINDS: Final = (
    ("", "Answers that count"),
    ("gold", "On gold"),
    ("fast", "Faster than hearing allows"),
    ("repeat", "Planted repeats"),
    ("late", "Late"),
    ("undone", "Taken back or corrected"),
)
_FLAGS: Final = tuple(name for name, _ in KINDS if name)
_ORDER: Final = ("-created_at", "-pk")
_REVERSED: Final = ("created_at", "pk")


@dataclass(frozen=True, kw_only=True)
class RatingChoice:
    """Which ratings of a campaign.

    Attributes
    ----------
    person, question
        Whose, and about which question.
    class_name
        About which class.
    answer
        A value of `Answer`.
    day
        Of which day, in UTC.
    pair
        Two people: their answers to what both answered.
    gold
        Only on clips and classes whose answer is known.
    fast
        Only those that came faster than hearing allows.
    repeat
        Planted repeats instead of first answers.
    late
        Only those that came after their lease.
    undone
        Those that were taken back or corrected instead of those in force.
    """

    person: UUID | None = None
    question: UUID | None = None
    class_name: str = ""
    answer: str = ""
    day: date | None = None
    pair: tuple[UUID, UUID] | None = None
    gold: bool = False
    fast: bool = False
    repeat: bool = False
    late: bool = False
    undone: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> RatingChoice:
        """Return what an address asks for; parameters that are no filter are passed over.

        Raises
        ------
        ParameterError
            If a value is of no use: no id, no day, no answer.
        """
        answer = query.get("answer", "")
        if answer and answer not in Answer.values:
            raise ParameterError(f"{answer!r} is no answer. Use yes, no or unsure.")
        return cls(
            person=_id(query.get("person", ""), "person"),
            question=_id(query.get("question", ""), "question"),
            class_name=query.get("class", ""),
            answer=answer,
            day=_day(query.get("day", "")),
            pair=_pair(query.get("pair", "")),
            **{name: query.get(name, "") not in ("", "0") for name in _FLAGS},
        )

    @property
    def query(self) -> dict[str, str]:
        """The parameters of an address that asks for the same."""
        given: dict[str, str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value:
                name = "class" if one.name == "class_name" else one.name
                given[name] = _written(value)
        return given

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query)

    @property
    def kind(self) -> str:
        """The first of `KINDS` that is asked for."""
        return next((name for name in _FLAGS if getattr(self, name)), "")

    def without(self, name: str) -> str:
        """Return the query of an address that does not ask for one of the filters."""
        return f"?{urlencode({key: value for key, value in self.query.items() if key != name})}"


def _written(value: Any) -> str:
    if value is True:
        return "1"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _id(text: str, what: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise ParameterError(f"{text!r} is the id of no {what}.") from None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"{text!r} is no day. Write it as 2018-09-23.") from None


def _pair(text: str) -> tuple[UUID, UUID] | None:
    if not text:
        return None
    ids = [_id(part, "person") for part in text.split(",")]
    if len(ids) != 2 or ids[0] is None or ids[1] is None or ids[0] == ids[1]:
        raise ParameterError(f"{text!r} is no pair: two different ids with a comma between.")
    return ids[0], ids[1]


def ratings_of(campaign: Campaign, choice: RatingChoice) -> QuerySet[Rating, Any]:
    """Return the chosen ratings, in no order: for `page_of` and `all_of`."""
    # By existence, not by joining: so the database goes through ratings in the order of an index
    # instead of collecting a campaign's questions first and sorting in the end.
    here = _questions(campaign, choice).filter(pk=OuterRef("question_id"))
    return _chosen(Rating.objects.filter(Exists(here)), campaign, choice)


def _chosen(
    found: QuerySet[Rating, Any], campaign: Campaign, choice: RatingChoice
) -> QuerySet[Rating, Any]:
    found = found.filter(occasion__gt=0) if choice.repeat else found.filter(occasion=0)
    gone = Q(is_withdrawn=True) | Q(superseded_by__isnull=False)
    # `in_force` by another name: not “is null”, for which SQLite would take the foreign key's
    # index, of which nearly every row is null, instead of the one by time.
    found = found.filter(gone if choice.undone else ~gone)
    if choice.person is not None:
        found = found.filter(person=choice.person)
    if choice.question is not None:
        found = found.filter(question=choice.question)
    if choice.answer:
        found = found.filter(answer=choice.answer)
    if choice.day is not None:
        start = datetime(choice.day.year, choice.day.month, choice.day.day, tzinfo=UTC)
        # Not start + 1 day where there is none: the last day that dates can name.
        found = found.filter(created_at__gte=start)
        if choice.day < date.max:
            found = found.filter(created_at__lt=start + timedelta(days=1))
    if choice.late:
        found = found.filter(is_late=True)
    if choice.fast:
        found = found.filter(_too_fast(campaign))
    if choice.pair is not None:
        found = found.filter(_by_both(choice.pair))
    if choice.gold:
        found = found.filter(question__in=_gold_questions(campaign))
    return found


def _questions(campaign: Campaign, choice: RatingChoice) -> QuerySet[Any, Any]:
    questions = Question.objects.of(campaign)
    if choice.class_name:
        # A name is looked up once, not for each rating.
        named = TaxonomyClass.objects.filter(
            name=choice.class_name, pk__in=campaign.guidelines.values("target")
        )
        questions = questions.filter(target__in=list(named.values_list("pk", flat=True)))
    return questions


def _too_fast(campaign: Campaign) -> Q:
    least = campaign.min_heard_ms - CLOCK_TOLERANCE_MS

    def is_longer_than(field: str) -> Exists:
        # Nobody needs to hear more than there is.
        longer = Q(clip__duration_ms__gt=OuterRef(field) + Value(CLOCK_TOLERANCE_MS))
        return Exists(Question.objects.filter(longer, pk=OuterRef("question_id")))

    is_fast = Q(response_ms__lt=FASTEST_ANSWER_MS)
    is_fast |= Q(heard_ms__gt=F("response_ms") + CLOCK_TOLERANCE_MS)
    for field in ("heard_ms", "response_ms"):
        is_fast |= Q(**{f"{field}__lt": least}) & Q(is_longer_than(field))
    return is_fast


def _by_both(pair: tuple[UUID, UUID]) -> Q:
    other = Rating.objects.in_force().filter(
        question=OuterRef("question_id"), person__in=pair, occasion=0
    )
    return Q(person__in=pair) & Q(Exists(other.exclude(person=OuterRef("person_id"))))


def _gold_questions(campaign: Campaign) -> QuerySet[Any, Any]:
    known = GoldAnswer.objects.filter(collection=campaign.collection_id, retired_at__isnull=True)
    against = GoldAnswer.objects.filter(
        clip=OuterRef("clip"), target=OuterRef("target"), retired_at__isnull=True
    ).exclude(truth=OuterRef("truth"))
    here = known.filter(clip__questions__campaign=campaign, clip__questions__target=F("target"))
    return here.exclude(Exists(against)).order_by().values("clip__questions")


@dataclass(frozen=True, kw_only=True)
class RatingPage:
    """A page of ratings, the newest first.

    Attributes
    ----------
    rows
        With person, question, clip, track, class and guideline.
    newer, older
        Cursors of the pages beside it; empty where there is none.
    """

    rows: list[Rating]
    newer: str
    older: str


def page_of(found: QuerySet[Rating, Any], *, after: str = "", before: str = "") -> RatingPage:
    """Return a page: the newest, what is older than one cursor, or what is newer than another.

    Raises
    ------
    ParameterError
        If a cursor is none.
    """
    if before:
        keys = list(_keys(found, _REVERSED, newer_than=_position(before))[: PAGE + 1])
        has_newer, has_older = len(keys) > PAGE, True
        keys = keys[:PAGE][::-1]
    else:
        position = _position(after) if after else None
        keys = list(_keys(found, _ORDER, older_than=position)[: PAGE + 1])
        has_newer, has_older = bool(after), len(keys) > PAGE
        keys = keys[:PAGE]
    rows = (
        Rating.objects.select_related(
            "person", "question__clip__track", "question__target", "guideline"
        )
        .defer("question__clip__peaks")  # 400 pairs of numbers each
        .in_bulk([key for _, key in keys])
    )
    return RatingPage(
        rows=[rows[key] for _, key in keys],
        newer=_cursor(*keys[0]) if keys and has_newer else "",
        older=_cursor(*keys[-1]) if keys and has_older else "",
    )


def counted(campaign: Campaign, choice: RatingChoice) -> int:
    """Return how many ratings are chosen, at most one more than `COUNTED`."""
    if choice.class_name and not choice.person and not choice.question:
        # Nothing is sorted here: from a class's questions to their ratings is the shorter way.
        here = Q(question__in=_questions(campaign, choice).values("pk"))
        found = _chosen(Rating.objects.filter(here), campaign, choice)
    else:
        found = ratings_of(campaign, choice)
    return found.order_by()[: COUNTED + 1].count()


def all_of(found: QuerySet[Rating, Any], columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield all of them, the newest first, in pieces that each are a query of their own.

    So a file of any length holds few rows in memory and no transaction open.

    Parameters
    ----------
    found
        From `ratings_of`.
    columns
        What is read of each, as for `values_list`.
    """
    position = None
    while True:
        keys = list(_keys(found, _ORDER, older_than=position)[:_CHUNK])
        if not keys:
            return
        wanted = Rating.objects.filter(pk__in=[key for _, key in keys])
        yield list(wanted.order_by(*_ORDER).values_list(*columns))
        position = keys[-1]


_Position = tuple[datetime, UUID]


def _keys(
    found: QuerySet[Rating, Any],
    order: tuple[str, str],
    *,
    older_than: _Position | None = None,
    newer_than: _Position | None = None,
) -> QuerySet[Rating, _Position]:
    # The first condition repeats the second's for the index, which is by time alone.
    if older_than is not None:
        at, key = older_than
        found = found.filter(created_at__lte=at)
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=key))
    if newer_than is not None:
        at, key = newer_than
        found = found.filter(created_at__gte=at)
        found = found.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=key))
    return found.order_by(*order).values_list("created_at", "pk")


def _cursor(at: datetime, key: UUID) -> str:
    return f"{at.astimezone(UTC).isoformat()}_{key}"


def _position(cursor: str) -> _Position:
    at, _, key = cursor.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment.astimezone(UTC), UUID(key)
    except (ValueError, OverflowError):
        raise ParameterError(f"{cursor!r} is no place in this list. Start at its top.") from None
