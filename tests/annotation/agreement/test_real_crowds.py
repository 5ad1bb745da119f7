"""Agreement of real crowds, whose answers nobody has made up for us."""

from __future__ import annotations

import csv
from pathlib import Path

import krippendorff
import numpy as np
import pytest

from annotation.agreement import (
    Coefficient,
    SuspiciousPairs,
    answer_counts,
    compare_with_rest,
    krippendorff_alpha,
    suspicious_pairs,
)
from annotation.consensus import DawidSkene

pytestmark = pytest.mark.realdata

SETS = ("music_genre", "bluebird", "rte", "dog", "web", "weather_cf")


def ratings_of(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a set's ratings as numbers from 0 on."""
    with (folder / "crowd" / f"{name}.labels.csv").open(newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    columns = zip(*rows, strict=True)
    task, worker, label = (
        np.unique(np.array(column), return_inverse=True)[1] for column in columns
    )
    return task, worker, label


@pytest.mark.parametrize("name", SETS)
def test_alpha_is_that_of_krippendorff(name: str, test_data: Path) -> None:
    task, _, label = ratings_of(test_data, name)
    table = answer_counts(task, label, n_answers=int(label.max()) + 1)
    alpha = krippendorff_alpha(table)
    assert isinstance(alpha, Coefficient)
    theirs = krippendorff.alpha(
        value_counts=table[table.sum(axis=1) >= 2], level_of_measurement="nominal"
    )
    assert alpha.value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_nobody_in_a_real_crowd_is_accused_of_copying(name: str, test_data: Path) -> None:
    # They were paid one by one for tasks of which some are hard for all: bluebird's people are
    # wrong together on a quarter of its pictures.
    ratings = ratings_of(test_data, name)
    n_truths = int(ratings[2].max()) + 1
    fitted = DawidSkene().fit(*ratings, n_truths=n_truths)
    comparison = compare_with_rest(fitted, *ratings, n_truths=n_truths)
    found = suspicious_pairs(
        *ratings, rest=comparison.rest, confusion=fitted.confusion_, n_truths=n_truths
    )
    if isinstance(found, SuspiciousPairs):
        assert len(found.first) >= 50
        assert not found.is_suspicious.any()
        assert (found.p_value < 0.01).mean() < 0.02
    else:
        assert name == "weather_cf"  # no two people share twenty tasks
