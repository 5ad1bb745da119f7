"""Open a release in one line, score a model fairly, and repeat its baseline: numpy alone.

>>> from load import load, evaluate
>>> data = load("folder")
>>> test = data.rows("test")
>>> evaluate(data.y[test], data.mask[test], scores, groups=data.artists[test])

This file stands in every release as `load.py` and imports nothing of the platform that made it.
`python load.py --help` says what it does on the command line.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "consonance-release/1"
MEASURES = ("ap", "auc", "f1")
_CELLS = 2_000_000  # resampled clips that are held at once


class LoadError(ValueError):
    """Something given is not what it should be; says what, where, and what to do."""


@dataclass(frozen=True)
class Release:
    """A release in memory; row `i` of every array is clip `keys[i]`.

    Attributes
    ----------
    folder, name, version, simulated : pathlib.Path, str, str, bool
        Where and what it is, and whether its ratings come from simulated people.
    classes : tuple of str
        Names of the columns of `y`.
    keys : np.ndarray [shape=(n,), dtype=str]
        Sample keys, sorted.
    y : np.ndarray [shape=(n, n_classes), dtype=int8]
        1 present, 0 absent, -1 unknown. Unknown is not absent.
    mask : np.ndarray [shape=(n, n_classes), dtype=bool]
        Where `y` is known.
    posterior : np.ndarray [shape=(n, n_classes), dtype=float64]
        P(present) by the crowd's answers where `y` is known, NaN elsewhere.
    relevance : np.ndarray [shape=(n, n_classes), dtype=float32]
        OpenMIC-2018's legacy number, 0.5 where unknown.
    partition, artists : np.ndarray [shape=(n,), dtype=str]
        "train", "validation" or "test"; and an artist's key.
    groups : np.ndarray [shape=(n,), dtype=int64]
        Duplicate groups: clips of one share a recording.
    X : np.ndarray [shape=(n, 10, 128), dtype=uint8] or None
        Features, if the release has any, called `feature_name`.
    """

    folder: Path
    name: str
    version: str
    simulated: bool
    classes: tuple[str, ...]
    keys: Any
    y: Any
    mask: Any
    posterior: Any
    relevance: Any
    partition: Any
    artists: Any
    groups: Any
    X: Any
    feature_name: str | None

    def rows(self, *partitions: str) -> Any:
        """Return the row numbers of these partitions; KeyError if there is no such partition."""
        for name in partitions:
            if name not in self.partition:
                known = ", ".join(sorted(set(self.partition.tolist())))
                raise KeyError(f"No partition is called {name!r}: use one of {known}.")
        return np.flatnonzero(np.isin(self.partition, partitions))

    def audio_path(self, key: str) -> Path:
        """Return the file of a clip, which is absent if the clip was withdrawn."""
        return self.folder / "audio" / key[:3] / f"{key}.ogg"

    @cached_property
    def audio_paths(self) -> list[Path]:
        """The files of all clips, in the order of `keys`."""
        return [self.audio_path(key) for key in self.keys.tolist()]

    @cached_property
    def metadata(self) -> list[dict[str, str]]:
        """A row a clip with title, artist, licence, attribution …, in the order of `keys`."""
        rows = {row["sample_key"]: row for row in _rows(self.folder / f"{self.name}-metadata.csv")}
        return [rows[key] for key in self.keys.tolist()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load(folder: str | Path) -> Release:
    """Read a release; LoadError if the folder holds none or only a part.

    Parameters
    ----------
    folder : str or Path
        With manifest.json in it.
    """
    root = Path(folder)
    try:
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{root} is no release: its manifest.json cannot be read ({error})."
        ) from error
    if manifest.get("format") != FORMAT:
        raise LoadError(f"{root} has the format {manifest.get('format')!r}; this reads {FORMAT}.")
    name, classes = manifest["name"], tuple(manifest["classes"])
    try:
        with np.load(root / f"{name}.npz", allow_pickle=False) as arrays:
            found = {key: arrays[key] for key in arrays.files}
        clips = {row["sample_key"]: row for row in _rows(root / "clips.csv")}
        decided = _rows(root / f"{name}-aggregated-labels.csv")
    except OSError as error:
        raise LoadError(
            f"{root} lacks a file of the release ({error}): download it again."
        ) from error
    keys = found["sample_key"].tolist()
    row_of, column_of = {k: i for i, k in enumerate(keys)}, {c: i for i, c in enumerate(classes)}
    posterior = np.full(found["Y"].shape, np.nan)
    for row in decided:
        posterior[row_of[row["sample_key"]], column_of[row["instrument"]]] = row["posterior"]
    feature_name = found.get("feature_name")
    return Release(
        folder=root,
        name=name,
        version=manifest["version"],
        simulated=manifest["simulated"],
        classes=classes,
        keys=found["sample_key"],
        y=found["Y"],
        mask=found["Y_mask"],
        posterior=posterior,
        relevance=found["Y_true"],
        partition=np.array([clips[key]["partition"] for key in keys]),
        artists=np.array([clips[key]["artist_key"] for key in keys]),
        groups=np.array([int(clips[key]["duplicate_group"]) for key in keys], dtype=np.int64),
        X=found.get("X"),
        feature_name=None if feature_name is None else str(feature_name),
    )


def evaluate(
    y_true: Any,
    mask: Any,
    scores: Any,
    *,
    n_boot: int = 1000,
    seed: int = 0,
    groups: Any = None,
    classes: Any = None,
    threshold: float = 0.5,
    level: float = 0.95,
) -> dict[str, Any]:
    """Score a model on what is known; what is unknown never counts.

    Parameters
    ----------
    y_true : array_like of int [shape=(n, n_classes)]
        1 present, 0 absent; whatever it is where `mask` is false is not looked at.
    mask : array_like of bool [shape=(n, n_classes)]
        Where the truth is known.
    scores : array_like of float [shape=(n, n_classes)]
        Higher means rather present; finite where `mask` is true. A class without any is NaN
        throughout: it is listed, not scored.
    n_boot, seed : int
        Resamplings behind the intervals, 0 for none; what decides them.
    groups : array_like [shape=(n,)], optional
        Resample these whole (a release's `artists`): clips of one artist are alike, and
        intervals that take them for independent are too narrow.
    classes : sequence of str, optional
        Names of the columns.
    threshold : float
        F1 takes scores from here on for "present".
    level : float
        Of the intervals, in (0, 1); they are percentiles.

    Returns
    -------
    dict
        `classes`, a list of rows: `class`, `clips`, `present`, `absent`, each of `ap` (average
        precision), `auc` (of the ROC curve) and `f1` with `_low` and `_high`, and `note`, which
        says why a class has no numbers (None). `macro` is the same for their plain mean.
        `settings` repeats what it was computed with.

    Raises
    ------
    LoadError
        If shapes differ, or a known truth or its score is no number that can be used.
    """
    y, known, s, names = _checked(y_true, mask, scores, classes)
    if n_boot < 0 or not 0 < level < 1:
        raise LoadError(f"n_boot is {n_boot}, level {level}: give 0 or more, and 0 < level < 1.")
    notes = _notes(y, known, s)
    use = [column for column, note in enumerate(notes) if not note]
    value = _of_classes(y, known, s, use, np.ones((1, len(y))), threshold)[:, :, 0]
    drawn = np.empty((3, len(names), n_boot))
    done = 0
    for weights in _resampled(len(y), groups, n_boot, seed):
        part = slice(done, done + len(weights))
        drawn[:, :, part] = _of_classes(y, known, s, use, weights, threshold)
        done += len(weights)
    rows: list[dict[str, Any]] = []
    for column, name in enumerate(names):
        truth = y[known[:, column], column]
        clips, present = len(truth), int(truth.sum())
        row = {"class": name, "clips": clips, "present": present, "absent": clips - present}
        row.update(_row(value[:, column], drawn[:, column], level), note=notes[column])
        rows.append(row)
    with np.errstate(invalid="ignore"):
        mean, means = np.full(3, np.nan), np.full((3, n_boot), np.nan)
        if use:
            mean = value[:, use].mean(axis=1)
            # A rare class may have nothing to find in a resampling: the mean is over the others.
            there = np.isfinite(drawn[:, use])
            total = np.where(there, drawn[:, use], 0).sum(axis=1)
            means = np.divide(total, there.sum(axis=1), out=means, where=there.any(axis=1))
    note = "" if len(use) == len(names) else f"mean of {len(use)} of {len(names)} classes"
    resampled = ("clips", len(y)) if groups is None else ("groups", len(np.unique(groups)))
    told: dict[str, Any] = {"n_boot": n_boot, "seed": seed, "level": level, "threshold": threshold}
    told.update(resampled=resampled[0], units=resampled[1])
    macro = {"class": "macro", **_row(mean, means, level), "note": note}
    return {"classes": rows, "macro": macro, "settings": told}


def _checked(y_true: Any, mask: Any, scores: Any, classes: Any) -> tuple[Any, Any, Any, list[str]]:
    y, known = np.asarray(y_true), np.asarray(mask)
    try:
        s = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LoadError(f"scores are no numbers ({error}).") from error
    if y.ndim != 2 or not y.shape == known.shape == s.shape:
        raise LoadError(
            f"y_true {y.shape}, mask {known.shape} and scores {s.shape} must have one shape, "
            "(n, n_classes): use y[:, None] for a single class."
        )
    if known.dtype != np.bool_:
        raise LoadError(f"mask must be boolean, not {known.dtype}: use y_true >= 0.")
    names = [str(column) for column in range(y.shape[1])] if classes is None else list(classes)
    if len(names) != y.shape[1]:
        raise LoadError(f"{len(names)} class names for {y.shape[1]} columns.")
    wrong = np.argwhere(known & (y != 0) & (y != 1))
    if len(wrong):
        row, column = wrong[0]
        raise LoadError(
            f"y_true[{row}, {column}] ({names[column]}) is {y[row, column]} where mask says it is "
            "known: 1 is present, 0 absent."
        )
    wrong = np.argwhere(known & ~np.isfinite(s) & ~np.isnan(s).all(axis=0))
    if len(wrong):
        row, column = wrong[0]
        raise LoadError(
            f"scores[{row}, {column}] ({names[column]}) is {s[row, column]}: no number."
        )
    return np.where(known, y, 0).astype(bool), known, s, names


def _notes(y: Any, known: Any, s: Any) -> list[str]:
    """Return why each class has no numbers; nothing for those that have."""
    notes = []
    for column in range(y.shape[1]):
        truth = y[known[:, column], column]
        without = "present" if not truth.any() else "absent" if truth.all() else ""
        note = f"no clip is labelled {without}" if without else ""
        if not len(truth):
            note = "no clip is labelled"
        elif np.isnan(s[:, column]).all():
            note = "no scores"
        notes.append(note)
    return notes


def _resampled(n: int, groups: Any, n_boot: int, seed: int) -> Any:
    """Yield how often each clip is drawn, in blocks [shape=(block, n)]."""
    unit = np.arange(n)
    if groups is not None:
        named = np.asarray(groups)
        if named.shape != (n,):
            raise LoadError(f"groups have the shape {named.shape}: give one for each of {n} clips.")
        unit = np.unique(named, return_inverse=True)[1].reshape(n)
    if not n:
        return
    units = int(unit.max()) + 1
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // n)
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        yield rng.multinomial(units, np.full(units, 1 / units), size=size)[:, unit].astype(float)


def _of_classes(y: Any, known: Any, s: Any, use: Any, weights: Any, threshold: float) -> Any:
    """Return the measures of each class under each row of weights [shape=(3, n_classes, b)]."""
    values = np.full((3, y.shape[1], len(weights)), np.nan)
    for column in use:
        rows = np.flatnonzero(known[:, column])
        values[:, column] = _measured(y[rows, column], s[rows, column], weights[:, rows], threshold)
    return values


def _measured(positive: Any, s: Any, weights: Any, threshold: float) -> Any:
    """Return AP, AUC and F1 [shape=(3, b)] of clips that count `weights` [shape=(b, m)] times.

    Clips of one score are one step of either curve, so their order never matters. NaN where a
    resampling holds no present or no absent clip.
    """
    order = np.argsort(-s, kind="stable")
    last = np.flatnonzero(np.append(np.diff(s[order]) != 0, True))
    w, p = weights[:, order], positive[order]
    tp, fp = np.cumsum(w * p, axis=1)[:, last], np.cumsum(w * ~p, axis=1)[:, last]
    more, worse = np.diff(tp, axis=1, prepend=0), np.diff(fp, axis=1, prepend=0)
    found, total = tp[:, -1], tp[:, -1] + fp[:, -1]
    said = s >= threshold
    hits = weights @ (positive & said)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(tp + fp > 0, tp / (tp + fp), 0)
        ap = (more * precision).sum(axis=1) / found
        auc = (worse * (tp - more / 2)).sum(axis=1) / (found * (total - found))
        f1 = 2 * hits / (found + weights @ said)
    return np.where((found > 0) & (total > found), np.stack([ap, auc, f1]), np.nan)


def _row(value: Any, drawn: Any, level: float) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for index, measure in enumerate(MEASURES):
        known = drawn[index][np.isfinite(drawn[index])]
        # An interval from the few resamplings that could be scored would be a chosen one.
        ends = np.full(2, np.nan)
        if len(known) and 2 * len(known) >= drawn.shape[1]:
            ends = np.percentile(known, [50 * (1 - level), 50 * (1 + level)])
        row[measure] = _plain(value[index])
        row[measure + "_low"], row[measure + "_high"] = _plain(ends[0]), _plain(ends[1])
    return row


def _plain(number: Any) -> float | None:
    return float(number) if np.isfinite(number) else None


def evaluate_predictions(
    data: Release, path: str | Path, *, partition: str = "test", **settings: Any
) -> dict[str, Any]:
    """Score a CSV of predictions on a partition, artists resampled whole; settings of `evaluate`.

    It has a column `sample_key` and one a class; a class without one, or with an empty one, is not
    scored. Every labelled clip of the partition needs a row, others are passed over.
    """
    try:
        given = _rows(Path(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LoadError(f"{path} cannot be read ({error}).") from error
    header = list(given[0]) if given else []
    columns = [name for name in header if name != "sample_key"]
    strange = [name for name in columns if name not in data.classes]
    if "sample_key" not in header or strange or not columns:
        told = f"{strange[0]!r} is no class" if strange else "a column is missing"
        raise LoadError(f"{path}: {told}. Give sample_key and any of {', '.join(data.classes)}.")
    rows = data.rows(partition)
    row_of = {key: place for place, key in enumerate(data.keys[rows].tolist())}
    scores = np.full((len(rows), len(data.classes)), np.nan)
    seen = set()
    for number, row in enumerate(given, start=2):
        key = row["sample_key"]
        if key in seen:
            raise LoadError(f"{path}, line {number}: {key} stands twice.")
        seen.add(key)
        for name in columns if key in row_of else ():
            try:
                scores[row_of[key], data.classes.index(name)] = float(row[name] or "nan")
            except (TypeError, ValueError):
                raise LoadError(f"{path}, line {number}: {name} is {row[name]!r}.") from None
    labelled = data.mask[rows].any(axis=1)
    missing = [key for key, place in row_of.items() if key not in seen and labelled[place]]
    if missing:
        raise LoadError(f"{path} lacks {len(missing)} clip(s) of {partition}, e.g. {missing[0]}.")
    settings = {"groups": data.artists[rows], "classes": data.classes, **settings}
    return evaluate(data.y[rows], data.mask[rows], scores, **settings)


def baseline(data: Release) -> dict[str, Any]:
    """Repeat the release's baseline: its stored weights on the test clips, to the digit.

    Returns what stands in `baseline/results.json`, numbers rounded to 4 digits; LoadError if the
    release has no trained baseline.
    """
    stored = json.loads((data.folder / "baseline" / "results.json").read_text("utf-8"))
    path = data.folder / "baseline" / "weights.npz"
    if not path.is_file():
        raise LoadError(f"{data.name} has no baseline: {stored['note']}")
    with np.load(path, allow_pickle=False) as arrays:
        model = {name: arrays[name] for name in arrays.files}
    asked = {key: stored["settings"][key] for key in ("n_boot", "seed", "level", "threshold")}
    return {**stored, **score_baseline(data, model, **asked)}


def score_baseline(data: Release, model: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Score a linear model on the test clips, artists resampled whole; rounded to 4 digits."""
    rows = data.rows("test")
    settings = {"groups": data.artists[rows], "classes": data.classes, **settings}
    scores = predict(model, data.X[rows])
    result = evaluate(data.y[rows], data.mask[rows], scores, **settings)
    for index, row in enumerate(result["classes"]):
        row["note"] = str(model["notes"][index]) or row["note"]
    return dict(_rounded(result))


def predict(model: dict[str, Any], X: Any) -> Any:
    """Return a linear model's probabilities [shape=(n, n_classes)], rounded to 6 digits.

    NaN where a class has no model. Rounded, so that no machine's last digit changes an order.
    """
    z = (X.sum(axis=1, dtype=np.int64) / X.shape[1] - model["mean"]) / model["scale"]
    logit = z @ model["weights"].T + model["bias"]
    probability = np.round(0.5 * (1 + np.tanh(logit / 2)), 6)
    return np.where(model["notes"] == "", probability, np.nan)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value


def table(result: dict[str, Any]) -> str:
    """Return the rows of a result as text for people."""
    lines = [
        f"{'class':<20}{'clips':>7}{'present':>9}" + "".join(f"{m.upper():>24}" for m in MEASURES)
    ]
    for row in [*result["classes"], result["macro"]]:
        cells = ""
        for m in MEASURES:
            ends = (
                ""
                if row[m + "_low"] is None
                else f" [{row[m + '_low']:.3f}, {row[m + '_high']:.3f}]"
            )
            cells += f"{'–' if row[m] is None else format(row[m], '.3f') + ends:>24}"
        counts = f"{row.get('clips', ''):>7}{row.get('present', ''):>9}"
        lines.append(f"{row['class']:<20}{counts}{cells}  {row['note']}".rstrip())
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 when done, 2 when something given cannot be used."""
    parser = argparse.ArgumentParser(description="Look into a release, or score a model on it.")
    parser.add_argument(
        "--folder", default=str(Path(__file__).resolve().parent), help="the release"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    verbs = parser.add_subparsers(dest="verb")
    verb = verbs.add_parser("evaluate", help="score a CSV: sample_key and a column a class")
    verb.add_argument("predictions")
    verb.add_argument("--partition", default="test")
    verb.add_argument("--n-boot", type=int, default=1000)
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--threshold", type=float, default=0.5)
    verbs.add_parser("baseline", help="repeat the baseline's table from its stored weights")
    given = parser.parse_args(arguments)
    try:
        data = load(given.folder)
        if given.verb == "evaluate":
            asked = {
                key: getattr(given, key) for key in ("partition", "n_boot", "seed", "threshold")
            }
            told = evaluate_predictions(data, given.predictions, **asked)
            text = table(told)
        elif given.verb == "baseline":
            told = baseline(data)
            text = table(told)
        else:
            counts = {name: len(data.rows(name)) for name in sorted(set(data.partition.tolist()))}
            told = {"name": data.name, "version": data.version, "clips": len(data.keys)}
            told.update(classes=list(data.classes), labels=int(data.mask.sum()), partitions=counts)
            text = "".join(f"{key}: {value}\n" for key, value in told.items())
    except (LoadError, KeyError) as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 2
    sys.stdout.write(json.dumps(told, allow_nan=False) + "\n" if given.json else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
