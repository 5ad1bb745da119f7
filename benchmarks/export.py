"""Seconds and memory of downloading a campaign's ratings from a real server.

    ./consonance bench export [--ratings N] [--more M] [--data DIR]

Two campaigns of simulated answers are stored in scratch databases (or found in `--data`, where
they are kept): one of `--ratings` for the time, one of `--more` for the memory. gunicorn serves
them with full middleware, one worker; each file is downloaded by a token as JSON lines, as CSV, and
packed. The memory is the worker's own peak after the download. Label Studio's figure was measured
apart and is quoted, not run: its JSON export of 30,000 annotations took 119 s.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

from benchmarks._campaign import make_accounts, make_campaign, scratch  # noqa: E402 - after the path
from consonance.demo.crowd import simulate  # noqa: E402

QUOTED = {"Label Studio, JSON, 30,000 annotations, s": 119}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=30_000, help="for the time (30000)")
    parser.add_argument("--more", type=int, default=1_000_000, help="for the memory (1000000)")
    parser.add_argument("--data", type=Path, help="a folder to keep both campaigns in")
    parser.add_argument("--step", choices=("store", "measure"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "store":
        _store(options.data, options.ratings)
        return
    if options.step == "measure":
        print(json.dumps(_measured(options.data)))
        return
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as temporary:
        results = {}
        for number in dict.fromkeys((options.ratings, options.more)):
            data = (options.data or Path(temporary)) / str(number)
            if not (data / "consonance.sqlite3").is_file():
                sys.stderr.write(f"storing {number:,} ratings\n")
                _child("--ratings", str(number), "--data", str(data), "--step", "store")
            sys.stderr.write(f"downloading {number:,} ratings\n")
            results[str(number)] = json.loads(_child("--data", str(data), "--step", "measure"))
    print(
        json.dumps(
            {
                "benchmark": "export",
                "cores": os.cpu_count(),
                "load_before": round(os.getloadavg()[0], 2),
                "ratings": results,
                "quoted": QUOTED,
            }
        )
    )


def _child(*words: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, __file__, *words], env=environment, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode().strip().rsplit("\n", 1)[-1]


def _store(data: Path, number: int) -> None:
    scratch(data)
    make_accounts()
    items, people = round(number / 5.54), max(10, round(number / 94))
    crowd = simulate(
        n_clips=-(-items * 20_000 // 41_500),
        n_items=items,
        n_ratings=number,
        n_people=people,
        seed=0,
    )
    make_campaign(crowd, gold=items // 50, repeat_share=0)


def _measured(data: Path) -> dict[str, Any]:
    scratch(data)
    from rest_framework.authtoken.models import Token

    from annotation.models import Campaign
    from consonance.people.models import User
    from consonance.web.processes import web

    campaign = Campaign.objects.get()
    token, _ = Token.objects.get_or_create(user=User.objects.get(username="researcher"))
    found: dict[str, Any] = {}
    for name, query, packed in (
        ("ndjson", "format=ndjson", False),
        ("csv", "format=csv", False),
        ("ndjson, gzip", "format=ndjson", True),
    ):
        with web(workers=1) as site:
            worker = _worker_of()
            address = f"{site}/api/v1/campaigns/{campaign.pk}/ratings/export?{query}"
            _get(f"{address}&limit=1", token.key, packed=packed)  # imports and caches
            before, spent = _peak_mb(worker), _cpu_s(worker)
            begun = time.perf_counter()
            rows, size = _get(address, token.key, packed=packed)
            found[name] = {
                "rows": rows - (name == "csv"),
                "wall_s": round(time.perf_counter() - begun, 2),
                "cpu_s": round(_cpu_s(worker) - spent, 2),
                "mb": round(size / 1e6, 1),
                "peak_mb": round(_peak_mb(worker)),
                "peak_mb_before": round(before),
            }
    return found


def _get(address: str, token: str, *, packed: bool) -> tuple[int, int]:
    """Return lines and bytes of a download; it is read in pieces, as a client with a disk would."""
    headers = {"Authorization": f"Token {token}"}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - our own server
    if packed:
        request.add_header("Accept-Encoding", "gzip")
    rows = size = 0
    with urllib.request.urlopen(request, timeout=900) as answer:  # noqa: S310 - as above
        source = gzip.GzipFile(fileobj=answer) if packed else answer
        while piece := source.read(1 << 16):
            rows += piece.count(b"\n")
            size += len(piece)
    return rows, size


def _worker_of() -> int:
    """Return the process that answers: the child of the gunicorn that this program started."""
    masters = _children(os.getpid())
    [worker] = [child for master in masters for child in _children(master)]
    return worker


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(one) for one in path.read_text(encoding="ascii").split()]


def _peak_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
