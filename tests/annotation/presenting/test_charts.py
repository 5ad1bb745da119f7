from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.presenting.charts import count_ticks, histogram, nice_ticks, percent, thinned
from annotation.presenting.intervals import Measured, forest
from tests.annotation.reporting_data import estimate, unknown


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_ticks_begin_at_nothing_and_end_at_or_above_the_largest_value(largest):
    ticks = nice_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest * (1 - 1e-9)
    assert ticks[-1] < 2.6 * largest
    assert 2 <= len(ticks) <= 6


@given(st.integers(min_value=0, max_value=10**9))
def test_counts_get_whole_ticks_and_never_stand_above_the_frame(largest):
    top, ticks = count_ticks(largest)
    assert top >= max(1, largest)
    assert all("." not in tick.label for tick in ticks)
    assert [float(tick.at) for tick in ticks] == sorted((float(t.at) for t in ticks), reverse=True)
    assert (ticks[0].at, ticks[-1].at) == ("100", "0")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_places_are_written_as_plain_numbers_near_the_plot(share):
    assert -50 <= float(percent(share)) <= 150
    assert "e" not in percent(share)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_a_histogram_s_bars_lie_inside_the_plot_and_its_table_has_every_number(counts):
    chart = histogram(counts, title="Trust", what="people", x_label="trust")
    assert len(chart.bars) == len(chart.rows) == len(counts)
    for bar, row, count in zip(chart.bars, chart.rows, counts, strict=True):
        assert 0 <= float(bar.y) <= 100
        assert float(bar.y) + float(bar.height) == pytest.approx(100, abs=0.01)
        assert float(bar.x) + float(bar.width) <= 100
        assert row[1].text == f"{count:,}"
    assert f"{sum(counts):,} people" in chart.description


def test_a_histogram_of_nothing_is_flat_and_not_divided_by_nothing():
    chart = histogram([0] * 20, title="Trust", what="people", x_label="trust")
    assert {bar.height for bar in chart.bars} == {"0"}


@given(st.lists(st.text(max_size=4), max_size=500), st.integers(1, 12))
def test_labels_are_thinned_evenly_to_what_fits(labels, most):
    kept = thinned(labels, most=most)
    assert len(kept) <= most
    assert all(labels[place] == label for place, label in kept)
    if kept:
        assert kept[0][0] == 0


def test_a_forest_says_why_a_row_has_no_value_and_marks_weak_ones():
    plot = forest(
        [
            Measured(label="banjo", estimate=estimate(0.9)),
            Measured(label="voice", estimate=estimate(0.4)),
            Measured(label="bass", estimate=unknown("2 ratings, 3 needed")),
        ],
        title="Agreement",
        axis="alpha",
        mark=0.667,
    )
    assert [row.x for row in plot.rows] == ["90", "40", ""]
    assert [row.is_weak for row in plot.rows] == [False, True, False]
    assert (plot.rows[0].text, plot.rows[0].interval) == ("0.90", "0.87 to 0.93")
    assert plot.rows[2].note == "2 ratings, 3 needed"
    assert plot.mark == "66.7"


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_the_axis_of_a_forest_reaches_every_value_and_every_interval(values):
    rows = [Measured(label="x", estimate=estimate(value, 0.1, least=-1.0)) for value in values]
    plot = forest(rows, title="Agreement", axis="alpha")
    for row in plot.rows:
        places = [float(row.low), float(row.x), float(row.high)]
        assert places == sorted(places)
        assert all(0 <= place <= 100 for place in places)
    ticks = [float(tick.at) for tick in plot.ticks]
    assert ticks == sorted(ticks)
    assert (ticks[-1], plot.ticks[-1].label) == (100, "1")
    assert len(ticks) <= 6
    assert "0" in {tick.label for tick in plot.ticks}


def test_a_value_without_an_interval_is_a_bare_dot():
    alone = {**estimate(0.5), "low": None, "high": None}
    [row] = forest([Measured(label="x", estimate=alone)], title="t", axis="alpha").rows
    assert (row.x, row.low, row.high, row.interval) == ("50", "", "", "")
