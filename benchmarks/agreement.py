"""What a consistency report's numbers cost, and whether they are those of other libraries.

    ./consonance bench agreement [--ratings N] [--draws N] [--irrcac-classes N]

Everything is measured on the simulated crowd of OpenMIC's size (41,500 tasks of 20 classes, 230,000
ratings of 2,450 people), each part in a process of its own that reads the same arrays: CPU seconds
of the computation alone, one thread, and the process' peak memory with what it had before.

* `alpha`: Krippendorff's alpha, Gwet's AC1, Fleiss' kappa and raw agreement of all classes with
  bootstrap intervals, at once.
* `krippendorff`: the same alphas by that library, fed with counts, which is its fast way. It has
  no intervals: what as many calls as we have draws would take is extrapolated from 200 of them.
* `irrcac`: alpha and AC1 with analytic intervals of one class (or more) by irrCAC, which takes a
  table of raters by tasks.
* `report`: every other statistic of a report, one after the other.
* `pairs`: the hardest case for pairs, all people having answered the same forty gold tasks.

Values of ours and theirs are compared; the largest difference is in the result.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the path

SEED: Final = 20181123
GOLD_TASKS: Final = 830
QUIZ_TASKS: Final = 40
KRIPPENDORFF_CALLS: Final = 200
N_TRUTHS: Final = 2
PARTS: Final = ("alpha", "krippendorff", "irrcac", "report", "pairs")

ALPHA_CPU_S: Final = 0.5
DIFFERENCE: Final = 1e-9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", type=int, default=230_000, help="of the simulation (230,000)")
    parser.add_argument("--draws", type=int, default=1_000, help="bootstrap samples (1,000)")
    parser.add_argument("--irrcac-classes", type=int, default=1, help="how many irrCAC does (1)")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--arrays", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(_part(options)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as scratch:
        arrays = Path(scratch) / "crowd.npz"
        _say("simulating")
        sizes = _simulated(arrays, options.ratings)
        parts = {}
        for part in PARTS:
            _say(part)
            parts[part] = _in_own_process(part, arrays, options)
    alpha, theirs, irrcac = parts["alpha"], parts["krippendorff"], parts["irrcac"]
    differences = _differences(alpha, theirs, irrcac)
    for measured in parts.values():
        measured.pop("values", None)
    print(
        json.dumps(
            {
                "benchmark": "agreement",
                "cores": os.cpu_count(),
                "load_before": round(load, 2),
                **sizes,
                "draws": options.draws,
                "parts": parts,
                "ratio_to_krippendorff": _ratio(theirs.get("extrapolated_cpu_s"), alpha["cpu_s"]),
                "ratio_to_irrcac_by_class": _ratio(
                    irrcac.get("cpu_s_by_class"), alpha["cpu_s"] / sizes["classes"]
                ),
                "largest_difference": differences,
                "targets": {
                    "alpha_cpu_s": [alpha["cpu_s"], ALPHA_CPU_S, alpha["cpu_s"] <= ALPHA_CPU_S],
                    "difference": [
                        max(differences.values(), default=None),
                        DIFFERENCE,
                        all(value <= DIFFERENCE for value in differences.values()),
                    ],
                },
            }
        )
    )


def _simulated(path: Path, n_ratings: int) -> dict[str, int]:
    """Write a crowd with times to answer, in a random order of time, and return its size."""
    from consonance.demo.crowd import simulate

    share = n_ratings / 230_000
    crowd = simulate(
        seed=SEED, n_clips=max(2_000, round(20_000 * share)), n_items=round(41_500 * share),
        n_ratings=n_ratings, n_people=round(2_450 * share),
    )  # fmt: skip
    rng = np.random.default_rng(SEED)
    heard = 10_000 * rng.beta(3, 2, size=n_ratings)
    heard[crowd.is_spammer[crowd.annotator]] *= 0.1
    # One answer in fifty is asked again.
    again = rng.choice(n_ratings, n_ratings // 50, replace=False)
    second = np.where(
        rng.random(len(again)) < 0.9, crowd.answer[again], 1 - crowd.answer[again] % 2
    )
    np.savez(
        path,
        task=crowd.task, annotator=crowd.annotator, answer=crowd.answer, context=crowd.context,
        detector=crowd.detector, gold=crowd.gold(round(GOLD_TASKS * min(share, 1)), seed=0),
        when=rng.permutation(n_ratings), heard=heard,
        response=heard + rng.lognormal(7, 0.6, size=n_ratings), again=again, second=second,
    )  # fmt: skip
    return {
        "tasks": crowd.n_tasks,
        "ratings": len(crowd.task),
        "people": crowd.n_people,
        "classes": crowd.n_classes,
    }


def _in_own_process(part: str, arrays: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable, __file__, "--part", part, "--arrays", str(arrays),
        "--draws", str(options.draws), "--irrcac-classes", str(options.irrcac_classes),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _part(options: argparse.Namespace) -> dict[str, Any]:
    with np.load(options.arrays) as stored:
        arrays = {name: stored[name] for name in stored.files}
    measure: dict[str, Callable[[], dict[str, Any]]] = {
        "alpha": lambda: _alpha(arrays, options.draws),
        "krippendorff": lambda: _krippendorff(arrays, options.draws),
        "irrcac": lambda: _irrcac(arrays, options.irrcac_classes),
        "report": lambda: _report(arrays),
        "pairs": _quiz_pairs,
    }
    found = measure[options.part]()
    return {**found, "peak_mb": _peak()}


def _counts(arrays: dict[str, Any]) -> Any:
    cell = arrays["task"] * 3 + arrays["answer"]
    return np.bincount(cell, minlength=3 * len(arrays["context"])).reshape(-1, 3)


def _alpha(arrays: dict[str, Any], draws: int) -> dict[str, Any]:
    from annotation.agreement import Coefficient, by_class, wilson_many

    wilson_many([1], [2])  # brings statsmodels, which takes longer to import than all of this
    counts = _counts(arrays)
    before = _peak()
    begun = time.process_time()
    classes = by_class(counts, arrays["context"], n_bootstrap=draws, seed=SEED)
    spent = time.process_time() - begun
    first = classes[0].alpha
    assert isinstance(first, Coefficient)
    return {
        "cpu_s": round(spent, 4),
        "before_mb": before,
        "values": {
            name: [getattr(found, name).value for found in classes]
            for name in ("alpha", "ac1", "raw", "fleiss")
        },
        "first_class": {
            "alpha": _rounded(first.value),
            "interval": [_rounded(first.low or 0), _rounded(first.high or 0)],
        },
    }


def _krippendorff(arrays: dict[str, Any], draws: int) -> dict[str, Any]:
    try:
        import krippendorff
    except ImportError:
        return {"missing": "krippendorff is not installed"}
    from statsmodels.stats.inter_rater import fleiss_kappa

    counts, context = _counts(arrays)[:, :N_TRUTHS], arrays["context"]
    tables = [counts[context == index] for index in range(int(context.max()) + 1)]
    before = _peak()

    def alpha(table: Any) -> float:
        # It does not leave tasks with a single answer out of its own accord.
        kept = table[table.sum(axis=1) >= 2]
        return float(krippendorff.alpha(value_counts=kept, level_of_measurement="nominal"))

    begun = time.process_time()
    values = [alpha(table) for table in tables]
    points = time.process_time() - begun
    rng = np.random.default_rng(SEED)
    begun = time.process_time()
    for call in range(KRIPPENDORFF_CALLS):
        table = tables[call % len(tables)]
        alpha(table[rng.integers(len(table), size=len(table))])
    one = (time.process_time() - begun) / KRIPPENDORFF_CALLS
    kappas = []
    for table in tables:
        sizes = np.bincount(table.sum(axis=1), minlength=3)
        sizes[:2] = 0
        modal = len(sizes) - 1 - int(sizes[::-1].argmax())
        kappas.append(float(fleiss_kappa(table[table.sum(axis=1) == modal])))
    return {
        "cpu_s": round(points, 4),
        "cpu_s_by_draw": round(one, 6),
        "extrapolated_cpu_s": round(one * draws * len(tables), 2),
        "extrapolated_from_calls": KRIPPENDORFF_CALLS,
        "before_mb": before,
        "values": {"alpha": values, "fleiss": kappas},
    }


def _irrcac(arrays: dict[str, Any], n_classes: int) -> dict[str, Any]:
    try:
        from irrCAC.raw import CAC
    except ImportError:
        return {"missing": "irrCAC is not installed"}
    import pandas as pd

    before = _peak()
    definite = arrays["answer"] < N_TRUTHS
    values: dict[str, list[float]] = {"alpha": [], "ac1": [], "raw": []}
    begun = time.process_time()
    interval: list[float] = []
    for index in range(n_classes):
        mine = definite & (arrays["context"][arrays["task"]] == index)
        frame = pd.DataFrame({name: arrays[name][mine] for name in ("task", "annotator", "answer")})
        table = frame.pivot(index="task", columns="annotator", values="answer").astype(float)
        found = CAC(table, categories=[0.0, 1.0], digits=15)
        alpha, gwet = found.krippendorff()["est"], found.gwet()["est"]
        values["alpha"].append(float(alpha["coefficient_value"]))
        values["ac1"].append(float(gwet["coefficient_value"]))
        values["raw"].append(float(gwet["pa"]))
        interval = interval or [_rounded(bound) for bound in alpha["confidence_interval"]]
    spent = time.process_time() - begun
    return {
        "cpu_s": round(spent, 3),
        "classes": n_classes,
        "cpu_s_by_class": round(spent / n_classes, 3),
        "before_mb": before,
        "values": values,
        "first_class": {"alpha": _rounded(values["alpha"][0]), "interval": interval},
    }


def _report(arrays: dict[str, Any]) -> dict[str, Any]:
    import statsmodels.stats.inter_rater  # noqa: F401 - imported before, not while, we measure

    from annotation import agreement as ours
    from annotation.consensus import DawidSkene

    task, annotator, answer = (arrays[name] for name in ("task", "annotator", "answer"))
    context, gold, when = arrays["context"], arrays["gold"], arrays["when"]
    n_people, counts = int(annotator.max()) + 1, _counts(arrays)
    ours.wilson_many([1], [2])
    spent: dict[str, float] = {}

    def timed(name: str, compute: Callable[[], Any]) -> Any:
        begun = time.process_time()
        found = compute()
        spent[name] = round(time.process_time() - begun, 4)
        return found

    fitted = timed(
        "consensus_fit",
        lambda: DawidSkene().fit(task, annotator, answer, n_truths=N_TRUTHS, context=context),
    )
    before = _peak()
    rest = timed(
        "compare_with_rest", lambda: ours.compare_with_rest(fitted, task, annotator, answer)
    )
    clear, rating_class = rest.is_clear, context[task]
    timed("agreement_by_person", lambda: ours.agreement_by_person(rest, annotator))
    timed("agreement_by_class", lambda: ours.agreement_by_class(rest, annotator, rating_class))
    timed(
        "confusion_with_rest",
        lambda: ours.confusion_with_rest(rest, annotator, answer, rating_class=rating_class),
    )
    timed(
        "gold_accuracy",
        lambda: ours.gold_accuracy(task, annotator, answer, gold, context=context),
    )
    timed("response_times", lambda: ours.response_times(annotator, arrays["response"]))
    timed("heard_shares", lambda: ours.heard_shares(annotator, arrays["heard"], 10_000))
    timed(
        "too_fast",
        lambda: ours.too_fast(annotator, arrays["response"], arrays["heard"], required_ms=3_000),
    )
    timed("spammer_scores", lambda: ours.spammer_scores(fitted.confusion_))
    timed(
        "straight_lining",
        lambda: ours.straight_lining(
            annotator, answer, when, expected=ours.expected_answers(rest.rest, rest.average)
        ),
    )
    timed(
        "drift",
        lambda: ours.drift(
            annotator[clear], rest.is_right[clear], when[clear], expected=rest.expected[clear]
        ),
    )
    again = arrays["again"]
    twice = (
        np.concatenate([task, task[again]]), np.concatenate([annotator, annotator[again]]),
        np.concatenate([answer, arrays["second"]]), np.concatenate([when, when[again] + 10**7]),
    )  # fmt: skip
    timed("repeats", lambda: ours.repeats(*twice))
    timed("activity", lambda: ours.activity(annotator, when // 2_000))
    pairs = timed(
        "suspicious_pairs",
        lambda: ours.suspicious_pairs(
            task, annotator, answer, rest=rest.rest, confusion=fitted.confusion_
        ),
    )
    decided = np.where(
        np.abs(fitted.posterior_[:, 1] - 0.5) > 0.3, fitted.posterior_[:, 1] > 0.5, -1
    )
    timed(
        "detector_report",
        lambda: ours.detector_report(
            arrays["detector"], decided.astype(np.int64), context=context,
            tail=(arrays["detector"] > 0.5).astype(np.int64),
        ),
    )  # fmt: skip
    timed("coverage", lambda: ours.coverage(counts, context, needed=5))
    timed("rank_disputes", lambda: ours.rank_disputes(fitted.posterior_, counts, top=500))
    timed("label_cost", lambda: ours.label_cost(arrays["response"], 30_000, pay_per_hour=12))
    timed("savings", lambda: ours.savings(counts.sum(axis=1), fixed=7))
    of_us = {name: seconds for name, seconds in spent.items() if name != "consensus_fit"}
    return {
        "cpu_s": round(sum(of_us.values()), 3),
        "slowest": max(of_us, key=lambda name: of_us[name]),
        "cpu_s_each": spent,
        "before_mb": before,
        "people": n_people,
        "pairs_tested": len(getattr(pairs, "first", ())),
        "pairs_suspicious": int(np.sum(getattr(pairs, "is_suspicious", 0))),
    }


def _quiz_pairs() -> dict[str, Any]:
    """Compare each two of all people, who answered the same gold tasks; two of them copied."""
    from annotation.agreement import SuspiciousPairs, suspicious_pairs

    rng = np.random.default_rng(SEED)
    n_people = 2_450
    task, annotator = (
        np.tile(np.arange(QUIZ_TASKS), n_people),
        np.repeat(np.arange(n_people), QUIZ_TASKS),
    )
    truth = rng.integers(2, size=QUIZ_TASKS)
    answer = np.where(rng.random(len(task)) < 0.8, truth[task], 1 - truth[task])
    answer[annotator == 77] = answer[annotator == 5]
    confusion = np.tile([[0.8, 0.2], [0.2, 0.8]], (n_people, 1, 1))
    before = _peak()
    begun = time.process_time()
    found = suspicious_pairs(
        task, annotator, answer, rest=np.eye(2)[truth[task]], confusion=confusion
    )
    spent = time.process_time() - begun
    assert isinstance(found, SuspiciousPairs)
    return {
        "cpu_s": round(spent, 2),
        "before_mb": before,
        "pairs_tested": len(found.first),
        "pairs_suspicious": int(found.is_suspicious.sum()),
        "copy_is_first": [int(found.first[0]), int(found.second[0])] == [5, 77],
    }


def _differences(*parts: dict[str, Any]) -> dict[str, float]:
    """Return the largest difference of each coefficient between ours and each library's."""
    ours, krippendorff, irrcac = (part.get("values", {}) for part in parts)
    found = {}
    for peer, values in (("krippendorff_and_statsmodels", krippendorff), ("irrcac", irrcac)):
        for name, theirs in values.items():
            gaps = np.abs(np.array(theirs) - np.array(ours[name][: len(theirs)]))
            found[f"{name}_{peer}"] = float(gaps.max())
    return found


def _ratio(theirs: float | None, ours: float) -> float | None:
    return None if theirs is None or ours <= 0 else round(theirs / ours, 1)


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _peak() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    main()
