"""Splits of three-valued labels with artists that must stay whole, beside the splitters in use.

    ./consonance bench stratify [--rows 20000 200000] [--seeds N] [--no-peers]

Clips as in OpenMIC-2018: two labels known of twenty, classes of 500 to 1,900 positives and
negatives, artists of one to 200 clips whose labels are alike; three quarters for training. Peers
know no groups (scikit-multilearn's iterative stratification of order 1 and 2,
iterative-stratification), or groups but one class a clip (scikit-learn's StratifiedGroupKFold, by
each clip's first positive), or nothing but groups; `pn` gives them negatives as further columns.
CPU seconds are those of the split alone, each in a process of its own, methods interleaved over
seeds; all splits are judged by `splits.stratify.quality`. Where real data are at hand
(CONSONANCE_TEST_DATA) MTG-Jamendo's published instrument splits are judged beside ours. Last, a
tenth of new artists joins a published split. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the threads are set

from benchmarks._machine import machine  # noqa: E402
from candidates.detector.taxonomy import read  # noqa: E402

TEST: Final = 0.25
SHARES: Final = {"train": 1 - TEST, "test": TEST}
CLASSES: Final = len(read("openmic20").classes)
#: OpenMIC-2018's own ranges: positives and negatives of its rarest and its commonest class.
POSITIVES: Final = (489, 1173)
NEGATIVES: Final = (511, 1897)
CLIPS: Final = 20_000
#: Of heavy-tailed artists: about three clips each, most of them one.
TAIL, LARGEST = 1.35, 200
#: Peers that take minutes or gigabytes at 200,000 rows run at 20,000 alone.
SMALL_ONLY: Final = frozenset({"skmultilearn_2_pn", "skmultilearn_1_pn"})
LARGE: Final = 50_000
DATA: Final = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
NEEDS: Final = {"skmultilearn": "skmultilearn", "iterstrat": "iterstrat"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[CLIPS, 200_000])
    parser.add_argument("--seeds", type=int, default=3, help="(3)")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "ROWS", "SEED"))
    options = parser.parse_args()
    if options.one:
        method, rows, seed = options.one
        print(json.dumps(one(method, int(rows), int(seed))))
        return
    results = {str(rows): at_size(rows, options) for rows in options.rows}
    found: dict[str, Any] = {
        "benchmark": "stratify",
        **machine(),
        "seeds": options.seeds,
        "sizes": results,
        "cpu_ratio": {rows: ratios(methods) for rows, methods in results.items()},
        "joined": joined(),
    }
    published = jamendo()
    if published is not None:
        found["jamendo"] = published
    print(json.dumps(found))


def tell(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def at_size(rows: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run every method with every seed, and return what each came to."""
    methods = [name for name in METHODS if is_asked(name, rows, options)]
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in methods}
    for seed in range(options.seeds):
        for name in methods:
            command = [sys.executable, __file__, "--one", name, str(rows), str(seed)]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            if ended.returncode:
                tell(f"{name} failed: {ended.stderr.strip().splitlines()[-1]}")
                continue
            told = json.loads(ended.stdout.splitlines()[-1])
            seen[name].append(told)
            tell(
                f"{rows:,} {name:20} {told['cpu_s']:8.3f} CPU s {told['peak_mb']:5} MB"
                f"  LD {told['label_distribution']:.1e}  divided {told['divided_groups']}"
            )
    return {name: summed_up(told) for name, told in seen.items() if told}


def is_asked(name: str, rows: int, options: argparse.Namespace) -> bool:
    if name.startswith("ours"):
        return True
    if options.no_peers or (rows > LARGE and name in SMALL_ONLY):
        return False
    package = NEEDS.get(name.split("_")[0])
    if package and importlib.util.find_spec(package) is None:
        tell(f"{name}: {package} is not installed (see requirements/peers.txt)")
        return False
    return True


def summed_up(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median time and the worst of everything else over the seeds."""
    worst = {key: max(one[key] for one in told) for key in told[0] if key != "cpu_s"}
    return {"cpu_s": round(statistics.median(one["cpu_s"] for one in told), 4), **worst}


def ratios(methods: dict[str, Any]) -> dict[str, float]:
    """Return how many times as long each peer took as ours that balances what it balances."""
    found = {}
    for name, told in methods.items():
        if name.startswith("ours"):
            continue
        with_pairs = name.startswith("skmultilearn_2")
        ours = methods["ours" if with_pairs else "ours_without_pairs"]["cpu_s"]
        found[name] = round(told["cpu_s"] / max(ours, 1e-4), 1)
    return found


# --- data ------------------------------------------------------------------------------------
def clips(rows: int, seed: int) -> tuple[Any, Any]:
    """Return labels [shape=(rows, 20)] in {1, 0, -1} and artists [shape=(rows,)]."""
    # Far from any splitter's stream: a shared one made group sizes and first guess alike.
    rng = np.random.default_rng([7_919, seed, rows])
    sizes = np.floor((1 - rng.random(rows)) ** (-1 / TAIL)).astype(np.int64).clip(1, LARGEST)
    artist = np.repeat(np.arange(rows), sizes)[:rows]
    positives = np.linspace(*POSITIVES, CLASSES)
    negatives = rng.permutation(np.linspace(*NEGATIVES, CLASSES))
    known = positives + negatives
    marginal = known / known.sum()
    n_artists = int(artist[-1]) + 1
    taste = rng.dirichlet(4 * marginal, n_artists)
    tilt = rng.normal(size=(n_artists, CLASSES))
    base = np.log(positives / negatives)
    labels = np.full((rows, CLASSES), -1, np.int8)
    number = (1 + rng.poisson(1.063, rows)).clip(1, 8)
    # The largest of weight / exponential: a draw without replacement (Efraimidis & Spirakis 2006).
    weight = 0.7 * taste[artist] + 0.3 * marginal
    order = np.argsort(rng.exponential(size=weight.shape) / weight, axis=1)
    for place in range(8):
        has = number > place
        column = order[has, place]
        chance = 1 / (1 + np.exp(-(base[column] + tilt[artist[has], column])))
        labels[np.flatnonzero(has), column] = rng.random(int(has.sum())) < chance
    shuffled = rng.permutation(rows)
    return labels[shuffled], artist[shuffled]


def one(method: str, rows: int, seed: int) -> dict[str, Any]:
    labels, artist = clips(rows, seed)
    METHODS[method](*clips(500, seed), seed)  # what it imports is not what it takes
    before = peak_mb()
    begun = time.process_time()
    placed = METHODS[method](labels, artist, seed)
    cpu_s = time.process_time() - begun
    return {"cpu_s": cpu_s, "peak_mb": peak_mb() - before, **judged(labels, artist, placed)}


def peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def judged(labels: Any, groups: Any, placed: Any, shares: Any = None) -> dict[str, Any]:
    from splits.stratify import quality

    found = quality(labels, groups, placed, shares or SHARES)
    return {
        "label_distribution": found.label_distribution,
        "label_pair_distribution": found.label_pair_distribution,
        "max_positive_share_error": round(found.max_positive_share_error, 5),
        "max_negative_share_error": round(found.max_negative_share_error, 5),
        "size_error": round(float(np.abs(found.size_error).max()), 5),
        "divided_groups": len(found.leaked_groups),
    }


# --- methods: labels, artists, seed -> the partition of each row -------------------------------
def ours(labels: Any, artist: Any, seed: int) -> Any:
    from splits.stratify import split

    return split(labels, artist, SHARES, seed=seed)


def ours_without_pairs(labels: Any, artist: Any, seed: int) -> Any:
    from splits.stratify import split

    return split(labels, artist, SHARES, seed=seed, pairs=False)


def _named(rows: int, test: Any) -> Any:
    placed = np.full(rows, "train", dtype="<U5")
    placed[test] = "test"
    return placed


def _skmultilearn(order: int, *, negatives: bool) -> Callable[[Any, Any, int], Any]:
    def method(labels: Any, _artist: Any, seed: int) -> Any:
        from skmultilearn.model_selection import IterativeStratification

        np.random.seed(seed)  # noqa: NPY002 - it knows no other seed
        stratifier = IterativeStratification(
            n_splits=2, order=order, sample_distribution_per_fold=[TEST, 1 - TEST]
        )
        columns = _columns(labels, negatives=negatives)
        _, test = next(stratifier.split(np.zeros((len(labels), 1)), columns))
        return _named(len(labels), test)

    return method


def _iterstrat(*, negatives: bool) -> Callable[[Any, Any, int], Any]:
    def method(labels: Any, _artist: Any, seed: int) -> Any:
        from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

        stratifier = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=TEST, random_state=seed)
        columns = _columns(labels, negatives=negatives)
        _, test = next(stratifier.split(np.zeros((len(labels), 1)), columns))
        return _named(len(labels), test)

    return method


def _columns(labels: Any, *, negatives: bool) -> Any:
    if negatives:
        return np.hstack([labels == 1, labels == 0]).astype(int)
    return (labels == 1).astype(int)


def stratified_groups(labels: Any, artist: Any, seed: int) -> Any:
    from sklearn.model_selection import StratifiedGroupKFold

    warnings.simplefilter("ignore")  # of classes with fewer members than folds
    folds = StratifiedGroupKFold(n_splits=round(1 / TEST), shuffle=True, random_state=seed)
    _, test = next(folds.split(np.zeros(len(labels)), labels.argmax(axis=1), artist))
    return _named(len(labels), test)


def shuffled_groups(labels: Any, artist: Any, seed: int) -> Any:
    from sklearn.model_selection import GroupShuffleSplit

    folds = GroupShuffleSplit(n_splits=1, test_size=TEST, random_state=seed)
    _, test = next(folds.split(np.zeros(len(labels)), groups=artist))
    return _named(len(labels), test)


METHODS: dict[str, Callable[[Any, Any, int], Any]] = {
    "ours": ours,
    "ours_without_pairs": ours_without_pairs,
    "skmultilearn_1": _skmultilearn(1, negatives=False),
    "skmultilearn_2": _skmultilearn(2, negatives=False),
    "skmultilearn_1_pn": _skmultilearn(1, negatives=True),
    "skmultilearn_2_pn": _skmultilearn(2, negatives=True),
    "iterstrat": _iterstrat(negatives=False),
    "iterstrat_pn": _iterstrat(negatives=True),
    "stratified_groups": stratified_groups,
    "shuffled_groups": shuffled_groups,
}


# --- what is published ---------------------------------------------------------------------------
def joined() -> dict[str, Any]:
    """Let a tenth of new artists join a published split, and count who moved."""
    from splits.stratify import split

    labels, artist = clips(CLIPS, 99)
    is_new = np.random.default_rng(1).random(int(artist.max()) + 1)[artist] < 1 / 11
    before = split(labels[~is_new], artist[~is_new], SHARES, seed=1)
    previous = np.full(len(labels), "", dtype="<U5")
    previous[~is_new] = before
    begun = time.process_time()
    after = split(labels, artist, SHARES, seed=1, previous=previous)
    cpu_s = time.process_time() - begun
    return {
        "new_clips": int(is_new.sum()),
        "moved": int((after[~is_new] != before).sum()),
        "cpu_s": round(cpu_s, 3),
        **judged(labels, artist, after),
    }


def jamendo() -> dict[str, Any] | None:
    """Judge MTG-Jamendo's published instrument splits, and ours of the same tracks and sizes."""
    path = DATA / "splits" / "jamendo_instrument.tsv.gz"
    if not path.is_file():
        tell(f"no {path}: MTG-Jamendo is left out (see CONSONANCE_TEST_DATA)")
        return None
    from splits.stratify import split

    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    names = sorted({tag for row in rows for tag in row["tags"].split(",")})
    place = {name: index for index, name in enumerate(names)}
    labels = np.zeros((len(rows), len(names)), np.int8)
    for number, row in enumerate(rows):
        labels[number, [place[tag] for tag in row["tags"].split(",")]] = 1
    artist = np.array([row["artist"] for row in rows])
    published, ours_of_it = [], []
    for index in range(5):
        letters = np.array([row["splits01234"][index] for row in rows])
        there = letters != "-"
        shares = {letter: float((letters[there] == letter).mean()) for letter in "rve"}
        published.append(judged(labels[there], artist[there], letters[there], shares))
        begun = time.process_time()
        placed = split(labels[there], artist[there], shares, seed=index)
        cpu_s = round(time.process_time() - begun, 2)
        ours_of_it.append({"cpu_s": cpu_s, **judged(labels[there], artist[there], placed, shares)})
        tell(f"MTG-Jamendo {index}: largest share error {published[-1]['max_positive_share_error']}"
             f" as published, {ours_of_it[-1]['max_positive_share_error']} ours")  # fmt: skip
    return {"tracks": len(rows), "tags": len(names), "published": published, "ours": ours_of_it}


if __name__ == "__main__":
    main()
