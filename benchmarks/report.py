"""CPU seconds and memory of everything that stands behind consistency pages.

    ./consonance bench report [--ratings N] [--data DIR]

A campaign of simulated answers is stored in a scratch database (or found in `--data`, where it is
kept). Then each step runs in a process of its own: reading all ratings, reading only what is new,
the report job, an aggregation with its run, and comparing two runs. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

from benchmarks._campaign import make_campaign, scratch  # noqa: E402 - after the path
from consonance.demo.crowd import simulate  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=230_000, help="(230000)")
    parser.add_argument("--data", type=Path, help="a folder to keep the campaign in, or with one")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(_measured(options.data, STEPS[options.step])))
        return
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as temporary:
        data = options.data or Path(temporary)
        if not (data / "consonance.sqlite3").is_file():
            sys.stderr.write(f"storing {options.ratings:,} ratings\n")
            _child("--ratings", str(options.ratings), "--data", str(data), "--step", "store")
        results = {}
        for step in list(STEPS)[1:]:
            sys.stderr.write(f"{step}\n")
            results[step] = _child("--data", str(data), "--step", step)
    print(
        json.dumps(
            {
                "benchmark": "report",
                "cores": os.cpu_count(),
                "load_before": os.getloadavg()[0],
                "steps": results,
            }
        )
    )


def _child(*words: str) -> Any:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, __file__, *words], env=environment, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _measured(data: Path, step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    scratch(data)
    before = _memory()
    cpu, wall = time.process_time(), time.perf_counter()
    found = step()
    return {
        **found,
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "peak_mb": round(_memory()),
        "peak_mb_before": round(before),
    }


def _memory() -> float:
    """Return the most memory that this process ever held, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _store() -> dict[str, Any]:
    words = sys.argv
    number = int(words[words.index("--ratings") + 1])
    items, people = round(number / 5.54), max(10, round(number / 94))
    crowd = simulate(
        n_clips=-(-items * 20_000 // 41_500),
        n_items=items,
        n_ratings=number,
        n_people=people,
        seed=0,
    )
    make_campaign(crowd, gold=items // 50)
    return {"ratings": number}


def _campaign() -> Any:
    from annotation.models import Campaign

    return Campaign.objects.get()


def _collect_all() -> dict[str, Any]:
    from annotation.aggregation.collected import collect
    from annotation.aggregation.live import forget

    forget(_campaign().pk)
    found = collect(_campaign())
    return {"ratings": len(found.answers), "people": len(found.raters)}


def _collect_new() -> dict[str, Any]:
    from annotation.aggregation.collected import collect

    return {"ratings": len(collect(_campaign()).answers)}


def _report() -> dict[str, Any]:
    from annotation.actions.refresh_report import refresh_report

    report = refresh_report(campaign=_campaign())
    return {"ratings": report.ratings, "report_kb": len(json.dumps(report.data)) // 1024}


def _aggregate() -> dict[str, Any]:
    from annotation.actions.aggregate_ratings import aggregate_ratings
    from annotation.aggregation.settings import RunSettings

    campaign = _campaign()
    settings = RunSettings(seed=campaign.runs.count())  # other settings make another run
    run = aggregate_ratings(campaign=campaign, settings=settings).run
    return {"labels": sum(run.summary["labels"].values()), "skills": run.skill_rows.count()}


def _compare() -> dict[str, Any]:
    from annotation.aggregation.comparing import compare_runs

    newest = _campaign().runs.order_by("-number").first()
    found = compare_runs(newest, newest)
    return {"labels": found.labels}


STEPS: dict[str, Callable[[], dict[str, Any]]] = {
    "store": _store,
    "collect_all": _collect_all,
    "collect_new": _collect_new,
    "report": _report,
    "aggregate": _aggregate,
    "compare": _compare,
}

if __name__ == "__main__":
    main()
