"""How likelihoods are spread: what a curator chooses quantiles by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from candidates.sampling.source import coded
from candidates.scoring.histograms import fine_histograms, histograms
from candidates.scoring.shards import to_logit


def counted(likelihood: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many have each code, class by class."""
    codes = coded(to_logit(likelihood))
    return np.array([np.bincount(column, minlength=1 << 16) for column in codes.T])


def test_every_excerpt_is_counted_once_the_ends_included() -> None:
    values = np.array([[0.0], [0.1], [0.49], [0.51], [1.0]], np.float32)
    [figure] = histograms(counted(values), ["banjo"], lines=[(0.1, 0.9)], bins=2).values()
    assert figure["counts"] == [3, 2]


def test_lines_stand_at_the_quantiles() -> None:
    values = np.linspace(0, 1, 101, dtype=np.float32)[:, None]
    figure = histograms(counted(values), ["banjo"], lines=[(0.1, 0.9)])["banjo"]
    low, high = figure["lines"]
    assert (low[0], high[0]) == (0.1, 0.9)
    marks = (low[1], figure["median"], high[1])
    assert marks == pytest.approx((0.1, 0.5, 0.9), abs=0.001)
    assert len(figure["counts"]) == 40
    assert sum(figure["counts"]) == 101


def test_quantiles_between_two_excerpts_lie_on_the_line_between_them() -> None:
    values = np.array([[0.2], [0.8]], np.float32)
    [[_, low], _] = histograms(counted(values), ["a"], lines=[(0.25, 0.75)])["a"]["lines"]
    assert low == pytest.approx(0.35, abs=0.002)


def test_each_class_has_its_own_lines_and_a_uniform_one_has_none() -> None:
    values = np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[:, None], 3, axis=1)
    own = [(0.2, 0.6, 0.7), (0.9,), ()]
    found = histograms(counted(values), ["a", "b", "c"], lines=own)
    assert [[mark for mark, _ in found[name]["lines"]] for name in "abc"] == [list(o) for o in own]
    assert [value for _, value in found["a"]["lines"]] == pytest.approx(own[0], abs=0.001)


def test_classes_keep_apart_and_values_are_json() -> None:
    values = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    found = histograms(counted(values), ["banjo", "organ"], lines=[(0.1, 0.9)] * 2, bins=4)
    assert found["banjo"]["counts"] == [2, 0, 0, 0]
    assert found["organ"]["counts"] == [0, 0, 0, 2]
    assert type(found["organ"]["lines"][1][1]) is float
    assert type(found["organ"]["counts"][3]) is int


def test_a_class_without_an_excerpt_has_no_figure() -> None:
    nothing = np.zeros((1, 1 << 16), np.int64)
    assert histograms(nothing, ["banjo"], lines=[()]) == {}
    assert fine_histograms(nothing, ["banjo"]) == {}


def test_the_fine_histogram_holds_all_excerpts_and_every_percentile() -> None:
    values = np.random.default_rng(0).random((1_000, 1)).astype(np.float32)
    values[:2, 0] = 0, 1  # beyond the outermost bins
    figure = fine_histograms(counted(values), ["banjo"])["banjo"]
    assert sum(figure["counts"]) == figure["n"] == 1_000
    assert figure["counts"][0] == figure["counts"][-1] == 1
    np.testing.assert_allclose(
        figure["percentiles"], np.quantile(values, np.linspace(0, 1, 101)), atol=0.002
    )
    zero = round(-figure["first"] / figure["step"])
    below = (values[:, 0] < 0.5).sum()
    assert abs(sum(figure["counts"][:zero]) - below) <= 2
