"""How many answers early stopping saves, on replayed real ratings and in the simulation.

    ./consonance bench stopping [--data DIR] [--quick]

Real ratings (the folder `crowd` of DIR) come in random orders, at most ten a task. The policy is
the campaign's default (three answers at least, .95), by the rule that pages apply. It is compared
with the same number of answers for every task, in the same orders and with labels by the same
consensus; so is a lead of three votes, the rule that needs no model. Savings are at equal accuracy,
gains at equal ratings; the bounds hold 95 % of bootstrap samples of the tasks.

Gold: a hundred tasks, a fifth of a small set, give the temperature and are not scored. `plain` is
the same campaign without gold. Tasks come as the platform hands them out, a twentieth in hand at a
time, those begun first; `all_at_once` has every task in hand from the start.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np  # noqa: E402 - after the path
from sklearn.linear_model import LogisticRegression  # noqa: E402

from annotation.consensus import Ratings  # noqa: E402
from annotation.stopping.curve import FixedCurve, Saving, fixed_curve, saving  # noqa: E402
from annotation.stopping.policy import Policy  # noqa: E402
from annotation.stopping.pools import Pools, consensus_labels  # noqa: E402
from annotation.stopping.replay import Replay, replay  # noqa: E402
from consonance.demo.crowd import draw_gold, simulate_pool  # noqa: E402

SETS: Final = ("rte", "bluebird", "dog", "web", "weather_cf", "music_genre")
CAP: Final = 10
GOLD: Final = 100
SIMULATED_GOLD: Final = 200
IN_HAND: Final = 0.05
LEAD: Final = 3

RTE_SAVING: Final = 0.25
SIMULATION_SAVING: Final = 0.45


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of real data (../shared/data)")
    parser.add_argument("--quick", action="store_true", help="fewer orders, a small simulation")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    begun = time.process_time()
    given = options.data or os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data")
    folder = Path(given) / "crowd"
    orders = 2 if options.quick else 10
    real = {}
    for name in SETS:
        if not (folder / f"{name}.labels.csv").is_file():
            _say(f"{name}: not in {folder}, left out")
            continue
        real[name] = _real(folder, name, range(orders), samples=200 if options.quick else 1_000)
        _say(f"{name}: {json.dumps(real[name]['policy'])}")
    simulated = _simulated(quick=options.quick)
    print(
        json.dumps(
            {
                "benchmark": "stopping",
                "cores": os.cpu_count(),
                "load_before": load,
                "cpu_s": round(time.process_time() - begun, 1),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "quick": options.quick,
                "orders": orders,
                "real": real,
                "simulation": simulated,
                "targets": _targets(real, simulated),
            }
        )
    )


def _targets(real: dict[str, Any], simulated: dict[str, Any]) -> list[dict[str, Any]]:
    targets = []
    if "rte" in real:
        for name in ("policy", "plain"):
            saved = real["rte"][name]["saving"]
            targets.append(_target(f"saving on rte ({name})", saved, RTE_SAVING))
    if "bluebird" in real:
        for name in ("policy", "plain"):
            gain = real["bluebird"][name]["gain"]
            targets.append(
                _target(f"accuracy on bluebird above a fixed number's ({name})", gain, 0.0)
            )
    saved = simulated["with_detector"]["policy"]["saving"]
    targets.append(_target("saving in the simulation with the detector", saved, SIMULATION_SAVING))
    return targets


def _target(what: str, measured: list[float], needed: float) -> dict[str, Any]:
    value, low, high = measured
    return {
        "target": what,
        "at_least": needed,
        "measured": value,
        "interval": [low, high],
        "met": value >= needed,
    }


def _real(folder: Path, name: str, seeds: range, samples: int) -> dict[str, Any]:
    ratings, truth = _read(folder, name)
    gold = draw_gold(truth, min(GOLD, int((truth >= 0).sum()) // 5), seed=0)
    policy = Policy(max_ratings=CAP)
    hand = max(1, round(IN_HAND * ratings.n_tasks))
    bare = fixed_curve(ratings, truth, max_ratings=CAP, seeds=seeds)
    scored = fixed_curve(ratings, truth, max_ratings=CAP, seeds=seeds, gold=gold)

    def against(shown: Replay, curve: FixedCurve) -> dict[str, Any]:
        return _told(shown, saving(shown, curve, samples=samples))

    run = partial(replay, ratings, truth, policy, seeds=seeds)
    rows = {
        "policy": against(run(gold=gold, at_once=hand), scored),
        "plain": against(run(at_once=hand), bare),
        "all_at_once": against(run(gold=gold), scored),
        "lead_of_three": against(_lead(ratings, truth, bare, policy), bare),
    }
    return {
        "tasks": ratings.n_tasks,
        "truths": ratings.n_truths,
        "gold": int((gold >= 0).sum()),
        **rows,
        "fixed": _curve(bare),
    }


def _read(folder: Path, name: str) -> tuple[Ratings, np.ndarray]:
    labels, known = (
        np.loadtxt(folder / f"{name}.{kind}.csv", delimiter=",", skiprows=1, dtype=np.int64)
        for kind in ("labels", "truth")
    )
    tasks, task = np.unique(labels[:, 0], return_inverse=True)
    _, person = np.unique(labels[:, 1], return_inverse=True)
    truth = np.full(len(tasks), -1)
    known = known[np.isin(known[:, 0], tasks)]
    truth[np.searchsorted(tasks, known[:, 0])] = known[:, 1]
    n_truths = 1 + int(max(labels[:, 2].max(), known[:, 1].max()))
    return Ratings.checked(task, person, labels[:, 2], n_truths=n_truths), truth


def _simulated(*, quick: bool) -> dict[str, Any]:
    sizes = {"n_items": 2_000, "n_people": 220, "n_clips": 1_000} if quick else {}
    rows: dict[str, Any] = {}
    for seed in range(1 if quick else 3):
        crowd = simulate_pool(pool=CAP, seed=seed, **sizes)
        gold = crowd.gold(SIMULATED_GOLD, seed=seed)
        # The detector's likelihood is calibrated as a campaign would: on its gold, by one logistic
        # curve for all classes.
        known = gold >= 0
        logit = crowd.detector_logit[:, None]
        fitted = LogisticRegression().fit(logit[known], gold[known])
        for name, prior in (
            ("with_detector", fitted.predict_proba(logit)), ("without_detector", None),
        ):  # fmt: skip
            ratings = Ratings.checked(
                crowd.task, crowd.annotator, crowd.answer,
                n_truths=2, context=crowd.context, prior=prior,
            )  # fmt: skip
            curve = fixed_curve(ratings, crowd.truth, max_ratings=CAP, seeds=[seed], gold=gold)
            for label, least in (("policy", 3), ("two_at_least", 2), ("one_at_least", 1)):
                if least == 1 and prior is None:
                    continue  # strangers alone never decide
                shown = replay(
                    ratings, crowd.truth, Policy(min_ratings=least, max_ratings=CAP),
                    seeds=[seed], gold=gold, at_once=round(IN_HAND * ratings.n_tasks),
                )  # fmt: skip
                told = _told(shown, saving(shown, curve, samples=200))
                rows.setdefault(name, {}).setdefault(label, []).append(told)
            rows[name].setdefault("fixed", []).append(_curve(curve))
        _say(f"simulation {seed}: {json.dumps(rows['with_detector']['policy'][-1])}")
    return {
        name: {label: _mean(several) for label, several in kinds.items()}
        for name, kinds in rows.items()
    }


def _lead(ratings: Ratings, truth: np.ndarray, curve: FixedCurve, policy: Policy) -> Replay:
    """Stop when one truth is so many votes ahead of every other."""
    used, right = [], []
    for seed in curve.seeds:
        pools = Pools.shuffled(ratings, seed=seed)
        limit = np.minimum(pools.available, policy.max_ratings)
        votes = np.zeros((pools.n_tasks, max(pools.n_answers, pools.n_truths)))
        answered = np.zeros(pools.n_tasks, np.int64)
        is_open = limit > 0
        while is_open.any():
            asked = np.flatnonzero(is_open)
            votes[asked, pools.answer[pools.first[asked] + answered[asked]]] += 1
            answered[asked] += 1
            ahead = np.sort(votes[:, : pools.n_truths], axis=1)
            is_open = (ahead[:, -1] - ahead[:, -2] < LEAD) & (answered < limit)
        used.append(answered)
        right.append(consensus_labels(pools, pools.received(answered)) == truth)
    shape = (len(used), ratings.n_tasks)
    return Replay(
        policy=policy, seeds=curve.seeds, scored=curve.scored,
        used=np.stack(used), is_right=np.stack(right),
        # A lead is no posterior: there is nothing to calibrate.
        confidence=np.zeros(shape), stopped_right=np.zeros(shape, bool),
        is_decided=np.zeros(shape, bool), reopened=np.zeros(len(used), np.int64),
        temperature=np.ones(len(used)),
    )  # fmt: skip


def _told(shown: Replay, found: Saving) -> dict[str, Any]:
    return {
        "ratings": round(found.ratings, 3),
        "accuracy": round(found.accuracy, 4),
        "fixed_ratings": round(found.fixed_ratings, 3),
        "is_beyond": found.is_beyond,
        "saving": [round(x, 4) for x in (found.share.value, found.share.low, found.share.high)],
        "gain": [round(x, 4) for x in (found.gain.value, found.gain.low, found.gain.high)],
        "decided": round(float(shown.is_decided.mean()), 4),
        "reopened": round(float(shown.reopened.mean()), 1),
        "temperature": round(float(shown.temperature.mean()), 3),
        "calibration_error": round(shown.calibration_error(), 4),
    }


def _curve(curve: FixedCurve) -> dict[str, list[float]]:
    return {
        "ratings": [round(float(x), 3) for x in curve.ratings],
        "accuracy": [round(float(x), 4) for x in curve.accuracy],
    }


def _mean(several: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each number over the simulations; bounds are those of single ones."""
    return {
        key: (
            any(row[key] for row in several)
            if isinstance(several[0][key], bool)
            else np.round(np.mean([row[key] for row in several], axis=0), 4).tolist()
        )
        for key in several[0]
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
