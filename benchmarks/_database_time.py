"""Tell with each answer how long the database took for it: only in benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from django.db import connections
from django.http import HttpRequest, HttpResponse

#: Milliseconds, those of them that this thread computed, and statements of a request, session and
#: sign-in included. SQLite works in the thread that asks; of PostgreSQL it is the driver's part.
HEADER: Final = "x-database-time"


class DatabaseTime:
    """Adds up every statement of a request, those that begin and end transactions included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and tell."""
        spent = _Spent()
        connection: Any = connections["default"]
        commit = connection._commit

        def timed_commit() -> None:
            spent.timed(commit)

        connection._commit = timed_commit  # not one of the statements that a wrapper sees
        try:
            with connection.execute_wrapper(spent):
                response = self.get_response(request)
        finally:
            del connection._commit
        response[HEADER] = f"{1000 * spent.seconds:.3f} {1000 * spent.cpu:.3f} {spent.statements}"
        return response


class _Spent:
    def __init__(self) -> None:
        self.seconds, self.cpu, self.statements = 0.0, 0.0, 0

    def __call__(self, execute: Callable[..., Any], *words: Any) -> Any:
        return self.timed(execute, *words)

    def timed(self, work: Callable[..., Any], *words: Any) -> Any:
        begun, computed = time.perf_counter(), time.thread_time()
        try:
            return work(*words)
        finally:
            self.seconds += time.perf_counter() - begun
            self.cpu += time.thread_time() - computed
            self.statements += 1
