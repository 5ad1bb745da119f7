"""A search for a head on real recordings: two worker processes, one of them killed.

    ./consonance bench search [--configurations N] [--seeds N] [--epochs N] [--detector NAME]

Reads the labelled clips in CONSONANCE_TEST_DATA. Sources (recordings, series of takes) are put
together in families of two or three; each clip is repeated to ten seconds, and a family's are mixed
in pairs of unlike classes, so that no source is in two families. A family is an artist to the
search: none is both learnt from and measured on. In a data folder of its own the excerpts are
imported and scored, their labels (the files', not a crowd's) are frozen, and the search is given to
two Celery workers. One is killed while both train. Then one worker alone does the same search, and
its outcome must be the same. The last line is JSON: standings, verdict, who trained what.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from itertools import combinations
from pathlib import Path
from typing import Any, Final

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the threads are set
import soundfile as sf  # noqa: E402

from benchmarks._machine import machine  # noqa: E402
from candidates.detector.clips import LabelledClip, read_clips  # noqa: E402
from candidates.detector.mixture_files import SAMPLE_RATE, stems_of  # noqa: E402

DATA: Final = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
SECONDS: Final = 10
FAMILIES: Final = 36
TAKES: Final = 6  # of a pair: other levels, other beginnings
MIXTURES: Final = 16  # of a family at most
LEVELS_DB: Final = 6.0
SEED: Final = 20261124
LEASE_SECONDS: Final = 5
PATIENCE: Final = 900.0
SLUG: Final = "clips"

PREPARE: Final = "import json, django\ndjango.setup()\n"
START: Final = (
    PREPARE
    + """
from pathlib import Path
import pyarrow as pa
from django.conf import settings
from candidates.actions.start_search import start_search
from candidates.models import ScoreSet
from candidates.search.recipe import SearchRecipe
from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.models import FrozenTableRow, Track
from consonance.tables.schemas import KINDS
from consonance.tables.store import TableStore

score_set = ScoreSet.objects.select_related("collection", "detector__taxonomy").get()
in_order = score_set.detector.taxonomy.classes.order_by("position")
names = list(in_order.values_list("name", flat=True))
heard = json.loads(Path({labels!r}).read_text("utf-8"))
tracks = list(Track.objects.select_related("collection").ready().order_by("track_no"))
cut = cut_clips(excerpts=[(track, 0) for track in tracks], duration_ms=score_set.window_ms)
rows = [
    {{
        "clip_id": str(cut.clips[track.pk, 0].pk), "class_name": name,
        "decision": "present" if name in heard[track.path] else "absent",
        "posterior_crowd": 0.99 if name in heard[track.path] else 0.01,
        "posterior_with_detector": None, "majority": None, "relevance": None, "n_unsure": 0,
        "stop_reason": "posterior", "n_yes": int(name in heard[track.path]),
        "n_no": int(name not in heard[track.path]),
    }}
    for track in tracks for name in names
]
store = TableStore(Path(settings.TABLES_ROOT))
thresholds = {{"present_from": 0.8, "absent_to": 0.2}}
facts = {{"made_by": "labels of the files", "parameters": thresholds}}
frozen = store.freeze(pa.Table.from_pylist(rows, schema=KINDS["labels"]), "labels", facts)
labels = FrozenTableRow.keep(frozen, score_set.collection)
recipe = SearchRecipe(
    trials={trials}, seeds={seeds}, epochs={epochs}, rungs=3, reduction=3,
    held_out_share=0.25, seed=1,
)
start_search(recipe=recipe, score_set=score_set, labels=labels)
print(json.dumps({{"excerpts": len(tracks), "detector": str(score_set.detector)}}))
"""
)
SEND: Final = (
    PREPARE
    + """
from candidates.actions.start_search import send_workers
from candidates.models import DetectorSearch
send_workers(DetectorSearch.objects.get(), workers=2)
"""
)
ALONE: Final = (
    PREPARE
    + """
from candidates.actions.start_search import send_workers
from candidates.models import DetectorSearch
from consonance.jobs.runner import run
run(send_workers(DetectorSearch.objects.get(), workers=1, send=False)[0].pk, reraise=True)
"""
)
OUTCOME: Final = (
    PREPARE
    + """
from candidates.models import DetectorSearch
search = DetectorSearch.objects.get()
trials = list(search.trials.order_by("rung", "number", "seed"))
print(json.dumps({
    "winner": search.winner, "verdict": search.verdict, "standings": search.standings,
    "material": search.material,
    "settings": {t.number: t.parameters for t in trials},
    "heads": [[t.rung, t.number, t.seed, t.state, t.value, t.head_sha256] for t in trials],
    "jobs": len({t.job_id for t in trials}),
    "trained_twice": sum(t.attempts > 1 for t in trials),
}))
"""
)
BOTH_TRAIN: Final = """
SELECT COUNT(DISTINCT CASE trial.state WHEN 'done' THEN trial.job_id END),
    COUNT(DISTINCT CASE trial.state WHEN 'running' THEN job.id END)
FROM candidates_detectortrial trial LEFT JOIN jobs_job job ON trial.lease_token = job.lease_token
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configurations", type=int, default=24, help="beside the default (24)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (3)")
    parser.add_argument("--epochs", type=int, default=54, help="passes over the data (54)")
    parser.add_argument("--detector", default="default", help="whose embeddings (default)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as folder:
        print(json.dumps(_measured(Path(folder), options)))


def _measured(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    data = folder / "data"
    data.mkdir()
    audio = folder / "audio"
    heard = _excerpts(audio)
    labels = folder / "labels.json"
    labels.write_text(json.dumps(heard), encoding="utf-8")
    _tell(f"{len(heard)} excerpts of {FAMILIES} families")
    _manage(data, "migrate", "--verbosity", "0")
    _manage(data, "import_tracks", "--audio", str(audio), "--collection", SLUG)
    _manage(data, "score", "--collection", SLUG, "--detector", options.detector)
    start = START.format(
        labels=str(labels),
        trials=options.configurations,
        seeds=options.seeds,
        epochs=options.epochs,
    )
    told = json.loads(_python(data, start))
    alone = folder / "alone"
    shutil.copytree(data, alone)
    _tell("two workers, one of them killed")
    begun = time.monotonic()
    _with_a_death(data, folder)
    took = time.monotonic() - begun
    found = json.loads(_python(data, OUTCOME))
    _tell("one worker alone")
    begun = time.monotonic()
    _python(alone, ALONE)
    took_alone = time.monotonic() - begun
    other = json.loads(_python(alone, OUTCOME))
    same = all(found[what] == other[what] for what in ("winner", "verdict", "standings", "heads"))
    if not same:
        sys.exit("The killed worker changed the outcome.")
    heads = found.pop("heads")
    return {
        "benchmark": "search",
        **told,
        **found,
        "configurations": options.configurations + 1,
        "trainings": len(heads),
        "seconds_of_two_workers_one_killed": round(took, 1),
        "seconds_of_one_alone": round(took_alone, 1),
        "same_as_one_alone": same,
        **machine(),
    }


def _excerpts(audio: Path) -> dict[str, list[str]]:
    """Write ten-second excerpts, a folder a family; return what is heard in each."""
    clips = [clip for clip in read_clips(DATA / "clips") if clip.is_complete]
    chance = np.random.default_rng(SEED)
    groups = sorted({clip.group for clip in clips})
    family = dict(
        zip(groups, chance.permutation(np.arange(len(groups)) % FAMILIES).tolist(), strict=True)
    )
    sounds = [_repeated(sound) for sound in stems_of(clips)]
    heard: dict[str, list[str]] = {}
    for number in range(FAMILIES):
        mine = [place for place, clip in enumerate(clips) if family[clip.group] == number]
        folder = audio / f"family-{number:02d}"
        folder.mkdir(parents=True)
        made = [(f"{clips[place].path.stem}", [place]) for place in mine]
        pairs = [pair for pair in combinations(mine, 2) if _unlike(clips, pair)] * TAKES
        chosen = chance.permutation(len(pairs))[:MIXTURES].tolist()
        made += [(f"mixture_{row:03d}", list(pairs[row])) for row in sorted(chosen)]
        for name, places in made:
            path = folder / f"{name}.flac"
            levels = 10 ** (-chance.uniform(0, LEVELS_DB, len(places)) / 20)
            sound = sum(
                level * np.roll(sounds[place], chance.integers(sounds[place].size))
                for level, place in zip(levels, places, strict=True)
            )
            sf.write(path, 0.9 * sound / max(1e-9, np.abs(sound).max()), SAMPLE_RATE)
            heard[str(path.relative_to(audio))] = sorted(
                {name for place in places for name in clips[place].classes}
            )
    return heard


def _repeated(sound: np.ndarray) -> np.ndarray:
    wanted = SECONDS * SAMPLE_RATE
    return np.tile(sound, -(-wanted // max(1, sound.size)))[:wanted]


def _unlike(clips: list[LabelledClip], pair: tuple[int, int]) -> bool:
    one, other = (clips[place] for place in pair)
    return one.group != other.group and not set(one.classes) & set(other.classes)


def _with_a_death(data: Path, folder: Path) -> None:
    """Have two workers search, and kill one while both train."""
    logs = [folder / f"worker{number}.log" for number in (1, 2)]
    workers = [_worker(data, log) for log in logs]
    try:

        def ready() -> bool:
            if any(worker.poll() is not None for worker in workers):
                sys.exit("A worker ended at once: " + logs[0].read_text()[-2000:])
            return all(" ready." in log.read_text() for log in logs)

        _wait(ready, "the workers")
        _python(data, SEND)

        def caught() -> bool:
            for worker in workers:
                os.killpg(worker.pid, signal.SIGSTOP)
            if _row(data, BOTH_TRAIN) == (2, 2):
                return True
            for worker in workers:
                os.killpg(worker.pid, signal.SIGCONT)
            return False

        _wait(caught, "both workers to train")
        os.killpg(workers[0].pid, signal.SIGKILL)
        os.killpg(workers[1].pid, signal.SIGCONT)
        ended = "SELECT state FROM candidates_detectorsearch"
        _wait(lambda: _row(data, ended) == ("done",), "the other worker")
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def _worker(data: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as lines:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [
                sys.executable, "-m", "celery", "--app", "consonance.web.celery", "worker",
                "--pool=solo", "--loglevel=INFO", f"--hostname={log.stem}@%h",
            ],
            cwd=ROOT, env=_environment(data), stdout=lines, stderr=lines, start_new_session=True,
        )  # fmt: skip


def _wait(ready: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            sys.exit(f"Waited in vain for {what}.")
        time.sleep(0.05)


def _row(data: Path, question: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(data / "consonance.sqlite3", timeout=30)) as database:
        return tuple(database.execute(question).fetchone())


def _environment(data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CONSONANCE_DATA": str(data),
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "filesystem://",
        "CONSONANCE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "CONSONANCE_MODELS": os.environ.get("CONSONANCE_MODELS", str(DATA / "yamnet")),
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
    }


def _run(data: Path, words: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, *words],
        cwd=ROOT,
        env=_environment(data),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"{words[0]} failed.")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def _manage(data: Path, *words: str) -> None:
    _tell(words[0])
    _run(data, [str(ROOT / "manage.py"), *words])


def _python(data: Path, program: str) -> str:
    return _run(data, ["-c", program])


def _tell(what: str) -> None:
    sys.stderr.write(f"  {what}\n")


if __name__ == "__main__":
    main()
