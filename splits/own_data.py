"""What this room stores about a person, and what of it is destroyed with an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consonance.people.own_data import erases, exports
from splits.models import DuplicateVerdict, LabelReport


@exports("label_reports", order=80)
def label_reports(person: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the labels that the person has reported, and what came of it."""
    rows = LabelReport.objects.filter(reporter=person).order_by("created_at")
    yield from rows.values(
        "release__name", "release__version", "release_clip__sample_key", "class_name", "published",
        "says", "note", "state", "reply", "created_at",
    ).iterator()  # fmt: skip


@exports("duplicate_verdicts", order=81)
def duplicate_verdicts(person: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what the person has said of pairs of clips."""
    rows = DuplicateVerdict.objects.filter(person=person).order_by("created_at")
    yield from rows.values("first_id", "second_id", "says", "note", "created_at").iterator()


@erases
def forget_reports(person: Any) -> Mapping[str, int]:
    """Empty the words of reports; what they say of a label stays, by nobody."""
    rows = LabelReport.objects.filter(reporter=person)
    return {"label_reports": rows.update(note="", reporter=None)}
