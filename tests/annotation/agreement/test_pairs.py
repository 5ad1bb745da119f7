"""Rings of copied accounts are found, and careful people who are right together are not."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import NotEnoughData, SuspiciousPairs, suspicious_pairs
from annotation.consensus import DawidSkene
from consonance.demo.crowd import simulate
from consonance.errors import ParameterError

Ratings = tuple[np.ndarray, np.ndarray, np.ndarray]


def crowd(
    seed: int,
    *,
    n_people: int = 40,
    n_tasks: int = 4_000,
    each: int = 6,
    skill: float = 1.9,
    difficulty: float = 0.7,
) -> tuple[Ratings, np.ndarray, np.ndarray]:
    """Return ratings, truths and how hard each task is for everybody.

    Hard tasks are what makes honest people wrong together.
    """
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), each)
    annotator = np.argsort(rng.random((n_tasks, n_people)), axis=1)[:, :each].ravel()
    truth = (rng.random(n_tasks) < 0.45).astype(int)
    hard = rng.normal(0, difficulty, n_tasks)
    logit = rng.normal(skill, 0.6, size=(n_people, 2))[annotator, truth[task]] - hard[task]
    right = rng.random(len(task)) < 1 / (1 + np.exp(-logit))
    return (task, annotator, np.where(right, truth[task], 1 - truth[task])), truth, hard


def copied(
    ratings: Ratings, truth: np.ndarray, hard: np.ndarray, ring: list[int], *, share: float,
    seed: int,
) -> Ratings:  # fmt: skip
    """Return ratings in which the ring repeats one person's answers to a share of its tasks."""
    rng = np.random.default_rng(seed)
    task, annotator, answer = ratings
    source = rng.random(len(truth)) < 1 / (1 + np.exp(-(1.9 - hard)))
    said = np.where(source, truth, 1 - truth)
    copies = np.isin(annotator, ring) & (rng.random(len(task)) < share)
    return task, annotator, np.where(copies, said[task], answer)


def judged(ratings: Ratings, **more) -> SuspiciousPairs | NotEnoughData:
    fitted = DawidSkene().fit(*ratings, n_truths=2)
    rest = fitted.posterior_without_own(*ratings)
    return suspicious_pairs(*ratings, rest=rest, confusion=fitted.confusion_, **more)


RING = [3, 11, 17, 29]


@pytest.mark.parametrize("seed", range(3))
def test_a_ring_of_copied_accounts_is_found_and_nobody_else(seed: int) -> None:
    ratings, truth, hard = crowd(seed)
    found = judged(copied(ratings, truth, hard, RING, share=0.97, seed=seed))
    assert isinstance(found, SuspiciousPairs)
    assert len(found.clusters) == 1
    cluster = found.clusters[0]
    assert cluster.people.tolist() == RING
    assert cluster.n_pairs >= 5
    assert cluster.equal > cluster.expected
    assert cluster.p_value <= 0.01
    assert np.flatnonzero(found.cluster_of == 0).tolist() == RING
    assert (found.cluster_of == -1).sum() == 36
    top = found.is_suspicious
    assert top[: top.sum()].all()  # the most suspicious first
    assert (found.excess[top] > 0.7).all()


def test_two_rings_are_two_clusters() -> None:
    ratings, truth, hard = crowd(5)
    once = copied(ratings, truth, hard, [1, 2, 3], share=0.98, seed=1)
    found = judged(copied(once, truth, hard, [20, 30], share=0.98, seed=2))
    assert isinstance(found, SuspiciousPairs)
    assert [cluster.people.tolist() for cluster in found.clusters] == [[1, 2, 3], [20, 30]]


@pytest.mark.parametrize("skill", [1.0, 1.9, 4.0])
@pytest.mark.parametrize("difficulty", [0.0, 0.7, 1.5])
def test_honest_people_are_not_accused(skill: float, difficulty: float) -> None:
    accused = tested = unlikely = 0
    for seed in range(4):
        ratings, _, _ = crowd(seed, skill=skill, difficulty=difficulty)
        found = judged(ratings)
        assert isinstance(found, SuspiciousPairs)
        accused += int(found.is_suspicious.sum())
        tested += len(found.first)
        unlikely += int((found.p_value < 0.01).sum())
    assert tested > 3_000
    assert accused == 0
    assert unlikely / tested < 0.012  # as often as the p-value says, or less


def test_careful_people_who_are_nearly_always_right_are_not_accused() -> None:
    rng = np.random.default_rng(0)
    (task, annotator, answer), truth, _ = crowd(1)
    careful = np.isin(annotator, [5, 6, 7, 8]) & (rng.random(len(task)) < 0.99)
    found = judged((task, annotator, np.where(careful, truth[task], answer)))
    assert isinstance(found, SuspiciousPairs)
    assert not found.is_suspicious.any()


def test_people_who_always_say_yes_are_alike_but_do_not_copy() -> None:
    (task, annotator, answer), _, _ = crowd(2)
    lazy = np.isin(annotator, [0, 1, 2])
    found = judged((task, annotator, np.where(lazy, 1, answer)))
    assert isinstance(found, SuspiciousPairs)
    assert not found.is_suspicious.any()


def test_coins_with_the_same_seed_are_found() -> None:
    (task, annotator, answer), truth, _ = crowd(3)
    coin = np.random.default_rng(0).integers(2, size=len(truth))
    found = judged((task, annotator, np.where(np.isin(annotator, [8, 9]), coin[task], answer)))
    assert isinstance(found, SuspiciousPairs)
    assert [cluster.people.tolist() for cluster in found.clusters] == [[8, 9]]


def test_a_clean_crowd_of_openmics_kind_has_no_suspicious_pair() -> None:
    simulated = simulate(
        n_clips=1_500, n_items=3_000, n_ratings=17_000, n_people=150, seed=1
    )  # fmt: skip
    ratings = (simulated.task, simulated.annotator, simulated.answer)
    found = judged(ratings, n_annotators=150, min_shared=10)
    assert isinstance(found, SuspiciousPairs)
    assert len(found.first) > 150
    assert not found.is_suspicious.any()
    assert found.cluster_of.tolist() == [-1] * 150


def test_shared_and_equal_are_counted_as_one_by_one() -> None:
    (task, annotator, answer), _, _ = crowd(4, n_people=12, n_tasks=150, each=5)
    answer = answer.copy()
    answer[::11] = 2  # unsure is left out
    found = judged((task, annotator, answer), min_shared=5)
    assert isinstance(found, SuspiciousPairs)
    said = {(t, p): a for t, p, a in zip(task, annotator, answer, strict=True) if a < 2}
    for first, second, shared, equal in zip(
        found.first, found.second, found.shared, found.equal, strict=True
    ):
        both = [t for t in range(150) if (t, first) in said and (t, second) in said]
        assert first < second
        assert shared == len(both) >= 5
        assert equal == sum(said[t, first] == said[t, second] for t in both)


def test_a_second_answer_to_the_same_task_does_not_count() -> None:
    (task, annotator, answer), _, _ = crowd(6, n_people=12, n_tasks=200)
    again = np.arange(50)
    more = tuple(
        np.concatenate([part, part[again] if part is not answer else 1 - part[again]])
        for part in (task, annotator, answer)
    )
    once, twice = judged((task, annotator, answer)), judged(more)  # type: ignore[arg-type]
    assert isinstance(once, SuspiciousPairs)
    assert isinstance(twice, SuspiciousPairs)
    assert once.shared.sum() == twice.shared.sum()
    assert once.equal.sum() == twice.equal.sum()


def test_the_order_of_ratings_changes_nothing() -> None:
    ratings, truth, hard = crowd(7, n_tasks=2_500)
    ratings = copied(ratings, truth, hard, RING, share=1.0, seed=0)
    order = np.random.default_rng(1).permutation(len(ratings[0]))
    before, after = judged(ratings), judged(tuple(part[order] for part in ratings))  # type: ignore[arg-type]
    assert isinstance(before, SuspiciousPairs)
    assert isinstance(after, SuspiciousPairs)
    assert before.z == pytest.approx(after.z, abs=1e-6)
    assert before.is_suspicious.tolist() == after.is_suspicious.tolist()


def test_skill_in_classes_may_be_handed_in() -> None:
    (task, annotator, answer), _, _ = crowd(8, n_tasks=2_000)
    context = np.arange(2_000) % 2
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2)
    rest = fitted.posterior_without_own(task, annotator, answer)
    by_class = np.stack([fitted.confusion_, fitted.confusion_], axis=1)
    one = suspicious_pairs(task, annotator, answer, rest=rest, confusion=fitted.confusion_)
    two = suspicious_pairs(task, annotator, answer, rest=rest, confusion=by_class, context=context)
    assert isinstance(one, SuspiciousPairs)
    assert isinstance(two, SuspiciousPairs)
    assert one.z == pytest.approx(two.z)


def test_too_few_tasks_in_common_are_stated() -> None:
    ratings, _, _ = crowd(9, n_tasks=60)
    found = judged(ratings)
    assert str(found) == "not enough data: 0 pairs of people with 20 tasks in common, 1 needed"
    empty = suspicious_pairs([], [], [], rest=np.zeros((0, 2)), confusion=np.zeros((0, 2, 2)))
    assert isinstance(empty, NotEnoughData)


def test_very_many_people_on_the_same_gold_are_compared_without_trouble() -> None:
    rng = np.random.default_rng(0)
    n_people, n_gold = 150, 30
    task, annotator = np.tile(np.arange(n_gold), n_people), np.repeat(np.arange(n_people), n_gold)
    truth = rng.integers(2, size=n_gold)
    answer = np.where(rng.random(len(task)) < 0.85, truth[task], 1 - truth[task])
    answer[annotator == 77] = answer[annotator == 5]
    rest = np.eye(2)[truth[task]]
    confusion = np.tile([[0.85, 0.15], [0.15, 0.85]], (n_people, 1, 1))
    found = suspicious_pairs(task, annotator, answer, rest=rest, confusion=confusion)
    assert isinstance(found, SuspiciousPairs)
    assert len(found.first) == 150 * 149 // 2
    assert (found.first[0], found.second[0]) == (5, 77)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rest": np.full((2, 2), 0.5)}, r"rest has shape \(2, 2\); \(4, 2\)"),
        ({"rest": np.full((4, 2), 0.4)}, "rest holds a distribution that sums to 0.8"),
        ({"confusion": np.ones((2, 2))}, r"confusion has shape \(2, 2\)"),
        ({"confusion": np.full((2, 2, 2), 0.3)}, "confusion holds a distribution"),
        ({"confusion": np.full((1, 2, 2), 0.5)}, "annotator holds 1; values end at 0"),
        ({"confusion": np.full((2, 2, 2, 2), 0.5)}, "context must say which task"),
        (
            {"confusion": np.full((2, 2, 2, 2), 0.5), "context": [0]},
            "context has 1 entries, but tasks go up to 1",
        ),
        ({"min_shared": 0}, "min_shared is 0"),
        ({"level": 2}, "level is 2"),
        ({"least_excess": -0.1}, "least_excess is -0.1"),
        ({"n_truths": 1}, "n_truths is 1"),
        ({"answer": [0, 1]}, "lengths differ"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {
        "task": [0, 0, 1, 1], "annotator": [0, 1, 0, 1], "answer": [1, 1, 0, 1],
        "rest": np.full((4, 2), 0.5), "confusion": np.full((2, 2, 2), 0.5),
    }  # fmt: skip
    with pytest.raises(ParameterError, match=sentence):
        suspicious_pairs(**(right | wrong))
