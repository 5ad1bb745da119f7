"""Heads learn from bags, never from what nobody knows, and come back from their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from candidates.detector.bags import Bags, divide
from candidates.detector.evaluation import evaluate
from candidates.detector.head_training import train_head
from candidates.detector.heads import (
    EpochReport,
    HeadRecipe,
    TrainedHead,
    load_head,
)
from consonance.errors import ModelError, ParameterError

CLASSES = ("flute", "organ", "voice")
D = 12
KINDS = ("attention", "mean")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def bags(n: int = 400, *, seed: int = 0, known: float = 1.0, instances: int = 6) -> Bags:
    """Return bags in which a class that is present marks one instance only."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, len(CLASSES))) < 0.35).astype(np.int8)
    x = rng.normal(size=(n, instances, D)).astype(np.float32)
    for row, column in zip(*np.nonzero(labels), strict=True):
        x[row, rng.integers(instances), column] += 6.0
    labels[rng.random(labels.shape) >= known] = -1
    return Bags(
        embeddings=x, labels=labels, groups=tuple(f"g{row // 2}" for row in range(n)),
        classes=CLASSES,
    )  # fmt: skip


def recipe(**change: Any) -> HeadRecipe:
    return HeadRecipe(**{"hidden": 24, "epochs": 20, "learning_rate": 3e-3, "seed": 4, **change})


def weights(head: TrainedHead) -> dict[str, NDArray[Any]]:
    return {name: value.numpy() for name, value in head.network.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_learns_what_one_instance_in_six_gives_away(kind: str) -> None:
    train, validation = divide(bags(), 0.25, seed=1)
    found = evaluate(train_head(train, validation, recipe(kind=kind)), bags(200, seed=9))
    assert min(entry["auc"] or 0.0 for entry in found.values()) > 0.85


def test_attention_hears_a_mark_that_a_mean_drowns() -> None:
    train, validation = divide(bags(instances=24), 0.25, seed=1)
    test = bags(300, seed=9, instances=24)
    attention, mean = (
        np.mean([entry["ap"] for entry in evaluate(head, test).values()])
        for head in (train_head(train, validation, recipe(kind=kind)) for kind in KINDS)
    )
    assert attention > mean


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_labels_teach_nothing(kind: str) -> None:
    """A bag of which nothing is known changes nothing, whatever its embedding says."""
    train, validation = divide(bags(), 0.25, seed=1)
    labels = train.labels.copy()
    labels[::3] = -1
    shuffled = train.embeddings.copy()
    shuffled[::3] = shuffled[::3][::-1]  # other bags' content: mean and spread stay what they are
    one, two = (
        train_head(
            Bags(embeddings=x, labels=labels, groups=train.groups, classes=CLASSES),
            validation,
            recipe(kind=kind, epochs=2, dropout=0.0),
        )
        for x in (train.embeddings, shuffled)
    )
    for name, array in weights(one).items():
        np.testing.assert_allclose(array, weights(two)[name], atol=1e-5)


def test_taking_unknown_for_absent_would_be_worse() -> None:
    """With most presences unasked, masking keeps what calling them absent destroys."""
    whole = bags(600, seed=3)
    labels = whole.labels.copy()
    chance = np.random.default_rng(5)
    labels[(labels == 1) & (chance.random(labels.shape) < 0.8)] = -1
    masked = Bags(embeddings=whole.embeddings, labels=labels, groups=whole.groups, classes=CLASSES)
    negatives = Bags(
        embeddings=whole.embeddings, labels=np.maximum(labels, 0), groups=whole.groups,
        classes=CLASSES,
    )  # fmt: skip
    test = bags(300, seed=9)
    likelihood = []
    for material in (masked, negatives):
        train, validation = divide(material, 0.25, seed=1)
        head = train_head(train, validation, recipe())
        likelihood.append(head.likelihood(test)[test.labels == 1].mean())
    assert likelihood[0] > 1.5 * likelihood[1]


def test_a_class_known_to_be_nowhere_absent_is_uncovered_and_scores_one_half() -> None:
    whole = bags()
    labels = whole.labels.copy()
    labels[labels[:, 1] == 0, 1] = -1
    only = Bags(embeddings=whole.embeddings, labels=labels, groups=whole.groups, classes=CLASSES)
    train, validation = divide(only, 0.25, seed=1)
    head = train_head(train, validation, recipe(epochs=2))
    assert head.uncovered == ("organ",)
    assert (head.likelihood(validation)[:, 1] == 0.5).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_the_weights(kind: str) -> None:
    train, validation = divide(bags(), 0.25, seed=1)
    one, again, other = (
        weights(train_head(train, validation, recipe(kind=kind, epochs=3, mixup=0.3, seed=seed)))
        for seed in (4, 4, 5)
    )
    for name, array in one.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(one["classify.weight"], other["classify.weight"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_behind_a_bags_length_is_never_read(kind: str) -> None:
    whole = bags(60)
    lengths = np.full(60, 4, np.int64)
    spoilt = whole.embeddings.copy()
    spoilt[:, 4:] = 1e3
    parts = [
        Bags(
            embeddings=x, labels=whole.labels, groups=whole.groups, classes=CLASSES, lengths=lengths
        )
        for x in (whole.embeddings, spoilt)
    ]
    likelihood = []
    for part in parts:
        train, validation = divide(part, 0.25, seed=1)
        likelihood.append(
            train_head(train, validation, recipe(kind=kind, epochs=2, mixup=0.2)).likelihood(part)
        )
    np.testing.assert_array_equal(*likelihood)


def test_a_longer_bag_of_the_same_instances_is_as_likely() -> None:
    train, validation = divide(bags(), 0.25, seed=1)
    for kind in KINDS:
        head = train_head(train, validation, recipe(kind=kind, epochs=2))
        twice = np.concatenate([validation.embeddings] * 2, axis=1)
        both = head.likelihood_of(twice, 2 * validation.lengths)
        np.testing.assert_allclose(both, head.likelihood(validation), atol=1e-5)


def test_the_best_epoch_is_kept_and_patience_ends() -> None:
    train, validation = divide(bags(), 0.25, seed=1)
    head = train_head(train, validation, recipe(epochs=200, patience=3, learning_rate=0.05))
    values = [report.mean_ap or 0.0 for report in head.history]
    assert len(values) < 200
    assert values[head.best_epoch - 1] == max(values)
    assert len(values) == head.best_epoch + 3
    kept = evaluate(head, validation)
    assert np.mean([entry["ap"] for entry in kept.values()]) == pytest.approx(max(values))


def test_whoever_listens_may_end_the_training() -> None:
    class PrunedError(Exception):
        pass

    told: list[EpochReport] = []

    def listen(report: EpochReport) -> None:
        told.append(report)
        if report.epoch == 2:
            raise PrunedError

    train, validation = divide(bags(80), 0.25, seed=1)
    with pytest.raises(PrunedError):
        train_head(train, validation, recipe(), on_epoch=listen)
    assert [report.epoch for report in told] == [1, 2]


def test_training_leaves_the_global_chance_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train, validation = divide(bags(80), 0.25, seed=1)
    train_head(train, validation, recipe(epochs=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_head_scores_as_it_did_and_in_the_same_bytes(kind: str, tmp_path: Path) -> None:
    train, validation = divide(bags(), 0.25, seed=1)
    head = train_head(train, validation, recipe(kind=kind, epochs=3))
    hashes = [head.save(tmp_path / name) for name in ("one.npz", "two.npz")]
    assert hashes[0] == hashes[1]
    loaded = load_head(tmp_path / "one.npz")
    np.testing.assert_array_equal(loaded.likelihood(validation), head.likelihood(validation))
    assert (loaded.classes, loaded.recipe, loaded.history) == (
        head.classes, head.recipe, head.history,
    )  # fmt: skip


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    train, validation = divide(bags(80), 0.25, seed=1)
    path = tmp_path / "head.npz"
    train_head(train, validation, recipe(epochs=1)).save(path)
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(ModelError, match="cannot be read"):
        load_head(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(ModelError, match="not a head"):
        load_head(path)
    np.savez(path, **{"head.json": np.array([{"a": 1}], dtype=object)})  # a pickle
    with pytest.raises(ModelError):
        load_head(path)


def test_embeddings_of_another_detector_are_refused() -> None:
    train, validation = divide(bags(80), 0.25, seed=1)
    head = train_head(train, validation, recipe(epochs=1))
    with pytest.raises(ParameterError, match="belongs to another detector"):
        head.likelihood_of(np.zeros((1, 1, D + 1), np.float32), np.ones(1, np.int64))


def test_a_group_on_both_sides_is_refused() -> None:
    whole = bags(20)
    with pytest.raises(ParameterError, match="stand on both sides"):
        train_head(whole, whole, recipe())


def test_dividing_never_tears_a_group_and_depends_on_the_seed() -> None:
    whole = bags(100)
    train, held = divide(whole, 0.3, seed=1)
    assert not set(train.groups) & set(held.groups)
    assert len(train) + len(held) == 100
    assert 0.2 < len(held) / 100 < 0.4
    assert divide(whole, 0.3, seed=1)[1].groups == held.groups
    assert divide(whole, 0.3, seed=2)[1].groups != held.groups


def test_one_group_cannot_be_divided() -> None:
    whole = bags(4)
    same = Bags(
        embeddings=whole.embeddings, labels=whole.labels, groups=("a",) * 4, classes=CLASSES
    )
    with pytest.raises(ParameterError, match="1 group"):
        divide(same, 0.5, seed=0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "max"}, "'attention' or 'mean'"),
        ({"hidden": -1}, "0 or more"),
        ({"dropout": 1.0}, "Dropout"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"mixup": -0.1}, "0 or more"),
        ({"patience": 0}, "1 or more"),
    ],
)
def test_recipes_out_of_range_are_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        recipe(**change)


def test_a_recipe_comes_back_from_its_json_and_refuses_what_it_does_not_know() -> None:
    one = recipe(kind="mean", mixup=0.2)
    assert HeadRecipe.from_json(one.as_json()) == one
    with pytest.raises(ParameterError, match="knows no layers"):
        HeadRecipe.from_json({"layers": 3})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"embeddings": np.zeros((2, 3))}, "have shape"),
        ({"labels": np.zeros((2, 2), np.int8)}, "do not fit"),
        ({"labels": np.full((2, 3), 2, np.int8)}, "-1 .unknown., 0 .absent. or 1"),
        ({"groups": ("a",)}, "one group"),
        ({"lengths": np.array([1, 9])}, "1 to 4 instances"),
        ({"embeddings": np.full((2, 4, D), np.nan)}, "not finite"),
    ],
)
def test_ill_formed_bags_are_refused(change: dict[str, Any], told: str) -> None:
    fields: dict[str, Any] = {
        "embeddings": np.zeros((2, 4, D), np.float32), "labels": np.zeros((2, 3), np.int8),
        "groups": ("a", "b"), "classes": CLASSES, **change,
    }  # fmt: skip
    with pytest.raises(ParameterError, match=told):
        Bags(**fields)
