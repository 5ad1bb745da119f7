"""Agreement statistics against the libraries that others trust, to nine decimal places.

`krippendorff` and statsmodels are asked here. irrCAC is a peer of the benchmark only: its values
of the same tables lie in tests/data/agreement/irrcac.json; run as a program, this file writes
them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss
from statsmodels.stats.proportion import proportion_confint

from annotation.agreement import (
    Auc,
    Coefficient,
    FleissKappa,
    Kappa,
    auc,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    wilson_many,
)

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "agreement" / "irrcac.json"
SEEDS = range(12)


def some_table(seed: int) -> np.ndarray:
    """Return counts of a crowd's answers: uneven numbers, two to four answers, skewed or not."""
    rng = np.random.default_rng(seed)
    n_tasks, n_answers = int(rng.integers(8, 60)), 2 + seed % 3
    truth = rng.choice(n_answers, n_tasks, p=rng.dirichlet(np.full(n_answers, 2.0)))
    table = np.zeros((n_tasks, n_answers), np.int64)
    for task in range(n_tasks):
        # Whoever does not know draws any answer; the first table has the same number everywhere.
        for _ in range(4 if seed == 0 else int(rng.integers(1, 8))):
            right = rng.random() < 0.7
            table[task, truth[task] if right else rng.integers(n_answers)] += 1
    return table


def units(table: np.ndarray) -> np.ndarray:
    """Return a table as answers of raters to units, NaN where there is none, as irrCAC reads it."""
    answers = np.full((len(table), int(table.sum(axis=1).max())), np.nan)
    for row, counts in enumerate(table):
        given = np.repeat(np.arange(len(counts)), counts)
        answers[row, : len(given)] = given
    return answers


def irrcac(table: np.ndarray) -> dict[str, Any]:
    """Return what irrCAC makes of a table."""
    import pandas
    from irrCAC import raw

    def asked(kept: np.ndarray) -> Any:
        categories = [float(answer) for answer in range(table.shape[1])]
        return raw.CAC(pandas.DataFrame(units(kept)), categories=categories, digits=15)

    sizes = np.bincount(table.sum(axis=1))
    each = max((n for n in range(2, len(sizes)) if sizes[n]), key=lambda n: (sizes[n], n))
    everything = asked(table)
    even = table[table.sum(axis=1) == each]
    return {
        "alpha": float(everything.krippendorff()["est"]["coefficient_value"]),
        "ac1": float(everything.gwet()["est"]["coefficient_value"]),
        "raw": float(everything.gwet()["est"]["pa"]),
        "fleiss": float(asked(even).fleiss()["est"]["coefficient_value"]),
        "fleiss_each": each,
    }


def golden() -> list[dict[str, Any]]:
    return json.loads(GOLDEN.read_text())["tables"]


@pytest.mark.parametrize("stored", golden(), ids=lambda stored: f"seed {stored['seed']}")
def test_coefficients_are_those_of_irrcac(stored: dict[str, Any]) -> None:
    table = np.array(stored["counts"])
    alpha, ac1, raw = krippendorff_alpha(table), gwet_ac1(table), raw_agreement(table)
    fleiss = fleiss_kappa(table)
    assert isinstance(alpha, Coefficient)
    assert isinstance(ac1, Coefficient)
    assert isinstance(raw, Coefficient)
    assert isinstance(fleiss, FleissKappa)
    assert alpha.value == pytest.approx(stored["alpha"], abs=1e-9)
    assert ac1.value == pytest.approx(stored["ac1"], abs=1e-9)
    assert raw.value == pytest.approx(stored["raw"], abs=1e-9)
    assert fleiss.n_each == stored["fleiss_each"]
    assert fleiss.value == pytest.approx(stored["fleiss"], abs=1e-9)


@pytest.mark.parametrize("stored", golden(), ids=lambda stored: f"seed {stored['seed']}")
def test_the_stored_tables_are_those_of_their_seeds(stored: dict[str, Any]) -> None:
    assert stored["counts"] == some_table(stored["seed"]).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_alpha_is_that_of_krippendorff(seed: int) -> None:
    table = some_table(seed)
    alpha = krippendorff_alpha(table)
    assert isinstance(alpha, Coefficient)
    theirs = krippendorff.alpha(value_counts=table, level_of_measurement="nominal")
    assert alpha.value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("each", [2, 3, 5])
def test_fleiss_kappa_is_that_of_statsmodels(seed: int, each: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.multinomial(each, rng.dirichlet([1.0, 1, 1], size=30))
    kappa = fleiss_kappa(table)
    assert isinstance(kappa, FleissKappa)
    assert not kappa.is_subset
    assert kappa.value == pytest.approx(statsmodels_fleiss(table), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_cohens_kappa_is_that_of_statsmodels_and_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(3, size=50)
    second = np.where(rng.random(50) < 0.6, first, rng.integers(3, size=50))
    table = np.zeros((3, 3), np.int64)
    np.add.at(table, (first, second), 1)
    ours, theirs = cohen_kappa(table), cohens_kappa(table)
    assert isinstance(ours, Kappa)
    assert ours.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (theirs.kappa, max(theirs.kappa_low, -1), min(theirs.kappa_upp, 1)), abs=1e-9
    )


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilsons_intervals_are_those_of_statsmodels(confidence: float) -> None:
    number = np.arange(1, 200)
    successes = (number * 0.37).astype(np.int64)
    shares = wilson_many(successes, number, confidence=confidence)
    low, high = proportion_confint(successes, number, alpha=1 - confidence, method="wilson")
    assert shares.low == pytest.approx(low, abs=1e-12)
    assert shares.high == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_area_under_the_curve_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    present = rng.random(80) < 0.4
    scores = np.round(rng.normal(present * 1.0), 1)  # with ties
    area = auc(scores, present)
    assert isinstance(area, Auc)
    assert area.value == pytest.approx(roc_auc_score(present, scores), abs=1e-9)


def write_golden() -> None:
    import irrCAC  # noqa: F401 - said here, before anything is written

    lines = [
        json.dumps({"seed": seed, **irrcac(some_table(seed)), "counts": some_table(seed).tolist()})
        for seed in SEEDS
    ]
    GOLDEN.write_text('{"made_by": "irrCAC 0.4.4", "tables": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    write_golden()
