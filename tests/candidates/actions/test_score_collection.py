"""Scoring an archive: into shards, resumable, with what failed left out and told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from candidates.actions import score_collection as action
from candidates.models import DetectorVersion, ScoreSet
from candidates.scoring import shards
from consonance.catalog.models import Collection, Taxonomy, Track
from consonance.errors import ModelError, ParameterError, StateError
from consonance.jobs.context import JobCancelledError, JobContext
from consonance.jobs.models import Job
from consonance.ledger.models import AuditEntry
from tests.candidates.conftest import N_TRACKS
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
Score = Callable[..., dict[str, Any]]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_window_of_every_ready_track_is_scored(score: Score, context: JobContext) -> None:
    result = score()
    found = ScoreSet.objects.get()
    assert found.is_complete
    assert (found.tracks, found.excerpts) == (N_TRACKS, 2 * N_TRACKS)
    assert found.sha256 == result["sha256"] == shards.digest(found.folder)
    assert result["is_fallback"] is True
    assert "banjo" in result["classes"]
    assert sorted(content(found.folder)) == [f"shard-0000{n}.parquet" for n in range(3)]
    read = shards.read(found.folder)
    assert read.track_no.tolist() == [n for n in range(1, N_TRACKS + 1) for _ in range(2)]
    assert Taxonomy.objects.get().classes.count() == len(read.classes)
    assert AuditEntry.objects.filter(action="score_collection").count() == 1
    assert any("small detector" in event.text for event in context.job.events.all())
    assert str(found.folder) in context.job.outputs


def test_scoring_again_computes_nothing_and_changes_nothing(
    score: Score, collection: Collection
) -> None:
    first = score()
    folder = ScoreSet.objects.get().folder
    before = content(folder)
    for path in Path(collection.root).iterdir():
        path.unlink()  # nothing is decoded: the recordings are not even there
    again = score()
    assert again["sha256"] == first["sha256"]
    assert again["failed"] == []
    assert content(folder) == before
    assert ScoreSet.objects.count() == DetectorVersion.objects.count() == 1


def test_a_cancelled_run_goes_on_where_it_stopped_and_gives_the_same_bytes(
    score: Score, make_context: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    score()
    whole = ScoreSet.objects.get()
    before = content(whole.folder)
    for path in whole.folder.iterdir():
        path.unlink()
    ScoreSet.objects.all().delete()
    monkeypatch.setattr("consonance.jobs.context._PROGRESS_SECONDS", 0)

    def stop(job: Job) -> None:
        if job.progress_done == 3:  # the first shard is written, the second half done
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)

    with pytest.raises(JobCancelledError):
        score(context=make_context(stop))
    stopped = ScoreSet.objects.get()
    assert not stopped.is_complete
    assert list(content(stopped.folder)) == ["shard-00000.parquet"]
    kept = (stopped.folder / "shard-00000.parquet").stat()
    done: list[int] = []
    score(context=make_context(lambda job: done.append(job.progress_done)))
    assert done[0] == 2, "what the first run has written counts as done"
    now = (stopped.folder / "shard-00000.parquet").stat()
    assert (now.st_ino, now.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)
    assert content(stopped.folder) == before


PROGRAM = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("import_tracks", "--audio", sys.argv[1], "--collection", "tones", "--processes", "1")
print("ready", flush=True)
import candidates.scoring.shards as shards
write, n = shards.write_shard, 0
def slow(*args, **fields):
    global n
    write(*args, **fields)
    n += 1
    print("shard", flush=True)
    if n == 2 and "wait" in sys.argv:
        import time; time.sleep(600)
shards.write_shard = slow
call_command("score", "--collection", "tones", "--detector", "default", "--processes", "1",
             "--shard-tracks", "1", "--json")
"""


@pytest.mark.django_db(transaction=False)
def test_a_killed_process_loses_no_finished_shard(tones: Path, tmp_path: Path) -> None:
    def start(data: Path, *words: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ, "CONSONANCE_DATA": str(data), "DATABASE_URL": "", "OMP_NUM_THREADS": "1",
            "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
            "CONSONANCE_JOB_LEASE_SECONDS": "1",
            "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tones), *words],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    data = tmp_path / "data"
    process = start(data, "wait")
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += line.startswith("shard")
        if seen == 2:
            process.send_signal(signal.SIGKILL)
            break
    process.wait(30)
    [folder] = (data / "scores").iterdir()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("shard-*")}
    assert sorted(kept) == ["shard-00000.parquet", "shard-00001.parquet"]
    time.sleep(0.05)
    second = start(data)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0
    assert output.count("shard\n") == N_TRACKS - 2
    for name, modified in kept.items():
        assert (folder / name).stat().st_mtime_ns == modified
    third = start(tmp_path / "fresh")
    third.communicate(timeout=120)
    [fresh] = (tmp_path / "fresh" / "scores").iterdir()
    assert content(folder) == content(fresh)


def test_an_unreadable_shard_is_written_again(score: Score) -> None:
    first = score()
    path = ScoreSet.objects.get().folder / "shard-00001.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert score()["sha256"] == first["sha256"]
    assert path.read_bytes() == whole


def test_a_file_that_vanished_is_quarantined_and_the_rest_goes_on(
    score: Score, collection: Collection, context: JobContext
) -> None:
    (Path(collection.root) / "000003.wav").unlink()
    result = score()
    assert result["failed"] == [3]
    assert result["tracks"] == N_TRACKS - 1
    lost = Track.objects.of(collection).get(track_no=3)
    assert lost.state != "ready"
    assert lost.problems[0]["detail"]
    assert any("000003" in event.text for event in context.job.events.filter(level="warning"))
    read = shards.read(ScoreSet.objects.get().folder)
    assert 3 not in read.track_no
    assert set(read.track_no.tolist()) == {1, 2, 4, 5}
    again = score()
    assert again["failed"] == []


def test_a_track_that_changed_is_scored_again_and_no_other(
    score: Score, collection: Collection
) -> None:
    score()
    folder = ScoreSet.objects.get().folder
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    Track.objects.of(collection).filter(track_no=1).update(file_sha256="changed")
    score()
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["shard-00000.parquet"]


def test_shards_of_tracks_that_are_gone_are_removed(score: Score, collection: Collection) -> None:
    score()
    Track.objects.of(collection).filter(track_no__gte=3).update(state="quarantined")
    result = score()
    folder = ScoreSet.objects.get().folder
    assert list(content(folder)) == ["shard-00000.parquet"]
    assert result["excerpts"] == 4


def test_another_grid_is_another_score_set(score: Score) -> None:
    score()
    result = score(window_ms=5_000, hop_ms=4_000)
    assert ScoreSet.objects.count() == 2
    assert result["excerpts"] == 3 * N_TRACKS


@pytest.mark.parametrize(
    "fields", [{"window_ms": 999}, {"hop_ms": 0}, {"processes": 0}, {"shard_tracks": 0}]
)
def test_a_grid_that_makes_no_sense_is_refused_before_anything_is_made(
    score: Score, fields: dict[str, int]
) -> None:
    with pytest.raises(ParameterError, match="1,000 ms or longer"):
        score(**fields)
    assert not ScoreSet.objects.exists()


def test_an_archive_without_a_ready_track_is_refused(score: Score) -> None:
    with pytest.raises(StateError, match="has no track that passed inspection"):
        score(collection=CollectionFactory())


def test_a_detector_that_does_not_exist_is_refused(score: Score, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="nothing-at-all"):
        score(detector="nothing-at-all")
    with pytest.raises(ParameterError, match="no-such-taxonomy"):
        score(taxonomy="no-such-taxonomy")
    assert not ScoreSet.objects.exists()


def test_a_detector_without_its_weights_is_refused(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONSONANCE_MODELS", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(ModelError, match="mn04"):
        score(detector="mn04")
    assert not ScoreSet.objects.exists()


def test_taxonomies_do_not_change_under_their_version(score: Score) -> None:
    score()
    Taxonomy.objects.get().classes.filter(name="banjo").update(name="ukulele-banjo")
    with pytest.raises(StateError, match="Give the file a new version"):
        score()


def test_a_shard_holds_a_hundred_tracks_unless_told_otherwise() -> None:
    assert action.SHARD_TRACKS == 100
