"""Seconds of music that one core scores per second, stage by stage and end to end.

    ./consonance bench scoring [--detector NAME ...] [--minutes N] [--audio DIR]

Stages are measured one after the other on the same recordings: decode with resampling, then the
detector on the excerpt grid. Without `--audio` the recordings are rendered first. CPU time, one
thread. The plain way of scoring is the peer in the same run: every excerpt read and resampled from
its file anew, as tools do that know clips only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import torch  # noqa: E402 - after the path

from candidates.detector import best_available, load  # noqa: E402
from consonance.audio.decode import read_mono  # noqa: E402
from consonance.audio.excerpts import EXCERPT_MS, grid  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", action="append", help="(the best at hand, and default)")
    parser.add_argument("--minutes", type=float, default=5, help="of music (5)")
    parser.add_argument("--audio", type=Path, help="folder of recordings")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = options.detector or sorted({best_available(), "default"})
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as scratch:
        files = _recordings(options.audio or _rendered(Path(scratch)), options.minutes)
        results = {name: _measure(name, files) for name in names}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "benchmark": "scoring",
                "recordings": len(files),
                "cores": os.cpu_count(),
                "load_before": os.getloadavg()[0],
                "peak_mb": round(peak),
                "unit": "seconds of music per CPU second of one core",
                "detectors": results,
            }
        )
    )


def _rendered(folder: Path) -> Path:
    from consonance.demo import corpus

    return corpus.make(folder / "corpus", n_recordings=10, n_artists=5).archive


def _recordings(folder: Path, minutes: float) -> list[Path]:
    chosen, length = [], 0.0
    for path in sorted(folder.rglob("*.mp3")):
        try:
            length += len(read_mono(path, sample_rate=8000)) / 8000
        except Exception as error:  # noqa: BLE001 - planted faults are part of the archive
            sys.stderr.write(f"left out: {error}\n")
            continue
        chosen.append(path)
        if length > 60 * minutes:
            break
    return chosen


def _measure(name: str, files: list[Path]) -> dict[str, float]:
    detector = load(name)
    detector.score(torch.zeros(10 * detector.sample_rate).numpy(), detector.sample_rate)  # warm up
    begun = time.process_time()
    audio = [read_mono(path, sample_rate=detector.sample_rate) for path in files]
    decode = time.process_time() - begun
    grids = [grid(len(y) * 1000 // detector.sample_rate) for y in audio]
    begun = time.process_time()
    for y, starts in zip(audio, grids, strict=True):
        detector.score_excerpts(y, starts, EXCERPT_MS)
    network = time.process_time() - begun
    begun = time.process_time()
    for path, starts in zip(files, grids, strict=True):
        for start in starts:
            excerpt = read_mono(
                path, sample_rate=detector.sample_rate, start_ms=int(start), duration_ms=EXCERPT_MS
            )
            detector.score(excerpt, detector.sample_rate)
    plain = time.process_time() - begun
    seconds = sum(map(len, audio)) / detector.sample_rate
    return {
        "music_s": round(seconds, 1),
        "excerpts": sum(map(len, grids)),
        "decode_and_resample": round(seconds / decode),
        "detector": round(seconds / network),
        "end_to_end": round(seconds / (decode + network)),
        "peer_each_excerpt_anew": round(seconds / plain),
        "ratio_to_peer": round(plain / (decode + network), 2),
    }


if __name__ == "__main__":
    main()
