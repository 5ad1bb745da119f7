"""How well detectors tell instruments apart on real recordings and mixtures, and how fast.

    ./consonance bench detectors [--detector NAME ...] [--mixtures N] [--resamples N]

Labelled clips are read from `clips` in CONSONANCE_TEST_DATA, published weights from `yamnet` there
or where CONSONANCE_MODELS says. Mixtures of two to four clips are made on the spot, each of clips
of one of five folds. All detectors are scored in the same run, the shipped one against its teachers
with paired intervals (draws of source recordings, not of clips). Speed is CPU time of one thread on
ten seconds, resampling included. The shipped detector was never taught with a labelled clip, so
that all five folds are test folds for it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the path
import torch  # noqa: E402

from candidates.detector import load  # noqa: E402
from candidates.detector.clips import digest, folds, read_clips, truth  # noqa: E402
from candidates.detector.comparing import compared  # noqa: E402
from candidates.detector.evaluation import MIN_POSITIVES, figures, mean_of  # noqa: E402
from candidates.detector.interface import Detector, Float  # noqa: E402
from candidates.detector.mixture_files import SAMPLE_RATE, stems_of  # noqa: E402
from candidates.detector.mixtures import MixtureRecipe, heard_in, mixed, plan  # noqa: E402
from candidates.detector.taxonomy import read  # noqa: E402

#: Mean AUC and AP on the clips as first measured with other code (mean over patches for YAMNet).
PUBLISHED = {"mn04": (0.940, 0.740), "yamnet": (0.946, 0.767)}
_SEED = 20261123


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", action="append", help="(mn04, yamnet and default)")
    parser.add_argument("--mixtures", type=int, default=240, help="(240)")
    parser.add_argument("--resamples", type=int, default=400, help="of the intervals (400)")
    parser.add_argument("--taxonomy", default="openmic20", help="(openmic20)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    models = data / "yamnet" if (data / "yamnet").is_dir() else None
    classes = read(options.taxonomy).class_names
    clips = [clip for clip in read_clips(data / "clips") if clip.is_complete]
    stems = stems_of(clips)
    recipe = MixtureRecipe(number=options.mixtures, seed=_SEED)
    planned = plan(clips, folds(clips), recipe)
    sounds = [
        mixed(mixture, [stems[place] for place in mixture.stems], SAMPLE_RATE, recipe)
        for mixture in planned
    ]
    sets: dict[str, tuple[Any, list[Float], list[list[str]]]] = {
        "clips": (truth(clips, classes), stems, [[clip.group] for clip in clips]),
        "mixtures": (
            np.array(
                [[name in heard_in(mixture, clips) for name in classes] for mixture in planned],
                np.int8,
            ),
            sounds,
            [[clips[place].group for place in mixture.stems] for mixture in planned],
        ),
    }
    names = options.detector or ["mn04", "yamnet", "default"]
    scores: dict[str, dict[str, Any]] = {name: {} for name in sets}
    detectors = {}
    for name in names:
        sys.stderr.write(f"  {name}\n")
        detector = load(name, taxonomy=options.taxonomy, models_dir=models)
        detectors[name] = _speed(detector)
        for what, (_, audio, _) in sets.items():
            scores[what][name] = np.stack([detector.score(one, SAMPLE_RATE) for one in audio])
    result = {
        "benchmark": "detectors",
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "clips_sha256": digest(clips),
        "min_positives": MIN_POSITIVES,
        "speed": detectors,
        "sets": {
            what: _measured(what, sets[what], scores[what], classes, options.resamples)
            for what in sets
        },
        "reached": _reached(scores["clips"], sets["clips"][0], classes),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _speed(detector: Detector) -> dict[str, float]:
    """Return CPU milliseconds for ten seconds, one excerpt at a time and as archives are scored."""
    chance = np.random.default_rng(0)
    excerpt = (0.1 * chance.standard_normal(10 * SAMPLE_RATE)).astype(np.float32)
    minute = (0.1 * chance.standard_normal(60 * detector.sample_rate)).astype(np.float32)
    starts = np.arange(0, 50_001, 3_840)
    alone = _least(lambda: detector.score(excerpt, SAMPLE_RATE), 12)
    grid = _least(lambda: detector.score_excerpts(minute, starts), 3) / starts.size
    return {"one_excerpt_ms": round(1e3 * alone, 2), "grid_excerpt_ms": round(1e3 * grid, 2)}


def _least(work: Any, times: int) -> float:
    work()
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def _measured(
    what: str,
    material: tuple[Any, list[Float], list[list[str]]],
    scores: dict[str, Any],
    classes: tuple[str, ...],
    resamples: int,
) -> dict[str, Any]:
    labels, _, sources = material
    by_class = {name: figures(labels, values, classes) for name, values in scores.items()}
    result: dict[str, Any] = {
        "excerpts": len(labels),
        "sources": len({group for groups in sources for group in groups}),
        "classes": int(((labels == 1).sum(axis=0) >= MIN_POSITIVES).sum()),
        "mean": {
            name: {"auc": _short(mean_of(found, "auc")), "ap": _short(mean_of(found, "ap"))}
            for name, found in by_class.items()
        },
        "by_class": {
            column: {
                "positives": next(iter(by_class.values()))[column]["positives"],
                **{
                    name: {key: _short(found[column][key]) for key in ("auc", "ap")}
                    for name, found in by_class.items()
                },
            }
            for column in classes
        },
    }
    if "default" in scores and len(scores) > 1:
        sys.stderr.write(f"  intervals on the {what}\n")
        apart = compared(
            labels, scores, sources, against="default", seed=_SEED, resamples=resamples
        )
        result["teacher_less_default"] = {
            name: {key: {k: _short(v) for k, v in one.items()} for key, one in found.items()}
            for name, found in apart.items()
        }
    return result


def _reached(scores: dict[str, Any], labels: Any, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return whether the published networks reach the figures first measured with other code."""
    result = {}
    for name, (auc, ap) in PUBLISHED.items():
        if name in scores:
            found = figures(labels, scores[name], classes)
            mean = (mean_of(found, "auc") or 0.0, mean_of(found, "ap") or 0.0)
            # Those figures have three digits.
            result[name] = {
                "auc": round(mean[0], 3) >= auc,
                "ap": round(mean[1], 3) >= ap,
                "figures": {"auc": auc, "ap": ap},
            }
    return result


def _short(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


if __name__ == "__main__":
    main()
