"""Build a release beside the machine's own limit: copying and hashing the same bytes.

    ./consonance bench release [--clips 2000 20000] [--runs 1]

Clips of ten seconds, stereo, at 44.1 kHz (Ogg Vorbis of about 190 kB, each of its own content),
twenty classes of which a clip has two labels known, three answers a label, and features. The limit
is a plain program that reads every file of the finished release, hashes it and writes it to
another folder, all on the same disk: what no builder can do without. Builder and limit
run in a process each, one after the other, in turn; the time is that on the clock, syncing to disk
included, and CPU seconds stand beside it. Memory is each process's peak, less what it held before
it began. Decoding every clip once (which happens when it is cut, and in the builder only to clips
of which nobody knows that) is timed by itself on some clips. The last line is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the threads are set

from benchmarks._machine import machine  # noqa: E402

CLASSES: Final = tuple(f"instrument_{number:02d}" for number in range(20))
SHARES: Final = {"train": 0.6, "validation": 0.15, "test": 0.25}
SECONDS, RATE = 10, 44_100
BASES: Final = 24  # sounds that are encoded; each clip is one of them under a number of its own
ANSWERS: Final = 3
DECODED: Final = 60  # clips that are decoded to see how long that takes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--runs", type=int, default=1, help="(1)")
    parser.add_argument("--folder", type=Path, help="where to work (the system's)")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "FOLDER", "CLIPS"))
    options = parser.parse_args()
    if options.one:
        what, folder, clips = options.one
        print(json.dumps(WORK[what](Path(folder), int(clips))))
        return
    sizes = {}
    for clips in options.clips:
        with tempfile.TemporaryDirectory(prefix="release-", dir=options.folder) as folder:
            sizes[str(clips)] = at_size(Path(folder), clips, options.runs)
    found = {"benchmark": "release", **machine(), "runs": options.runs, "sizes": sizes}
    counts = sorted(sizes, key=int)
    if len(counts) > 1:
        few, many = sizes[counts[0]], sizes[counts[-1]]
        found["memory_growth_mb"] = many["build"]["peak_mb"] - few["build"]["peak_mb"]
    print(json.dumps(found))


def tell(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def at_size(folder: Path, clips: int, runs: int) -> dict[str, Any]:
    started(folder, "media", clips)
    told: dict[str, list[dict[str, Any]]] = {"build": [], "limit": []}
    for _ in range(runs):
        for what in ("build", "limit"):
            told[what].append(started(folder, what, clips))
            tell(f"{clips:,} clips, {what}: {told[what][-1]}")
        for name in ("built-1.0.0", "copied"):
            shutil.rmtree(folder / name)
    best = {what: min(found, key=lambda one: float(one["seconds"])) for what, found in told.items()}
    decoded = started(folder, "decode", clips)
    return {
        **best,
        **decoded,
        "ratio": round(best["build"]["seconds"] / best["limit"]["seconds"], 2),
        "cpu_ratio": round(best["build"]["cpu_s"] / best["limit"]["cpu_s"], 2),
    }


def started(folder: Path, what: str, clips: int) -> dict[str, Any]:
    os.sync()  # what others left to be written is not ours
    command = [sys.executable, __file__, "--one", what, str(folder), str(clips)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"{what} failed:\n{ended.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


# --- what is released ------------------------------------------------------------------------
def media(folder: Path, clips: int) -> dict[str, Any]:
    """Write clips: a few sounds, each file with a stream number and so a content of its own."""
    from consonance.audio.clips import encode_ogg
    from consonance.audio.ogg_serial import with_serial

    rng = np.random.default_rng(0)
    time_s = np.arange(SECONDS * RATE) / RATE
    sounds = []
    for base in range(BASES):
        tones = [np.sin(2 * np.pi * 110 * 2 ** (base / 12) * k * time_s) / k for k in range(1, 9)]
        left = 0.1 * sum(tones) + 0.02 * rng.normal(size=time_s.size)
        right = 0.1 * sum(tones[::2]) + 0.02 * rng.normal(size=time_s.size)
        sounds.append(encode_ogg(np.stack([left, right], 1).astype(np.float32), RATE))
    for clip in range(clips):
        path = media_path(folder, clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(with_serial(sounds[clip % BASES], clip + 1))
    return {"bytes": sum(len(sounds[clip % BASES]) for clip in range(clips))}


def media_path(folder: Path, clip: int) -> Path:
    return folder / "media" / f"{clip % 256:02x}" / f"{clip}.ogg"


def tables(folder: Path, clips: int) -> Any:
    """Return tables of a release, with the hash of every file."""
    import datetime as dt

    import pyarrow as pa

    from splits.release import Tables

    rng = np.random.default_rng(1)
    number = np.arange(clips)
    ids = [f"00000000-0000-4000-8000-{clip:012d}" for clip in range(clips)]
    names = np.array(list(SHARES))
    artist = number // 3
    part = names[np.searchsorted(np.cumsum(list(SHARES.values())), rng.random(clips))]
    part = part[artist * 3]  # an artist's first clip decides for all of them
    digests = [
        hashlib.sha256(media_path(folder, clip).read_bytes()).hexdigest() for clip in range(clips)
    ]
    first = number % len(CLASSES)
    pairs = np.stack([first, (first + 7) % len(CLASSES)], 1)
    present = rng.random((clips, 2)) < 0.5
    when = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    rows = clips * 2
    of_clip = np.repeat(number, 2)
    class_names = np.array(CLASSES)[pairs.ravel()]
    said = present.ravel()
    yes = np.where(said, ANSWERS, 0)
    link = "https://archive.example/track/"
    licence = "https://creativecommons.org/licenses/by/4.0/"
    table = pa.table(
        {
            "clip_id": ids,
            "sample_key": [f"{clip:06d}_0" for clip in range(clips)],
            "track_id": ids,
            "track_no": number,
            "start_ms": np.zeros(clips, np.int64),
            "duration_ms": np.full(clips, SECONDS * 1000),
            "sample_rate": np.full(clips, RATE),
            "channels": np.full(clips, 2),
            "audio_sha256": digests,
            "pcm_sha256": digests,
            "audio_name": [str(media_path(folder, clip)) for clip in range(clips)],
            "title": [f"Song number {clip}" for clip in range(clips)],
            "artist": [f"Artist {one}" for one in artist],
            "artist_key": [f"artist-{one}" for one in artist],
            "album": [f"Album {one}" for one in artist],
            "album_key": [f"album-{one}" for one in artist],
            "genres": [["Folk"]] * clips,
            "licence_spdx": ["CC-BY-4.0"] * clips,
            "licence_title": ["Attribution 4.0 International"] * clips,
            "licence_url": [licence] * clips,
            "track_url": [f"{link}{clip}" for clip in range(clips)],
            "artist_url": [None] * clips,
        }
    )
    labels = pa.table(
        {
            "clip_id": np.array(ids)[of_clip],
            "class_name": class_names,
            "decision": np.where(said, "present", "absent"),
            "posterior_crowd": np.where(said, 0.98, 0.02),
            "posterior_with_detector": np.where(said, 0.98, 0.02),
            "majority": said.astype(float),
            "relevance": said.astype(float),
            "n_yes": yes,
            "n_no": ANSWERS - yes,
            "n_unsure": np.zeros(rows, np.int32),
            "stop_reason": np.full(rows, "posterior"),
        }
    )
    answers = np.repeat(np.arange(rows), ANSWERS)
    rater = (answers * 7 + np.tile(np.arange(ANSWERS), rows)) % 200
    ratings = pa.table(
        {
            "rating_id": [f"{row:012d}" for row in range(len(answers))],
            "clip_id": np.array(ids)[of_clip[answers]],
            "class_name": class_names[answers],
            "rater": [f"{one:08x}" for one in rater],
            "rater_is_simulated": np.ones(len(answers), bool),
            "answer": np.where(said[answers], "yes", "no"),
            "is_gold": np.zeros(len(answers), bool),
            "answered_at": [when] * len(answers),
            "response_ms": np.full(len(answers), 2_500),
            "heard_ms": np.full(len(answers), 9_000),
            "guideline_version": np.ones(len(answers), np.int32),
        }
    )
    raters = [f"{one:08x}" for one in range(200)]
    skills = pa.table(
        {
            "rater": raters,
            "rater_is_simulated": [True] * 200,
            "n_ratings": np.full(200, len(answers) // 200),
            **{name: np.full(200, 0.9) for name in ("sensitivity", "specificity", "trust")},
            "unsure_rate": np.zeros(200),
        }
    )
    groups = pa.table({"clip_id": ids, "group": number, "action": ["keep"] * clips})
    splits = pa.table({"clip_id": ids, "partition": part})
    return Tables(
        clips=table, labels=labels, ratings=ratings, skills=skills, groups=groups, splits=splits
    )


# --- what is timed -----------------------------------------------------------------------------
class Timed:
    """Clock, CPU and peak memory of what is done within."""

    def __enter__(self) -> Timed:
        self.held, self.begun, self.cpu = peak_mb(), time.perf_counter(), cpu_s()
        return self

    def __exit__(self, *_: object) -> None:
        os.sync()
        self.seconds = time.perf_counter() - self.begun
        self.cpu_s = cpu_s() - self.cpu

    def told(self) -> dict[str, Any]:
        """Return what was measured."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_s": round(self.cpu_s, 2),
            "peak_mb": peak_mb(),
            "held_mb": self.held,
        }


def peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def build(folder: Path, clips: int) -> dict[str, Any]:
    """Build the release as the job does, its clips having been decoded when they were cut."""
    from splits.release import Contract, Features, ReleaseSpec, build_verified

    given = tables(folder, clips)
    rng = np.random.default_rng(2)
    ids = tuple(given.clips.column("clip_id").to_pylist())
    values = rng.integers(0, 256, (clips, 1, 128), dtype=np.uint8)
    features = Features(
        name="bench-pca128", clip_ids=ids, values=np.broadcast_to(values, (clips, 10, 128))
    )
    spec = ReleaseSpec.of(
        name="built-simulated", version="1.0.0", title="Bench", classes=CLASSES, simulated=True,
        contract=Contract(min_positives=1, min_labels=1), created="2026-05-01",
    )  # fmt: skip
    spent: dict[str, float] = {}
    last = [time.perf_counter()]

    def told(_done: int, _total: int, what: str) -> None:
        now = time.perf_counter()
        spent[what] = spent.get(what, 0.0) + now - last[0]
        last[0] = now

    with Timed() as timed:
        last[0] = time.perf_counter()
        report = build_verified(
            folder / "built-1.0.0", spec, given, lambda name: Path(name).read_bytes(),
            features=features, decoded_before=lambda _: True, progress=told,
        )  # fmt: skip
    stages = {what: round(seconds, 2) for what, seconds in spent.items()}
    return {**timed.told(), "files": report.files, "bytes": report.bytes, "stages": stages}


def limit(folder: Path, _clips: int) -> dict[str, Any]:
    """Copy and hash every file of the release, in blocks."""
    source, target = folder / "built-1.0.0", folder / "copied"
    with Timed() as timed:
        for path in sorted(source.rglob("*")):
            place = target / path.relative_to(source)
            if path.is_dir():
                place.mkdir(parents=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with path.open("rb") as read, place.open("wb") as write:
                while block := read.read(1 << 20):
                    digest.update(block)
                    write.write(block)
            digest.hexdigest()
    return timed.told()


def decode(folder: Path, clips: int) -> dict[str, Any]:
    import soundfile as sf

    some = range(min(DECODED, clips))
    begun = time.process_time()
    for clip in some:
        sf.read(media_path(folder, clip))
    spent = time.process_time() - begun
    return {"decode_ms_a_clip": round(1000 * spent / len(some), 1)}


WORK = {"media": media, "build": build, "limit": limit, "decode": decode}

if __name__ == "__main__":
    main()
