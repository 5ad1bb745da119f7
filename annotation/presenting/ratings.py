"""Ratings as rows of a list and of a file, and the filters that chose them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from annotation.listing.ratings import KINDS, RatingChoice
from annotation.models import Campaign, GoldAnswer, Question, Rating
from annotation.models.ratings import Answer
from annotation.people.pseudonyms import Pseudonyms
from consonance.catalog.models import TaxonomyClass
from consonance.people.models import User

#: Columns of ratings.csv. Times are UTC; empty cells were not measured; `gold` is what is known,
#: empty where nothing is or it contradicts itself.
RATING_COLUMNS: Final = (
    "rating_id", "answered_at", "rater", "is_simulated", "sample_key", "class", "answer", "gold",
    "occasion", "is_late", "is_withdrawn", "is_superseded", "response_ms", "heard_ms", "replays",
    "guideline_version", "ui_version", "weight",
)  # fmt: skip
#: What is read for them, in the order in which `_cells` takes it.
RATING_FIELDS: Final = (
    "pk", "created_at", "person_id", "person__is_simulated", "question__clip__track__track_no",
    "question__clip__start_ms", "question__clip_id", "question__target_id",
    "question__target__name", "answer", "occasion", "is_late", "is_withdrawn", "superseded_by_id",
    "response_ms", "heard_ms", "replays", "guideline__version", "ui_version", "weight",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter in words, and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, kw_only=True)
class RatingRow:
    """A rating in the list.

    Attributes
    ----------
    rating
        The row.
    gold
        What is known: "present", "absent" or empty.
    is_right
        Whether a definite answer agrees with it; None where nothing is known or it is unsure.
    first
        Of a planted repeat: what the person said the first time.
    """

    rating: Rating
    gold: str
    is_right: bool | None
    first: str = ""


def chips(campaign: Campaign, choice: RatingChoice) -> list[Chip]:
    """Return the filters that are set, in words."""
    people = User.objects.in_bulk(
        [person for person in (choice.person, *(choice.pair or ())) if person is not None]
    )

    def name(person: UUID) -> str:
        return str(people.get(person, "somebody unknown"))

    said: list[tuple[str, str, str]] = []
    if choice.person is not None:
        said.append(("person", "Person", name(choice.person)))
    if choice.pair is not None:
        both = " and ".join(name(person) for person in choice.pair)
        said.append(("pair", "What both answered", both))
    if choice.question is not None:
        asked = Question.objects.of(campaign).select_related("clip__track", "target")
        question = asked.filter(pk=choice.question).first()
        told = f"{question.clip} × {question.target}" if question else "none of this campaign"
        said.append(("question", "Question", told))
    if choice.class_name:
        target = TaxonomyClass.objects.filter(
            pk__in=campaign.guidelines.values("target"), name=choice.class_name
        ).first()
        said.append(("class", "Class", target.display_name if target else choice.class_name))
    if choice.answer:
        said.append(("answer", "Answer", str(Answer(choice.answer).label)))
    if choice.day is not None:
        said.append(("day", "Day", f"{choice.day} (UTC)"))
    said += [(flag, "Only", words) for flag, words in KINDS if flag and getattr(choice, flag)]
    return [Chip(label=label, value=value, url=choice.without(key)) for key, label, value in said]


def rating_rows(ratings: Sequence[Rating]) -> list[RatingRow]:
    """Return ratings with what is known of them; two queries, however many there are."""
    known = _gold(rating.question.clip_id for rating in ratings)
    first = _first_answers([row for row in ratings if row.occasion])
    rows = []
    for rating in ratings:
        gold = known.get((rating.question.clip_id, rating.question.target_id), "")
        right = None
        if gold and rating.answer != Answer.UNSURE:
            right = (rating.answer == Answer.YES) == (gold == GoldAnswer.Truth.PRESENT)
        key = (rating.person_id, rating.question_id)
        rows.append(
            RatingRow(rating=rating, gold=gold, is_right=right, first=first.get(key, ""))
            if rating.occasion
            else RatingRow(rating=rating, gold=gold, is_right=right)
        )
    return rows


def _gold(clips: Iterable[UUID | None]) -> dict[tuple[UUID | None, UUID | None], str]:
    """Return what is known of some clips, by clip and class; nothing where it contradicts."""
    said: dict[tuple[UUID | None, UUID | None], set[str]] = {}
    found = GoldAnswer.objects.filter(clip__in=set(clips), retired_at__isnull=True)
    for clip, target, truth in found.order_by().values_list("clip_id", "target_id", "truth"):
        said.setdefault((clip, target), set()).add(truth)
    return {pair: truths.pop() for pair, truths in said.items() if len(truths) == 1}


def _first_answers(repeats: Sequence[Rating]) -> dict[tuple[UUID, UUID], str]:
    if not repeats:
        return {}
    wanted = Q()
    for rating in repeats:
        wanted |= Q(person=rating.person_id, question=rating.question_id)
    found = Rating.objects.in_force().filter(wanted, occasion=0)
    return {(row.person_id, row.question_id): row.get_answer_display().lower() for row in found}


def rating_cells(
    campaign: Campaign, chunks: Iterable[list[tuple[Any, ...]]]
) -> Iterator[list[Any]]:
    """Yield the cells of `RATING_COLUMNS`, by pseudonym: files travel further than pages.

    Parameters
    ----------
    campaign
        Whose ratings.
    chunks
        Rows of `RATING_FIELDS`.
    """
    names = Pseudonyms(campaign.collection_id)
    clip = RATING_FIELDS.index("question__clip_id")
    person = RATING_FIELDS.index("person_id")
    for rows in chunks:
        known = _gold(row[clip] for row in rows)
        names.of_all(row[person] for row in rows)
        for row in rows:
            yield _cells(row, names, known)


def _cells(
    row: tuple[Any, ...], names: Pseudonyms, known: Mapping[tuple[UUID | None, UUID | None], str]
) -> list[Any]:
    (
        key, at, person, is_simulated, track_no, start_ms, clip, target, class_name, answer,
        occasion, is_late, is_withdrawn, superseded_by, *rest,
    ) = row  # fmt: skip
    sample_key = None if track_no is None else f"{track_no:06d}_{start_ms}"
    return [
        key, at.isoformat(), names.of(person), is_simulated, sample_key, class_name, answer,
        known.get((clip, target)), occasion, is_late, is_withdrawn, superseded_by is not None,
        *rest,
    ]  # fmt: skip
