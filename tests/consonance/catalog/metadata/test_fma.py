"""FMA's tables: three header rows, Python lists, foreign HTML."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.catalog.metadata.choose import metadata_beside, read_metadata
from consonance.catalog.metadata.fma import literal_list, read
from consonance.errors import ParameterError

COLUMNS = [
    ("album", "id"), ("album", "title"), ("artist", "bio"), ("artist", "id"), ("artist", "name"),
    ("set", "split"), ("track", "duration"), ("track", "genre_top"), ("track", "genres"),
    ("track", "license"), ("track", "title"),
]  # fmt: skip
TRACK = ["4", "Niris", "", "7", "Nicky Cook", "training", "311", "Folk", "[17]", "Attribution", "A"]
RAW_COLUMNS = [
    "track_id", "artist_url", "license_title", "license_url", "track_explicit", "track_genres",
    "track_title", "track_url", "track_listens",
]  # fmt: skip
RAW = [
    "20", "http://example.org/cook", "Attribution 3.0", "http://creativecommons.org/licenses/by/3.0/",
    "Radio-Unsafe", "[{'genre_id': '17', 'genre_title': 'Folk'}, {'genre_title': 'Lo-Fi'}]",
    "A", "http://example.org/a", "361",
]  # fmt: skip


def write(path: Path, *tracks: list[str], columns: list[tuple[str, str]] | None = None) -> Path:
    """Write FMA's three header rows and tracks, each an id and its cells."""
    columns = COLUMNS if columns is None else columns
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *(group for group, _ in columns)])
        writer.writerow(["", *(name for _, name in columns)])
        writer.writerow(["track_id", *("" for _ in columns)])
        writer.writerows(tracks)
    return path


def write_raw(path: Path, *tracks: list[str], columns: list[str] | None = None) -> Path:
    """Write `raw_tracks.csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns or RAW_COLUMNS, *tracks])
    return path


def test_three_header_rows_become_one_track_a_row(tmp_path: Path) -> None:
    [track] = read(write(tmp_path / "tracks.csv", ["20", *TRACK])).rows
    assert (track.track_no, track.title, track.artist) == (20, "A", "Nicky Cook")
    assert (track.artist_key, track.album_key) == ("7", "4")
    assert track.licence_title == "Attribution"
    assert track.genres == ("Folk",)
    assert track.expected_duration_ms == 311_000
    assert track.extra["set.split"] == "training"
    assert track.row == 4


def test_raw_tracks_add_addresses_genres_and_the_explicit_mark(tmp_path: Path) -> None:
    tracks = write(tmp_path / "tracks.csv", ["20", *TRACK])
    [track] = read(tracks, write_raw(tmp_path / "raw_tracks.csv", RAW)).rows
    assert track.licence_url == "http://creativecommons.org/licenses/by/3.0/"
    assert track.licence_title == "Attribution"
    assert (track.track_url, track.artist_url) == (
        "http://example.org/a",
        "http://example.org/cook",
    )
    assert track.genres == ("Folk", "Lo-Fi")
    assert track.is_explicit is True
    assert track.extra["raw.track_listens"] == "361"


def test_raw_tracks_by_themselves_are_a_table_too(tmp_path: Path) -> None:
    table = read_metadata(write_raw(tmp_path / "raw_tracks.csv", RAW))
    assert table.kind == "fma-raw"
    assert table.rows[0].licence_title == "Attribution 3.0"


def test_a_track_without_raw_row_is_told_and_kept(tmp_path: Path) -> None:
    tracks = write(tmp_path / "tracks.csv", ["20", *TRACK], ["21", *TRACK])
    table = read(tracks, write_raw(tmp_path / "raw_tracks.csv", RAW))
    assert len(table.rows) == 2
    assert table.rows[1].licence_url == ""
    assert table.warnings == ("1 tracks of tracks.csv have no row in raw_tracks.csv.",)


def test_cells_with_line_breaks_and_quotes_stay_one_cell(tmp_path: Path) -> None:
    title = 'Two\nlines, a "quote", and a comma'
    [track] = read(write(tmp_path / "tracks.csv", ["20", *TRACK[:-1], title])).rows
    assert track.title == title


def test_biographies_are_not_kept_and_titles_are_not_cleaned_of_html(tmp_path: Path) -> None:
    bio, title = "<script>alert(1)</script>", "<b>Bold</b>"
    row = ["20", "4", "Niris", bio, *TRACK[3:-1], title]
    [track] = read(write(tmp_path / "tracks.csv", row)).rows
    assert track.title == title  # pages escape it; the archive's word stays
    assert bio not in str(track.extra)


def test_an_address_that_is_a_script_is_dropped(tmp_path: Path) -> None:
    raw = list(RAW)
    raw[RAW_COLUMNS.index("track_url")] = "javascript:alert(document.cookie)"
    tracks = write(tmp_path / "tracks.csv", ["20", *TRACK])
    [track] = read(tracks, write_raw(tmp_path / "raw_tracks.csv", raw)).rows
    assert track.track_url == ""


def test_a_list_that_is_code_is_not_run(tmp_path: Path) -> None:
    row = ["20", *TRACK]
    row[1 + COLUMNS.index(("track", "genres"))] = "__import__('os').abort()"
    table = read(write(tmp_path / "tracks.csv", row))
    assert table.warnings == ("1 lists of genres in tracks.csv could not be read.",)


@pytest.mark.parametrize("text", ["{}", "(1)", "[1", "[" * 5000, "1e9999", "[x]", "'a'*99999999"])
def test_what_is_no_list_is_none(text: str) -> None:
    assert literal_list(text) is None


@given(st.lists(st.one_of(st.integers(), st.text(max_size=8)), max_size=6))
def test_any_list_of_literals_reads_back(values: list[object]) -> None:
    assert literal_list(repr(values)) == values


@pytest.mark.parametrize("missing", [("track", "title"), ("artist", "name")])
def test_a_missing_column_is_named_with_the_nearest(
    tmp_path: Path, missing: tuple[str, str]
) -> None:
    columns = [(g, n + "s") if (g, n) == missing else (g, n) for g, n in COLUMNS]
    path = write(tmp_path / "tracks.csv", ["20", *TRACK], columns=columns)
    name = ".".join(missing)
    with pytest.raises(ParameterError, match=f"no column '{name}'. Did you mean '{name}s'?"):
        read(path)


@pytest.mark.parametrize("bad_id", ["", "x", "-1", "2.5", "99999999999"])
def test_an_id_that_is_no_number_is_refused_with_its_line(tmp_path: Path, bad_id: str) -> None:
    path = write(tmp_path / "tracks.csv", ["20", *TRACK], [bad_id, *TRACK])
    with pytest.raises(ParameterError, match=r"tracks\.csv, line 5: the track id"):
        read(path)


def test_an_id_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "tracks.csv", ["20", *TRACK], ["21", *TRACK], ["020", *TRACK])
    with pytest.raises(ParameterError, match="'20' stands in line 4 and again in line 6"):
        read(path)


def test_a_row_with_too_few_cells_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "tracks.csv", ["20", *TRACK[:-2]])
    with pytest.raises(ParameterError, match=r"line 4: 10 cells, but the header has 12"):
        read(path)


def test_a_table_of_others_as_raw_tracks_is_refused(tmp_path: Path) -> None:
    tracks = write(tmp_path / "tracks.csv", ["20", *TRACK])
    raw = write_raw(tmp_path / "raw.csv", ["1", "x"], columns=["track_id", "license_titel"])
    with pytest.raises(ParameterError, match=r"'license_title'\. Did you mean 'license_titel'\?"):
        read(tracks, raw)


def test_both_tables_are_found_beside_the_recordings(tmp_path: Path) -> None:
    assert metadata_beside(tmp_path) == (None, None)
    tracks = write(tmp_path / "tracks.csv", ["20", *TRACK])
    raw = write_raw(tmp_path / "raw_tracks.csv", RAW)
    assert metadata_beside(tmp_path) == (tracks, raw)


def test_a_packed_table_reads_as_the_plain_one(tmp_path: Path) -> None:
    plain = write(tmp_path / "tracks.csv", ["20", *TRACK])
    packed = tmp_path / "tracks.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed).rows == read(plain).rows


@pytest.mark.realdata
def test_fmas_real_table_reads_whole(test_data: Path) -> None:
    table = read_metadata(test_data / "fma/tracks.excerpt.csv.gz")
    assert (table.kind, len(table.rows)) == ("fma", 682)
    assert table.warnings == ()
    by_no = {track.track_no: track for track in table.rows}
    assert (by_no[10].title, by_no[10].artist, by_no[10].artist_key) == (
        "Freeway", "Kurt Vile", "6",
    )  # fmt: skip
    assert by_no[2].expected_duration_ms == 168_000
    assert "<span" not in str(by_no[10].extra)
