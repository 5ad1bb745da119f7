"""Any table through a mapping, and what is wrong with tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consonance.catalog.metadata.choose import read_metadata
from consonance.catalog.metadata.mapped import load_mapping, read
from consonance.errors import ParameterError


def table(tmp_path: Path, text: str) -> Path:
    """Write a table."""
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def mapping(tmp_path: Path, **columns: str) -> Path:
    """Write a mapping."""
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(columns), encoding="utf-8")
    return path


def test_columns_are_called_as_the_mapping_says(tmp_path: Path) -> None:
    path = table(tmp_path, "nr,name,wer,x\n7,Song,Ana  Müller,1\n8,Other,ana müller,\n")
    columns = mapping(tmp_path, track_id="nr", title="name", artist="wer")
    first, second = read_metadata(path, mapping=columns).rows
    assert (first.track_no, first.title, first.artist) == (7, "Song", "Ana  Müller")
    assert first.artist_key == second.artist_key == "ana müller"
    assert (first.extra, second.extra) == ({"x": "1"}, {})


def test_a_toml_mapping_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text('track_id = "nr"\nlicense = "rights"\n')
    assert load_mapping(path) == {"track_id": "nr", "licence": "rights"}


def test_a_table_with_our_own_names_needs_no_mapping(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "path,title,license,genres,explicit,duration_s\nsub/a.wav,A,CC0,Jazz; Bop|Jazz,yes,12.5\n",
    )
    [track] = read(path).rows
    assert (track.path, track.source_id, track.track_no) == ("sub/a.wav", "sub/a.wav", None)
    assert track.licence_title == "CC0"
    assert track.genres == ("Jazz", "Bop")
    assert track.is_explicit is True
    assert track.expected_duration_ms == 12_500


def test_ids_are_numbers_only_where_all_are(tmp_path: Path) -> None:
    rows = read(table(tmp_path, "track_id,title\n1,A\nx2,B\n")).rows
    assert [row.track_no for row in rows] == [None, None]
    rows = read(table(tmp_path, "track_id,title\n1,A\n002,B\n")).rows
    assert [row.track_no for row in rows] == [1, 2]


def test_a_windows_path_becomes_ours(tmp_path: Path) -> None:
    [track] = read(table(tmp_path, "path\nAlbum\\01 Song.mp3\n")).rows
    assert track.path == "Album/01 Song.mp3"


@pytest.mark.parametrize("path", ["../secret.mp3", "/etc/passwd", "a/../../b.mp3", "C:\\x.mp3",
                                  "..\\x.mp3"])  # fmt: skip
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ParameterError, match=r"table\.csv, line 2: .* leads out of"):
        read(table(tmp_path, f"path,title\n{path},A\n"))


def test_an_unknown_target_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'artst', which means nothing.* mean 'artist'"):
        load_mapping(mapping(tmp_path, track_id="id", artst="x"))


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = table(tmp_path, "id,titel\n1,A\n")
    columns = mapping(tmp_path, track_id="id", title="title")
    with pytest.raises(ParameterError, match=r"'title', which .* Did you mean 'titel'"):
        read_metadata(path, mapping=columns)


def test_a_table_without_id_and_path_says_how_to_map_it(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Say which column is what in a mapping"):
        read(table(tmp_path, "number,name\n1,A\n"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "ill-formed"),
        ("[1]", "must be an object of texts"),
        ('{"title": 3}', "must be an object of texts"),
    ],
)
def test_an_ill_formed_mapping_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(content)
    with pytest.raises(ParameterError, match=says):
        load_mapping(path)


def test_a_missing_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="There is no mapping file"):
        load_mapping(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("track_id,title\n1,A,extra\n", "line 2: 3 cells, but the header has 2"),
        ("track_id,title\n1,A\n1,B\n", "'1' stands in line 2 and again in line 3"),
        ("track_id,title\n7,A\n007,B\n", "'7' .line 2. and '007' .line 3. are the same number"),
        ("track_id,path\n,\n", "line 2: neither an id nor a path"),
        ("track_id,explicit\n1,perhaps\n", "'perhaps' .* neither yes nor no"),
        ("track_id,duration_s\n1,long\n", "'long' is no length"),
        ("track_id,duration_s\n1,nan\n", "'nan' is no length"),
        ('track_id,title\n1,"A"B\n', "line 2: this is not comma-separated text"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        read(table(tmp_path, text))


def test_a_table_that_is_not_utf8_is_refused_with_line_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("track_id,title\n1,Año\n2,Café\n".encode("latin-1"))
    with pytest.raises(ParameterError, match=r"table\.csv, line 2: byte 0xf1 is not UTF-8"):
        read(path)


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbftrack_id,title\n1,A\n")
    assert read(path).rows[0].track_no == 1


def test_control_characters_are_taken_out(tmp_path: Path) -> None:
    [track] = read(table(tmp_path, "track_id,title\n1,A\x00\x1b[31mB\n")).rows
    assert track.title == "A[31mB"


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="There is no file"):
        read(tmp_path / "none.csv")


def test_a_broken_packed_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(b"no gzip")
    with pytest.raises(ParameterError, match="cannot be read"):
        read(path)


def test_raw_tracks_do_not_go_with_a_mapping(tmp_path: Path) -> None:
    path = table(tmp_path, "id\n1\n")
    with pytest.raises(ParameterError, match="--raw goes with FMA"):
        read_metadata(path, raw=path, mapping=mapping(tmp_path, track_id="id"))
