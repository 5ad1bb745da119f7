"""Both quantiles of every class and a capped draw over all classes, from Parquet score shards.

    ./consonance bench sampling [--rows N] [--classes N] [--per-class N] [--no-peers]

Seven million excerpts of 108,000 tracks, 20 classes, in shards of 100 tracks as
`./consonance score` writes them; scores of neighbouring windows are alike, and often equal. Ours
finds the exact quantiles and draws 1,000 candidates a class at one per track. Peers find the
quantiles alone, from the same files; numpy.partition and the histogram of 16-bit codes hold all
scores in memory and draw from the tails, too, without a cap. Each runs in a process of its own, one
thread. CPU seconds and peak memory are of the whole process, imports included. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", POLARS_MAX_THREADS="1", ARROW_IO_THREADS="1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

from candidates.detector.taxonomy import read  # noqa: E402 - after the path

WINDOWS = 65  # of a track of four minutes
SHARD_TRACKS = 100
LOW, HIGH = 0.1, 0.9
CPU_SECONDS, PEAK_MB = 5.0, 500
PEERS = {"duckdb": "duckdb", "polars": "polars", "pandas": "pandas"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=7_000_000, help="excerpts (7,000,000)")
    openmic = len(read("openmic20").classes)
    parser.add_argument("--classes", type=int, default=openmic, help=f"({openmic})")
    parser.add_argument("--per-class", type=int, default=1_000, help="candidates (1,000)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "FOLDER"))
    options = parser.parse_args()
    if options.one:
        method, folder = options.one
        told = METHODS[method](Path(folder), options)
        used = resource.getrusage(resource.RUSAGE_SELF)
        told["cpu_s"] = round(used.ru_utime + used.ru_stime, 2)
        told["peak_mb"] = round(used.ru_maxrss / 1024)
        print(json.dumps(told))
        return
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as scratch:
        begun = time.perf_counter()
        written = write(Path(scratch), options)
        tell(f"wrote {written:,} excerpts in {time.perf_counter() - begun:.0f} s")
        results = {
            method: run(method, Path(scratch), options)
            for method in METHODS
            if has(method, options)
        }
    ours = results["ours"]
    exact = {
        method: one["bounds"] == ours["bounds"]
        for method, one in results.items()
        if "bounds" in one
    }
    for one in results.values():
        one.pop("bounds", None)
    print(
        json.dumps(
            {
                "benchmark": "sampling",
                "excerpts": written,
                "classes": options.classes,
                "per_class": options.per_class,
                "cores": os.cpu_count(),
                "load_before": round(os.getloadavg()[0], 1),
                "methods": results,
                "same_quantiles_as_ours": exact,
                "cpu_ratio": {
                    method: round(one["cpu_s"] / ours["cpu_s"], 2)
                    for method, one in results.items()
                    if method != "ours"
                },
                "targets": {
                    f"ours: <= {CPU_SECONDS} CPU s": ours["cpu_s"] <= CPU_SECONDS,
                    f"ours: <= {PEAK_MB} MB": ours["peak_mb"] <= PEAK_MB,
                    "ours: exact": all(exact.values()),
                    "ours: nothing missing": ours["missing"] == 0,
                },
            }
        )
    )


def tell(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def has(method: str, options: argparse.Namespace) -> bool:
    if method == "ours":
        return True
    if options.no_peers:
        return False
    if method in PEERS and importlib.util.find_spec(PEERS[method]) is None:
        tell(f"{method} is not installed: left out (see requirements/peers.txt)")
        return False
    return True


def write(folder: Path, options: argparse.Namespace) -> int:
    """Write the shards; a track has a level for each class, and its windows scatter round it."""
    import numpy as np

    from candidates.scoring.shards import TrackScores, write_shard

    names = class_names(options)
    n_tracks = max(1, options.rows // WINDOWS)
    starts = np.arange(WINDOWS, dtype=np.int64) * 3_840
    nothing = np.zeros((WINDOWS, 1), np.float32)
    for shard, first in enumerate(range(0, n_tracks, SHARD_TRACKS)):
        rng = np.random.default_rng([options.seed, shard])
        here = range(first, min(first + SHARD_TRACKS, n_tracks))
        level = rng.normal(-3, 2, (len(here), 1, options.classes))
        peak = rng.normal(level, 1.0, (len(here), WINDOWS + 1, options.classes))
        # The maximum over overlapping windows: neighbours are often equal.
        logit = np.maximum(peak[:, 1:], peak[:, :-1])
        likelihood = (1 / (1 + np.exp(-logit))).astype(np.float32)
        write_shard(
            folder / f"shard-{shard:05d}.parquet",
            [
                TrackScores(
                    track_no=track, start_ms=starts, likelihood=likelihood[place],
                    embedding=nothing,
                )
                for place, track in enumerate(here)
            ],
            classes=names,
            embedding_dim=1,
            recipe={},
        )  # fmt: skip
    return n_tracks * WINDOWS


def class_names(options: argparse.Namespace) -> list[str]:
    return [f"class{j:02d}" for j in range(options.classes)]


def run(method: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", method, str(folder)]
    for name in ("rows", "classes", "per_class", "seed"):
        command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"{method} failed:\n{ended.stderr}")
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    tell(f"{method:10} {told['cpu_s']:6.2f} CPU s {told['peak_mb']:6} MB")
    return told


# --- methods -------------------------------------------------------------------------------
# Each returns the logits at the two quantiles of every class, as NumPy's `lower` and `higher` do.
def ours(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from candidates.sampling import Sources, draw_from
    from candidates.scoring.excerpts import source_of

    n_tracks = max(1, options.rows // WINDOWS)
    unknown = np.full(n_tracks, -1, np.int64)
    drawn = draw_from(
        source_of(folder),
        Sources(recording=np.arange(n_tracks), artist=unknown, album=unknown),
        per_class=options.per_class,
        class_keys=class_names(options),
        seed=options.seed,
    )
    return {
        "bounds": [[float(drawn.bounds[j, 0, 1]), float(drawn.bounds[j, 1, 0])]
                   for j in range(options.classes)],
        "drawn": int(drawn.excerpt.size),
        "missing": int(drawn.shortfall.sum()),
    }  # fmt: skip


def columns(folder: Path, options: argparse.Namespace) -> list[Any]:
    """Return each class's logits [shape=(n,), dtype=float16], read once."""
    import numpy as np

    from candidates.scoring.shards import stream

    batches = list(stream(folder, columns=class_names(options))[1]())
    return [np.concatenate([batch.logits[j] for batch in batches]) for j in range(options.classes)]


def partition(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Call numpy.partition, one class after the other, and choose from each tail at random."""
    import numpy as np

    rng = np.random.default_rng(options.seed)
    bounds = []
    for logits in columns(folder, options):
        values = logits.astype(np.float32)
        low, high = int(LOW * (values.size - 1)), int(np.ceil(HIGH * (values.size - 1)))
        at = np.partition(values, [low, high])
        bounds.append([float(at[low]), float(at[high])])
        for tail in (values <= at[low], values >= at[high]):
            rng.choice(np.flatnonzero(tail), min(options.per_class // 2, int(tail.sum())))
    return {"bounds": bounds}


def histogram(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Count 16-bit codes, one class after the other, and choose from each tail at random."""
    import numpy as np

    rng = np.random.default_rng(options.seed)
    bounds = []
    for logits in columns(folder, options):
        bits = logits.view(np.uint16)
        codes = np.where(bits >> 15, ~bits, bits | np.uint16(0x8000))
        up_to = np.cumsum(np.bincount(codes, minlength=1 << 16))
        places = int(LOW * (codes.size - 1)), int(np.ceil(HIGH * (codes.size - 1)))
        at = np.searchsorted(up_to, places, side="right").astype(np.uint16)
        back = np.where(at >> 15, at & np.uint16(0x7FFF), ~at).view(np.float16)
        bounds.append([float(back[0]), float(back[1])])
        for tail in (codes <= at[0], codes >= at[1]):
            rng.choice(np.flatnonzero(tail), min(options.per_class // 2, int(tail.sum())))
    return {"bounds": bounds}


def duckdb(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    import duckdb as peer

    connection = peer.connect(config={"threads": 1})
    wanted = ", ".join(
        f"quantile_disc(logit.{name}::FLOAT, {LOW}), quantile_disc(logit.{name}::FLOAT, {HIGH})"
        for name in class_names(options)
    )
    connection.execute(f"SELECT {wanted} FROM read_parquet('{folder}/*.parquet')").fetchone()  # noqa: S608
    return {}


def polars(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    import polars as peer

    field = peer.col("logit").struct.field
    wanted = []
    for name in class_names(options):
        value = field(name).cast(peer.Float32)
        wanted += [
            value.quantile(LOW, "lower").alias(f"{name}_low"),
            value.quantile(HIGH, "higher").alias(f"{name}_high"),
        ]
    found = peer.scan_parquet(folder / "*.parquet").select(wanted).collect(engine="streaming")
    row = found.row(0)
    return {"bounds": [[float(a), float(b)] for a, b in zip(row[::2], row[1::2], strict=True)]}


def pandas(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    import numpy as np
    import pandas as peer
    import pyarrow.parquet as pq

    names = class_names(options)
    parts = [
        pq.read_table(path, columns=["logit"], use_threads=False).flatten().to_pandas()
        for path in sorted(folder.glob("*.parquet"))
    ]
    frame = peer.concat(parts).astype(np.float32)
    frame.columns = names
    low = frame.quantile(LOW, interpolation="lower")
    high = frame.quantile(HIGH, interpolation="higher")
    return {"bounds": [[float(low[name]), float(high[name])] for name in names]}


METHODS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "ours": ours,
    "partition": partition,
    "histogram": histogram,
    "duckdb": duckdb,
    "polars": polars,
    "pandas": pandas,
}


if __name__ == "__main__":
    main()
