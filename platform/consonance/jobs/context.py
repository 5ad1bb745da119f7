"""What a running job is given: progress, log, cancel, lease."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from consonance.errors import ConsonanceError
from consonance.jobs.models import Job, JobEvent, JobState

_PROGRESS_SECONDS = 0.5  # how often progress is written to the row

#: In a job's result: how far it was when its last run began.
DONE_BEFORE: Final = "done_before"

Listener = Callable[[Job], None]


class JobCancelledError(ConsonanceError):
    """Somebody asked for the job to stop."""

    exit_code = 130


class LeaseLostError(ConsonanceError):
    """Another worker has taken the job over: this one must stop writing."""


class JobContext:
    """The running job's link to its row.

    Parameters
    ----------
    job
        The claimed job.
    token
        The lease's token; every write checks it.
    listener
        Called with the job after each written progress (the terminal's progress bar).
    """

    def __init__(self, job: Job, token: UUID, listener: Listener | None = None) -> None:
        self.job = job
        self.token = token
        self._listener = listener
        self._written = 0.0
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._pulse = threading.Thread(target=self._keep_alive, name=f"lease-{job.pk}", daemon=True)

    def __enter__(self) -> JobContext:
        """Start renewing the lease."""
        # A test's SQLite lives in one connection's memory; a second thread would not see it.
        if not _is_memory_database():
            self._pulse.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop renewing the lease."""
        self._stop.set()
        if self._pulse.is_alive():
            self._pulse.join()

    def progress(
        self, done: int, total: int | None = None, *, unit: str = "", message: str = ""
    ) -> None:
        """Tell how far the work is; cheap enough to call for every item.

        Raises
        ------
        JobCancelledError
            If somebody asked for the job to stop.
        LeaseLostError
            If another worker has taken it over.
        """
        job = self.job
        job.progress_done = done
        job.progress_total = total if total is not None else job.progress_total
        job.progress_unit = unit or job.progress_unit
        job.message = (message or job.message)[:300]
        now = time.monotonic()
        if now - self._written < _PROGRESS_SECONDS and done != total:
            return
        self._written = now
        self._write(
            progress_done=job.progress_done,
            progress_total=job.progress_total,
            progress_unit=job.progress_unit,
            message=job.message,
            lease_until=_lease(),
        )
        self.check()
        if self._listener:
            self._listener(job)

    def goes_on_from(self, done: int) -> None:
        """Tell what an earlier run had done: that is no work of this one, and no speed of it."""
        self.job.result = {DONE_BEFORE: done} if done else {}
        self._write(result=self.job.result)

    def check(self) -> None:
        """Stop here if the job was cancelled or taken over (see `progress` for the errors)."""
        if self._lost.is_set():
            raise LeaseLostError(f"Job {self.job.pk} was taken over by another worker.")
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise JobCancelledError("Cancelled.")

    def log(self, text: str, *, level: str = JobEvent.Level.INFO) -> None:
        """Add a line to the job's log."""
        JobEvent.objects.create(job=self.job, text=text, level=level)

    def wrote(self, path: Path) -> None:
        """Note a file or folder that the job has written, for the disk figures."""
        text = str(path)
        if text not in self.job.outputs:
            self.job.outputs = [*self.job.outputs, text]
            self._write(outputs=self.job.outputs)

    def _write(self, **fields: Any) -> None:
        changed = Job.objects.filter(
            pk=self.job.pk, lease_token=self.token, state=JobState.RUNNING
        ).update(**fields)
        if not changed:
            self._lost.set()
            raise LeaseLostError(f"Job {self.job.pk} was taken over by another worker.")

    def _keep_alive(self) -> None:
        # Long steps without progress (training, packing) must not lose the lease.
        try:
            while not self._stop.wait(settings.JOB_LEASE_SECONDS / 3):
                changed = Job.objects.filter(
                    pk=self.job.pk, lease_token=self.token, state=JobState.RUNNING
                ).update(lease_until=_lease())
                if not changed:
                    self._lost.set()
                    return
        finally:
            connection.close()


def _lease() -> Any:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _is_memory_database() -> bool:
    name = str(connection.settings_dict["NAME"])
    return connection.vendor == "sqlite" and (":memory:" in name or "mode=memory" in name)
