"""A builder that is killed at any moment shows nothing half-published, and the next one ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from splits.release.writers import WRITERS

ROOT = Path(__file__).resolve().parents[3]


def test_it_may_be_killed_at_every_stage_and_wherever_a_file_gets_its_name(tmp_path):
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    stages = {place for place in told["places"] if place.startswith("stage ")}
    assert len(stages) == len(WRITERS) + 4
    # A rename a file that is no clip, and the last one that shows the whole.
    assert told["places"]["os.rename"] >= 6
    assert told["places"]["open"] >= 2
    assert told["places"]["packing"] == 3
