"""Trainings, who stands where, and whether the winner beats the default."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from candidates.detector.bags import Bags
from candidates.search import leaderboard
from candidates.search.material import Material
from candidates.search.trial import Outcome, train
from consonance.errors import ParameterError
from tests.candidates.search.bags import CLASSES, material


@pytest.fixture(scope="module")
def made() -> Material:
    return material()


def trained(made: Material, **parameters: object) -> Outcome:
    return train(made, parameters, seed=3, epochs=6)


class TestTraining:
    def test_the_same_configuration_and_seed_give_the_same_head_on_any_number_of_threads(
        self, made: Material
    ) -> None:
        one = trained(made, hidden=16)
        before = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            other = trained(made, hidden=16)
            assert torch.get_num_threads() == 2, "it is set back"
        finally:
            torch.set_num_threads(before)
        assert one.metrics == other.metrics
        assert one.curve == other.curve
        assert (
            one.head.likelihood(made.validation) == other.head.likelihood(made.validation)
        ).all()

    def test_it_tells_each_pass_and_each_class(self, made: Material) -> None:
        outcome = trained(made, hidden=16)
        assert [report["epoch"] for report in outcome.curve] == list(
            range(1, len(outcome.curve) + 1)
        )
        assert set(outcome.metrics["classes"]) == set(CLASSES)
        assert outcome.value == outcome.metrics["mean_ap"]
        found = outcome.metrics["classes"]["banjo"]
        assert found["positives"] == int((made.validation.labels[:, 0] == 1).sum())

    def test_it_can_be_stopped_between_passes(self, made: Material) -> None:
        def stop(report: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(made, {}, seed=0, epochs=5, on_epoch=stop)

    def test_a_setting_out_of_range_is_refused(self, made: Material) -> None:
        with pytest.raises(ParameterError):
            trained(made, dropout=1.5)


def said(part: Bags, skill: float, *, seed: int) -> list[np.ndarray]:
    """Return what scorers of some skill say, one a seed."""
    chance = np.random.default_rng(seed)
    truth = np.where(part.labels < 0, 0.5, part.labels)
    return [(skill * truth + chance.normal(size=truth.shape)).astype(np.float32) for _ in range(2)]


def judged(made: Material, winner: float, default: float) -> dict[str, object]:
    parts = {
        name: {
            0: said(getattr(made, name), default, seed=1),
            7: said(getattr(made, name), winner, seed=2),
        }
        for name in ("validation", "held_out")
    }
    return leaderboard.verdict(
        made, winner=7, validation=parts["validation"], held_out=parts["held_out"], seed=0
    )


class TestVerdict:
    def test_a_better_scorer_beats_the_default_and_an_equal_one_does_not(
        self, made: Material
    ) -> None:
        better = judged(made, 5.0, 0.5)
        assert better["beats"] is True
        assert better["judged_on"] == "held_out"
        assert judged(made, 1.0, 1.0)["beats"] is False

    def test_the_same_results_give_the_same_verdict(self, made: Material) -> None:
        assert judged(made, 2.0, 1.0) == judged(made, 2.0, 1.0)

    def test_without_held_out_excerpts_it_says_what_it_was_judged_on(self, made: Material) -> None:
        bare = dataclasses.replace(made, held_out=made.held_out.take([]), as_it_is=None)
        found = judged(bare, 5.0, 0.5)
        assert found["held_out"] is None
        assert found["judged_on"] == "validation"
        assert found["beats"] is True

    def test_few_groups_tell_nothing(self, made: Material) -> None:
        few = made.held_out.take(
            np.flatnonzero([g in ("h0", "h1", "h2") for g in made.held_out.groups])
        )
        alone = (made.as_it_is[0], np.zeros((len(few), 3), np.float32)) if made.as_it_is else None
        bare = dataclasses.replace(made, held_out=few, as_it_is=alone)
        assert judged(bare, 5.0, 0.5)["beats"] is None

    def test_the_default_as_winner_is_compared_with_nothing(self, made: Material) -> None:
        part = {0: said(made.validation, 1.0, seed=1)}
        held = {0: said(made.held_out, 1.0, seed=1)}
        found = leaderboard.verdict(made, winner=0, validation=part, held_out=held, seed=0)
        assert found["beats"] is None
        assert found["validation"]["difference"] is None
        assert found["validation"]["as_it_is"] is not None


def test_the_standing_has_an_interval_around_each_value(made: Material) -> None:
    found = leaderboard.standing(
        made, {4: said(made.validation, 2.0, seed=1), 0: said(made.validation, 0.0, seed=2)}, seed=0
    )
    assert list(found) == ["0", "4"]
    for row in found.values():
        assert row["low"] <= row["value"] <= row["high"]
        assert row["value"] == pytest.approx(np.mean(row["by_seed"]), abs=1e-5)


def test_of_equals_the_first_wins() -> None:
    assert leaderboard.first_of({3: 0.5, 1: 0.5, 2: 0.4}) == 1
