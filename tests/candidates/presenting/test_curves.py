"""Learning curves as a template draws them."""

from __future__ import annotations

from typing import Any

import pytest

from candidates.presenting.curves import Curve, chart


def curve(values: list[float | None], *, series: int = 1, label: str = "One") -> Curve:
    return Curve(
        label=label,
        series=series,
        reports=[{"epoch": epoch, "ap": value} for epoch, value in enumerate(values, start=1)],
    )


def drawn(*curves: Curve) -> dict[str, Any]:
    return chart(curves, what="ap", title="How good", y_label="Mean AP")


def points(path: str) -> list[tuple[float, float]]:
    steps = path.removeprefix("M").split(" L")
    return [(float(x), float(y)) for x, y in (step.split(" ") for step in steps)]


def test_curves_lie_within_the_plot_later_to_the_right_and_better_above() -> None:
    found = drawn(curve([0.1, 0.4, 0.6]), curve([0.2, 0.3, 0.3], series=2))
    one, other = (points(line["path"]) for line in found["lines"])
    assert [x for x, _ in one] == [0, 50, 100]
    assert one[0][1] > one[1][1] > one[2][1]
    assert all(0 <= place <= 100 for path in (one, other) for step in path for place in step)
    assert [line["series"] for line in found["lines"]] == [1, 2]


def test_every_value_stands_in_the_table() -> None:
    found = drawn(curve([0.1, 0.25], label="Seed 0"), curve([0.5], label="Seed 1"))
    cells = [[cell["text"] for cell in row] for row in found["rows"]]
    assert cells == [["Seed 0", 1, "0.1000"], ["Seed 0", 2, "0.2500"], ["Seed 1", 1, "0.5000"]]
    assert all(len(row) == len(found["columns"]) for row in found["rows"])


def test_what_is_not_defined_is_left_out_and_nothing_at_all_is_said_so() -> None:
    assert len(drawn(curve([None, 0.3, float("nan")]))["rows"]) == 1
    assert drawn(curve([None]))["is_empty"] is True
    assert drawn()["is_empty"] is True


def test_a_flat_curve_and_a_single_pass_can_be_drawn() -> None:
    assert points(drawn(curve([0.5, 0.5]))["lines"][0]["path"]) == [(0, 50), (100, 50)]
    assert points(drawn(curve([0.5]))["lines"][0]["path"]) == [(0, 50)]


@pytest.mark.parametrize("last", [1, 2, 7, 60, 1000])
def test_ticks_fit_beside_each_other(last: int) -> None:
    found = drawn(curve([0.5] * last))
    labels = [tick["label"] for tick in found["x_ticks"]]
    assert labels == sorted(set(labels))
    assert len(labels) <= 7
    assert labels[-1] <= last


@pytest.mark.parametrize(("low", "high"), [(0.36, 0.79), (0.001, 0.002), (0.5, 0.5), (0.1, 3.4)])
def test_values_on_the_axis_are_round_and_within_the_plot(low: float, high: float) -> None:
    ticks = drawn(curve([low, high]))["y_ticks"]
    assert 2 <= len(ticks) <= 6
    assert all(0 <= float(tick["at"]) <= 100 for tick in ticks)
    steps = [float(tick["label"]) for tick in ticks]
    assert len(set(steps)) == len(steps)
    assert all(len(tick["label"]) <= 7 for tick in ticks)
