"""Seconds of music that one core scores per second, stage by stage and end to end.

    ./consonance bench scoring [--detector NAME ...] [--minutes N] [--audio DIR] [--limit CPU]

Everything is measured on the same MP3 recordings in one run, in CPU seconds of one thread:

* end to end: `score_recordings`, from files to scores, as `./consonance score` does it;
* the stages one by one, each with all its input in memory: decode to mono, resample, log-mel
  frames, network (what frames and network take together, without the frames). Their sum is the
  limit: nothing that does these four things can be faster;
* the plain path, in a process of its own: every excerpt loaded from its file by librosa.load, its
  mel spectrum by librosa, ten excerpts at a time through the same network;
* what the fast path changes: logits against windows heard one by one, and candidates picked.

Without `--audio` the recordings are rendered first.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the path
import soxr  # noqa: E402
import torch  # noqa: E402

from benchmarks._machine import machine  # noqa: E402
from candidates.detector import best_available, load, mn04, student, yamnet  # noqa: E402
from candidates.detector.batched import BatchedDetector  # noqa: E402
from candidates.detector.melspectrum import runs  # noqa: E402
from candidates.scoring.agreement import compare  # noqa: E402
from candidates.scoring.recordings import Recording  # noqa: E402
from candidates.scoring.shards import TrackScores, write_shard  # noqa: E402
from candidates.scoring.streaming import score_recordings  # noqa: E402
from candidates.scoring.workers import keep_memory  # noqa: E402
from consonance.audio.decode import open_decoder, to_mono  # noqa: E402
from consonance.audio.excerpts import EXCERPT_HOP_MS, EXCERPT_MS, grid  # noqa: E402
from consonance.errors import ConsonanceError  # noqa: E402

_ROUNDS = 3  # each part is measured so often, in turn; the best counts
_PLAIN_BATCH = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", action="append", help="(the best at hand, and default)")
    parser.add_argument("--minutes", type=float, default=6, help="of music (6)")
    parser.add_argument("--audio", type=Path, help="folder of MP3 recordings")
    parser.add_argument("--no-plain", action="store_true", help="leave the plain path out")
    parser.add_argument("--plain", help=argparse.SUPPRESS)  # a process of its own
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.plain:
        keep_memory()  # as every process that scores does
    if options.plain:
        print(json.dumps(_plain(**json.loads(options.plain))))
        return
    names = options.detector or sorted({best_available(), "default"})
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as scratch:
        files = _recordings(options.audio or _rendered(Path(scratch)), options.minutes)
        results = {
            name: _measure(name, files, Path(scratch), plain=not options.no_plain) for name in names
        }
    print(
        json.dumps(
            {
                "benchmark": "scoring",
                **machine(),
                "recordings": len(files),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "unit": "seconds of music per CPU second of one core",
                "detectors": results,
            }
        )
    )


def _rendered(folder: Path) -> Path:
    from consonance.demo import corpus

    return corpus.make(folder / "corpus", n_recordings=12, n_artists=5).archive


def _recordings(folder: Path, minutes: float) -> list[Path]:
    """Return recordings that decode and last an excerpt or longer, until there are enough."""
    chosen, length = [], 0.0
    for path in sorted(folder.rglob("*.mp3")):
        try:
            with open_decoder(path) as decoder:
                n_frames = sum(len(block) for block in decoder.blocks())
                seconds = n_frames / decoder.sample_rate
        except ConsonanceError as error:  # planted faults are part of the archive
            sys.stderr.write(f"left out: {error}\n")
            continue
        if seconds * 1000 < EXCERPT_MS:
            continue
        chosen.append(path)
        length += seconds
        if length > 60 * minutes:
            break
    if not chosen:
        sys.exit(f"No MP3 of ten seconds or more in {folder}.")
    return chosen


def _measure(name: str, files: Sequence[Path], scratch: Path, *, plain: bool) -> dict[str, Any]:
    sys.stderr.write(f"{name}: end to end and stage by stage\n")
    detector = load(name)
    assert isinstance(detector, BatchedDetector)
    rate = detector.sample_rate
    recordings = [Recording(track_no=n, path=path) for n, path in enumerate(files)]

    def end_to_end() -> list[TrackScores]:
        found = score_recordings(recordings, detector, window_ms=EXCERPT_MS, hop_ms=EXCERPT_HOP_MS)
        return [track for track in found if isinstance(track, TrackScores)]

    mono = [_decoded(path) for path in files]
    audio = [_resampled(*each, rate) for each in mono]
    starts = [grid(len(y) * 1000 // rate) * rate // 1000 for y in audio]
    length = EXCERPT_MS * rate // 1000
    n_windows = sum(len(at) for at in starts)

    def network() -> None:
        waiting: list[torch.Tensor] = []
        for y, at in zip(audio, starts, strict=True):
            for heard in _heard(detector.hear, detector, y, at, length):
                waiting.append(heard)
                if len(waiting) == detector.batch:
                    with torch.inference_mode():
                        detector.apply(torch.stack(waiting))
                    waiting = []
        if waiting:
            with torch.inference_mode():
                detector.apply(torch.stack(waiting))

    def frames() -> None:
        for y, at in zip(audio, starts, strict=True):
            _heard(detector._log_mel.windows, detector, y, at, length)

    best = _in_turn(
        {
            "end_to_end": end_to_end,
            "decode": lambda: [_decoded(path) for path in files],
            "resample": lambda: [_resampled(*each, rate) for each in mono],
            "mel": frames,
            "network": network,
        }
    )
    best["network"] -= best["mel"]
    music = sum(len(y) / sr for y, sr in mono)
    limit = sum(best[stage] for stage in ("decode", "resample", "mel", "network"))
    result = {
        "music_s": round(music, 1),
        "excerpts": n_windows,
        **{stage: round(music / seconds) for stage, seconds in best.items()},
        "sum_of_stages": round(music / limit),
        "share_of_limit": round(limit / best["end_to_end"], 3),
        **_changes(detector, end_to_end(), audio, scratch / name),
    }
    if plain:
        sys.stderr.write(f"{name}: the plain path\n")
        words = json.dumps({"name": name, "files": [str(path) for path in files]})
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own words
            [sys.executable, __file__, "--plain", words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            result["plain"] = f"not measured: {done.stderr.strip().splitlines()[-1]}"
        else:
            took = json.loads(done.stdout.splitlines()[-1])
            result["plain"] = {part: round(music / seconds) for part, seconds in took.items()}
            result["ratio_to_plain"] = round(took["cpu_s"] / best["end_to_end"], 2)
    return result


def _in_turn(parts: dict[str, Callable[[], Any]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for _ in range(_ROUNDS):
        for name, part in parts.items():
            begun = time.process_time()
            part()
            took = time.process_time() - begun
            best[name] = min(best.get(name, took), took)
    return best


def _decoded(path: Path) -> tuple[np.ndarray, int]:
    with open_decoder(path) as decoder:
        return np.concatenate([to_mono(block) for block in decoder.blocks()]), decoder.sample_rate


def _resampled(mono: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    if rate == wanted:
        return mono
    return np.asarray(soxr.resample(mono, rate, wanted, quality="HQ"), np.float32)


def _heard(
    hear: Callable[[torch.Tensor, np.ndarray, int], list[torch.Tensor]],
    detector: BatchedDetector,
    audio: np.ndarray,
    starts: np.ndarray,
    length: int,
) -> list[torch.Tensor]:
    heard: list[torch.Tensor] = []
    for group in runs(starts, length, detector._log_mel.hop):
        first, last = int(group[0]), int(group[-1]) + length
        with torch.inference_mode():
            heard += hear(torch.from_numpy(audio[first:last]), group - first, length)
    return heard


def _changes(
    detector: BatchedDetector,
    fast: Sequence[TrackScores],
    audio: Sequence[np.ndarray],
    folder: Path,
) -> dict[str, Any]:
    """Return what batches, shared frames and streamed resampling change against one by one."""
    length = EXCERPT_MS * detector.sample_rate // 1000
    slow = [
        TrackScores(
            track_no=track.track_no,
            start_ms=track.start_ms,
            likelihood=np.stack(
                [
                    detector.score_one(y[at : at + length])
                    for at in track.start_ms * detector.sample_rate // 1000
                ]
            ),
            embedding=track.embedding,
        )
        for track, y in zip(fast, audio, strict=True)
        if track.start_ms.size
    ]
    kept = [track for track in fast if track.start_ms.size]
    for name, tracks in (("fast", kept), ("slow", slow)):
        write_shard(
            folder / name / "shard-00000.parquet",
            tracks,
            classes=detector.classes,
            embedding_dim=detector.embedding_dim,
            recipe={},
        )
    found = compare(folder / "fast", folder / "slow")
    return {
        "largest_difference_of_logits": found.largest,
        "picks": found.picks,
        "picks_changed": found.changed,
    }


def _plain(name: str, files: list[str]) -> dict[str, float]:
    """Score every excerpt by itself as a script does: load, mel, a batch of ten.

    The network is the same, as it comes from its module: nothing folded, no layout chosen, nothing
    shared by overlapping excerpts.
    """
    import librosa

    for module in (mn04, student, yamnet):
        vars(module).update(folded=lambda network: network.eval(), channels_last=lambda same: same)
    vars(student).update(pointwise=lambda same: same)
    detector = load(name)
    assert isinstance(detector, BatchedDetector)
    whole = detector._network if isinstance(detector, student.Student) else detector.apply
    rate = detector.sample_rate
    shape = tuple(detector._log_mel(torch.zeros(EXCERPT_MS * rate // 1000)).shape)
    librosa.feature.melspectrogram(y=np.zeros(rate, np.float32), sr=rate)  # compiles
    best: dict[str, float] = {}
    for _ in range(_ROUNDS):
        took = _plain_round(detector, whole, files, shape)
        if not best or sum(took.values()) < sum(best.values()):
            best = took
    return {**best, "cpu_s": sum(best.values())}


def _plain_round(
    detector: BatchedDetector,
    network: Callable[[torch.Tensor], Any],
    files: list[str],
    shape: tuple[int, ...],
) -> dict[str, float]:
    import librosa

    rate, spectrum = detector.sample_rate, detector._log_mel._spectrum
    took = {"load": 0.0, "mel": 0.0, "network": 0.0}
    waiting: list[torch.Tensor] = []

    def flush() -> None:
        begun = time.process_time()
        if waiting:
            with torch.inference_mode():
                network(torch.stack(waiting))
        waiting.clear()
        took["network"] += time.process_time() - begun

    for path in files:
        for start in grid(int(librosa.get_duration(path=path) * 1000)):
            begun = time.process_time()
            audio, _ = librosa.load(path, sr=rate, offset=start / 1000, duration=EXCERPT_MS / 1000)
            loaded = time.process_time()
            mel = librosa.feature.melspectrogram(
                y=audio, sr=rate, n_fft=spectrum.n_fft, hop_length=spectrum.hop,
                n_mels=spectrum._n_bands,
            )  # fmt: skip
            waiting.append(_fitted(torch.from_numpy(np.log(mel + 1e-5)), shape))
            took["load"] += loaded - begun
            took["mel"] += time.process_time() - loaded
            if len(waiting) == _PLAIN_BATCH:
                flush()
    flush()
    return took


def _fitted(mel: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Cut or pad librosa's frames to what the network takes; its values do not matter here."""
    if len(shape) == 3:  # patches
        n_patches, n_frames, _ = shape
        padded = torch.nn.functional.pad(mel, (0, n_frames))
        return padded.unfold(1, n_frames, n_frames // 2).permute(1, 2, 0)[:n_patches]
    return torch.nn.functional.pad(mel, (0, max(0, shape[1] - mel.shape[1])))[:, : shape[1]]


if __name__ == "__main__":
    main()
