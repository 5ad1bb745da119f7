"""Files find their rows, and numbers stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.catalog.ingest.files import AudioFile
from consonance.catalog.ingest.matching import Entry, Known, artist_keys, fma_path, match
from consonance.catalog.metadata.track import TrackMetadata
from consonance.errors import StateError

NOTHING = Known(by_path={}, by_source={})


def files(*paths: str) -> dict[str, AudioFile]:
    """Files at these paths."""
    return {path: AudioFile(path=path, byte_size=1, changed_at=0.0) for path in sorted(paths)}


def row(source_id: str, path: str | None = None, *, numbered: bool = True) -> TrackMetadata:
    """Return a row; its id is its number unless it is not `numbered`."""
    number = int(source_id) if numbered else None
    return TrackMetadata(source_id=source_id, row=2, track_no=number, path=path)


def pairs(entries: list[Entry]) -> list[tuple[int, str, str]]:
    """Return number, path and id of entries."""
    return [
        (e.track_no, e.file.path if e.file else "", e.row.source_id if e.row else "")
        for e in entries
    ]


def test_fmas_rule_finds_a_file_wherever_the_folder_begins() -> None:
    assert fma_path(5077) == "005/005077.mp3"
    there = files("all/005/005077.mp3", "all/000/000002.mp3")
    found = match(there, [row("2"), row("5077")], NOTHING)
    assert pairs(found) == [(2, "all/000/000002.mp3", "2"), (5077, "all/005/005077.mp3", "5077")]


def test_a_numeric_name_is_an_id_whatever_its_ending() -> None:
    found = match(files("12.flac", "x/0013.ogg"), [row("12"), row("13")], NOTHING)
    assert pairs(found) == [(12, "12.flac", "12"), (13, "x/0013.ogg", "13")]


def test_a_stated_path_goes_before_every_guess() -> None:
    found = match(files("1.wav", "2.wav"), [row("1", "2.wav"), row("2")], NOTHING)
    assert pairs(found) == [(1, "2.wav", "1"), (2, "", "2"), (3, "1.wav", "")]


def test_a_stated_path_that_is_not_there_is_not_replaced_by_a_guess() -> None:
    found = match(files("1.wav"), [row("1", "music/1.wav")], NOTHING)
    assert pairs(found) == [(1, "", "1"), (2, "1.wav", "")]


def test_a_word_as_id_finds_the_file_of_that_name() -> None:
    found = match(files("b.wav", "a.wav"), [row("b", numbered=False)], NOTHING)
    assert pairs(found) == [(1, "b.wav", "b"), (2, "a.wav", "")]


def test_files_and_rows_without_partner_stay() -> None:
    found = match(files("000/000007.mp3"), [row("8")], NOTHING)
    assert pairs(found) == [(7, "000/000007.mp3", ""), (8, "", "8")]


def test_two_files_for_one_row_are_two_tracks() -> None:
    found = match(files("000/000007.mp3", "other/7.flac"), [row("7")], NOTHING)
    assert pairs(found) == [(7, "000/000007.mp3", "7"), (8, "other/7.flac", "")]


def test_without_a_table_numbers_follow_the_sorted_paths() -> None:
    assert pairs(match(files("b.wav", "a/z.wav", "c.wav"), [], NOTHING)) == [
        (1, "a/z.wav", ""), (2, "b.wav", ""), (3, "c.wav", ""),
    ]  # fmt: skip


def test_new_files_get_new_numbers_and_old_ones_keep_theirs() -> None:
    known = Known(by_path={"b.wav": 1, "c.wav": 2}, by_source={})
    assert pairs(match(files("a.wav", "b.wav", "c.wav"), [], known)) == [
        (1, "b.wav", ""), (2, "c.wav", ""), (3, "a.wav", ""),
    ]  # fmt: skip


def test_the_number_of_a_file_that_is_gone_is_not_given_again() -> None:
    known = Known(by_path={"a.wav": 1, "gone.wav": 2}, by_source={})
    assert pairs(match(files("a.wav", "new.wav"), [], known))[1] == (3, "new.wav", "")


def test_words_as_ids_keep_their_numbers() -> None:
    known = Known(by_path={}, by_source={"m": 1})
    found = match(files("a.wav", "m.wav"), [row(i, numbered=False) for i in "am"], known)
    assert pairs(found) == [(1, "m.wav", "m"), (2, "a.wav", "a")]


def test_a_table_that_would_renumber_known_files_is_refused() -> None:
    known = Known(by_path={"7.wav": 1}, by_source={})
    with pytest.raises(StateError, match=r"7\.wav is track 1 .* but its row says 7"):
        match(files("7.wav"), [row("7")], known)


def test_a_table_that_takes_the_number_of_a_known_file_is_refused() -> None:
    known = Known(by_path={"x.wav": 1}, by_source={})
    with pytest.raises(StateError, match=r"x\.wav is track 1 .* another recording's row"):
        match(files("x.wav", "1.wav"), [row("1")], known)


@given(st.sets(st.text("abc019/", min_size=1, max_size=6), max_size=12), st.integers(0, 11))
def test_numbers_are_unique_and_stay_when_run_again(names: set[str], n_rows: int) -> None:
    found = files(*(f"{name.strip('/') or 'x'}.wav" for name in names))
    rows = [row(str(n)) for n in range(n_rows)]
    first = match(found, rows, NOTHING)
    assert len({entry.track_no for entry in first}) == len(first)
    known = Known(
        by_path={e.file.path: e.track_no for e in first if e.file},
        by_source={e.row.source_id: e.track_no for e in first if e.row},
    )
    assert pairs(match(found, rows, known)) == pairs(first)
    assert {e.file.path for e in first if e.file} == set(found)


def test_a_folder_stands_for_its_unknown_artist() -> None:
    keys = artist_keys(["Music/Ana/A/1.wav", "Music/Ana/B/2.wav", "Music/Bo/3.wav"])
    assert keys["Music/Ana/A/1.wav"] == keys["Music/Ana/B/2.wav"] == "folder:Ana"
    assert keys["Music/Bo/3.wav"] == "folder:Bo"


@pytest.mark.parametrize("paths", [["1.wav", "2.wav"], ["x/000/1.wav", "x/001/2.wav"]])
def test_without_folders_of_artists_each_file_stands_for_itself(paths: list[str]) -> None:
    assert len(set(artist_keys(paths).values())) == 2
