"""Importing a folder: what becomes of each file and row, and of a second run."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf
from django.core.management import CommandError, call_command

from consonance.catalog.actions import import_tracks as action
from consonance.catalog.actions.import_tracks import import_tracks
from consonance.catalog.models import Collection, Track
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.jobs.models import Job, JobState
from consonance.ledger.models import AuditEntry
from tests.factories import annotator, curator

pytestmark = pytest.mark.django_db

Archive = Callable[..., Path]


def table(folder: Path, *rows: dict[str, str], name: str = "table.csv") -> Path:
    """Write a table beside the recordings; it is not found there by itself."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def take(folder: Path, **fields: Any) -> dict[str, Any]:
    """Import a folder as `here`."""
    return import_tracks(folder=folder, slug="here", **{"processes": 1, **fields})


def track(number: int) -> Track:
    return Track.objects.get(track_no=number)


def codes(number: int) -> list[str]:
    return [problem["code"] for problem in track(number).problems]


def test_good_recordings_are_ready_with_what_was_measured(archive: Archive) -> None:
    result = take(archive("b/2.wav", "a/1.wav"))
    assert (result["tracks"], result["ready"], result["inspected"]) == (2, 2, 2)
    assert result["summary"] == "2 of 2 tracks are ready (22 s)."
    first = track(1)
    assert (first.path, first.state, first.title) == ("a/1.wav", "ready", "1")
    assert (first.duration_ms, first.sample_rate, first.channels) == (11_000, 8_000, 1)
    assert len(first.file_sha256) == len(first.pcm_sha256) == 64
    assert first.licence_spdx == "LicenseRef-unknown"
    assert first.artist_key == "folder:a"


def test_bad_recordings_are_quarantined_with_their_reasons(archive: Archive) -> None:
    folder = archive("1.wav")
    archive("2.wav", seconds=3)
    (folder / "3.mp3").write_text("<!DOCTYPE html><title>404</title>")
    (folder / "4.flac").write_bytes(b"")
    sf.write(folder / "5.wav", [0.0] * 88_000, 8_000)
    (folder / "6.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(600))
    result = take(folder)
    assert result["reasons"] == {
        "empty": 1, "not_audio": 1, "silent": 1, "too_short": 1, "unreadable": 1,
    }  # fmt: skip
    assert [track(n).state for n in range(1, 7)] == ["ready"] + ["quarantined"] * 5
    assert "5 in quarantine (empty 1, not audio 1" in result["summary"]
    assert all(track(n).problems[0]["detail"] for n in range(2, 7))


def test_rows_and_files_without_partner_are_told(archive: Archive) -> None:
    folder = archive("1.wav", "7.wav")
    rows = (
        {"track_id": number, "title": f"T{number}", "artist": "Ana", "license": "CC0"}
        for number in ("1", "2")
    )
    result = take(folder, metadata=table(folder, *rows))
    assert (result["ready"], result["missing"], result["notes"]) == (2, 1, {"no_metadata": 1})
    assert (track(1).title, track(1).licence_spdx) == ("T1", "CC0-1.0")
    assert (track(2).state, codes(2), track(2).title) == ("missing", ["no_file"], "T2")
    assert (track(7).state, codes(7), track(7).title) == ("ready", ["no_metadata"], "7")
    assert "1 row without file; 1 file without row" in result["summary"]


def test_the_same_sound_twice_is_noted_and_kept(archive: Archive) -> None:
    folder = archive("1.wav", "2.wav")
    (folder / "3.wav").write_bytes((folder / "1.wav").read_bytes())
    result = take(folder)
    assert (result["ready"], result["notes"]) == (3, {"same_sound": 1})
    assert codes(3) == ["same_sound"]
    assert track(3).problems[0]["detail"].endswith("as track 1.")


def test_a_second_run_inspects_nothing_and_changes_nothing(archive: Archive) -> None:
    folder = archive("1.wav", "2.wav")
    (folder / "3.wav").write_bytes((folder / "1.wav").read_bytes())
    metadata = table(folder, {"track_id": "1", "title": "A"}, {"track_id": "9", "title": "B"})
    take(folder, metadata=metadata)
    before = list(Track.objects.order_by("track_no").values())
    result = take(folder, metadata=metadata)
    assert (result["inspected"], result["unchanged"]) == (0, 3)
    assert list(Track.objects.order_by("track_no").values()) == before


def test_changed_metadata_is_taken_over_without_inspecting(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder, metadata=table(folder, {"track_id": "1", "title": "Old", "license": "CC BY 4.0"}))
    pk = track(1).pk
    result = take(
        folder, metadata=table(folder, {"track_id": "1", "title": "New", "license": "CC0"})
    )
    assert result["inspected"] == 0
    assert (track(1).pk, track(1).title, track(1).licence_spdx) == (pk, "New", "CC0-1.0")


def test_a_changed_file_is_inspected_again(archive: Archive) -> None:
    folder = archive("1.wav", "2.wav")
    take(folder)
    pk = track(1).pk
    (folder / "1.wav").write_bytes(b"not audio any more")
    result = take(folder)
    assert result["inspected"] == 1
    assert (track(1).pk, track(1).state, codes(1)) == (pk, "quarantined", ["not_audio"])


def test_a_changed_file_of_the_same_size_and_date_is_noticed(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder)
    status = (folder / "1.wav").stat()
    content = bytearray((folder / "1.wav").read_bytes())
    content[1000] ^= 1
    time.sleep(0.02)
    (folder / "1.wav").write_bytes(content)
    os.utime(folder / "1.wav", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert take(folder)["inspected"] == 1


def test_a_touched_file_is_recognised_by_its_content(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder)
    time.sleep(0.02)
    os.utime(folder / "1.wav")
    assert take(folder)["inspected"] == 0


def test_recheck_inspects_everything_again(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder)
    assert take(folder, recheck=True)["inspected"] == 1


def test_a_file_that_is_gone_is_missing_and_comes_back(archive: Archive) -> None:
    folder = archive("1.wav", "2.wav")
    take(folder)
    pk = track(2).pk
    content = (folder / "2.wav").read_bytes()
    (folder / "2.wav").unlink()
    assert take(folder)["missing"] == 1
    assert (track(2).pk, codes(2)) == (pk, ["no_file"])
    (folder / "2.wav").write_bytes(content)
    assert take(folder)["ready"] == 2
    assert (track(2).pk, codes(2)) == (pk, [])


class Stopped(Exception):
    """Somebody stops the import."""


def test_a_stopped_import_goes_on_where_it_was(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_BATCH", 2)
    folder = archive("1.wav", "2.wav", "3.wav", "4.wav", "5.wav")

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        take(folder, progress=stop)
    assert Track.objects.count() == 2
    told: list[tuple[int, int]] = []
    result = take(folder, progress=lambda done, total: told.append((done, total)))
    assert (result["ready"], result["inspected"]) == (5, 3)
    assert told == [(2, 5), (3, 5), (4, 5), (5, 5)]


def test_a_file_that_crashes_its_process_is_quarantined(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the pool says of a file whose process died; that it says so is the pool's own test.
    import consonance.catalog.ingest.crash_proof_pool as pool

    def outcomes(function: Any, items: Any, *, processes: int) -> Any:
        for item in items:
            yield pool.Outcome(item, crashed=True)

    monkeypatch.setattr(action, "run_each", outcomes)
    assert take(archive("1.wav"))["reasons"] == {"unreadable": 1}
    assert "crashed" in track(1).problems[0]["detail"]


def test_texts_longer_than_their_columns_are_cut(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder, metadata=table(folder, {"track_id": "1", "title": "x" * 900}))
    assert track(1).title == "x" * 499 + "…"


def test_fmas_tables_are_found_in_the_folder(archive: Archive) -> None:
    folder = archive("000/000101.wav")
    table(
        folder,
        {"track_id": "101", "track_title": "Song", "license_title": "CC0", "license_url": ""},
        name="raw_tracks.csv",
    )
    assert take(folder)["metadata"] == "fma-raw"
    assert track(101).title == "Song"
    assert take(folder, look_beside=False)["metadata"] == "none"


def test_the_import_is_in_the_audit_trail(archive: Archive) -> None:
    person = curator()
    take(archive("1.wav"), actor=person)
    entry = AuditEntry.objects.get(action="import_tracks")
    assert (entry.actor, entry.detail["ready"]) == (person, 1)


def test_only_curators_import(archive: Archive) -> None:
    with pytest.raises(NotAllowedError):
        take(archive("1.wav"), actor=annotator())
    assert not Collection.objects.exists()


@pytest.mark.parametrize("slug", ["", "with space", "a/b", "x" * 65, "ü"])
def test_a_slug_that_cannot_stand_in_an_address_is_refused(archive: Archive, slug: str) -> None:
    with pytest.raises(ParameterError, match="cannot stand in an address"):
        import_tracks(folder=archive("1.wav"), slug=slug)


def test_bad_input_leaves_nothing_behind(archive: Archive, tmp_path: Path) -> None:
    folder = archive("1.wav")
    twice = table(folder, {"track_id": "1", "title": "A"}, {"track_id": "1", "title": "B"})
    for fields in (
        {"metadata": twice},
        {"metadata": folder / "none.csv"},
        {"mapping": folder / "none.json"},
        {"raw": folder / "none.csv"},
    ):
        with pytest.raises(ParameterError):
            take(folder, **fields)
    with pytest.raises(ParameterError):
        take(tmp_path / "nowhere")
    assert not Collection.objects.exists()


def test_another_folder_needs_another_collection(archive: Archive, tmp_path: Path) -> None:
    take(archive("1.wav"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "1.wav").write_bytes((tmp_path / "archive/1.wav").read_bytes())
    with pytest.raises(StateError, match="Give another --collection"):
        take(other)


def test_a_moved_archive_is_followed(archive: Archive, tmp_path: Path) -> None:
    folder = archive("1.wav")
    take(folder)
    moved = folder.rename(tmp_path / "moved")
    result = take(moved)
    assert Collection.objects.get().root == str(moved)
    assert (result["ready"], result["inspected"]) == (1, 0)


def test_rendered_recordings_do_not_mix_with_real_ones(archive: Archive) -> None:
    folder = archive("1.wav")
    take(folder)
    with pytest.raises(StateError, match="holds real recordings"):
        take(folder, synthetic=True)


def test_a_new_collection_is_named_after_its_slug_or_as_said(archive: Archive) -> None:
    folder = archive("1.wav")
    import_tracks(folder=folder, slug="my-archive", processes=1)
    assert Collection.objects.get().name == "My archive"
    import_tracks(folder=folder, slug="my-archive", name="The Archive", processes=1)
    assert Collection.objects.get().name == "The Archive"


def test_the_command_imports_and_prints_its_result(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_tracks", audio=str(archive("1.wav")), collection="here", processes=1)
    assert capsys.readouterr().out == "1 of 1 track is ready (11 s).\n"
    job = Job.objects.get()
    assert (job.state, job.progress_done, job.progress_total) == (JobState.DONE, 1, 1)
    assert job.result["ready"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--audio", "/no/such/folder", "--collection", "x"],
        ["--audio", ".", "--collection", "x", "--processes", "0"],
    ],
)
def test_the_command_ends_with_one_sentence_on_bad_input(words: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("import_tracks", *words)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert not Collection.objects.exists()
