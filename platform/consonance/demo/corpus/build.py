"""Builds the Synthetic Archive: all or nothing, and the same bytes for the same recipe."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import soundfile

from consonance.demo.corpus import metadata, soundfont, truth
from consonance.demo.corpus.plan import CorpusPlan, make_plan
from consonance.demo.corpus.recording import (
    RecordingJob,
    RecordingResult,
    audio_path,
    make_recording,
)
from consonance.demo.corpus.soundfont import SoundFont
from consonance.demo.corpus.timbres import INSTRUMENTS
from consonance.errors import ParameterError, StateError

RECIPE_NAME: Final = "recipe.json"
#: Raised whenever the same parameters would give other bytes.
FORMAT: Final = 1
_LIBRARIES: Final = ("numpy", "scipy", "soundfile", "tinysoundfont", "pretty_midi", "pyarrow")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What a corpus holds.

    Attributes
    ----------
    folder
        The corpus; `archive` in it is what an import may see, `truth` what it may not.
    seed, n_recordings, n_artists
        As asked for; planted faults are not counted.
    n_files
        Files under `archive/audio`.
    audio_bytes, duration_ms
        Of those files together; duration as far as they decode.
    soundfont, soundfont_licence
        What it was rendered with.
    class_recordings
        Sound recordings in which each reachable class plays.
    unreachable
        Classes of the taxonomy that the SoundFont cannot play.
    planted
        Number of planted faults.
    reused
        Whether a finished corpus of the same recipe was found and kept.
    """

    folder: Path
    seed: int
    n_recordings: int
    n_artists: int
    n_files: int
    audio_bytes: int
    duration_ms: int
    soundfont: str
    soundfont_licence: str
    class_recordings: dict[str, int]
    unreachable: tuple[str, ...]
    planted: int
    reused: bool

    @property
    def archive(self) -> Path:
        """Return the root of the FMA-shaped archive."""
        return self.folder / "archive"

    @property
    def truth(self) -> Path:
        """Return the folder of what is known of it."""
        return self.folder / "truth"

    def as_json(self) -> dict[str, Any]:
        """Return the summary with paths as text, for `--json`."""
        return asdict(self) | {
            "folder": str(self.folder),
            "archive": str(self.archive),
            "truth": str(self.truth),
            "unreachable": list(self.unreachable),
        }


def make(
    folder: Path | str,
    *,
    seed: int = 2018,
    n_recordings: int = 60,
    n_artists: int = 15,
    soundfont_path: Path | str | None = None,
    progress: Progress | None = None,
    render_processes: int = 2,
) -> CorpusSummary:
    """Make the Synthetic Archive, or keep the one that is there.

    Parameters
    ----------
    folder
        Where to put it; must not exist, be empty, or hold a corpus of the same recipe.
    seed
        Same seed, same bytes of every file (with the same libraries and SoundFont), however
        many processes work on it.
    n_recordings
        Sound recordings of 30 to 60 s, at least 3; nine planted faults come on top.
    n_artists
        At most `n_recordings`.
    soundfont_path
        A `.sf2` file; None takes FluidR3 where the system has it, else pretty_midi's.
    progress
        Called with (done, total, what) after every step.
    render_processes
        1 renders in this process, which a daemonic worker has to ask for.

    Raises
    ------
    ParameterError
        If a number is out of range or the SoundFont is missing.
    StateError
        If the folder holds something else.
    """
    if render_processes < 1:
        raise ParameterError(f"{render_processes} processes cannot render: ask for at least 1")
    target = Path(folder).resolve()
    font = soundfont.locate(soundfont_path)
    plan = make_plan(
        seed=seed, n_recordings=n_recordings, n_artists=n_artists, reachable=font.reachable()
    )
    recipe = _recipe(seed, n_recordings, n_artists, font)
    if _is_finished(target, recipe):
        return _summary(target, reused=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(target) as work:
        totals = _build(work, plan, font, render_processes, progress or _silently)
        content = recipe | {"content": _content(plan, font, totals)}
        (work / RECIPE_NAME).write_text(
            json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
        if target.exists():
            target.rmdir()  # it is empty, or `_is_finished` would have refused
        work.rename(target)
    return _summary(target, reused=False)


def _silently(done: int, total: int, what: str) -> None:
    del done, total, what


def _recipe(seed: int, n_recordings: int, n_artists: int, font: SoundFont) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "seed": seed,
        "n_recordings": n_recordings,
        "n_artists": n_artists,
        "soundfont": {"name": font.name, "sha256": font.sha256, "licence": font.licence},
        "libraries": {name: version(name) for name in _LIBRARIES}
        | {"libsndfile": soundfile.__libsndfile_version__},
    }


def _is_finished(target: Path, recipe: dict[str, Any]) -> bool:
    """Tell whether the corpus is there; refuse to touch anything else."""
    if not target.exists():
        return False
    if not target.is_dir():
        raise StateError(f"{target} is a file: name a folder for the corpus")
    if not any(target.iterdir()):
        return False
    try:
        found = json.loads((target / RECIPE_NAME).read_text(encoding="utf-8"))
        found.pop("content")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise StateError(
            f"{target} is not empty and holds no Synthetic Archive: name another folder"
        ) from error
    if found != recipe:
        different = sorted(k for k in recipe if found.get(k) != recipe[k])
        raise StateError(
            f"{target} holds a corpus of another recipe (other {', '.join(different)}): remove "
            "it, or name another folder"
        )
    return True


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Give a folder beside the target to work in, and leave nothing of it behind."""
    prefix = f".{target.name}.partial-"
    for left in target.parent.glob(f"{prefix}*"):
        owner = left.name.removeprefix(prefix).split("-")[0]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(left, ignore_errors=True)  # its maker was killed
    work = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=target.parent))
    work.chmod(0o755)  # mkdtemp's 0700 would hide the finished corpus from a web server
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _build(
    work: Path, plan: CorpusPlan, font: SoundFont, processes: int, progress: Progress
) -> dict[str, int]:
    archive, known = work / "archive", work / "truth"
    for track in plan.tracks:
        audio_path(archive, track.track_no).parent.mkdir(parents=True, exist_ok=True)
    for name in ("chords", "sections", "midi"):
        (known / name).mkdir(parents=True)
    jobs = [
        RecordingJob(
            plan=track,
            copies=tuple(t for t in plan.tracks if t.of_track_no == track.track_no),
            font=font,
            archive=archive,
            truth=known,
        )
        for track in plan.tracks
        if track.of_track_no is None
    ]
    results: list[RecordingResult] = []
    for result in _results(jobs, processes):
        results.append(result)
        progress(len(results), len(jobs), "recordings rendered")
    facts = {file.track_no: file for result in results for file in result.files}
    truth.write(known, (i for result in results for i in result.intervals))
    metadata.write_tables(archive, plan.tracks, facts)
    metadata.write_planted(known / "planted.csv", plan.tracks)
    return {
        "n_files": sum(file.byte_size > 0 for file in facts.values()),
        "audio_bytes": sum(file.byte_size for file in facts.values()),
        "duration_ms": sum(file.actual_ms for file in facts.values()),
    }


def _results(jobs: Sequence[RecordingJob], processes: int) -> Iterator[RecordingResult]:
    """Yield results as they come; what is written does not depend on their order."""
    if processes == 1:
        yield from map(make_recording, jobs)
        return
    # Spawned, not forked: the caller may hold threads, database connections or torch.
    pool = ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(make_recording, job) for job in jobs]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _content(plan: CorpusPlan, font: SoundFont, totals: dict[str, int]) -> dict[str, Any]:
    counts = plan.class_counts()
    reachable = font.reachable()
    return totals | {
        "class_recordings": {name: counts[name] for name in reachable},
        "unreachable": sorted(set(INSTRUMENTS) - set(reachable)),
        "planted": sum(track.fault is not None for track in plan.tracks),
    }


def _summary(target: Path, *, reused: bool) -> CorpusSummary:
    recipe = json.loads((target / RECIPE_NAME).read_text(encoding="utf-8"))
    content = recipe["content"]
    return CorpusSummary(
        folder=target,
        seed=recipe["seed"],
        n_recordings=recipe["n_recordings"],
        n_artists=recipe["n_artists"],
        n_files=content["n_files"],
        audio_bytes=content["audio_bytes"],
        duration_ms=content["duration_ms"],
        soundfont=recipe["soundfont"]["name"],
        soundfont_licence=recipe["soundfont"]["licence"],
        class_recordings=content["class_recordings"],
        unreachable=tuple(content["unreachable"]),
        planted=content["planted"],
        reused=reused,
    )
