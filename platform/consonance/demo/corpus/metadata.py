"""Writes the archive's tables as the Free Music Archive publishes its own."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from consonance.demo.corpus.artists import STYLES
from consonance.demo.corpus.plan import TrackPlan
from consonance.demo.corpus.recording import FileFacts, audio_path
from consonance.demo.corpus.timbres import SUNG

#: tracks.csv: (group, column) in FMA's order.
TRACK_COLUMNS: Final[tuple[tuple[str, str], ...]] = tuple(
    (group, column)
    for group, columns in (
        (
            "album",
            "comments date_created date_released engineer favorites id information listens "
            "producer tags title tracks type",
        ),
        (
            "artist",
            "active_year_begin active_year_end associated_labels bio comments date_created "
            "favorites id latitude location longitude members name related_projects tags website "
            "wikipedia_page",
        ),
        ("set", "split subset"),
        (
            "track",
            "bit_rate comments composer date_created date_recorded duration favorites genre_top "
            "genres genres_all information interest language_code license listens lyricist number "
            "publisher tags title",
        ),
    )
    for column in columns.split()
)

#: raw_tracks.csv: FMA's order.
RAW_COLUMNS: Final = (
    "track_id",
    "album_id",
    "album_title",
    "album_url",
    "artist_id",
    "artist_name",
    "artist_url",
    "artist_website",
    "license_image_file",
    "license_image_file_large",
    "license_parent_id",
    "license_title",
    "license_url",
    "tags",
    "track_bit_rate",
    "track_comments",
    "track_composer",
    "track_copyright_c",
    "track_copyright_p",
    "track_date_created",
    "track_date_recorded",
    "track_disc_number",
    "track_duration",
    "track_explicit",
    "track_explicit_notes",
    "track_favorites",
    "track_file",
    "track_genres",
    "track_image_file",
    "track_information",
    "track_instrumental",
    "track_interest",
    "track_language_code",
    "track_listens",
    "track_lyricist",
    "track_number",
    "track_publisher",
    "track_title",
    "track_url",
)

_SITE: Final = "https://archive.example.org"
_CREATED: Final = "2018-06-01 12:00:00"  # fixed: the same recipe gives the same bytes
_CREATED_RAW: Final = "6/01/2018 12:00:00 PM"
_EXPLICIT: Final = "Radio-Unsafe"  # FMA's word
_INSTRUMENTAL: Final = {True: "0", False: "1"}  # by: somebody sings

Facts = Mapping[int, FileFacts]


def write_tables(archive: Path, tracks: Sequence[TrackPlan], facts: Facts) -> None:
    """Write `tracks.csv`, `raw_tracks.csv` and `genres.csv`.

    Parameters
    ----------
    archive
        The archive's root.
    tracks
        Every track; those that are files without a row are left out here.
    facts
        Durations and sizes by track number.
    """
    rows = [t for t in tracks if t.fault != "file without row"]
    albums: dict[int, int] = {}
    for track in rows:
        albums[track.album_id] = albums.get(track.album_id, 0) + 1
    header: list[list[object]] = [
        ["", *(group for group, _ in TRACK_COLUMNS)],
        ["", *(column for _, column in TRACK_COLUMNS)],
        ["track_id", *("" for _ in TRACK_COLUMNS)],
    ]
    body: list[list[object]] = []
    for track in rows:
        cells = _track_cells(track, facts[track.track_no], albums[track.album_id])
        body.append([track.track_no, *(cells.get(column, "") for column in TRACK_COLUMNS)])
    _write(archive / "tracks.csv", [*header, *body])
    raw: list[list[object]] = [list(RAW_COLUMNS)]
    for track in rows:
        raw_cells = _raw_cells(track, facts[track.track_no])
        raw.append([raw_cells.get(column, "") for column in RAW_COLUMNS])
    _write(archive / "raw_tracks.csv", raw)
    _write_genres(archive / "genres.csv", rows)


def write_planted(path: Path, tracks: Sequence[TrackPlan]) -> None:
    """Write the list of what is wrong with the archive on purpose.

    Parameters
    ----------
    path
        File to write; it belongs with the truth.
    tracks
        Every track.
    """
    rows: list[list[object]] = [["track_id", "kind", "of_track_id", "what"]]
    rows += [
        [track.track_no, track.fault, track.of_track_no or "", _what(track)]
        for track in tracks
        if track.fault is not None
    ]
    _write(path, rows)


def _what(track: TrackPlan) -> str:
    if track.fault == "duplicate":
        return {
            "bitrate": "re-encoded at another bitrate under another title and artist",
            "offset": "re-encoded with the first 0.5 s cut off",
            "gain": "re-encoded 5 dB softer",
        }[track.way]
    return {
        "truncated": "cut to its first 37 % of bytes; its header still announces the whole",
        "silent": "30 s of digital silence, valid mp3",
        "not audio": "HTML error page saved under an .mp3 name",
        "too short": "valid mp3 of 5 s, shorter than one excerpt",
        "row without file": "row in tracks.csv and raw_tracks.csv, no mp3",
        "file without row": "mp3 on disk, no row in tracks.csv or raw_tracks.csv",
    }[str(track.fault)]


def _bit_rate(facts: FileFacts) -> int:
    return facts.byte_size * 8000 // facts.claimed_ms


def _track_cells(track: TrackPlan, facts: FileFacts, n_album: int) -> dict[tuple[str, str], object]:
    artist, style = track.artist, track.artist.style
    cells: dict[tuple[str, str], object] = {
        ("album", "comments"): 0,
        ("album", "date_created"): _CREATED,
        ("album", "date_released"): "2018-05-01 00:00:00",
        ("album", "favorites"): 0,
        ("album", "id"): track.album_id,
        ("album", "listens"): 0,
        ("album", "tags"): "[]",
        ("album", "title"): track.album,
        ("album", "tracks"): n_album,
        ("album", "type"): "Album",
        ("artist", "bio"): artist.bio,
        ("artist", "comments"): 0,
        ("artist", "date_created"): _CREATED,
        ("artist", "favorites"): 0,
        ("artist", "id"): artist.artist_id,
        ("artist", "name"): artist.name,
        ("artist", "tags"): repr([artist.name.lower()]),
        ("artist", "website"): artist.website,
        ("set", "split"): artist.split,
        ("set", "subset"): ("small", "medium", "large")[track.track_no % 3],
        ("track", "bit_rate"): _bit_rate(facts),
        ("track", "comments"): 0,
        ("track", "date_created"): _CREATED,
        ("track", "duration"): round(facts.claimed_ms / 1000),
        ("track", "favorites"): 0,
        ("track", "genre_top"): style.genre,
        ("track", "genres"): repr([style.genre_id]),
        ("track", "genres_all"): repr([style.genre_id]),
        ("track", "interest"): 0,
        ("track", "license"): track.licence.title,
        ("track", "listens"): 0,
        ("track", "number"): track.number,
        ("track", "tags"): "[]",
        ("track", "title"): track.title,
    }
    return cells


def _raw_cells(track: TrackPlan, facts: FileFacts) -> dict[str, object]:
    artist, style = track.artist, track.artist.style
    minutes, seconds = divmod(round(facts.claimed_ms / 1000), 60)
    genre = {"genre_id": str(style.genre_id), "genre_title": style.genre, "genre_url": ""}
    return {
        "track_id": track.track_no,
        "album_id": track.album_id,
        "album_title": track.album,
        "album_url": f"{_SITE}/album/{track.album_id}",
        "artist_id": artist.artist_id,
        "artist_name": artist.name,
        "artist_url": f"{_SITE}/artist/{artist.artist_id}",
        "artist_website": artist.website,
        "license_title": track.licence.title,
        "license_url": track.licence.url,
        "tags": "[]",
        "track_bit_rate": _bit_rate(facts),
        "track_comments": 0,
        "track_date_created": _CREATED_RAW,
        "track_disc_number": 1,
        "track_duration": f"{minutes:02d}:{seconds:02d}",
        "track_explicit": _EXPLICIT if track.explicit else "",
        "track_favorites": 0,
        "track_file": audio_path(Path(), track.track_no).as_posix(),
        "track_genres": repr([genre]),
        "track_instrumental": _INSTRUMENTAL[not SUNG.isdisjoint(track.classes)],
        "track_interest": 0,
        "track_listens": 0,
        "track_number": track.number,
        "track_title": track.title,
        "track_url": f"{_SITE}/track/{track.track_no}",
    }


def _write_genres(path: Path, tracks: Sequence[TrackPlan]) -> None:
    rows: list[list[object]] = [["genre_id", "#tracks", "parent", "title", "top_level"]]
    for style in sorted(STYLES, key=lambda style: style.genre_id):
        n = sum(track.artist.style.genre_id == style.genre_id for track in tracks)
        rows.append([style.genre_id, n, 0, style.genre, style.genre_id])
    _write(path, rows)


def _write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
