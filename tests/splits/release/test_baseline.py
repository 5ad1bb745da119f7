from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from splits.release import Features, load, loader
from splits.release.baseline import PENALTIES, fit, train

RNG = np.random.default_rng(11)


def learnable(n: int = 240, artists: int = 24) -> loader.Release:
    """Return an open release whose first class can be heard in its features, the second not."""
    rng = np.random.default_rng(2)
    X = rng.integers(0, 256, (n, 10, 128)).astype(np.uint8)
    y = rng.integers(-1, 2, (n, 3)).astype(np.int8)
    X[:, :, 3] = np.where(y[:, :1] == 1, 200, 50) + rng.integers(0, 50, (n, 1))
    y[:, 2] = np.where(y[:, 2] == 1, -1, y[:, 2])  # never present
    part = np.array(["train", "train", "validation", "test"])[np.arange(n) % artists % 4]
    return loader.Release(
        folder=None, name="x", version="1.0.0", simulated=True, classes=("a", "b", "c"),
        keys=np.array([f"{i:06d}_0" for i in range(n)]), y=y, mask=y >= 0, posterior=None,
        relevance=None, partition=part, artists=np.array([f"p{i % artists}" for i in range(n)]),
        groups=np.arange(n), X=X, feature_name="noise",
    )  # fmt: skip


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_fit_is_the_minimum_that_scikit_learn_finds(penalty):
    z = RNG.normal(size=(150, 20))
    y = (z[:, 0] + RNG.normal(size=150)) > 0.5
    w = fit(z, y, penalty)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(z, y)
    assert w[:-1] == pytest.approx(theirs.coef_[0], abs=2e-5)
    assert w[-1] == pytest.approx(theirs.intercept_[0], abs=2e-5)


def test_separable_and_fewer_clips_than_features_have_an_end_too():
    z = RNG.normal(size=(6, 128))
    for y in (z[:, 0] > 0, np.array([True] + [False] * 5)):
        w = fit(z, y, 0.1)
        assert np.isfinite(w).all()
        assert ((z @ w[:-1] + w[-1] > 0) == y).all()


def test_what_can_be_heard_is_learnt_and_what_cannot_is_not():
    data = learnable()
    told = loader.score_baseline(data, train(data), n_boot=100)
    a, b, c = told["classes"]
    assert a["auc_low"] > 0.8
    assert b["auc_low"] < 0.5 < b["auc_high"]
    assert c["ap"] is None
    assert c["note"] == "not trained: no clip of train is labelled present"
    assert told["macro"]["note"] == "mean of 2 of 3 classes"


def test_validation_chooses_the_penalty():
    data = learnable()
    model = train(data)
    z = (data.X.mean(axis=1, dtype=np.float64) - model["mean"]) / model["scale"]
    losses = []
    ours, theirs = (part[data.mask[part, 0]] for part in map(data.rows, ("train", "validation")))
    for penalty in PENALTIES:
        w = fit(z[ours], data.y[ours, 0] == 1, penalty)
        p = 1 / (1 + np.exp(-(z[theirs] @ w[:-1] + w[-1])))
        truth = data.y[theirs, 0] == 1
        losses.append(-np.log(np.where(truth, p, 1 - p)).mean())
    assert model["penalty"][0] == PENALTIES[int(np.argmin(losses))]
    # The weights are those of train alone: validation decides nothing else.
    flipped = data.y.copy()
    flipped[data.rows("test")] *= -1
    again = train(replace(data, y=flipped))
    assert (again["weights"] == model["weights"]).all()


def test_clips_without_a_label_change_nothing():
    data = learnable()
    X = data.X.copy()
    unlabelled = np.flatnonzero(~data.mask[:, 0])
    X[unlabelled, :, 3] = X[unlabelled[::-1], :, 3]  # mean and scale stay nearly as they are
    first, second = train(data), train(replace(data, X=X))
    assert second["weights"][0, 3] == pytest.approx(first["weights"][0, 3], rel=0.1)


def test_the_loader_repeats_the_published_table_to_the_digit(published):
    stored = json.loads((published / "baseline/results.json").read_text())
    told = loader.baseline(load(published))
    assert told == stored
    assert {row["class"] for row in told["classes"]} == {"banjo", "organ", "voice"}
    with (published / "baseline/results.csv").open() as file:
        rows = {row["class"]: row for row in csv.DictReader(file)}
    for row in [*told["classes"], told["macro"]]:
        for measure in ("ap", "auc_low", "f1_high"):
            cell = rows[row["class"]][measure]
            assert cell == ("" if row[measure] is None else repr(row[measure]))


def test_the_copy_in_the_release_repeats_it_with_numpy_alone(copy):
    done = subprocess.run(
        [sys.executable, "load.py", "--json", "baseline"], cwd=copy, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert json.loads(done.stdout) == json.loads((copy / "baseline/results.json").read_text())


def test_the_published_predictions_give_the_same_numbers(published):
    data = load(published)
    told = loader.evaluate_predictions(data, published / "baseline/predictions.csv")
    stored = json.loads((published / "baseline/results.json").read_text())
    for ours, theirs in zip(told["classes"], stored["classes"], strict=True):
        assert ours["present"] == theirs["present"]
        assert ours["ap"] == pytest.approx(theirs["ap"], abs=5e-5)


def test_weights_need_no_pickle_and_are_the_same_bytes_again(world, published, tmp_path):
    again = world.build(tmp_path / "again", features=world.features)
    names = ("results.json", "results.csv", "weights.npz", "predictions.csv")
    for name in names:
        first = (published / "baseline" / name).read_bytes()
        assert first == (again / "baseline" / name).read_bytes()
    with np.load(published / "baseline/weights.npz", allow_pickle=False) as arrays:
        assert arrays["weights"].shape == (3, 128)
        assert arrays["classes"].tolist() == ["banjo", "organ", "voice"]


def test_without_features_the_results_say_so_and_nothing_is_made_up(world, tmp_path):
    folder = world.build(tmp_path / "plain")
    stored = json.loads((folder / "baseline/results.json").read_text())
    assert stored["note"] == "the release has no features"
    assert [row["note"] for row in stored["classes"]] == ["the release has no features"] * 3
    assert not (folder / "baseline/weights.npz").exists()
    with pytest.raises(loader.LoadError, match="no features"):
        loader.baseline(load(folder))


def test_features_that_say_nothing_are_no_error(world, tmp_path):
    same = replace(world.features, values=np.full_like(world.features.values, 128))
    assert isinstance(same, Features)
    stored = loader.baseline(load(world.build(tmp_path / "flat", features=same)))
    scored = [row["auc"] for row in stored["classes"] if row["auc"] is not None]
    assert set(scored) <= {0.5}
