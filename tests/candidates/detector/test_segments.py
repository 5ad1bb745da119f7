"""AudioSet's lists are read in both their forms; one that a spreadsheet spoilt is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from candidates.detector.audioset import label_index
from candidates.detector.segments import Segment, read_segments
from consonance.errors import ParameterError

OWN = """# Segments csv created Sun Mar  5 10:54:31 2017
# num_ytids=2, num_segs=2, num_unique_labels=3, num_positive_labels=3
# YTID, start_seconds, end_seconds, positive_labels
--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"
-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw"
"""
SAVED_AGAIN = """YTID,start_seconds,end_seconds,positive_labels
--PJHxphWEs,30,40,"/m/09x0r,/t/dd00088"
-0RWZT-miFs,420,430,/m/03v3yw
"""
#: A public copy of the balanced list looks like this.
SPREADSHEET = """# Segments csv created Sun Mar  5 10:54:31 2017,,
# num_ytids=22160, num_segs=22160, num_unique_labels=527
YTID,start_seconds,end_seconds
#NAME?,30,40
#NAME?,50,60
-0DLPzsiXXE,30,40
"""
BOTH = (
    Segment("--PJHxphWEs", 30.0, 40.0, ("/m/09x0r", "/t/dd00088")),
    Segment("-0RWZT-miFs", 420.0, 430.0, ("/m/03v3yw",)),
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("content", [OWN, SAVED_AGAIN, "\ufeff" + SAVED_AGAIN,
                                     OWN.replace("\n", "\r\n")])  # fmt: skip
def test_both_forms_say_the_same(tmp_path: Path, content: str) -> None:
    assert read_segments(written(tmp_path, content), label_index()) == (BOTH, ())


def test_a_spreadsheets_copy_is_refused_with_what_it_did(tmp_path: Path) -> None:
    with pytest.raises(ParameterError) as refused:
        read_segments(written(tmp_path, SPREADSHEET), label_index())
    told = str(refused.value)
    assert "2 ids became #NAME?" in told
    assert "the first on line 4" in told
    assert "the column positive_labels is gone" in told


def test_one_damaged_id_among_many_is_enough(tmp_path: Path) -> None:
    content = SAVED_AGAIN + '#NAME?,30,40,"/m/09x0r"\n'
    with pytest.raises(ParameterError, match="1 ids became #NAME"):
        read_segments(written(tmp_path, content), label_index())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("short,0,10,/m/09x0r", "'short' is not a video's id"),
        ("aaaaaaaaaaa,zero,10,/m/09x0r", "are not seconds"),
        ("aaaaaaaaaaa,10,10,/m/09x0r", "no stretch of time"),
        ("aaaaaaaaaaa,-1,10,/m/09x0r", "no stretch of time"),
        ("aaaaaaaaaaa,0,inf,/m/09x0r", "no stretch of time"),
        ("aaaaaaaaaaa,0,10,", "no label"),
        ("aaaaaaaaaaa,0,10", "3 columns instead of 4"),
        ("aaaaaaaaaaa,0,10,/m/xyz", "/m/xyz is not among"),
        ("--PJHxphWEs,0,10,/m/09x0r", "listed twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, row: str, told: str
) -> None:
    segments, damages = read_segments(written(tmp_path, SAVED_AGAIN + row + "\n"), label_index())
    assert segments == BOTH
    [damage] = damages
    assert damage.where == "line 4"
    assert told in damage.reason


def test_a_list_that_lost_rows_says_so(tmp_path: Path) -> None:
    lines = OWN.splitlines()[:-1]
    segments, [damage] = read_segments(written(tmp_path, "\n".join(lines)), label_index())
    assert len(segments) == 1
    assert damage.reason == "2 segments are announced, 1 are here"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", b"\xff\xfe\x00", "# nothing\n"])
def test_what_is_no_list_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ParameterError):
        read_segments(written(tmp_path, content), label_index())


@pytest.mark.realdata
def test_two_thousand_real_rows_are_read(test_data: Path) -> None:
    path = test_data / "audioset" / "balanced_train_segments.first2000.csv"
    segments, damages = read_segments(path, label_index())
    assert len(segments) == 2000
    assert damages == ()
    assert segments[0] == Segment("--PJHxphWEs", 30.0, 40.0, ("/m/09x0r", "/t/dd00088"))
    assert sum(segment.video_id.startswith("-") for segment in segments) > 100
