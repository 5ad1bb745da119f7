"""A bucket whose first answer comes late. Not a test."""

from __future__ import annotations

import threading
from typing import Any

from django.core.files.storage import FileSystemStorage


class SlowStorage(FileSystemStorage):
    """Keeps whoever opens a file first until `may_go` is set, and nobody else."""

    lock = threading.Lock()
    waits = threading.Event()
    may_go = threading.Event()

    def _open(self, name: str, mode: str = "rb") -> Any:
        with self.lock:
            is_first = not self.waits.is_set()
            self.waits.set()
        if is_first:
            assert self.may_go.wait(30)
        return super()._open(name, mode)
