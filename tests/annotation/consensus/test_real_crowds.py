"""Six published sets of real crowds, against what crowd-kit 1.4.2's DawidSkene reaches on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotation.consensus import DawidSkene, MajorityVote

pytestmark = pytest.mark.realdata

#: Accuracy of the peers, measured with crowd-kit 1.4.2 at its defaults.
PEER_DAWID_SKENE = {
    "music_genre": 0.7686,
    "bluebird": 0.8889,
    "rte": 0.9275,
    "dog": 0.8426,
    "web": 0.8292,
    "weather_cf": 0.8300,
}
PEER_MAJORITY = {
    "music_genre": 0.7100,
    "bluebird": 0.7593,
    "rte": 0.9187,
    "dog": 0.8178,
    "web": 0.7765,
    "weather_cf": 0.9000,
}


class CrowdSet:
    """One of the sets: ratings, and the truth of most of its tasks."""

    def __init__(self, folder: Path, name: str) -> None:
        labels = np.loadtxt(folder / f"{name}.labels.csv", delimiter=",", skiprows=1, dtype=int)
        truth = np.loadtxt(folder / f"{name}.truth.csv", delimiter=",", skiprows=1, dtype=int)
        self.task, self.answer = labels[:, 0], labels[:, 2]
        self.annotator = np.unique(labels[:, 1], return_inverse=True)[1]
        self.known, self.truth = truth[:, 0], truth[:, 1]
        self.n_truths = int(max(self.answer.max(), self.truth.max())) + 1

    @property
    def ratings(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.task, self.annotator, self.answer

    def accuracy(self, labels: np.ndarray) -> float:
        return float((labels[self.known] == self.truth).mean())

    def surprise(self, posterior: np.ndarray) -> float:
        """Return the mean negative log-likelihood of the truths, in nats."""
        likely = posterior[self.known, self.truth]
        return float(-np.log(np.maximum(likely, 1e-10)).mean())


@pytest.fixture(scope="module")
def sets(test_data: Path) -> dict[str, CrowdSet]:
    return {name: CrowdSet(test_data / "crowd", name) for name in PEER_DAWID_SKENE}


@pytest.mark.parametrize("name", PEER_DAWID_SKENE)
def test_dawid_skene_is_never_a_point_below_the_peer(sets: dict[str, CrowdSet], name: str) -> None:
    one = sets[name]
    labels = DawidSkene().fit_predict(*one.ratings, n_truths=one.n_truths)
    assert one.accuracy(labels) > PEER_DAWID_SKENE[name] - 0.01


def test_dawid_skene_is_half_a_point_above_the_peer_on_average(sets: dict[str, CrowdSet]) -> None:
    fitted = {
        name: DawidSkene().fit(*one.ratings, n_truths=one.n_truths) for name, one in sets.items()
    }
    reached = [one.accuracy(fitted[name].labels_) for name, one in sets.items()]
    assert np.mean(reached) > np.mean(list(PEER_DAWID_SKENE.values())) + 0.005
    surprise = [one.surprise(fitted[name].posterior_) for name, one in sets.items()]
    assert np.mean(surprise) <= 1.0  # the peer's: 2.09


@pytest.mark.parametrize("name", PEER_MAJORITY)
def test_majority_is_the_peers_up_to_ties(sets: dict[str, CrowdSet], name: str) -> None:
    one = sets[name]
    labels = MajorityVote().fit_predict(*one.ratings, n_truths=one.n_truths)
    assert one.accuracy(labels) == pytest.approx(PEER_MAJORITY[name], abs=0.005)


def test_posteriors_are_honest_without_any_gold(sets: dict[str, CrowdSet]) -> None:
    surprise = []
    for one in sets.values():
        fitted = DawidSkene().fit(*one.ratings, n_truths=one.n_truths)
        raw = DawidSkene(calibrate=False).fit(*one.ratings, n_truths=one.n_truths)
        surprise.append(one.surprise(fitted.posterior_))
        assert surprise[-1] < one.surprise(raw.posterior_)
        assert (fitted.labels_ == raw.labels_).all()
    assert np.mean(surprise) < 0.55


def test_a_hundred_gold_tasks_make_them_better_still(sets: dict[str, CrowdSet]) -> None:
    on_rest, on_all = [], []
    for one in sets.values():
        number = min(100, len(one.known) // 5)
        for seed in range(2):
            chosen = np.random.default_rng(seed).permutation(len(one.known))
            gold = np.full(int(max(one.task.max(), one.known.max())) + 1, -1)
            gold[one.known[chosen[:number]]] = one.truth[chosen[:number]]
            fitted = DawidSkene().fit(*one.ratings, n_truths=one.n_truths, gold=gold)
            rest = chosen[number:]
            likely = fitted.posterior_[one.known[rest], one.truth[rest]]
            on_rest.append(-np.log(np.maximum(likely, 1e-10)).mean())
            on_all.append(one.surprise(fitted.posterior_))
    assert np.mean(on_rest) < 0.46
    assert np.mean(on_all) < 0.4


@pytest.mark.parametrize("strength", [2.0, 4.0, 16.0])
def test_no_strength_collapses(sets: dict[str, CrowdSet], strength: float) -> None:
    """Shrinkage to a crowd that is estimated again in each step loses 24 points on web at 16."""
    for name, one in sets.items():
        fitted = DawidSkene(strength=strength).fit(*one.ratings, n_truths=one.n_truths)
        assert one.accuracy(fitted.labels_) > PEER_DAWID_SKENE[name] - 0.012
