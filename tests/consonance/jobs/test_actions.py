"""Enqueue, cancel, retry."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.jobs.actions.cancel_job import cancel_job
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.actions.retry_job import retry_job
from consonance.jobs.models import Job, JobState
from consonance.ledger.models import AuditEntry
from tests.factories import JobFactory, annotator, curator

pytestmark = pytest.mark.django_db

KIND = "catalog.import_tracks"


def test_an_enqueued_job_waits_and_its_message_is_sent(
    django_capture_on_commit_callbacks: Any,
) -> None:
    person = curator()
    with django_capture_on_commit_callbacks() as messages:
        job = enqueue_job(kind=KIND, title="Import", arguments={"slug": "x"}, actor=person)
    assert len(messages) == 1
    stored = Job.objects.get(pk=job.pk)
    assert (stored.state, stored.created_by) == (JobState.QUEUED, person)
    assert stored.published_at is not None
    assert AuditEntry.objects.get().action == "enqueue_job"


def test_a_job_that_the_caller_runs_itself_is_not_sent(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as messages:
        job = enqueue_job(kind=KIND, title="Import", arguments={}, send=False)
    assert messages == []
    assert job.published_at is None


def test_a_kind_that_nobody_registered_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"'no\.such'"):
        enqueue_job(kind="no.such", title="x", arguments={})
    assert not Job.objects.exists()


def test_a_waiting_job_is_cancelled_at_once() -> None:
    job = cancel_job(job_id=JobFactory().pk, actor=curator())
    assert job.state == JobState.CANCELLED
    assert job.finished_at is not None


def test_a_running_job_is_asked_to_stop() -> None:
    job = cancel_job(job_id=JobFactory(state=JobState.RUNNING).pk, actor=curator())
    assert (job.state, job.cancel_requested) == (JobState.RUNNING, True)
    assert AuditEntry.objects.filter(action="cancel_job").count() == 1


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
def test_a_job_that_has_ended_cannot_be_cancelled(state: JobState) -> None:
    with pytest.raises(StateError, match="ended already"):
        cancel_job(job_id=JobFactory(state=state).pk, actor=curator())


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_an_unlucky_job_is_queued_again_as_new(
    state: JobState, django_capture_on_commit_callbacks: Any
) -> None:
    made = JobFactory(state=state, error="Broken.", attempts=3, cancel_requested=True)
    with django_capture_on_commit_callbacks() as messages:
        job = retry_job(job_id=made.pk, actor=curator())
    assert len(messages) == 1
    assert (job.state, job.error, job.attempts) == (JobState.QUEUED, "", 0)
    assert not job.cancel_requested


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE])
def test_other_jobs_are_not_retried(state: JobState) -> None:
    with pytest.raises(StateError, match="nothing to retry"):
        retry_job(job_id=JobFactory(state=state).pk, actor=curator())


@pytest.mark.parametrize("action", [cancel_job, retry_job])
def test_only_curators_cancel_and_retry(action: Any) -> None:
    job = JobFactory()
    with pytest.raises(NotAllowedError):
        action(job_id=job.pk, actor=annotator())
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def test_a_job_that_does_not_exist_is_told() -> None:
    with pytest.raises(Job.DoesNotExist):
        cancel_job(job_id=uuid.uuid4(), actor=curator())
