"""What `test_crash_proof_pool` runs in other processes."""

from __future__ import annotations

import os
import threading
from typing import Any


def square(value: int) -> int:
    """Return the square; 13 kills the process, as a decoder's bug would."""
    if value == 13:
        os._exit(139)
    return value * value


def chatter(value: int) -> int:
    """Return the value, after writing to the standard output itself."""
    os.write(1, b"libmpg123 says something\n")
    return value


def fail(value: Any) -> None:
    """Raise."""
    raise LookupError(f"no {value}")


def process_id(_: Any) -> int:
    """Return which process this is."""
    return os.getpid()


def threads(_: Any) -> str:
    """Return how many threads numeric libraries may start."""
    return os.environ["OMP_NUM_THREADS"]


def hang(value: int) -> int:
    """Return the value; 13 never comes back, as a decoder that loops would not."""
    while value == 13:
        threading.Event().wait(1)
    return value
