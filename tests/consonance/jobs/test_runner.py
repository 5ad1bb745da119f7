"""A job is claimed once, done once, and stored as it ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from consonance.errors import ParameterError, StateError
from consonance.jobs import registry
from consonance.jobs.context import JobCancelledError, JobContext, LeaseLostError
from consonance.jobs.models import Job, JobState
from consonance.jobs.runner import claim, run
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

AddKind = Callable[[Callable[..., Any]], str]


def held(**fields: Any) -> Job:
    """Return a job that a worker holds for another minute."""
    until = timezone.now() + timedelta(minutes=1)
    values = {"state": JobState.RUNNING, "lease_token": uuid.uuid4(), "lease_until": until}
    return JobFactory(**{**values, "attempts": 1, **fields})


def let_run_out(job: Job) -> None:
    """Move a lease into the past."""
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(lease_until=past)


def test_a_finished_job_has_its_result_and_no_lease(kind: AddKind) -> None:
    def work(context: JobContext, *, name: str) -> dict[str, Any]:
        context.progress(2, 2, unit="tracks")
        return {"name": name, "summary": "Two tracks."}

    job = run(JobFactory(kind=kind(work), arguments={"name": "x"}).pk)
    assert job is not None
    assert (job.state, job.result["name"], job.message) == (JobState.DONE, "x", "Two tracks.")
    assert (job.progress_done, job.progress_total, job.progress_unit) == (2, 2, "tracks")
    assert job.lease_token is None
    assert job.finished_at is not None
    assert job.attempts == 1


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_has_ended_is_not_done_again(state: JobState) -> None:
    job = JobFactory(state=state)
    assert claim(job.pk) is None
    assert run(job.pk) is None
    assert Job.objects.get(pk=job.pk).state == state


def test_a_job_is_claimed_by_one_worker_only() -> None:
    job = JobFactory()
    assert claim(job.pk) is not None
    assert claim(job.pk) is None


def test_a_job_whose_lease_has_run_out_is_claimed_by_the_next() -> None:
    job = held()
    assert claim(job.pk) is None
    let_run_out(job)
    claimed = claim(job.pk)
    assert claimed is not None
    assert claimed[1] != job.lease_token
    assert claimed[0].attempts == 2


def test_a_job_that_was_asked_to_stop_is_not_begun() -> None:
    assert claim(JobFactory(cancel_requested=True).pk) is None


def test_an_error_of_ours_is_stored_as_its_sentence(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        raise StateError("Score the collection first.")

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert (job.state, job.error) == (JobState.FAILED, "Score the collection first.")
    assert not job.events.exists()


def test_an_unexpected_error_keeps_its_traceback_in_the_log(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        raise ZeroDivisionError("no tracks")

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert (job.state, job.error) == (JobState.FAILED, "ZeroDivisionError: no tracks")
    [event] = job.events.all()
    assert "Traceback" in event.text
    assert event.level == "error"


def test_a_command_gets_the_error_after_it_is_stored(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        raise StateError("Not yet.")

    job = JobFactory(kind=kind(work))
    with pytest.raises(StateError, match="Not yet"):
        run(job.pk, reraise=True)
    assert Job.objects.get(pk=job.pk).state == JobState.FAILED


def test_a_kind_whose_room_is_gone_fails_with_a_sentence() -> None:
    job = run(JobFactory(kind="gone.work").pk)
    assert job is not None
    assert "No job kind is called 'gone.work'" in job.error


def test_work_stops_at_its_next_sign_of_life_when_asked_to(kind: AddKind) -> None:
    steps = []

    def work(context: JobContext) -> dict[str, Any]:
        for step in range(10):
            steps.append(step)
            if step == 3:
                Job.objects.filter(pk=context.job.pk).update(cancel_requested=True)
            context.check()
        return {}

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert (job.state, steps) == (JobState.CANCELLED, [0, 1, 2, 3])


def test_ctrl_c_in_a_terminal_cancels(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        raise KeyboardInterrupt

    job = JobFactory(kind=kind(work))
    with pytest.raises(KeyboardInterrupt):
        run(job.pk, reraise=True)
    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED


def test_a_worker_that_lost_its_lease_writes_nothing_more(kind: AddKind) -> None:
    other = uuid.uuid4()

    def work(context: JobContext) -> dict[str, Any]:
        Job.objects.filter(pk=context.job.pk).update(lease_token=other, progress_done=7)
        context.progress(1, 1)
        return {"never": "stored"}

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert (job.state, job.lease_token) == (JobState.RUNNING, other)
    assert (job.progress_done, job.result) == (7, {})


def test_a_result_of_a_worker_that_lost_its_lease_is_dropped(kind: AddKind) -> None:
    other = uuid.uuid4()

    def work(context: JobContext) -> dict[str, Any]:
        Job.objects.filter(pk=context.job.pk).update(lease_token=other)
        return {"summary": "Late."}

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert (job.state, job.lease_token, job.result) == (JobState.RUNNING, other, {})


def test_progress_renews_the_lease_and_tells_the_listener() -> None:
    told: list[int] = []
    job = held()
    let_run_out(job)
    assert job.lease_token is not None
    with JobContext(job, job.lease_token, lambda row: told.append(row.progress_done)) as context:
        context.progress(1, 3, unit="tracks", message="x" * 400)
        context.progress(2, 3)  # too soon to be written
        context.progress(3, 3)
    stored = Job.objects.get(pk=job.pk)
    assert told == [1, 3]
    assert (stored.progress_done, len(stored.message)) == (3, 300)
    assert stored.lease_until is not None
    assert stored.lease_until > timezone.now()


def test_progress_of_a_cancelled_job_raises() -> None:
    job = held(cancel_requested=True)
    assert job.lease_token is not None
    with (
        JobContext(job, job.lease_token) as context,
        pytest.raises(JobCancelledError),
    ):
        context.progress(1, 1)


def test_progress_with_anothers_token_raises() -> None:
    with JobContext(held(), uuid.uuid4()) as context, pytest.raises(LeaseLostError):
        context.progress(1, 1)


def test_what_a_job_wrote_is_counted(kind: AddKind, tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/a").write_bytes(b"x" * 300)
    (tmp_path / "one").write_bytes(b"x" * 11)

    def work(context: JobContext) -> dict[str, Any]:
        for name in ("shards", "one", "one", "gone"):
            context.wrote(tmp_path / name)
        context.log("Written.")
        return {}

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert job.disk_bytes == 311
    assert [event.text for event in job.events.all()] == ["Written."]


def test_a_kind_is_registered_once(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        return {}

    name = kind(work)
    registry.register(name, label="The same")(work)  # a module that is imported twice
    with pytest.raises(ParameterError, match="registered already"):
        registry.register(name, label="Another")(lambda context: {})
    assert registry.label("gone.kind") == "gone.kind"


def test_a_run_that_goes_on_says_where_it_began(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        context.goes_on_from(7)
        assert Job.objects.get(pk=context.job.pk).result == {"done_before": 7}
        context.progress(9, 9, unit="tracks")
        return {"summary": "Nine."}

    job = run(JobFactory(kind=kind(work)).pk)
    assert job is not None
    assert job.result == {"summary": "Nine.", "done_before": 7}


def test_a_run_from_the_beginning_forgets_where_an_earlier_one_began(kind: AddKind) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        context.progress(9, 9)
        return {"summary": "Nine."}

    job = run(JobFactory(kind=kind(work), result={"done_before": 7}).pk)
    assert job is not None
    assert job.result == {"summary": "Nine."}
