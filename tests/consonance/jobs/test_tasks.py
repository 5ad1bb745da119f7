"""The sweep: what dead workers held and lost messages forgot."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consonance.jobs.models import Job, JobState
from consonance.jobs.tasks import publish, run_job, sweep
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db


def dead(**fields: Any) -> Job:
    """Return a job whose worker gave no sign of life for a second too long."""
    values = {
        "state": JobState.RUNNING, "attempts": 1, "lease_token": uuid.uuid4(),
        "lease_until": timezone.now() - timedelta(seconds=1),
    }  # fmt: skip
    return JobFactory(**{**values, **fields})


def state(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


def test_what_a_dead_worker_held_is_queued_again(django_capture_on_commit_callbacks: Any) -> None:
    job = dead()
    with django_capture_on_commit_callbacks() as messages:
        assert sweep() == 1
    assert len(messages) == 1
    stored = Job.objects.get(pk=job.pk)
    assert (stored.state, stored.lease_token, stored.lease_until) == (JobState.QUEUED, None, None)
    assert stored.events.get().level == "warning"


def test_what_a_living_worker_holds_stays_with_it() -> None:
    job = dead(lease_until=timezone.now() + timedelta(seconds=30))
    assert sweep() == 0
    assert state(job) == JobState.RUNNING


def test_a_job_that_kills_its_workers_fails_in_the_end() -> None:
    job = dead(attempts=3, max_attempts=3)
    assert sweep() == 0
    assert state(job) == JobState.FAILED
    assert "died 3 times" in Job.objects.get(pk=job.pk).error


def test_a_dead_workers_job_that_was_asked_to_stop_is_cancelled() -> None:
    job = dead(cancel_requested=True)
    assert sweep() == 0
    assert state(job) == JobState.CANCELLED


def test_a_lost_message_is_sent_again(
    django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    JobFactory(published_at=long_ago)
    JobFactory(published_at=timezone.now())
    JobFactory(published_at=None)  # a command's own, never meant for a worker
    with django_capture_on_commit_callbacks() as messages:
        assert sweep() == 1
    assert len(messages) == 1
    assert sweep() == 0


def test_a_message_is_sent_only_when_the_row_is_committed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as messages:
        publish(JobFactory())
        assert messages == []
    assert len(messages) == 1


def test_a_message_for_a_finished_job_does_nothing() -> None:
    job = JobFactory(state=JobState.DONE, result={"kept": True})
    run_job(str(job.pk))
    assert Job.objects.get(pk=job.pk).result == {"kept": True}


def test_a_message_for_a_job_that_is_gone_does_nothing() -> None:
    run_job(str(uuid.uuid4()))
