"""What a rating costs the server, and what a claim costs the database at a million questions.

    ./consonance bench web [--database sqlite|postgresql|both] [--data DIR]
        [--with-label-studio DIR]

Part one: one person claims and answers in a database of 1,000,000 open questions in 20 campaigns,
of which every twentieth has a lease that ran out; once somebody new, once somebody whose 5,000
ratings in one class lie in front of the queue; then eight at once. Each answer tells how long the
database took for the whole request, session and sign-in included.

Part two: 8 and 32 raters who claim and answer without a pause, and 32 who think for a second, on
the same database. Server CPU is that of gunicorn's processes. Peers in the same run: a server of
two bare SQL paths on the same tables, and Label Studio on PostgreSQL where it is installed or
wanted (`--with-label-studio DIR` makes a virtual environment there). Without it, figures that were
measured once are quoted and say so.

With `--data` the big database is made once and kept there. gunicorn runs as `./consonance serve`
starts it, with every middleware.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import psycopg  # noqa: E402 - after the path

from benchmarks import _apps  # noqa: E402
from benchmarks._database_time import HEADER  # noqa: E402
from benchmarks._machine import machine, milliseconds  # noqa: E402
from benchmarks._raters import App, Load, load  # noqa: E402
from benchmarks._rating_data import Wanted  # noqa: E402
from benchmarks._servers import (  # noqa: E402
    Database,
    Server,
    ServerError,
    environment,
    gunicorn,
    postgresql,
    usage,
)
from candidates.detector.taxonomy import read  # noqa: E402
from consonance.web.processes import THREADS, WORKERS  # noqa: E402

DATABASES: Final = ("sqlite", "postgresql")
RATERS: Final = 32
#: Name, raters, seconds of thought.
LOADS: Final = (("8", 8, 0.0), ("32", RATERS, 0.0), ("32_thinking", RATERS, 1.0))
WARM_S: Final = 2.0
#: Of each thread's, before anything is measured.
FIRST_RATINGS: Final = 4
PEOPLE: Final = 200
TASKS: Final = 10_000
#: Label Studio 1.23.2, PostgreSQL 15, gunicorn 2 × 4, 10,000 tasks, other runs, a busy machine.
QUOTED: Final = {
    "note": "not measured in this run: the range of three earlier ones on two busy cores",
    "cpu_ms_per_rating": [231, 299],
    "ratings_per_s": {"8": [2.6, 4.9], "32": [2.9, 6.1]},
    "take_p95_ms": {"8": [1542, 3474], "32": [3875, 8382], "32_thinking": [3067, 3067]},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--questions", type=int, default=1_000_000, help="(1000000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (10)")
    parser.add_argument("--claims", type=int, default=300, help="timed for each person (300)")
    parser.add_argument("--data", type=Path, help="a folder to keep the big database in")
    parser.add_argument(
        "--with-label-studio", type=Path, metavar="DIR", help="its virtual environment"
    )
    parser.add_argument("--without", choices=["claims", "loads"], help="leave one part out")
    options = parser.parse_args()
    found: dict[str, Any] = {"benchmark": "web", **machine(), "questions": options.questions}
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as name:
        temporary = Path(name)
        temporary.chmod(0o755)  # PostgreSQL's own account looks in
        kept = options.data.resolve() if options.data else temporary
        for kind in DATABASES if options.database == "both" else [options.database]:
            try:
                with _served_by[kind](kept, temporary, _wanted(options)) as (database, made):
                    found[kind] = _measured(database, made, temporary, options)
                    if kind == "postgresql":
                        found[kind]["label_studio"] = _peer(database, temporary, options)
            except ServerError as error:
                sys.stderr.write(f"{error}\n")
                return 1
            _compare(found[kind])
    print(json.dumps(found))
    return 0


def _wanted(options: argparse.Namespace) -> Wanted:
    share = options.questions / 1_000_000
    return Wanted(
        questions=options.questions,
        campaigns=20,
        of_others=round(20_000 * share),
        classes=len(read("openmic20").classes),
        people=PEOPLE,
        gold=800,
        heavy=round(5_000 * share),
        begun=round(20_000 * share),
        expired=0.05,
    )


@contextlib.contextmanager
def _sqlite(kept: Path, temporary: Path, wanted: Wanted) -> Iterator[tuple[Database, Any]]:
    folder = kept / f"sqlite-{wanted.questions}"
    base, facts = folder / "base.sqlite3", folder / "made.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not facts.exists():
        base.unlink(missing_ok=True)
        made = _make(f"sqlite:///{base}", folder, wanted)
        facts.write_text(json.dumps(made))
    run = temporary / "run.sqlite3"
    shutil.copyfile(base, run)
    yield Database(url=f"sqlite:///{run}"), json.loads(facts.read_text())


@contextlib.contextmanager
def _postgresql(kept: Path, temporary: Path, wanted: Wanted) -> Iterator[tuple[Database, Any]]:
    folder = kept / f"postgresql-{wanted.questions}"
    facts = folder / "made.json"
    with postgresql(folder) as server:
        if not facts.exists():
            _statements(server, "DROP DATABASE IF EXISTS base WITH (FORCE)", "CREATE DATABASE base")
            facts.write_text(json.dumps(_make(server.named("base").url, temporary, wanted)))
        _statements(
            server,
            "DROP DATABASE IF EXISTS run WITH (FORCE)",
            "CREATE DATABASE run TEMPLATE base STRATEGY FILE_COPY",
        )
        yield server.named("run"), json.loads(facts.read_text())


_served_by: Final[dict[str, Callable[..., Any]]] = {"sqlite": _sqlite, "postgresql": _postgresql}


def _statements(server: Database, *statements: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _make(url: str, data: Path, wanted: Wanted) -> Any:
    sys.stderr.write(f"making {wanted.questions:,} questions\n")
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-m", "benchmarks._rating_data", json.dumps(vars(wanted))],
        env=environment(url, data), cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _measured(
    database: Database, made: dict[str, Any], temporary: Path, options: argparse.Namespace
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    around = environment(database.url, temporary)
    log = temporary / "web.log"
    campaign, people = made["campaign"], made["people"]
    if options.without != "claims":
        timed = {**around, "DJANGO_SETTINGS_MODULE": "benchmarks._timed_settings"}
        with gunicorn("consonance.web.wsgi", environment=timed, log=log, health="/health") as web:
            heavy = _apps.Ours(web.port, campaign, people[:1])
            fresh = _apps.Ours(web.port, campaign, people[1:])
            eight = _apps.Ours(web.port, campaign, people[2:])
            found["claim_in_the_database"] = {
                "person_with_many_ratings": _claims(heavy, 1, options.claims),
                "new_person": _claims(fresh, 1, options.claims),
                "eight_at_once": _claims(eight, 8, options.claims // 8),
            }
            sys.stderr.write(f"  {found['claim_in_the_database']}\n")
    if options.without != "loads":
        # Others than those above: nobody is asked a thousand times in a minute.
        people = people[-RATERS:]
        with gunicorn("consonance.web.wsgi", environment=around, log=log, health="/health") as web:
            found["ours"] = _loads(
                _apps.Ours(web.port, campaign, people), web, database, options.seconds
            )
        with gunicorn("benchmarks._raw_sql", environment=around, log=log, health="/health") as web:
            found["raw_sql"] = _loads(
                _apps.Raw(web.port, campaign, people), web, database, options.seconds
            )
    return found


def _claims(app: _apps.Ours, raters: int, number: int) -> dict[str, Any]:
    """Let some people claim and answer so many times each; return what the database took."""
    times: dict[str, list[float]] = {"claim": [], "answer": []}
    computed: dict[str, list[float]] = {"claim": [], "answer": []}
    statements: dict[str, list[int]] = {"claim": [], "answer": []}
    whole: list[float] = []

    def note(what: str, headers: dict[str, str]) -> None:
        spent, cpu, asked = headers[HEADER].split()
        times[what].append(float(spent) / 1000)
        computed[what].append(float(cpu) / 1000)
        statements[what].append(int(asked))

    async def rate(place: int) -> None:
        line = app.line(place)
        for _ in range(number):
            reply, task = await app.take(line)
            if task is None:
                raise ServerError(f"A claim brought no question: {reply.body[:500]!r}")
            note("claim", reply.headers)
            whole.append(reply.seconds)
            given = await app.give(line, task)
            if not given.is_good:
                raise ServerError(f"An answer was refused: {given.body[:500]!r}")
            note("answer", given.headers)
        line.close()

    async def all_of_them() -> None:
        await asyncio.gather(*(rate(place) for place in range(raters)))

    asyncio.run(all_of_them())
    return {
        **{what: milliseconds(seconds) for what, seconds in times.items()},
        "cpu_of_the_thread": {what: milliseconds(seconds) for what, seconds in computed.items()},
        "slowest_claim_ms": round(1000 * max(times["claim"]), 1),
        "claim_as_seen": milliseconds(whole),
        "statements": {what: sorted(asked)[len(asked) // 2] for what, asked in statements.items()},
    }


def _loads(app: App, web: Server, database: Database, seconds: float) -> dict[str, Any]:
    asyncio.run(_warm(app))
    found: dict[str, Any] = {}
    for name, raters, think_s in LOADS:
        seen = asyncio.run(
            load(
                app,
                raters=raters,
                warm_s=WARM_S,
                seconds=seconds,
                think_s=think_s,
                reading=lambda: (usage(web.pid), usage(database.pid)),
            )
        )
        found[name] = _figures(seen)
        if not seen.gives:
            sys.stderr.write("  nothing was answered: the load's other figures mean nothing\n")
        sys.stderr.write(f"  {type(app).__name__} {name}: {found[name]}\n")
    found["peak_mb"] = round(usage(web.pid).peak_mb)
    return found


async def _warm(app: App) -> None:
    """Let every process import what it needs, however long that takes here, and fill its caches."""

    async def rate(place: int) -> None:
        line = app.line(place)
        for _ in range(FIRST_RATINGS):
            _reply, task = await app.take(line)
            if task is not None:
                await app.give(line, task)
        line.close()

    await asyncio.gather(*(rate(place) for place in range(WORKERS * THREADS)))


def _figures(seen: Load) -> dict[str, Any]:
    (_, (web, database)), (_, (web_then, database_then)) = seen.read
    given = max(1, len(seen.gives))
    return {
        "ratings_per_s": round(len(seen.gives) / seen.seconds, 1),
        "take": milliseconds([reply.seconds for reply in seen.takes]),
        "give": milliseconds([reply.seconds for reply in seen.gives]),
        "cpu_ms_per_rating": round(1000 * (web_then.cpu_s - web.cpu_s) / given, 1),
        "database_cpu_ms_per_rating": round(
            1000 * (database_then.cpu_s - database.cpu_s) / given, 1
        ),
        **({"errors": seen.errors} if seen.errors else {}),
    }


def _peer(database: Database, temporary: Path, options: argparse.Namespace) -> dict[str, Any]:
    if not options.with_label_studio or options.without == "loads":
        return {"quoted": QUOTED}
    python = _apps.installed_label_studio(options.with_label_studio.resolve())
    name = "label_studio"
    _statements(database, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    around = _apps.label_studio_environment(
        python, database.named(name).url, temporary / "label_studio"
    )
    sys.stderr.write("making Label Studio's tables\n")
    made = _apps.label_studio_project(python, around, people=RATERS, tasks=TASKS)
    with gunicorn(
        "core.wsgi",
        environment=around,
        log=temporary / "label_studio.log",
        health="/health",
        python=python,
        folder=_apps.label_studio_folder(python),
    ) as web:
        app = _apps.LabelStudio(web.port, made["project"], made["tokens"])
        return _loads(app, web, database, options.seconds)


def _compare(found: dict[str, Any]) -> None:
    """Add how many times cheaper and faster ours is than what ran beside it."""
    ours = found.get("ours")
    for name in ("raw_sql", "label_studio"):
        peer = found.get(name, {})
        if ours and all(load in peer for load, *_ in LOADS):
            found[f"{name}_divided_by_ours"] = {
                load: {
                    "cpu_ms_per_rating": _ratio(peer[load], ours[load], "cpu_ms_per_rating"),
                    "ratings_per_s": _ratio(peer[load], ours[load], "ratings_per_s"),
                    "take_p95": _ratio(peer[load]["take"], ours[load]["take"], "p95_ms"),
                }
                for load, *_ in LOADS
            }


def _ratio(peer: dict[str, Any], ours: dict[str, Any], figure: str) -> float | None:
    """Return a figure of the peer's over ours; None where either saw nothing."""
    if not peer.get(figure) or not ours.get(figure):
        return None
    return round(float(peer[figure]) / float(ours[figure]), 3)


if __name__ == "__main__":
    sys.exit(main())
