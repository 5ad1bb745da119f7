"""Whether allocation keeps its promises while a crowd pulls at it, and what that costs.

    ./consonance bench allocation --database sqlite|postgresql [--answers N] [--raters N]

A fresh database with a campaign (gold, repeats, an audit slice, several classes) is served by
gunicorn as `./consonance serve` does; raters claim and answer over HTTP. Some vanish with what they
hold, some answer after their lease, some send twice at once. While they work, and afterwards, the
database is read behind the app's back: nothing may be over-assigned, asked of one person twice,
lost or miscounted, and no request may fail. Exit status 1 if anything was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

from benchmarks._allocation_audit import (  # noqa: E402 - after the path
    Findings,
    LeaseRow,
    QuestionRow,
    RatingRow,
    audit,
    over_now,
)
from benchmarks._machine import machine, milliseconds  # noqa: E402
from benchmarks._raters import Crowd, Habits  # noqa: E402
from benchmarks._rating_data import Wanted  # noqa: E402
from benchmarks._servers import (  # noqa: E402
    Database,
    ServerError,
    environment,
    gunicorn,
    postgresql,
    usage,
)

#: Of `Wanted.people`: those who take the seats of whoever vanishes.
SPARE: Final = 4
_LOOK_EVERY_S: Final = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--answers", type=int, default=10_000, help="(10000)")
    parser.add_argument("--raters", type=int, default=32, help="at once (32)")
    parser.add_argument("--classes", type=int, default=5, help="(5)")
    parser.add_argument("--lease", type=int, default=15, help="seconds that a lease lasts (15)")
    parser.add_argument(
        "--mishaps", type=float, default=1.0,
        help="how many times as often as usual raters vanish, are late and send twice (1)",
    )  # fmt: skip
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own account looks in
        try:
            with _database(options.database, folder) as database:
                found = _run(database, folder, options)
        except ServerError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    print(json.dumps({"benchmark": "allocation", "database": options.database, **before, **found}))
    return 0 if found["is_exact"] else 1


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        yield Database(url=f"sqlite:///{folder / 'bench.sqlite3'}")
    elif url := os.environ.get("DATABASE_URL"):
        yield Database(url=url)
    else:
        with postgresql(folder / "postgresql") as database:
            yield database


def _run(database: Database, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    # A question stops after three to five answers: so many that the last places are fought for.
    wanted = Wanted(
        questions=max(options.classes, round(options.answers / 3.2)),
        classes=options.classes,
        people=options.raters * SPARE,
        lease_seconds=options.lease,
    )
    around = environment(database.url, folder)
    made = json.loads(
        subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-m", "benchmarks._rating_data", json.dumps(vars(wanted))],
            env=around, cwd=ROOT, stdout=subprocess.PIPE, check=True,
        ).stdout.splitlines()[-1]
    )  # fmt: skip
    os.environ.update(around)
    import django

    django.setup()
    with gunicorn(
        "consonance.web.wsgi", environment=around, log=folder / "web.log", health="/health"
    ) as server:
        crowd = Crowd(
            port=server.port,
            campaign=made["campaign"],
            people=made["people"],
            wanted=options.answers,
            lease_s=options.lease,
            habits=Habits().oftener(options.mishaps),
        )
        used, of_database = usage(server.pid), usage(database.pid)
        begun = time.perf_counter()
        looks = asyncio.run(_work(crowd, options.raters))
        seconds = time.perf_counter() - begun
        spent, spent_there = usage(server.pid), usage(database.pid)
        said = server.log.read_text(errors="replace")
    seen = crowd.seen
    # A lease's moment is read when its request begins; a claim may have waited for its turn since.
    slack = timedelta(seconds=max(seen.claims, default=0.0))
    findings, ended = _audited(seen.acknowledged, seen.sent, slack)
    over = [words for look in looks for words in look]
    for words in [*findings.told(), *over[:20], *seen.errors[:20]]:
        sys.stderr.write(f"{words}\n")
    if "Traceback" in said:
        sys.stderr.write(said[-4000:])
    exercised = {
        "already_stored": seen.statuses["already_stored"],
        "late": seen.statuses["late"],
        "vanished": crowd.behaved["vanish"],
        **ended,
    }
    counts = findings.counts()
    counts["over_assigned"] += len(over)
    idle = [name for name, number in exercised.items() if not number]
    if idle:
        sys.stderr.write(
            f"This run shows nothing about: {', '.join(idle)}. Ask for more answers.\n"
        )
    done = max(1, seen.done)
    cpu = spent.cpu_s - used.cpu_s
    there = spent_there.cpu_s - of_database.cpu_s
    return {
        "raters": options.raters,
        "claims": len(seen.claims),
        "answers": seen.done,
        **counts,
        "errors": len(seen.errors),
        "looks_at_the_database": len(looks),
        "exercised": exercised,
        "is_exact": not any(counts.values()) and not seen.errors and not idle,
        "statuses": dict(seen.statuses),
        "seconds": round(seconds, 1),
        "ratings_per_s": round(seen.done / seconds, 1),
        "claim": milliseconds(seen.claims),
        "answer": milliseconds(seen.answers),
        "server_cpu_ms_per_rating": round(1000 * cpu / done, 2),
        "database_cpu_ms_per_rating": round(1000 * there / done, 2) if database.pid else None,
        "server_peak_mb": round(spent.peak_mb),
    }


async def _work(crowd: Crowd, raters: int) -> list[list[str]]:
    """Let the crowd work; return what each look at the database meanwhile found wrong."""
    looks: list[list[str]] = []
    working = asyncio.create_task(crowd.work(raters))
    told = time.monotonic()
    while not working.done():
        await asyncio.wait([working], timeout=_LOOK_EVERY_S)
        looks.append(await asyncio.to_thread(_look))
        if time.monotonic() - told > 10:
            told = time.monotonic()
            sys.stderr.write(f"  {crowd.seen.done:,} answers\n")
    await working
    return looks


def _look() -> list[str]:
    """Return what is over-assigned now: one statement, and so one moment."""
    from django.db import connection
    from django.db.models import Count, Q

    from annotation.models import Question

    held = Count("assignments", filter=Q(assignments__state="leased", assignments__occasion=0))
    try:
        rows = Question.objects.filter(is_gold=False).annotate(held=held)
        found = rows.values_list("pk", "held", "answered", "wanted")
        return over_now({str(pk): (live, given, most) for pk, live, given, most in found})
    finally:
        connection.close()


def _audited(
    acknowledged: set[str], sent: set[str], slack: timedelta
) -> tuple[Findings, dict[str, int]]:
    from annotation.models import Assignment, Question, Rating

    questions = [
        QuestionRow(id=str(pk), free=free, wanted=most, answered=given, most=allowed)
        for pk, free, most, given, allowed in Question.objects.filter(is_gold=False).values_list(
            "pk", "free", "wanted", "answered", "campaign__max_ratings"
        )
    ]
    leases = [
        LeaseRow(
            id=str(pk), question=str(question), person=str(person), occasion=occasion,
            state=state, leased_at=begun, lease_until=until,
        )
        for pk, question, person, occasion, state, begun, until in Assignment.objects.values_list(
            "pk", "question_id", "person_id", "occasion", "state", "leased_at", "lease_until"
        )
    ]  # fmt: skip
    ratings = [
        RatingRow(
            key=str(key), question=str(question), person=str(person), occasion=occasion,
            lease=str(lease), is_late=late, created_at=at,
        )
        for key, question, person, occasion, lease, late, at in Rating.objects.in_force()
        .values_list(
            "key", "question_id", "person_id", "occasion", "assignment_id", "is_late", "created_at"
        )
    ]  # fmt: skip
    ended = {
        "leases_expired": sum(lease.state == "expired" for lease in leases),
        "questions_stopped": Question.objects.exclude(state="open").count(),
        "gold_answers": Rating.objects.filter(question__is_gold=True).count(),
    }
    found = audit(questions, leases, ratings, acknowledged=acknowledged, sent=sent, slack=slack)
    return found, ended


if __name__ == "__main__":
    sys.exit(main())
