"""The small real archive: every planted fault is found, every real recording is taken in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from consonance.catalog.actions.import_tracks import import_tracks
from consonance.catalog.models import Collection, Track

#: What `planted.csv` calls a fault: the state and the reason that an import must find.
EXPECTED = {
    "truncated": ("quarantined", "wrong_duration"),
    "silent": ("quarantined", "silent"),
    "not audio": ("quarantined", "not_audio"),
    "row without file": ("missing", "no_file"),
    "file without row": ("ready", "no_metadata"),
    "duplicate": ("ready", None),  # re-encoded: the de-duplication finds these
    "natural near-duplicate": ("ready", None),
}


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.django_db
def test_every_planted_fault_is_found_in_the_real_archive(test_data: Path) -> None:
    folder = test_data / "music"
    result = import_tracks(folder=folder, slug="music")
    assert (result["metadata"], result["files"], result["refused"]) == ("fma", 109, [])
    with (folder / "planted.csv").open(encoding="utf-8", newline="") as file:
        planted = {int(row["track_id"]): row["kind"] for row in csv.DictReader(file)}
    tracks = {track.track_no: track for track in Track.objects.all()}
    found = {
        number: (tracks[number].state, next((p["code"] for p in tracks[number].problems), None))
        for number in planted
    }
    assert found == {number: EXPECTED[kind] for number, kind in planted.items()}
    real = [track for number, track in tracks.items() if planted.get(number) in
            {None, "natural near-duplicate"}]  # fmt: skip
    assert len(real) == 102
    assert {(track.state, tuple(track.problems)) for track in real} == {("ready", ())}
    assert all(track.artist and track.track_url and track.licence_url for track in real)
    assert not any(track.licence_spdx == "LicenseRef-unknown" for track in real)
    assert sum(track.duration_ms for track in real) == pytest.approx(2.29 * 3_600_000, rel=0.01)
    assert "18.70 s decode" in tracks[5111].problems[0]["detail"]
    before = list(Track.objects.order_by("track_no").values())
    again = import_tracks(folder=folder, slug="music")
    assert (again["inspected"], again["unchanged"]) == (0, 109)
    assert list(Track.objects.order_by("track_no").values()) == before
    assert Collection.objects.get().name == "Music"
