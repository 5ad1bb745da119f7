"""The most disputed questions of a report, as a table with something to hear, and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from annotation.models import Question
from annotation.presenting.links import ratings_url
from annotation.presenting.sorting import Column
from annotation.reporting.shape import ClipRow
from consonance.catalog.sound_sources import sound_sources

#: Columns of clips.csv: `posterior` is P(present), `entropy` its doubt in bits, `state` that of the
#: question when the report was computed.
CLIP_COLUMNS: Final = (
    "question", "clip", "sample_key", "class", "yes", "no", "unsure", "posterior", "entropy",
    "state",
)  # fmt: skip

#: What the table can be sorted by. Doubt is greatest where the posterior is one half.
DISPUTE_COLUMNS: Final = {
    "doubt": Column(label="Doubt", value=lambda row: row["entropy"], large_first=True),
    "class": Column(label="Class", value=lambda row: row["display_name"].casefold()),
    "posterior": Column(label="P(present)", value=lambda row: row["posterior"], large_first=True),
    "yes": Column(label="Yes", value=lambda row: row["yes"], large_first=True),
    "no": Column(label="No", value=lambda row: row["no"], large_first=True),
    "unsure": Column(label="Unsure", value=lambda row: row["unsure"], large_first=True),
}


@dataclass(frozen=True, kw_only=True)
class DisputeRow:
    """A disputed question in the list.

    Attributes
    ----------
    row
        What the report stored.
    question
        As it is now; None where it is gone.
    segments, answers
        For `components/stack_bar.html`.
    audio_url
        Empty where the clip is withdrawn.
    ratings_url
        Its ratings, for whoever may see the list.
    """

    row: ClipRow
    question: Question | None
    segments: Sequence[Mapping[str, Any]]
    answers: int
    audio_url: str
    ratings_url: str

    @property
    def duration_ms(self) -> int | None:
        """How long the clip is."""
        clip = self.question.clip if self.question else None
        return clip.duration_ms if clip else None


def classes_of(rows: Iterable[ClipRow]) -> list[dict[str, str]]:
    """Return the classes that occur, as options of a filter, in the order of their names."""
    found = {row["class_name"]: row["display_name"] for row in rows}
    listed = sorted(found.items(), key=lambda item: item[1].casefold())
    return [{"value": name, "label": display} for name, display in listed]


def dispute_rows(rows: Sequence[ClipRow], campaign_id: UUID, *, is_admin: bool) -> list[DisputeRow]:
    """Return stored rows with their questions as they are now; one query."""
    found = Question.objects.select_related("clip").defer("clip__peaks")
    questions = {str(key): row for key, row in found.in_bulk([r["question"] for r in rows]).items()}
    return [_row(row, questions.get(row["question"]), campaign_id, is_admin) for row in rows]


def _row(row: ClipRow, question: Question | None, campaign_id: UUID, is_admin: bool) -> DisputeRow:
    clip = question.clip if question else None
    segments, start = [], 0
    for name, number, series in (
        ("yes", row["yes"], 1), ("unsure", row["unsure"], 3), ("no", row["no"], 2),
    ):  # fmt: skip
        segments.append({"start": start, "value": number, "series": series, "label": name})
        start += number
    return DisputeRow(
        row=row,
        question=question,
        segments=segments,
        answers=start,
        audio_url=sound_sources(clip)[0]["url"]
        if clip and not clip.is_withdrawn
        else "",
        ratings_url=ratings_url(campaign_id, question=row["question"]) if is_admin else "",
    )


def clip_cells(rows: Iterable[ClipRow]) -> Iterator[list[Any]]:
    """Yield the cells of `CLIP_COLUMNS`."""
    for row in rows:
        stored: dict[str, Any] = dict(row)
        yield [stored["class_name" if name == "class" else name] for name in CLIP_COLUMNS]
