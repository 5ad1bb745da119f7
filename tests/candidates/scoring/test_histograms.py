"""How likelihoods are spread: what a curator chooses quantiles by."""

from __future__ import annotations

import numpy as np
import pytest

from candidates.scoring.histograms import histograms


def test_every_excerpt_is_counted_once_the_ends_included() -> None:
    values = np.array([[0.0], [0.1], [0.49], [0.5], [1.0]], np.float32)
    [figure] = histograms(values, ["banjo"], low=0.1, high=0.9, bins=2).values()
    assert figure["counts"] == [3, 2]


def test_lines_stand_at_the_quantiles() -> None:
    values = np.linspace(0, 1, 101, dtype=np.float32)[:, None]
    figure = histograms(values, ["banjo"], low=0.1, high=0.9)["banjo"]
    assert (figure["low"], figure["median"], figure["high"]) == pytest.approx((0.1, 0.5, 0.9))
    assert len(figure["counts"]) == 40
    assert sum(figure["counts"]) == 101


def test_classes_keep_apart_and_values_are_json() -> None:
    values = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    found = histograms(values, ["banjo", "organ"], low=0.1, high=0.9, bins=4)
    assert found["banjo"]["counts"] == [2, 0, 0, 0]
    assert found["organ"]["counts"] == [0, 0, 0, 2]
    assert type(found["organ"]["high"]) is float
    assert type(found["organ"]["counts"][3]) is int
