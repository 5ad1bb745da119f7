from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.errors import ParameterError
from splits.shares import nearest_shares
from splits.stratify import (
    GroupedMultilabelSplit,
    UnbalanceableError,
    obstacles,
    quality,
    report,
    split,
)
from splits.stratify.problem import check_shares

THREE = {"train": 0.7, "validation": 0.15, "test": 0.15}


def archive(
    n_clips: int = 600, n_classes: int = 6, n_groups: int = 200, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make three-valued labels that depend on the group, about half of them unknown."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, n_groups, n_clips)
    taste = rng.random((n_groups, n_classes))
    labels = (rng.random((n_clips, n_classes)) < taste[groups]).astype(np.int8)
    labels[rng.random(labels.shape) < 0.5] = -1
    return labels, groups


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, dict[str, float], int]:
    n_groups = draw(st.integers(4, 25))
    n_clips = draw(st.integers(n_groups, 80))
    n_classes = draw(st.integers(1, 4))
    cells = st.sampled_from([-1, 0, 1])
    flat = draw(st.lists(cells, min_size=n_clips * n_classes, max_size=n_clips * n_classes))
    labels = np.array(flat, dtype=np.int8).reshape(n_clips, n_classes)
    labels[0, 0] = 1  # something must be known
    rest = draw(st.lists(st.integers(0, n_groups - 1), min_size=n_clips, max_size=n_clips))
    groups = np.array(rest)
    groups[:n_groups] = np.arange(n_groups)  # every group is there
    shares = draw(
        st.sampled_from([{"train": 0.75, "test": 0.25}, THREE, dict.fromkeys("abcd", 0.25)])
    )
    return labels, groups, shares, draw(st.integers(0, 3))


@settings(deadline=None, max_examples=60)
@given(problems())
def test_no_group_is_ever_divided_and_every_row_is_placed(problem):
    labels, groups, shares, seed = problem
    placed = split(labels, groups, shares, seed=seed, attempts=4)
    assert set(placed) == set(shares)
    for group in np.unique(groups):
        assert len(set(placed[groups == group])) == 1
    assert quality(labels, groups, placed, shares).leaked_groups == ()


@settings(deadline=None, max_examples=40)
@given(problems(), st.randoms(use_true_random=False))
def test_permuting_the_rows_changes_nothing(problem, random):
    labels, groups, shares, seed = problem
    order = list(range(len(groups)))
    random.shuffle(order)
    placed = split(labels, groups, shares, seed=seed, attempts=4)
    shuffled = split(labels[order], groups[order], shares, seed=seed, attempts=4)
    assert np.array_equal(placed[order], shuffled)


@settings(deadline=None, max_examples=30)
@given(problems())
def test_an_unknown_label_never_counts(problem):
    labels, groups, shares, seed = problem
    placed = split(labels, groups, shares, seed=seed, attempts=3)
    unknown = np.full((len(labels), 1), -1, dtype=np.int8)
    nothing_more = np.hstack([labels, unknown])
    found = quality(nothing_more, groups, placed, shares)
    assert found.positives[:, -1].sum() == 0
    assert found.negatives[:, -1].sum() == 0
    assert found.positives.sum() == (labels == 1).sum()
    assert found.negatives.sum() == (labels == 0).sum()


@pytest.mark.parametrize("seed", range(5))
def test_sizes_are_within_one_group_of_the_shares(seed):
    labels, groups = archive(seed=seed)
    placed = split(labels, groups, THREE, seed=seed)
    largest = np.bincount(groups).max()
    for name, share in THREE.items():
        assert abs((placed == name).sum() - share * len(groups)) <= largest


def test_every_class_gets_its_share_of_positives_and_of_negatives():
    labels, groups = archive(3000, 8, 1200)
    shares = {"train": 0.75, "test": 0.25}
    found = quality(labels, groups, split(labels, groups, shares, seed=0), shares)
    # The floor of rounding is about 0.5 / 700; a random split of groups is off by 0.03.
    assert found.max_positive_share_error < 0.002
    assert found.max_negative_share_error < 0.002
    assert found.label_distribution < 2e-3


def test_three_partitions_are_all_balanced():
    labels, groups = archive(3000, 8, 1200, seed=3)
    found = quality(labels, groups, split(labels, groups, THREE, seed=0), THREE)
    assert found.max_positive_share_error < 0.004
    assert found.max_negative_share_error < 0.004


def test_balancing_pairs_lowers_the_pair_error_and_costs_the_classes_nothing():
    labels, groups = archive(3000, 8, 1500)
    shares = {"train": 0.75, "test": 0.25}
    without = quality(labels, groups, split(labels, groups, shares, seed=0, pairs=False), shares)
    with_pairs = quality(labels, groups, split(labels, groups, shares, seed=0), shares)
    assert with_pairs.label_pair_distribution < without.label_pair_distribution / 2
    assert with_pairs.max_positive_share_error < 0.002


def test_unknown_taken_for_absent_would_give_another_split():
    labels, groups = archive()
    filled = np.where(labels == -1, 0, labels).astype(np.int8)
    shares = {"train": 0.75, "test": 0.25}
    honest = quality(labels, groups, split(labels, groups, shares, seed=0), shares)
    misled = quality(labels, groups, split(filled, groups, shares, seed=0), shares)
    assert honest.max_negative_share_error < misled.max_negative_share_error


def test_the_same_seed_gives_the_same_split_whatever_the_order_of_shares():
    labels, groups = archive()
    again = dict(reversed(THREE.items()))
    assert np.array_equal(
        split(labels, groups, THREE, seed=5), split(labels, groups, again, seed=5)
    )


def test_text_keys_work_and_object_arrays_of_text_too():
    labels, groups = archive()
    text = np.array([f"artist {group:04d}" for group in groups])
    expected = split(labels, groups, THREE, seed=1)
    assert np.array_equal(split(labels, text, THREE, seed=1), expected)
    assert np.array_equal(split(labels, text.astype(object), THREE, seed=1), expected)


def test_new_clips_do_not_move_the_old_ones():
    labels, groups = archive(900, 5, 300)
    old = groups < 270
    earlier = np.full(len(groups), "", dtype="<U10")
    earlier[old] = split(labels[old], groups[old], THREE, seed=0)
    placed = split(labels, groups, THREE, seed=0, previous=earlier)
    assert np.array_equal(placed[old], earlier[old])
    assert set(placed[~old]) <= set(THREE)
    assert quality(labels, groups, placed, THREE).leaked_groups == ()


def test_a_group_that_was_in_two_partitions_is_named():
    labels = np.ones((4, 1), dtype=np.int8)
    with pytest.raises(ParameterError, match="Group 7 was in 'test' and 'train'"):
        split(
            labels,
            [7, 7, 8, 9],
            {"train": 0.5, "test": 0.5},
            seed=0,
            previous=["train", "test", "", ""],
        )


def test_a_class_held_by_one_group_is_named_with_the_nearest_plan():
    labels = np.array([[1, 0], [1, 1], [-1, 0], [0, 1], [0, 0], [0, 1]], dtype=np.int8)
    groups = ["a", "a", "b", "c", "d", "e"]
    shares = {"train": 0.5, "test": 0.5}
    told = obstacles(labels, groups, shares, classes=["banjo", "voice"])
    assert any("banjo: positives" in line and "nearest possible plan" in line for line in told)
    with pytest.raises(ParameterError, match="banjo"):
        split(labels, groups, shares, seed=0, classes=["banjo", "voice"], strict=True)
    assert set(split(labels, groups, shares, seed=0)) == {"train", "test"}


def test_a_group_larger_than_a_partition_is_told_and_not_refused():
    labels = np.ones((20, 1), dtype=np.int8)
    groups = np.array([0] * 12 + list(range(1, 9)))
    shares = {"train": 0.8, "test": 0.2}
    placed = split(labels, groups, shares, seed=0)
    assert set(placed[:12]) == {"train"}
    found = quality(labels, groups, placed, shares)
    assert any("Group 0 has 12 clips" in line for line in report(found))


def test_a_leak_is_counted_and_named():
    labels = np.array([[1], [0], [1], [0]], dtype=np.int8)
    found = quality(
        labels,
        ["x", "x", "y", "z"],
        ["train", "test", "train", "test"],
        {"train": 0.5, "test": 0.5},
    )
    assert found.leaked_groups == ("x",)
    assert "1 group(s) are divided: x." in report(found)


def test_label_distribution_agrees_with_a_hand_count():
    # Whole: 2 of 4, odds 1. First partition: 2 of 3, odds 2. Second: 0 of 1, odds 0. Mean(1, 1).
    labels = np.array([[1], [1], [0], [0]], dtype=np.int8)
    placed = ["a", "a", "a", "b"]
    found = quality(labels, [0, 1, 2, 3], placed, {"a": 0.75, "b": 0.25})
    assert found.label_distribution == pytest.approx(1.0)
    assert found.positive_share_error[:, 0] == pytest.approx([0.25, -0.25])


@pytest.mark.parametrize(
    ("labels", "groups", "shares", "words"),
    [
        ([[1], [0]], [0, 1], {"train": 0.8, "test": 0.3}, r"sum to 1\.1.*0\.7273.*0\.2727"),
        ([[1], [0]], [0, 1], {"train": 1.0}, "two partitions"),
        ([[1], [0]], [0, 1], {"train": 1.5, "test": -0.5}, "share of partition 'test'"),
        ([[1], [0]], [0, 1], {"train": float("nan"), "test": 0.5}, "share of partition 'train'"),
        ([[1], [2]], [0, 1], {"train": 0.5, "test": 0.5}, "row 1, class 0 is 2"),
        ([[1.0], [float("nan")]], [0, 1], {"train": 0.5, "test": 0.5}, "row 1, class 0 is"),
        ([1, 0], [0, 1], {"train": 0.5, "test": 0.5}, r"labels\[:, None\]"),
        (np.zeros((0, 3)), [], {"train": 0.5, "test": 0.5}, "nothing to split"),
        (np.zeros((3, 0)), [0, 1, 2], {"train": 0.5, "test": 0.5}, "nothing to split"),
        ([[-1], [-1]], [0, 1], {"train": 0.5, "test": 0.5}, "Every label is unknown"),
        ([[1], [0]], [0], {"train": 0.5, "test": 0.5}, r"shape \(2,\)"),
        ([[1], [0]], ["a", None], {"train": 0.5, "test": 0.5}, "Group of row 1 is None"),
        ([[1], [0]], [0.5, 1.5], {"train": 0.5, "test": 0.5}, "integers or text"),
        ([[1], [0]], [3, 3], {"train": 0.5, "test": 0.5}, "single group"),
        ([[1], [0]], [3, 4], {"a": 0.5, "b": 0.25, "c": 0.25}, r"only 2 \(3, 4\).*'a': 0\.6667"),
        ([["yes"], ["no"]], [0, 1], {"train": 0.5, "test": 0.5}, "must be numbers"),
    ],
)
def test_a_request_that_cannot_be_met_says_why_and_what_could(labels, groups, shares, words):
    with pytest.raises(ParameterError, match=words):
        split(labels, groups, shares, seed=0)


def test_quality_refuses_a_partition_without_a_share():
    with pytest.raises(ParameterError, match="'dev' has no share"):
        quality([[1], [0]], [0, 1], ["train", "dev"], {"train": 0.5, "test": 0.5})


def test_folds_test_every_row_once_and_never_divide_a_group():
    labels, groups = archive()
    folds = GroupedMultilabelSplit(n_splits=5, seed=0)
    assert folds.get_n_splits() == 5
    tested = []
    for train, test in folds.split(None, labels, groups):
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(groups)
        tested.extend(test.tolist())
    assert sorted(tested) == list(range(len(groups)))


def test_named_shares_give_one_split_a_partition_beside_train():
    labels, groups = archive()
    named = GroupedMultilabelSplit(shares=THREE, seed=0)
    (train, validation), (again, test) = named.split(None, labels, groups)
    assert named.get_n_splits() == 2
    assert np.array_equal(train, again)
    assert not set(validation) & set(test)
    assert len(train) + len(validation) + len(test) == len(groups)


def test_ten_folds_keep_their_order():
    labels, groups = archive(n_groups=400)
    folds = list(GroupedMultilabelSplit(n_splits=11, seed=0).split(None, labels, groups))
    assert len(folds) == 11
    assert all(len(test) for _, test in folds)


def test_folds_without_groups_take_every_row_as_its_own():
    labels, _ = archive(60)
    folds = list(GroupedMultilabelSplit(n_splits=3).split(None, labels))
    assert [len(test) for _, test in folds] == [20, 20, 20]


def test_folds_that_make_no_sense_are_refused():
    with pytest.raises(ParameterError, match="2 or more"):
        GroupedMultilabelSplit(n_splits=1)
    with pytest.raises(ParameterError, match="no 'train'"):
        GroupedMultilabelSplit(shares={"a": 0.5, "b": 0.5})


def test_what_cannot_be_comes_with_the_nearest_plan_as_data():
    with pytest.raises(UnbalanceableError) as caught:
        split([[1], [0]], [0, 1], {"train": 0.8, "validation": 0.2, "test": 0.2}, seed=0)
    assert caught.value.nearest_shares == {"train": 0.6666, "validation": 0.1667, "test": 0.1667}
    assert math.fsum(caught.value.nearest_shares.values()) == pytest.approx(1, abs=1e-12)
    with pytest.raises(UnbalanceableError) as caught:
        split([[1], [0]], [3, 4], THREE, seed=0)
    assert set(caught.value.nearest_shares) == {"train", "test"}
    with pytest.raises(UnbalanceableError) as caught:
        split([[1], [0]], [3, 3], {"train": 0.5, "test": 0.5}, seed=0)
    assert caught.value.nearest_shares is None


def test_the_plan_without_the_classes_that_stand_in_the_way_can_be_had():
    labels, groups = archive()
    labels[:, 0] = np.where(groups == 7, 1, 0)  # one artist alone plays it
    names = [f"instrument {column}" for column in range(labels.shape[1])]
    shares = {"train": 0.6, "test": 0.4}
    with pytest.raises(UnbalanceableError, match="instrument 0") as caught:
        split(labels, groups, shares, seed=0, classes=names, strict=True)
    assert caught.value.leave_out == ("instrument 0",)
    kept = [column for column, name in enumerate(names) if name not in caught.value.leave_out]
    placed = split(labels[:, kept], groups, caught.value.nearest_shares, seed=0, strict=True)
    assert set(placed) == {"train", "test"}


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.text("abcdef", min_size=1), st.floats(0.05, 5), min_size=2, max_size=6))
def test_the_nearest_shares_can_always_be_had(shares):
    nearest = nearest_shares(shares)
    assert check_shares(nearest).keys() == shares.keys()
    total = math.fsum(shares.values())
    assert all(abs(nearest[name] - shares[name] / total) < 5e-4 for name in shares)


def test_scikit_learn_takes_it_for_a_splitter() -> None:
    from sklearn.dummy import DummyRegressor
    from sklearn.model_selection import cross_validate

    labels, groups = archive()
    found = cross_validate(
        DummyRegressor(),
        np.zeros((len(labels), 1)),
        labels.astype(float),
        groups=groups,
        cv=GroupedMultilabelSplit(n_splits=3, seed=0),
        scoring=lambda model, x, y: float(len(x)),
    )
    assert found["test_score"].sum() == len(labels)
    assert np.ptp(found["test_score"]) < 0.05 * len(labels)
