"""Scoring an archive: into shards, resumable, with what failed left out and told."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from candidates.actions import score_collection as action
from candidates.actions.forecast_scores import forecast_scores
from candidates.actions.score_shard import score_shard
from candidates.models import DetectorVersion, ScoreSet
from candidates.scoring import manifest, shards
from candidates.scoring.claims import claimed
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
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in files}


def shards_in(folder: Path) -> list[str]:
    return [path.name for path in shards.shard_paths(folder)]


def test_every_window_of_every_ready_track_is_scored(score: Score, context: JobContext) -> None:
    result = score()
    found = ScoreSet.objects.get()
    assert found.is_complete
    assert (found.tracks, found.excerpts) == (N_TRACKS, 2 * N_TRACKS)
    assert found.sha256 == result["sha256"] == shards.digest(found.folder)
    assert result["is_fallback"] is True
    assert "banjo" in result["classes"]
    names = [f"shard-0000{n}.parquet" for n in range(3)]
    assert sorted(path.name for path in found.folder.iterdir()) == ["manifest.json", *names]
    listed = manifest.read(found.folder)
    assert listed["sha256"] == found.sha256
    assert [(row["name"], row["excerpts"]) for row in listed["shards"]] == [
        (names[0], 4), (names[1], 4), (names[2], 2),
    ]  # fmt: skip
    assert manifest.verify(found.folder) == []
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
    shutil.rmtree(whole.folder)
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
    going_on = make_context(lambda job: done.append(job.progress_done))
    score(context=going_on)
    assert done[0] == 2, "what the first run has written counts as done"
    kept_apart = Job.objects.get(pk=going_on.job.pk).result
    assert kept_apart == {"done_before": 2}, "and not as this run's speed"
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
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("shard-*.parquet")}
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
    folder = ScoreSet.objects.get().folder
    read = shards.read(folder)
    assert set(read.track_no.tolist()) == {1, 2, 4, 5}
    assert manifest.read(folder)["shards"][1]["failed"] == [3]
    before = {path.name: path.stat().st_mtime_ns for path in shards.shard_paths(folder)}
    again = score()
    assert again["failed"] == []
    after = {path.name: path.stat().st_mtime_ns for path in shards.shard_paths(folder)}
    assert after == before, "a track in quarantine moves no other into another shard"


def test_a_track_that_comes_back_from_quarantine_is_tried_again(
    score: Score, collection: Collection
) -> None:
    path = Path(collection.root) / "000003.wav"
    path.rename(path.with_suffix(".away"))
    assert score()["failed"] == [3]
    path.with_suffix(".away").rename(path)
    Track.objects.of(collection).filter(track_no=3).update(state="ready")
    assert score()["failed"] == []
    assert 3 in shards.read(ScoreSet.objects.get().folder).track_no


def test_a_file_that_changed_since_its_inspection_is_quarantined(
    score: Score, collection: Collection
) -> None:
    path = Path(collection.root) / "000004.wav"
    path.write_bytes(path.read_bytes()[:-2])
    assert score()["failed"] == [4]
    assert Track.objects.of(collection).get(track_no=4).problems[0]["code"] == "changed"


def test_a_track_that_changed_is_scored_again_and_no_other(
    score: Score, collection: Collection
) -> None:
    score()
    folder = ScoreSet.objects.get().folder
    before = {path.name: path.stat().st_mtime_ns for path in shards.shard_paths(folder)}
    changed_file = Path(collection.root) / "000001.wav"
    other = (Path(collection.root) / "000005.wav").read_bytes()
    changed_file.write_bytes(other)
    Track.objects.of(collection).filter(track_no=1).update(
        file_sha256=hashlib.sha256(other).hexdigest()
    )
    score()
    after = {path.name: path.stat().st_mtime_ns for path in shards.shard_paths(folder)}
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["shard-00000.parquet"]


def test_shards_of_tracks_that_are_gone_are_removed(score: Score, collection: Collection) -> None:
    score()
    Track.objects.of(collection).filter(track_no__gte=3).update(state="quarantined")
    result = score()
    folder = ScoreSet.objects.get().folder
    assert shards_in(folder) == ["shard-00000.parquet"]
    assert result["excerpts"] == 4


def test_scores_that_are_being_renewed_are_not_taken_for_complete(
    score: Score, collection: Collection, make_context: Callable[..., JobContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    score()
    folder = ScoreSet.objects.get().folder
    (folder / "shard-00002.parquet").unlink()
    with pytest.raises(StateError, match=r"not those of its manifest\.json"):
        shards.read(folder)
    monkeypatch.setattr("consonance.jobs.context._PROGRESS_SECONDS", 0)

    def stop(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)

    with pytest.raises(JobCancelledError):
        score(context=make_context(stop))
    assert not ScoreSet.objects.get().is_complete
    assert not (folder / "manifest.json").exists()
    with pytest.raises(StateError, match="not complete"):
        manifest.read(folder)
    score()
    assert manifest.verify(folder) == []


def test_a_shard_that_was_altered_is_found(score: Score) -> None:
    score()
    folder = ScoreSet.objects.get().folder
    path = folder / "shard-00001.parquet"
    content = bytearray(path.read_bytes())
    content[100] ^= 255
    path.write_bytes(content)
    assert manifest.verify(folder) == [
        f"shard-00001.parquet has changed: its SHA-256 is {hashlib.sha256(content).hexdigest()}."
    ]


def test_tracks_shorter_than_an_excerpt_are_counted_and_stay_ready(
    score: Score, collection: Collection
) -> None:
    result = score(window_ms=20_000)
    assert (result["excerpts"], result["too_short"]) == (0, N_TRACKS)
    assert Track.objects.of(collection).ready().count() == N_TRACKS


def test_recordings_may_lie_elsewhere_than_they_were_imported_from(
    score: Score, collection: Collection, tmp_path: Path
) -> None:
    first = score()
    shutil.rmtree(ScoreSet.objects.get().folder)
    shutil.move(collection.root, tmp_path / "elsewhere")
    assert score(audio=str(tmp_path / "elsewhere"))["sha256"] == first["sha256"]


def test_progress_tells_rate_and_time_left(
    score: Score, make_context: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consonance.jobs.context._PROGRESS_SECONDS", 0)
    monkeypatch.setattr("candidates.portions.pace._WARM_UP_SECONDS", 0)
    told: list[str] = []
    score(context=make_context(lambda job: told.append(job.message)))
    assert re.fullmatch(r"Scoring [\d,]+ s of music a second, about \d+ s left", told[-1])


def test_a_queue_that_does_not_answer_is_no_obstacle(
    score: Score, context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise OperationalError("no route")

    monkeypatch.setattr("celery.current_app.send_task", down)
    assert score(fan_out=True)["tracks"] == N_TRACKS
    assert any("scoring alone" in event.text for event in context.job.events.all())


def test_a_helper_scores_a_shard_once_and_only_while_it_is_wanted(
    score: Score, context: JobContext
) -> None:
    score()
    found = ScoreSet.objects.get()
    path = found.folder / "shard-00001.parquet"
    whole = path.read_bytes()

    def help_out() -> bool:
        return score_shard(
            job_id=context.job.pk, score_set=found.pk, number=1, shard_tracks=2,
            root=found.collection.root, models_dir="",
        )  # fmt: skip

    assert not help_out(), "it is there"
    path.unlink()
    with claimed(path):
        assert not help_out(), "somebody else is at it"
    (found.folder / ".shard-00001.parquet.killed.part").write_bytes(whole[:50])
    assert help_out()
    assert path.read_bytes() == whole
    assert not list(found.folder.glob(".*.part"))
    path.unlink()
    Job.objects.filter(pk=context.job.pk).update(state="done")
    assert not help_out(), "nobody waits for it"
    assert not path.exists()


def test_a_forecast_says_how_long_and_how_large(
    collection: Collection, context: JobContext
) -> None:
    found = forecast_scores(collection=collection, context=context, detector="default", processes=1)
    assert (found["tracks"], found["timed"], found["excerpts"]) == (N_TRACKS, 5, 2 * N_TRACKS)
    assert found["cpu_low_s"] <= found["cpu_s"] <= found["cpu_high_s"]
    assert found["bytes"] > 0
    assert re.search(r"5 tracks, .* of music, 10 excerpts: about .* on 1 core ", found["summary"])
    assert not ScoreSet.objects.exists()


def test_a_forecast_of_what_cannot_be_read_is_refused(
    collection: Collection, context: JobContext
) -> None:
    for path in Path(collection.root).iterdir():
        path.unlink()
    with pytest.raises(StateError, match="None of 5 recordings tried"):
        forecast_scores(collection=collection, context=context, detector="default")


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
