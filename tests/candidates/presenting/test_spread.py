"""Quantiles, bars and strata over a fine histogram."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from candidates.presenting.chart import band_words, score_chart
from candidates.presenting.spread import (
    Axis,
    Spread,
    bands,
    bars,
    edges,
    likelihood,
    outline,
    range_words,
    shown,
    veils,
)
from candidates.sampling import Stratum, tails
from candidates.scoring.histograms import fine_histograms
from candidates.scoring.shards import from_logit

COUNTS = st.lists(st.integers(0, 50), min_size=96, max_size=96).filter(any)


def spread_of(counts: list[int]) -> Spread:
    return Spread(sum(counts), -12.0, 0.25, counts)


def peak(at: int, n: int = 100) -> Spread:
    return spread_of([n if index == at else 0 for index in range(96)])


class TestQuantiles:
    @given(counts=COUNTS, quantile=st.floats(0, 1))
    def test_a_logit_s_quantile_is_the_quantile_it_stands_at(
        self, counts: list[int], quantile: float
    ) -> None:
        spread = spread_of(counts)
        assert spread.quantile_at(spread.logit_at(quantile)) == pytest.approx(quantile, abs=1e-9)

    @given(counts=COUNTS, one=st.floats(0, 1), other=st.floats(0, 1))
    def test_a_higher_quantile_never_lies_lower(
        self, counts: list[int], one: float, other: float
    ) -> None:
        assume(one < other)
        spread = spread_of(counts)
        assert spread.logit_at(one) <= spread.logit_at(other)

    def test_it_agrees_with_the_exact_quantiles_to_a_bin(self) -> None:
        codes = np.zeros((1, 65536), np.int64)
        values = np.random.default_rng(2).normal(-2, 2, 5000).astype(np.float16)
        from candidates.sampling.source import LogitBatch, LogitSource

        batch = LogitBatch(
            ids=np.arange(5000, dtype=np.uint64), recording=np.arange(5000), logits=[values],
            counted=None, free=None,
        )  # fmt: skip
        codes = LogitSource(lambda: iter([batch]), 1).counts
        figure = fine_histograms(codes, ["banjo"])["banjo"]
        spread = Spread.of(figure)
        for quantile in (0.01, 0.1, 0.5, 0.9, 0.99):
            exact = float(np.quantile(values.astype(np.float64), quantile))
            assert abs(spread.logit_at(quantile) - exact) <= 0.25
            stored = figure["percentiles"][round(100 * quantile)]
            assert stored == pytest.approx(float(from_logit(np.float16(exact))), abs=0.01)

    def test_an_empty_histogram_has_quantiles_without_a_meaning_and_no_error(self) -> None:
        empty = spread_of([0] * 96)
        assert math.isfinite(empty.logit_at(0.5))
        assert empty.quantile_at(3.0) == 0.0

    def test_beyond_the_bins_all_or_nothing_lies_below(self) -> None:
        assert peak(40).quantile_at(-99) == 0
        assert peak(40).quantile_at(99) == 1


class TestPicture:
    @given(counts=COUNTS)
    def test_every_excerpt_is_in_a_bar_that_is_shown(self, counts: list[int]) -> None:
        spread = spread_of(counts)
        made = bars(spread, Axis.over([spread]))
        assert sum(bar.count for bar in made) == spread.n
        assert max(bar.height for bar in made) == 100
        assert made[0].x == 0
        assert made[-1].x + made[-1].width == pytest.approx(100, abs=0.1)

    def test_one_axis_shows_all_classes(self) -> None:
        axis = Axis.over([peak(10), peak(80)])
        assert (axis.first_bin, axis.after_bin) == (10, 81)
        assert Axis.over([]).ticks == []

    def test_a_narrow_class_is_no_wall(self) -> None:
        axis = Axis.over([peak(48)])
        assert axis.after_bin - axis.first_bin == 16
        edge = Axis.over([peak(0)])
        assert edge.first_bin == 0

    def test_ticks_are_round_likelihoods_apart_from_each_other(self) -> None:
        ticks = Axis.over([peak(0), peak(95)]).ticks
        assert {"0.5", "0.01", "0.99"} <= {tick["label"] for tick in ticks}
        places = [tick["at"] for tick in ticks]
        assert all(after - before >= 9 for before, after in pairwise(places))

    def test_what_no_stratum_holds_is_pale(self) -> None:
        spread = spread_of([1] * 96)
        axis = Axis.over([spread])
        found = bands(spread, axis, tails())
        assert [(band.name, round(band.x), round(band.width)) for band in found] == [
            ("low", 0, 10),
            ("high", 90, 10),
        ]
        assert [(round(x), round(width)) for x, width in veils(found)] == [(10, 80)]
        assert [round(x) for x in edges(found, tails())] == [10, 90]

    def test_a_uniform_slice_beside_tails_pales_nothing_less_but_alone_it_shows_all(self) -> None:
        spread = spread_of([1] * 96)
        axis = Axis.over([spread])
        both = tails(share_high=0.4, share_low=0.4)
        assert len(veils(bands(spread, axis, both))) == 1
        alone = [Stratum(name="any", low=0, high=1, share=1)]
        assert veils(bands(spread, axis, alone)) == []
        assert edges(bands(spread, axis, alone), alone) == []

    def test_the_tiny_picture_is_closed(self) -> None:
        path = outline(peak(48), Axis.over([peak(48)]))
        assert path.startswith("M0 100")
        assert path.endswith("L100 100Z")

    def test_a_chart_lists_bins_that_can_be_heard_from_the_most_likely(self) -> None:
        spread = spread_of([5] + [0] * 94 + [7])
        chart = score_chart("banjo", "Banjo", spread, Axis.over([spread]), tails())
        assert [(bar.index, bar.count) for bar in chart.filled] == [(95, 7), (0, 5)]
        assert chart.most == 7


class TestWords:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.5, "0.50"), (0.04, "0.040"), (0.0042, "0.0042"), (0.999, "0.9990"), (1.0, "1"),
            (0.0, "0"), (6e-6, "0.0000060"),
        ],
    )  # fmt: skip
    def test_likelihoods_keep_the_digits_that_tell_something(self, value: float, text: str) -> None:
        assert shown(value) == text

    def test_the_outermost_bins_have_no_end(self) -> None:
        spread = peak(48)
        assert range_words(*spread.bounds(0)).startswith("below 0.0000079")
        assert range_words(*spread.bounds(95)).startswith("from 0.9999")
        assert range_words(*spread.bounds(48)) == "0.50 to 0.56"

    def test_a_band_s_words_name_only_ends_that_it_has(self) -> None:
        spread = spread_of([1] * 96)
        axis = Axis.over([spread])
        low, high = tails()
        some = Stratum(name="middle", low=0.4, high=0.6, share=1)
        every = Stratum(name="any", low=0, high=1, share=1)
        told = [
            band_words(bands(spread, axis, [stratum])[0], stratum)
            for stratum in (low, high, some, every)
        ]
        assert told == ["up to 0.000068", "from 0.999932", "0.083 to 0.917", "any likelihood"]

    def test_likelihoods_of_far_logits_are_numbers(self) -> None:
        assert likelihood(-900) == 0.0
        assert likelihood(900) == 1.0
