"""The consensus engine against crowd-kit: CPU time, memory, accuracy and calibration in one run.

    ./consonance bench consensus [--quick] [--data DIR] [--seed N]

Three parts. Speed: simulated campaigns of 230,000 and 2.3 million ratings, each fit in a process of
its own, from arbitrary integer names to posteriors, at equal numbers of iterations and at each
method's own stop. Real crowds: the six sets of DIR/crowd, without gold and with at most 100 gold
tasks (mean of several draws). Simulation: OpenMIC's size, with and without a detector and gold.
`--quick` leaves out the 2.3 million ratings and most draws. The last line is JSON: each target,
what was measured, and whether it is met.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the path

SETS = ("music_genre", "bluebird", "rte", "dog", "web", "weather_cf")
GOLD_TASKS = 100
GOLD_SHARE = 0.2  # at most: bluebird has 108 tasks
SIMULATED_GOLD = 830
GOLD_DRAWS = 4
SIZES: dict[str, dict[str, int]] = {
    "230k": {},
    "2.3M": {
        "n_clips": 200_000,
        "n_items": 415_000,
        "n_ratings": 2_300_000,
        "n_people": 24_400,
    },
}
#: What both do for the first comparison; the second is at as many as crowd-kit stops after itself.
EQUAL_ITERATIONS = 10
SMALLEST = 1e-10


@dataclass(frozen=True)
class Target:
    """One sentence of the issue, and how it came out."""

    name: str
    target: str
    measured: float
    met: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten")
    parser.add_argument("--data", type=Path, help="folder of real data (CONSONANCE_TEST_DATA)")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation (1)")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "FILE", "ITERATIONS"))
    options = parser.parse_args()
    if options.one:
        method, file, iterations = options.one
        print(json.dumps(one_fit(method, Path(file), int(iterations))))
        return
    has_peer = importlib.util.find_spec("crowdkit") is not None
    if not has_peer:
        tell("crowd-kit is not installed: no peer in this run (see requirements/peers.txt)")
    data = options.data or Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared/data"))
    targets: list[Target] = []
    result: dict[str, Any] = {"benchmark": "consensus", "cores": os.cpu_count()}
    result["load_before"] = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="consonance-bench-") as scratch:
        result["speed"] = speed(Path(scratch), options, targets, has_peer=has_peer)
    crowds = data / "crowd"
    if crowds.is_dir():
        result["crowds"] = real_crowds(crowds, options, targets, has_peer=has_peer)
    else:
        result["crowds"] = f"left out: there is no folder {crowds}; name one with --data"
        tell(result["crowds"])
    result["simulation"] = simulation(options, targets, has_peer=has_peer)
    result["targets"] = [asdict(one) for one in targets]
    result["all_met"] = all(one.met for one in targets)
    print(json.dumps(result))


def tell(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


# --- speed ---------------------------------------------------------------------------------
def speed(
    scratch: Path, options: argparse.Namespace, targets: list[Target], *, has_peer: bool
) -> dict[str, Any]:
    from consonance.demo.crowd import simulate

    sizes = ["230k"] if options.quick else list(SIZES)
    found: dict[str, Any] = {}
    for size in sizes:
        crowd = simulate(**SIZES[size], seed=options.seed)
        # Names as a table has them: neither from 0 nor without gaps.
        name = np.random.default_rng(options.seed).permutation(3 * crowd.n_tasks)
        file = scratch / f"{size}.npz"
        np.savez(
            file,
            task=name[crowd.task],
            annotator=crowd.annotator * 7 + 11,
            answer=crowd.answer,
            context=crowd.context[crowd.task],
        )
        del crowd, name
        one: dict[str, Any] = {
            "ours": fits("ours", file, 0),
            "ours_with_classes": fits("ours_with_classes", file, 0),
        }
        if has_peer:
            repeats = 3 if size == "230k" else 1
            peer = fits("crowdkit", file, EQUAL_ITERATIONS, repeats=repeats)
            stopped = fits("crowdkit", file, 0, repeats=repeats)
            one["crowdkit"] = stopped
            for theirs in (peer, stopped):
                steps = int(theirs["iterations"])
                ours = fits("ours_equal", file, steps)
                ratio = theirs["cpu_s"] / ours["cpu_s"]
                one[f"at_{steps}_iterations"] = {"ours": ours, "crowdkit": theirs, "ratio": ratio}
                targets.append(
                    Target(f"CPU ratio at {steps} iterations, {size}", ">= 20", ratio, ratio >= 20)
                )
        if size == "2.3M":
            for kind in ("ours", "ours_with_classes"):
                cpu, peak = one[kind]["cpu_s"], one[kind]["peak_mb"]
                targets.append(Target(f"{kind}, 2.3M: CPU s", "<= 2.0", cpu, cpu <= 2.0))
                targets.append(Target(f"{kind}, 2.3M: peak MB", "<= 450", peak, peak <= 450))
        found[size] = one
    return found


def fits(method: str, file: Path, iterations: int, *, repeats: int = 3) -> dict[str, Any]:
    """Fit in processes of their own; return the median CPU time and the highest peak."""
    command = [sys.executable, __file__, "--one", method, str(file), str(iterations)]
    runs = []
    for _ in range(repeats):
        ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        runs.append(json.loads(ended.stdout.splitlines()[-1]))
    told = {
        "cpu_s": round(statistics.median(one["cpu_s"] for one in runs), 4),
        "peak_mb": round(max(one["peak_mb"] for one in runs)),
        "iterations": runs[0]["iterations"],
    }
    tell(f"{file.stem:5} {method:18} {told}")
    return told


def one_fit(method: str, file: Path, iterations: int) -> dict[str, float]:
    """Fit once and return CPU seconds, encoding included, and this process' peak memory."""
    kept = ("task", "annotator", "answer", *(("context",) if "classes" in method else ()))
    with np.load(file) as held:
        columns = {name: held[name] for name in kept}
    if method == "crowdkit":
        import pandas as pd
        from crowdkit.aggregation import DawidSkene as Peer

        definite = columns["answer"] < 2
        frame = pd.DataFrame(
            {
                "task": columns["task"][definite],
                "worker": columns["annotator"][definite],
                "label": columns["answer"][definite],
            }
        )
        peer = Peer(n_iter=iterations, tol=-np.inf) if iterations else Peer(n_iter=100)
        begun = time.process_time()
        peer.fit_predict_proba(frame)
        taken = len(peer.loss_history_)
    else:
        from annotation.consensus import DawidSkene, numbered

        ours = DawidSkene()
        if iterations:
            ours = DawidSkene(max_iterations=iterations, tolerance=1e-300, calibrate=False)
        begun = time.process_time()
        task, _ = numbered(columns.pop("task"))
        annotator, _ = numbered(columns.pop("annotator"))
        context = None
        if "context" in columns:
            context = np.zeros(int(task.max()) + 1, np.int64)
            context[task] = columns.pop("context")
        ours.fit(task, annotator, columns["answer"], n_truths=2, context=context)
        taken = ours.n_iter_
    return {
        "cpu_s": time.process_time() - begun,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "iterations": taken,
    }


# --- quality -------------------------------------------------------------------------------
def score(posterior: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return accuracy, Brier score, calibration error and mean negative log-likelihood."""
    from annotation.consensus import Reliability, reliability

    told = reliability(np.maximum(posterior, SMALLEST), truth)
    if not isinstance(told, Reliability):
        raise SystemExit(f"nothing to score: {told}")
    values = {"accuracy": told.right, "brier": told.brier, "ece": told.ece, "nll": told.nll}
    return {name: round(value, 4) for name, value in values.items()}


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}


def peer_posterior(
    peer: str, task: np.ndarray, annotator: np.ndarray, answer: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return what crowd-kit says, even where it was told nothing."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene as Peer
    from crowdkit.aggregation import MajorityVote as PeerVote

    definite = answer < shape[1]
    frame = pd.DataFrame(
        {"task": task[definite], "worker": annotator[definite], "label": answer[definite]}
    )
    method = Peer(n_iter=100) if peer == "crowdkit DawidSkene" else PeerVote()
    told = method.fit_predict_proba(frame)
    posterior = np.full(shape, SMALLEST)
    posterior[np.ix_(told.index.to_numpy(), told.columns.to_numpy())] = told.to_numpy()
    posterior[~np.isin(np.arange(shape[0]), told.index.to_numpy())] = 1 / shape[1]
    return posterior


PEERS = ("crowdkit DawidSkene", "crowdkit MajorityVote")


def real_crowds(
    folder: Path, options: argparse.Namespace, targets: list[Target], *, has_peer: bool
) -> dict[str, Any]:
    from annotation.consensus import DawidSkene

    draws = 2 if options.quick else 8
    table: dict[str, dict[str, Any]] = {}
    for name in SETS:
        labels = np.loadtxt(folder / f"{name}.labels.csv", delimiter=",", skiprows=1, dtype=int)
        known = np.loadtxt(folder / f"{name}.truth.csv", delimiter=",", skiprows=1, dtype=int)
        task, answer = labels[:, 0], labels[:, 2]
        annotator = np.unique(labels[:, 1], return_inverse=True)[1]
        n_truths = int(max(answer.max(), known[:, 1].max())) + 1
        truth = np.full(int(max(task.max(), known[:, 0].max())) + 1, -1)
        truth[known[:, 0]] = known[:, 1]
        ratings = (task, annotator, answer)
        blank = np.full(len(truth), -1)
        rows: dict[str, Any] = {}
        plain = DawidSkene().fit(*ratings, n_truths=n_truths, gold=blank)
        rows["ours, no gold"] = score(plain.posterior_, truth)
        number = min(GOLD_TASKS, int(GOLD_SHARE * len(known)))
        rest, everything = [], []
        for draw in range(draws):
            rng = np.random.default_rng([options.seed, draw])
            chosen = rng.choice(known[:, 0], number, replace=False)
            gold = blank.copy()
            gold[chosen] = truth[chosen]
            fitted = DawidSkene().fit(*ratings, n_truths=n_truths, gold=gold)
            rest.append(score(fitted.posterior_, np.where(gold < 0, truth, -1)))
            everything.append(score(fitted.posterior_, truth))
        rows["ours, gold: tasks that are not gold"] = mean(rest)
        rows["ours, gold: all tasks"] = mean(everything)
        for peer in PEERS if has_peer else ():
            posterior = peer_posterior(peer, *ratings, (len(truth), n_truths))
            rows[peer] = score(posterior, truth)
        table[name] = {"gold": number, **rows}
        for row, values in rows.items():
            tell(f"{name:12} {row:36} {values}")
    averages = {
        row: mean([table[name][row] for name in SETS]) for row in table[SETS[0]] if row != "gold"
    }
    for row, values in averages.items():
        tell(f"{'mean':12} {row:36} {values}")
    without = averages["ours, no gold"]["nll"]
    targets.append(Target("six sets: NLL without gold", "<= 1.0", without, without <= 1.0))
    for row in ("ours, gold: tasks that are not gold", "ours, gold: all tasks"):
        value = averages[row]["nll"]
        targets.append(Target(f"six sets: NLL, {row}", "<= .55", value, value <= 0.55))
    if has_peer:
        ahead = averages["ours, no gold"]["accuracy"] - averages[PEERS[0]]["accuracy"]
        targets.append(
            Target("six sets: mean accuracy over crowd-kit's", ">= .005", ahead, ahead >= 0.005)
        )
        worst = min(
            table[name]["ours, no gold"]["accuracy"] - table[name][PEERS[0]]["accuracy"]
            for name in SETS
        )
        targets.append(Target("six sets: worst difference to it", ">= -.01", worst, worst >= -0.01))
    return {"draws": draws, "mean": averages, **table}


def simulation(
    options: argparse.Namespace, targets: list[Target], *, has_peer: bool
) -> dict[str, Any]:
    from annotation.consensus import DawidSkene
    from consonance.demo.crowd import simulate

    crowd = simulate(seed=options.seed)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    prior = np.stack([1 - crowd.detector, crowd.detector], axis=1)  # raw: not calibrated
    told = {"n_truths": 2, "context": crowd.context}
    rows: dict[str, Any] = {}
    overall = DawidSkene().fit(*ratings, n_truths=2)
    rows["ours, classes not told apart"] = score(overall.posterior_, crowd.truth)
    plain = DawidSkene().fit(*ratings, **told)
    rows["ours"] = score(plain.posterior_, crowd.truth)
    detector = DawidSkene().fit(*ratings, **told, prior=prior)
    rows["ours, detector"] = score(detector.posterior_, crowd.truth)
    drawn: dict[str, list[dict[str, float]]] = {"ours, gold": [], "ours, detector and gold": []}
    for draw in range(GOLD_DRAWS):
        gold = crowd.gold(SIMULATED_GOLD, seed=draw)
        rest = np.where(gold < 0, crowd.truth, -1)
        for row, more in (("ours, gold", {}), ("ours, detector and gold", {"prior": prior})):
            fitted = DawidSkene().fit(*ratings, **told, gold=gold, **more)
            drawn[row].append(score(fitted.posterior_, rest))
    rows |= {row: mean(values) for row, values in drawn.items()}
    for peer in PEERS if has_peer else ():
        posterior = peer_posterior(peer, *ratings, (crowd.n_tasks, 2))
        rows[peer] = score(posterior, crowd.truth)
    for row, values in rows.items():
        tell(f"{'simulation':12} {row:36} {values}")
    error = rows["ours, detector and gold"]["ece"]
    targets.append(
        Target("simulation: ECE, ours, detector and gold", "<= .012", error, error <= 0.012)
    )
    gain = rows["ours, detector"]["accuracy"] - rows["ours"]["accuracy"]
    targets.append(Target("simulation: accuracy by the detector", ">= .025", gain, gain >= 0.025))
    lost = rows["ours"]["accuracy"] - rows["ours, classes not told apart"]["accuracy"]
    targets.append(Target("simulation: accuracy by classes", ">= 0", lost, lost >= 0))
    if has_peer:
        theirs = rows[PEERS[0]]
        ahead = rows["ours"]["accuracy"] - theirs["accuracy"]
        targets.append(Target("simulation: accuracy over crowd-kit's", ">= 0", ahead, ahead >= 0))
        better = theirs["brier"] - rows["ours"]["brier"]
        targets.append(
            Target("simulation: Brier under crowd-kit's", ">= .005", better, better >= 0.005)
        )
        far = rows["ours, detector"]["accuracy"] - theirs["accuracy"]
        targets.append(
            Target("simulation: with detector over crowd-kit's", ">= .025", far, far >= 0.025)
        )
    return rows


if __name__ == "__main__":
    main()
