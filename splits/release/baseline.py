"""The baseline of a release: one linear model a class on its features, and what it reaches.

A number to beat, and a check that labels, mask, partitions and features belong together.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from splits.release import loader
from splits.release.material import Material
from splits.release.staging import Staging

#: Strengths of the penalty that validation chooses from, in units of one clip's log loss.
PENALTIES: Final = (0.1, 1.0, 10.0, 100.0, 1000.0)
DEFAULT_PENALTY: Final = 10.0
SETTINGS: Final = {"n_boot": 1000, "seed": 0, "level": 0.95, "threshold": 0.5}
#: Digits that are kept of what is fitted: no machine's last ones reach the bytes.
DIGITS: Final = 6
RESULT_COLUMNS: Final = (
    *("class", "clips", "present", "absent", "penalty"),
    *(measure + end for measure in loader.MEASURES for end in ("", "_low", "_high")),
    "note",
)
_STEPS: Final = 100
_SMALL: Final = 1e-10  # relative fall of the loss at which Newton's steps end

Floats = npt.NDArray[np.float64]


def write_baseline(staging: Staging, material: Material) -> None:
    """Train, score and write `baseline/`: results as JSON and CSV, weights, predictions.

    Without features, or without a partition `train` or `test`, only the results are written,
    and they say so.
    """
    data = _as_loaded(staging, material)
    lacking = _lacking(data)
    # In the order of columns, as everywhere.
    model = train(data) if not lacking else None
    told: dict[str, Any] = {
        "model": "one logistic regression a class on the mean of X over its frames, standardised; "
        "trained on the labelled clips of train, the penalty chosen by log loss on validation",
        "features": data.feature_name,
        "partition": "test",
        "note": lacking,
        "penalty": {},
    }
    if model is None:
        notes = [{"class": name, "note": lacking} for name in data.classes]
        told |= {"classes": notes, "macro": None, "settings": dict(SETTINGS)}
    else:
        penalties = zip(data.classes, model["penalty"].tolist(), strict=True)
        told["penalty"] = {name: value or None for name, value in penalties}
        told |= loader.score_baseline(data, model, **SETTINGS)
        staging.write_with("baseline/weights.npz", lambda file: np.savez(file, **model))
        _write_predictions(staging, data, model)
    staging.write("baseline/results.json", json.dumps(told, indent=1, allow_nan=False) + "\n")
    rows = [*told["classes"], *([told["macro"]] if told["macro"] else [])]
    table = [{**row, "penalty": told["penalty"].get(row["class"])} for row in rows]
    staging.write_csv(
        "baseline/results.csv",
        RESULT_COLUMNS,
        ([row.get(name) for name in RESULT_COLUMNS] for row in table),
    )


def train(data: loader.Release) -> dict[str, Any]:
    """Fit one penalised logistic regression a class on the partition `train`.

    Parameters
    ----------
    data : Release
        With features and a partition `train`; the penalty is chosen on `validation`, if there is
        one in which the class is labelled both ways.

    Returns
    -------
    dict of np.ndarray
        `classes` and `notes` [n_classes] (why a class has no model, or nothing), `mean` and
        `scale` [128] of the features, `weights` [n_classes, 128], `bias` and `penalty`
        [n_classes]; zeros where there is no model.
    """
    sums = data.X.sum(axis=1, dtype=np.int64) / data.X.shape[1]
    rows = data.rows("train")
    mean = np.round(sums[rows].mean(axis=0), DIGITS)
    scale = np.round(sums[rows].std(axis=0), DIGITS)
    scale[scale == 0] = 1.0
    z = (sums - mean) / scale
    held = data.rows("validation") if "validation" in data.partition else rows[:0]
    shape = (len(data.classes), z.shape[1])
    model: dict[str, Any] = {
        "weights": np.zeros(shape), "bias": np.zeros(shape[0]), "penalty": np.zeros(shape[0]),
    }  # fmt: skip
    notes = []
    for column in range(shape[0]):
        ours, theirs = (part[data.mask[part, column]] for part in (rows, held))
        y, y_held = data.y[ours, column] == 1, data.y[theirs, column] == 1
        notes.append(_why_not(y))
        if notes[-1]:
            continue
        choices = PENALTIES if y_held.any() and not y_held.all() else (DEFAULT_PENALTY,)
        fitted = [fit(z[ours], y, penalty) for penalty in choices]
        losses = [_log_loss(z[theirs], y_held, one) for one in fitted]
        # The first of equals is the weakest penalty; rounding makes them equal everywhere.
        best = int(np.argmin(np.round(losses, DIGITS))) if len(choices) > 1 else 0
        model["weights"][column], model["bias"][column] = fitted[best][:-1], fitted[best][-1]
        model["penalty"][column] = choices[best]
    return {
        "classes": np.array(data.classes), "notes": np.array(notes), "mean": mean, "scale": scale,
        **model,
    }  # fmt: skip


def fit(z: Floats, y: npt.NDArray[np.bool_], penalty: float) -> Floats:
    """Return weights and, last, bias of a logistic regression, rounded.

    Minimises the log loss summed over clips plus half the penalty times the weights' squared
    length, by Newton's method with halved steps (Hastie, Tibshirani and Friedman, The Elements of
    Statistical Learning, 4.4.1). The minimum is one, so equal data give equal weights.

    Parameters
    ----------
    z : np.ndarray [shape=(m, d)]
        Standardised features.
    y : np.ndarray [shape=(m,)]
        Both values must occur.
    penalty : float
        Above zero.
    """
    design = np.hstack([z, np.ones((len(z), 1))])
    cost = np.full(design.shape[1], penalty)
    cost[-1] = 0.0
    sign = np.where(y, 1.0, -1.0)
    w: Floats = np.zeros(design.shape[1])
    loss = _loss(design, sign, cost, w)
    for _ in range(_STEPS):
        p = _sigmoid(design @ w)
        slope = design.T @ (p - y) + cost * w
        curve = (design * (p * (1 - p))[:, None]).T @ design + np.diag(cost)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (after := _loss(design, sign, cost, w - size * step)) > loss and size > 1e-6:
            size /= 2
        if after > loss:
            break
        fell, w, loss = loss - after, np.asarray(w - size * step, dtype=np.float64), after
        if fell <= _SMALL * loss and np.abs(step).max() < 10.0**-DIGITS / 100:
            break
    # Adding 0 makes -0.0 plain.
    rounded: Floats = np.round(w, DIGITS) + 0.0
    return rounded


def _sigmoid(logit: Floats) -> Floats:
    probability: Floats = 0.5 * (1 + np.tanh(logit / 2))
    return probability


def _loss(design: Floats, sign: Floats, cost: Floats, w: Floats) -> float:
    return float(np.logaddexp(0, -sign * (design @ w)).sum() + 0.5 * (cost * w * w).sum())


def _log_loss(z: Floats, y: npt.NDArray[np.bool_], w: Floats) -> float:
    if not len(z):
        return 0.0
    logit = z @ w[:-1] + w[-1]
    return float(np.logaddexp(0, np.where(y, -logit, logit)).mean())


def _why_not(y: npt.NDArray[np.bool_]) -> str:
    if not len(y):
        return "not trained: no clip of train is labelled"
    if y.all() or not y.any():
        return f"not trained: no clip of train is labelled {'absent' if y.all() else 'present'}"
    return ""


def _lacking(data: loader.Release) -> str:
    if data.X is None:
        return "the release has no features"
    for name in ("train", "test"):
        if name not in data.partition:
            return f"the release has no partition called {name}"
    return ""


def _as_loaded(staging: Staging, material: Material) -> loader.Release:
    """Return what the loader will read from the files, so that both compute the same."""
    spec, clips = material.spec, material.found.clips
    ids, y = list(clips["clip_id"]), material.found.y
    return loader.Release(
        folder=staging.root,
        name=spec.name,
        version=spec.version,
        simulated=spec.simulated,
        classes=spec.classes,
        keys=clips["sample_key"].to_numpy(dtype=np.str_),
        y=y,
        mask=y >= 0,
        posterior=None,
        relevance=material.found.relevance,
        partition=clips["partition"].to_numpy(dtype=np.str_),
        artists=clips["artist_key"].to_numpy(dtype=np.str_),
        groups=clips["group"].to_numpy(),
        X=None if material.features is None else material.features.rows_for(ids),
        feature_name=None if material.features is None else material.features.name,
    )


def _write_predictions(staging: Staging, data: loader.Release, model: dict[str, Any]) -> None:
    """Write the test clips' probabilities as `load.py` takes them; empty without a model."""
    rows = data.rows("test")
    is_trained = (model["notes"] == "").tolist()
    scores = loader.predict(model, data.X[rows]).tolist()
    lines = (
        [key, *(value if there else None for value, there in zip(values, is_trained, strict=True))]
        for key, values in zip(data.keys[rows].tolist(), scores, strict=True)
    )
    staging.write_csv("baseline/predictions.csv", ("sample_key", *data.classes), lines)
