"""From an empty data folder to a verified release: wall and CPU time, and peak memory.

    ./consonance bench chain [--audio DIR] [--recordings N]

Runs the demo's whole chain in a process of its own and reads the operating system's account of it.
There is no peer: no other tool goes from a folder of recordings to a release. What it shows is
where the time goes, and whether a change made it slower.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_STEP = re.compile(r"^(\d+)\. (.+)$")
_SECONDS = re.compile(r"\((\d+\.\d) s\)$")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, help="real recordings instead of the synthetic ones")
    parser.add_argument("--recordings", type=int, default=60, help="of the synthetic archive (60)")
    options = parser.parse_args()
    words = ["demo", "--no-serve"]
    if options.audio:
        words += ["--audio", str(options.audio)]
    else:
        words += ["--recordings", str(options.recordings)]
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as data:
        begun = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, str(ROOT / "manage.py"), *words],
            env={**os.environ, "CONSONANCE_DATA": data},
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.monotonic() - begun
    if done.returncode:
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "benchmark": "chain",
                "audio": str(options.audio or f"{options.recordings} synthetic recordings"),
                "cores": os.cpu_count(),
                "load_before": os.getloadavg()[0],
                "python": platform.python_version(),
                "wall_s": round(wall, 1),
                "cpu_s": round(used.ru_utime + used.ru_stime, 1),
                "peak_process_mb": round(used.ru_maxrss / 1024),
                "steps_wall_s": _steps(done.stderr),
            }
        )
    )


def _steps(text: str) -> dict[str, float]:
    steps = {}
    title = ""
    for line in text.splitlines():
        begun, ended = _STEP.match(line), _SECONDS.search(line)
        if begun:
            title = begun[2]
        elif ended and title:
            steps[title] = float(ended[1])
    return steps


if __name__ == "__main__":
    main()
