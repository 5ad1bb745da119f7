"""A collection's tracks as a list: searched, filtered and sorted by what is named here only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from consonance.catalog.licences import parse
from consonance.catalog.models import Collection, Track, TrackState
from consonance.catalog.wording import length, problem_words

#: Words of an address to columns. User-chosen lookups would reach any column of any table.
SORTS = {
    "no": "track_no",
    "title": "title",
    "artist": "artist",
    "length": "duration_ms",
    "licence": "licence_spdx",
}
_HEADINGS = (
    ("no", "No.", True),
    ("title", "Title", False),
    ("artist", "Artist", False),
    ("length", "Length", True),
    ("licence", "Licence", False),
)
_MOST_PROBLEMS = 6  # no recording has more codes than inspection knows
_TOP_ARTISTS = 8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is shown of a collection's tracks.

    Attributes
    ----------
    words
        Part of a title, an artist, an album or a path, or a number.
    state, reason, licence, artist
        Exact; empty for all.
    sort
        A key of `SORTS`, with "-" before it for the other way round.
    """

    words: str = ""
    state: str = ""
    reason: str = ""
    licence: str = ""
    artist: str = ""
    sort: str = "no"

    @classmethod
    def of(cls, query: QueryDict) -> Choice:
        """Read an address's query; what is not known is left out."""
        state, sort = query.get("state", ""), query.get("sort", "no")
        return cls(
            words=query.get("q", "").replace("\x00", "").strip()[:200],
            state=state if state in TrackState.values else "",
            reason=query.get("reason", "")[:32],
            licence=query.get("licence", "").replace("\x00", "")[:100],
            artist=query.get("artist", "").replace("\x00", "")[:200],
            sort=sort if sort.removeprefix("-") in SORTS else "no",
        )

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out."""
        return bool(self.words or self.state or self.reason or self.licence or self.artist)

    def tracks(self, collection: Collection) -> QuerySet[Track]:
        """Return the tracks that are shown, sorted."""
        tracks: QuerySet[Track] = Track.objects.of(collection)
        for column, value in (
            ("state", self.state),
            ("licence_spdx", self.licence),
            ("artist_key", self.artist),
        ):
            if value:
                tracks = tracks.filter(**{column: value})
        if self.reason:
            at = (Q(**{f"problems__{n}__code": self.reason}) for n in range(_MOST_PROBLEMS))
            tracks = tracks.filter(_any(at))
        if self.words:
            tracks = tracks.filter(self._matching())
        order = SORTS[self.sort.removeprefix("-")]
        return tracks.order_by(("-" if self.sort.startswith("-") else "") + order, "track_no")

    def _matching(self) -> Q:
        columns = ("title", "artist", "album", "path")
        found = _any(Q(**{f"{column}__icontains": self.words}) for column in columns)
        if self.words.isascii() and self.words.isdigit() and len(self.words) < 10:
            found |= Q(track_no=int(self.words))
        return found


def _any(conditions: Any) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def address(query: QueryDict, **changes: str) -> str:
    """Return the list's address with some words changed, and from its first page."""
    changed = query.copy()
    changed.pop("page", None)
    for name, value in changes.items():
        changed[name] = value
        if not value:
            del changed[name]
    return f"?{changed.urlencode()}#tracks"


def headings(choice: Choice, query: QueryDict) -> list[dict[str, Any]]:
    """Return the columns' headings with the addresses that sort by them."""
    found = []
    for key, label, num in _HEADINGS:
        order = {key: "ascending", f"-{key}": "descending"}.get(choice.sort, "")
        url = address(query, sort=f"-{key}" if order == "ascending" else key)
        found.append({"label": label, "url": url, "order": order, "num": num})
    return found


def tabs(choice: Choice, query: QueryDict, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return the states as tabs with their numbers of tracks."""
    states = [("", "All"), *TrackState.choices]
    return [
        {
            "label": label,
            "url": address(query, state=state, reason=""),
            "active": choice.state == state,
            "count": counts.get(state, 0),
        }
        for state, label in states
    ]


def reasons(collection: Collection) -> list[dict[str, Any]]:
    """Return what was found wrong or noted, with numbers of tracks, most frequent first."""
    found: Counter[str] = Counter()
    rows = Track.objects.of(collection).exclude(problems=[]).order_by()
    for problems in rows.values_list("problems", flat=True).iterator():
        found.update({problem["code"] for problem in problems})
    return [
        {"code": code, "label": problem_words(code).capitalize(), "tracks": n}
        for code, n in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]


def filters(choice: Choice, collection: Collection) -> list[dict[str, Any]]:
    """Return the toolbar's filters."""
    found = reasons(collection)
    tracks = Track.objects.of(collection).order_by("licence_spdx")
    spdx = tracks.values_list("licence_spdx", flat=True)
    return [
        {
            "name": "reason",
            "label": "Reason",
            "value": choice.reason,
            "options": [{"value": "", "label": "Any reason"}]
            + [{"value": r["code"], "label": f"{r['label']} ({r['tracks']})"} for r in found],
        },
        {
            "name": "licence",
            "label": "Licence",
            "value": choice.licence,
            "options": [{"value": "", "label": "Any licence"}]
            + [{"value": name, "label": parse(name).spdx} for name in spdx.distinct()],
        },
    ]


def top_artists(collection: Collection) -> list[dict[str, Any]]:
    """Return the artists with most ready tracks."""
    rows = (
        Track.objects.of(collection)
        .ready()
        .values("artist_key", "artist")
        .annotate(tracks=Count("pk"), ms=Sum("duration_ms"))
        .order_by("-tracks", "artist_key", "artist")[:_TOP_ARTISTS]
    )
    return [{**row, "length": length(row["ms"])} for row in rows]
