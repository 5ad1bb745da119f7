"""Rounds' labels stand for the archive, and none of them leans on the detector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from candidates.loop.calibration import calibrate, uncalibrated
from candidates.loop.evidence import Evidence, RoundSample, gather
from candidates.loop.labels import CrowdLabels, crowd_labels
from candidates.loop.totals import archive_totals
from candidates.sampling import Caps, Draw, Stratum, draw, tails
from candidates.sampling.source import coded
from candidates.scoring.histograms import fine_histograms
from consonance.errors import ParameterError, StateError
from consonance.tables.schemas import conform

FACTS = {"parameters": {"present_from": 0.8, "absent_to": 0.2}}


def labels_table(**columns: Any) -> pa.Table:
    n = len(next(iter(columns.values())))
    usual: dict[str, Any] = {
        "clip_id": [f"clip{i}" for i in range(n)],
        "class_name": ["banjo"] * n,
        "decision": ["present"] * n,
        "posterior_crowd": [0.99] * n,
        "posterior_with_detector": [None] * n,
        "majority": [1.0] * n,
        "relevance": [1.0] * n,
        "n_yes": [3] * n,
        "n_no": [0] * n,
        "n_unsure": [0] * n,
        "stop_reason": ["posterior"] * n,
    }
    return conform(pa.table({**usual, **columns}), "labels")


def test_the_posterior_with_the_detector_as_prior_changes_nothing() -> None:
    said = {"decision": ["present", "absent"], "posterior_crowd": [0.97, 0.02]}
    without = crowd_labels([(labels_table(**said), FACTS)])
    against = crowd_labels([(labels_table(**said, posterior_with_detector=[0.01, 0.99]), FACTS)])
    assert without == against
    assert without.truth == {("clip0", "banjo"): 1, ("clip1", "banjo"): 0}


def test_labels_decided_by_anything_but_the_crowd_are_refused() -> None:
    # The detector was sure; people were not.
    leaning = labels_table(
        decision=["present"], posterior_crowd=[0.55], posterior_with_detector=[0.97]
    )
    with pytest.raises(StateError, match="Labels that lean on the detector cannot judge it"):
        crowd_labels([(leaning, FACTS)])
    with pytest.raises(StateError, match="Aggregate the campaign again"):
        crowd_labels([(labels_table(posterior_crowd=[0.9]), {})])


def test_a_curators_decision_counts_and_unfinished_questions_wait() -> None:
    table = labels_table(
        decision=["absent", "undecided", "undecided", "undecided"],
        posterior_crowd=[0.9, 0.5, 0.5, 0.9],
        n_yes=[3, 2, 1, 0],
        stop_reason=["curator", "maximum", "open", "maximum"],
    )
    found = crowd_labels([(table, FACTS)])
    assert [found.truth.get((f"clip{i}", "banjo")) for i in range(4)] == [0, -1, None, -1]
    assert found.waiting == 1


def test_of_two_runs_the_later_one_counts() -> None:
    first = labels_table(decision=["present"])
    second = labels_table(decision=["absent"], posterior_crowd=[0.1])
    assert crowd_labels([(first, FACTS), (second, FACTS)]).truth == {("clip0", "banjo"): 0}


# --- a simulated archive --------------------------------------------------------------------------
NAMES = ("banjo", "voice")


class World:
    """Scores of an archive, and what people would say of every excerpt."""

    def __init__(self, n: int = 4000, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.logits = rng.normal([-3, 0], 2.0, (n, 2)).astype(np.float16).astype(np.float64)
        self.recording = rng.integers(0, n // 2, n)
        # Some recordings have much of it whatever the detector says: caps then make weights matter.
        loud = (self.recording % 7 == 0)[:, None]
        p = 0.8 / (1 + np.exp(-(0.7 * self.logits - 0.5 + 1.5 * loud)))
        self.truth = (rng.random((n, 2)) < p).astype(int)
        counts = [
            np.bincount(coded(x.astype(np.float16)), minlength=1 << 16) for x in self.logits.T
        ]
        self.figures = fine_histograms(np.array(counts), NAMES)
        ranks = self.logits.argsort(axis=0).argsort(axis=0)
        self.quantile = ranks / (n - 1)

    def sample(
        self, drawn: Draw, strata: tuple[Stratum, ...], key: str, n_rounds: int
    ) -> RoundSample:
        at = drawn.excerpt, drawn.class_index
        return RoundSample(
            key=key,
            clip=[str(e) for e in drawn.excerpt],
            class_name=[NAMES[j] for j in drawn.class_index],
            tail=drawn.stratum_name,
            logit=self.logits[at],
            inclusion=drawn.inclusion,
            quantile=np.repeat(self.quantile[at][:, None], n_rounds, axis=1),
            strata=dict.fromkeys(NAMES, strata),
        )

    def labels(self, drop: float = 0.0, seed: int = 0) -> CrowdLabels:
        chance = np.random.default_rng(seed).random(self.truth.shape)
        return CrowdLabels(
            truth={
                (str(e), name): int(self.truth[e, j])
                for e in range(self.truth.shape[0])
                for j, name in enumerate(NAMES)
                if chance[e, j] >= drop
            },
            waiting=0,
        )

    def draw(self, seed: int, strata: tuple[Stratum, ...], per_class: int = 300) -> Draw:
        return draw(
            self.logits, self.recording, per_class=per_class, strata=strata, seed=seed,
            caps=Caps(recording=1),
        )  # fmt: skip


def estimates(
    world: World, designs: list[tuple[Stratum, ...]], *, repeats: int, drop: float = 0.0
) -> tuple[NDArray[np.float64], float, Evidence]:
    """Return estimated totals of many repeated surveys, and how often intervals held the truth."""
    found, held = [], []
    for seed in range(repeats):
        samples = [
            world.sample(world.draw(10 * seed + r, strata), strata, str(r), len(designs))
            for r, strata in enumerate(designs)
        ]
        evidence = gather(samples, world.labels(drop, seed), NAMES)
        # A curve that knows nothing: what is unbiased then is the weights' doing.
        totals = archive_totals(
            evidence, world.figures, uncalibrated(),
            {key: [s for each in designs for s in each] for key in NAMES},
        )  # fmt: skip
        found.append([totals[name].positives for name in NAMES])
        truth = world.truth.sum(axis=0)
        held.append(
            [totals[n].low <= t <= totals[n].high for n, t in zip(NAMES, truth, strict=True)]
        )
    return np.array(found), float(np.mean(held)), evidence


@pytest.mark.parametrize(
    ("designs", "drop"),
    [
        ([tails(share_high=0.4, share_low=0.4)], 0.0),
        ([tails(share_high=0.4, share_low=0.4)], 0.3),
        ([tails(), tails(share_high=0.2, share_low=0.2)], 0.0),
        ([tails(0.3, 0.6), (Stratum(name="middle", low=0.2, high=0.7, share=1.0),)], 0.2),
    ],
)
def test_totals_of_the_archive_are_unbiased_whatever_the_curve(
    designs: list[tuple[Stratum, ...]], drop: float
) -> None:
    world = World()
    found, held, _ = estimates(world, designs, repeats=80, drop=drop)
    truth = world.truth.sum(axis=0)
    error = found.std(axis=0) / np.sqrt(len(found))
    # The histogram's bins are a quarter of a logit wide: their rounding is 1 % at most.
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error + 0.01 * truth).all()
    assert (error < 0.04 * truth).all(), "or the test could not fail"
    assert held > 0.9


def test_the_weights_of_a_round_add_up_to_the_archive() -> None:
    world = World()
    strata = tails(share_high=0.3, share_low=0.3)
    sums = [
        gather([world.sample(world.draw(seed, strata), strata, "one", 1)], world.labels(), NAMES)
        for seed in range(60)
    ]
    total = np.array([np.bincount(e.class_index, weights=e.weight) for e in sums])
    error = total.std(axis=0) / np.sqrt(60)
    assert (np.abs(total.mean(axis=0) - 4000) < 4 * error + 1).all()


def test_what_rounds_have_not_reached_rests_on_the_curve_and_is_told() -> None:
    world = World()
    drawn = world.sample(world.draw(1, tails()), tails(), "tails", 1)
    evidence = gather([drawn], world.labels(), NAMES)
    known = calibrate(
        evidence.class_index, evidence.logit, evidence.truth, classes=NAMES,
        weight=evidence.weight, region=evidence.region,
    )  # fmt: skip
    totals = archive_totals(evidence, world.figures, known, dict.fromkeys(NAMES, tails()))
    for j, name in enumerate(NAMES):
        assert totals[name].covered == pytest.approx(0.2, abs=0.001)
        assert totals[name].low <= world.truth[:, j].sum() <= totals[name].high


def test_curves_fitted_to_rounds_add_up_to_what_the_archive_holds() -> None:
    world = World()
    strata = (Stratum(name="any", low=0.0, high=1.0, share=1.0),)
    labels = world.labels()
    said = []
    for seed in range(30):
        drawn = world.sample(world.draw(seed, strata), strata, "any", 1)
        evidence = gather([drawn], labels, NAMES)
        known = calibrate(
            evidence.class_index, evidence.logit, evidence.truth, classes=NAMES,
            weight=evidence.weight, region=evidence.region,
        )  # fmt: skip
        said.append(
            [known.of(n).present(x).sum() for n, x in zip(NAMES, world.logits.T, strict=True)]
        )
    mean, error = np.mean(said, axis=0), np.std(said, axis=0) / np.sqrt(len(said))
    truth = world.truth.sum(axis=0)
    # Priors draw a curve from 300 labels towards the others', by less than 5 %.
    assert (np.abs(mean - truth) < 4 * error + 0.05 * truth).all()
    assert (error < 0.04 * truth).all(), "or the test could not fail"


def test_candidates_without_label_or_probability_are_counted_and_left_out() -> None:
    world = World()
    drawn = world.sample(world.draw(1, tails()), tails(), "tails", 1)
    inclusion = drawn.inclusion.copy()
    inclusion[:7] = np.nan
    half = RoundSample(**{**vars(drawn), "inclusion": inclusion})
    labels = world.labels()
    first = {pair for pair, _ in zip(zip(drawn.clip, drawn.class_name, strict=True), range(11),
                                     strict=False)}  # fmt: skip
    kept = CrowdLabels(
        truth={pair: v for pair, v in labels.truth.items() if pair not in first}, waiting=0
    )
    evidence = gather([half], kept, NAMES)
    assert evidence.unlabelled == 11
    assert gather([half], labels, NAMES).unweighted == 7
    assert gather([half], labels, ("voice",)).classes == ("voice",)
    assert gather([], labels, NAMES).truth.size == 0


def test_columns_and_probabilities_that_do_not_fit_are_refused() -> None:
    world = World(n=400)
    drawn = world.sample(world.draw(1, tails(), 10), tails(), "tails", 1)
    with pytest.raises(ParameterError, match="differ in length"):
        gather([RoundSample(**{**vars(drawn), "logit": drawn.logit[1:]})], world.labels(), NAMES)
    with pytest.raises(ParameterError, match="probabilities"):
        gather(
            [RoundSample(**{**vars(drawn), "inclusion": drawn.inclusion * 0})],
            world.labels(),
            NAMES,
        )
