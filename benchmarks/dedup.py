"""Planted duplicates in real and rendered music, beside Chromaprint; a million vectors searched.

    ./consonance bench dedup [--excerpts 40] [--archive FOLDER] [--no-peers] [--search 1000000]

The pool are ten-second clips, side by side, of the real recordings under CONSONANCE_TEST_DATA and
of the Synthetic Archive (rendered where `--archive` has none). Some excerpts are planted again,
transformed before they are cut: sixteen seconds are changed, encoded and decoded where that is the
change, and ten are cut out of them. All clips are compared at once, as `find_duplicates` does. A
pair counts as found where the two would stay in one partition; `verified` where one of them could
be left out. Pairs of one recording are neither copies nor strangers. Chromaprint (fpcalc) hears the
same files: bits aligned within 1.5 s, its threshold by the same rule from strangers of its own.
With `--search N` unit vectors are searched for planted copies by `consonance.neighbours`, in a
process of its own. The last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the threads are set
import soundfile as sf  # noqa: E402
import soxr  # noqa: E402

from benchmarks._machine import machine  # noqa: E402
from benchmarks._sound_changes import CLIP_S, RATE, TRANSFORMS  # noqa: E402
from benchmarks._vector_search import searched  # noqa: E402
from splits.dedup import DuplicateReport, Settings, find_duplicates  # noqa: E402
from splits.dedup.calibrate import fit_tail  # noqa: E402

DATA: Final = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
AROUND_S: Final = 3.0  # before and after: a transform begins and ends outside the clip
#: What is known to be a copy or no music in the real archive (its planted.csv).
NOT_STRANGERS: Final = frozenset({249, 5003, 5077, 5111, 5148, 5185, 6021})
QUIET: Final = 10 ** (-60 / 20)
#: Chromaprint's own alignment: words of 0.124 s.
PEER_LAGS: Final = range(-12, 13)
PEER_WORDS: Final = 20
PEER_STRANGERS: Final = 20_000


@dataclass(frozen=True)
class Clip:
    """A clip of the pool or a planted copy."""

    path: Path
    recording: str
    artist: str
    of: int = -1  # the clip that it is a copy of
    transform: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--excerpts", type=int, default=40, help="planted in each way (40)")
    parser.add_argument(
        "--archive", type=Path, default=ROOT / "data" / "synthetic-archive",
        help="the Synthetic Archive, rendered where there is none",
    )  # fmt: skip
    parser.add_argument("--pool", type=int, default=1_600, help="clips of the pool, at most (1600)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of excerpts (0)")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--search", type=int, metavar="N", help="search N vectors instead")
    parser.add_argument("--cosine", type=float, default=0.95, help="of the copies searched (.95)")
    options = parser.parse_args()
    found = {"benchmark": "dedup", **machine()}
    if options.search:
        found["search"] = searched(options.search, options.cosine, options.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="consonance-bench-") as folder:
            found |= planted(Path(folder), options)
    print(json.dumps(found))


def tell(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


# --- planted copies ----------------------------------------------------------------------------
def planted(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Plant copies in a pool, look for them, and return what was found."""
    rng = np.random.default_rng(options.seed)
    pool, sources = pool_of(folder, options)
    tell(f"{len(pool)} clips of {len({clip.recording for clip in pool})} recordings")
    chosen = rng.permutation(sorted(sources))[: options.excerpts].tolist()
    copies = []
    for place in chosen:
        copies += planted_copies(folder, pool, sources[place], place, rng)
    clips = [*pool, *copies]
    tell(f"{len(copies)} planted copies")
    began = time.process_time()
    report = find_duplicates(
        [clip.path for clip in clips],
        recording=[
            clip.recording if clip.of < 0 else f"copy {place}" for place, clip in enumerate(clips)
        ],
        artist=[clip.artist for clip in clips],
    )
    seconds = time.process_time() - began
    told: dict[str, Any] = {
        "clips": len(clips),
        "excerpts": len(chosen),
        "cpu_s_per_1000_clips": round(1000 * seconds / len(clips), 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "thresholds": {name: round(value, 4) for name, value in report.thresholds.items()},
        "candidate_recall": report.recall,
        "aligned": report.n_aligned,
        "ours": judged(clips, report),
    }
    if not options.no_peers:
        told["chromaprint"] = chromaprint(clips, rng)
    return told


def pool_of(folder: Path, options: argparse.Namespace) -> tuple[list[Clip], dict[int, Any]]:
    """Return the clips of the pool, and for those with room around them where they come from."""
    pool: list[Clip] = []
    sources: dict[int, Any] = {}
    recordings = [*real_recordings(), *rendered_recordings(options.archive)]
    for path, name, artist in recordings:
        try:
            sound = heard(path)
        except (sf.LibsndfileError, OSError) as error:
            tell(f"{path.name}: {error}")
            continue
        for start in np.arange(0.0, len(sound) / RATE - CLIP_S, CLIP_S):
            if len(pool) >= options.pool:
                return pool, sources
            part = cut(sound, start)
            if np.sqrt(np.mean(part**2)) < QUIET:
                continue
            place = len(pool)
            pool.append(Clip(written(folder / f"pool{place:06d}.wav", part), name, artist or name))
            if start >= AROUND_S and start + CLIP_S + AROUND_S + 1 < len(sound) / RATE:
                sources[place] = (path, start)
    return pool, sources


def real_recordings() -> Iterator[tuple[Path, str, str]]:
    """Yield recordings that are somebody's music: path, name, artist."""
    for path in sorted((DATA / "music" / "fma_mini").rglob("*.mp3")):
        if int(path.stem) not in NOT_STRANGERS:
            yield path, f"real {path.stem}", ""


def rendered_recordings(archive: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield the Synthetic Archive's recordings, without its own planted copies."""
    from consonance.demo import corpus

    corpus.make(
        archive, seed=2018, n_recordings=60, n_artists=15, soundfont_path=None,
        progress=lambda *_: None, render_processes=2,
    )  # fmt: skip
    own = {
        number
        for line in next(archive.rglob("planted.csv")).read_text().splitlines()[1:]
        for number in [line.split(",")[0]]
    }
    for path in sorted(archive.rglob("*.mp3")):
        if path.stem not in own and str(int(path.stem or 0)) not in own:
            yield path, f"rendered {path.stem}", ""


def planted_copies(
    folder: Path, pool: list[Clip], source: Any, place: int, rng: Any
) -> Iterator[Clip]:
    """Yield an excerpt in every transform."""
    path, start = source
    first = round((start - AROUND_S) * RATE)
    part = heard(path)[first : first + round((CLIP_S + 2 * AROUND_S) * RATE)]
    for name, (change, rate, shift, seconds) in TRANSFORMS.items():
        try:
            changed = change(part, folder, rng)
        except ImportError as error:
            tell(f"{name}: {error}")
            continue
        clip = cut(changed, (AROUND_S + shift) / rate, seconds)
        target = folder / f"copy{place:06d}_{name}.wav"
        yield Clip(written(target, clip), pool[place].recording, pool[place].artist, place, name)


def heard(path: Path) -> np.ndarray:
    """Return a recording as one channel at 44.1 kHz, float32; the newest is kept."""
    if _LAST.get("path") != path:
        sound, rate = sf.read(path, dtype="float32", always_2d=True)
        mono = sound.mean(axis=1)
        _LAST.update(path=path, sound=mono if rate == RATE else soxr.resample(mono, rate, RATE))
    result: np.ndarray = _LAST["sound"]
    return result


_LAST: dict[str, Any] = {}


def cut(sound: np.ndarray, start_s: float, seconds: float = CLIP_S) -> np.ndarray:
    first = round(start_s * RATE)
    return sound[first : first + round(seconds * RATE)]


def written(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    sf.write(path, np.clip(sound, -1, 1), rate, subtype="PCM_16")
    return path


# --- judging -----------------------------------------------------------------------------------
def root_of(clips: list[Clip], place: int) -> int:
    return clips[place].of if clips[place].of >= 0 else place


def strangers(clips: list[Clip]) -> int:
    """Return how many pairs are of different recordings."""
    counts: dict[str, int] = {}
    for clip in clips:
        counts[clip.recording] = counts.get(clip.recording, 0) + 1
    n = len(clips)
    return n * (n - 1) // 2 - sum(count * (count - 1) // 2 for count in counts.values())


def judged(clips: list[Clip], report: DuplicateReport) -> dict[str, Any]:
    """Return recall by transform, and precision over all pairs."""
    edges = {
        (int(one), int(two)): bool(verified)
        for (one, two), verified in zip(report.pairs, report.verified, strict=True)
    }
    return scored(clips, edges) | {"groups": int(np.unique(report.group).size)}


def scored(clips: list[Clip], edges: dict[tuple[int, int], bool]) -> dict[str, Any]:
    found: dict[str, list[int]] = {}
    verified: dict[str, list[int]] = {}
    for place, clip in enumerate(clips):
        if clip.of >= 0:
            edge = edges.get((clip.of, place))
            found.setdefault(clip.transform, []).append(edge is not None)
            verified.setdefault(clip.transform, []).append(bool(edge))
    true = same_recording = false = false_verified = 0
    for (one, two), is_verified in edges.items():
        if root_of(clips, one) == root_of(clips, two):
            true += 1
        elif clips[one].recording == clips[two].recording:
            same_recording += 1
        else:
            false += 1
            false_verified += is_verified
            tell(f"false edge: {clips[one].path.name} {clips[one].recording}, "
                 f"{clips[two].path.name} {clips[two].recording}")  # fmt: skip
    return {
        "recall": {name: round(float(np.mean(hits)), 4) for name, hits in found.items()},
        "verified": {name: round(float(np.mean(hits)), 4) for name, hits in verified.items()},
        "stranger_pairs": strangers(clips),
        "true_edges": true,
        "edges_within_a_recording": same_recording,
        "false_edges": false,
        "false_verified": false_verified,
        "precision": round(true / max(1, true + false), 5),
    }


# --- Chromaprint -------------------------------------------------------------------------------
def chromaprint(clips: list[Clip], rng: Any) -> dict[str, Any]:
    """Return what Chromaprint finds in the same files."""
    program = shutil.which("fpcalc")
    if program is None:
        return {"skipped": "fpcalc is not installed (Debian: libchromaprint-tools)"}
    began = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    prints = []
    for clip in clips:
        ended = subprocess.run(  # noqa: S603 - our own words
            [program, "-raw", "-plain", "-length", "30", str(clip.path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        words = ended.stdout.strip()
        prints.append(
            np.array([int(word) for word in words.split(",")], dtype=np.uint32)
            if words  # it ends with an error where the last block is short, and has them
            else np.zeros(0, np.uint32)
        )
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = children.ru_utime + children.ru_stime - began[1].ru_utime - began[1].ru_stime
    pairs = rng.integers(0, len(clips), size=(2 * PEER_STRANGERS, 2))
    scores = np.array(
        [
            alike(prints[one], prints[two])
            for one, two in pairs.tolist()
            if clips[one].recording != clips[two].recording
        ][:PEER_STRANGERS]
    )
    tail = fit_tail(scores)
    if tail is None:
        return {"skipped": "fpcalc gave no fingerprint"}
    n = strangers(clips)
    threshold = tail.threshold(Settings().expected_false_edges, n)
    tell(f"Chromaprint: threshold {threshold:.4f}; comparing copies")
    edges: dict[tuple[int, int], bool] = {}
    for place, clip in enumerate(clips):
        if clip.of >= 0 and alike(prints[clip.of], prints[place]) >= threshold:
            edges[clip.of, place] = True
    found = scored(clips, edges)
    return {
        "cpu_s_per_1000_clips": round(1000 * spent / len(clips), 1),
        "threshold": round(threshold, 4),
        "strangers_measured": len(scores),
        "strangers_above": int(np.count_nonzero(scores >= threshold)),
        "recall": found["recall"],
    }


def alike(one: np.ndarray, two: np.ndarray) -> float:
    """Return the share of equal bits where two fingerprints agree best."""
    best = float("nan")
    for lag in PEER_LAGS:
        first, second = (one[lag:], two) if lag >= 0 else (one, two[-lag:])
        length = min(len(first), len(second))
        if length < PEER_WORDS:
            continue
        differing = np.bitwise_count(first[:length] ^ second[:length]).sum(dtype=np.int64)
        best = np.fmax(best, 1 - float(differing) / (32 * length))
    return best


if __name__ == "__main__":
    if importlib.util.find_spec("faiss") is None:
        sys.exit("faiss-cpu is not installed: ./consonance setup installs it.")
    main()
