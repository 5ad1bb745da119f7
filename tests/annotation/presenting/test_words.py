from __future__ import annotations

import uuid

import pytest

from annotation.presenting.calibration import calibration
from annotation.presenting.comparison import decision_matrix
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import (
    method_label,
    money_text,
    percent_text,
    plural,
    seconds_text,
    share_rows,
    shown,
)
from annotation.presenting.pace import coverage_chart, days_chart, effort, savings
from annotation.presenting.quotas import forecast
from tests.annotation.reporting_data import (
    calibration as full_calibration,
)
from tests.annotation.reporting_data import (
    campaign_section,
    estimate,
    no_calibration,
    thin_campaign,
    unknown,
)

CAMPAIGN = uuid.UUID(int=7)


@pytest.fixture
def rng():
    import random

    return random.Random(0)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"), (0.0, "0 %"), (0.0004, "< 0.1 %"), (0.031, "3.1 %"), (0.31, "31 %"),
        (0.949, "95 %"), (0.982, "98.2 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_shares_have_a_decimal_where_it_matters(share, words):
    assert percent_text(share) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0.0 s"), (6.44, "6.4 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_durations_are_told_in_units_that_fit(seconds, words):
    assert seconds_text(seconds) == words


def test_money_carries_its_currency_and_small_amounts_their_decimals():
    assert money_text(5111.25, "EUR") == "5,111.25 EUR"
    assert money_text(0.133, "USD") == "0.133 USD"
    assert money_text(None, "EUR") == "–"


def test_one_is_singular():
    assert (plural(1, "day"), plural(0, "day"), plural(2, "day")) == ("1 day", "0 days", "2 days")
    assert plural(2, "person", "people") == "2 people"


def test_an_estimate_is_told_with_its_interval_or_with_why_there_is_none():
    assert shown(estimate(0.714, 0.021)).text == "0.71"
    assert shown(estimate(0.714, 0.021)).interval == "0.69 to 0.73"
    assert shown(estimate(0.31, 0.02), as_percent=True).interval == "29 to 33 %"
    nothing = shown(unknown("no gold of this class"))
    assert (nothing.text, nothing.interval, nothing.note) == ("–", "", "no gold of this class")


def test_an_unknown_method_keeps_its_name():
    assert method_label("dawid_skene") == "Dawid-Skene"
    assert method_label("oracle_of_delphi") == "Oracle of delphi"


def test_parts_of_nothing_have_no_share():
    [row] = share_rows([{"label": "yes", "number": 0, "series": 1}])
    assert (row["share"], row["percent"], row["value"]) == ("0", "", "0")


def test_addresses_leave_out_what_is_not_asked_for():
    assert page_url("consistency_classes", CAMPAIGN, run=None, q="").endswith("/classes/")
    assert page_url("consistency_classes", CAMPAIGN, run=3).endswith("/classes/?run=3")
    assert ratings_url(CAMPAIGN, class_name="a&b", gold=1).endswith("?gold=1&class=a%26b")


# --- days ----------------------------------------------------------------------------------
def test_days_without_an_answer_are_drawn_too():
    days = [
        {"day": "2026-02-27", "ratings": 10, "people": 2},
        {"day": "2026-03-02", "ratings": 30, "people": 3},
    ]
    chart = days_chart(days, CAMPAIGN)
    assert chart.title == "Ratings a day"
    assert [bar.hint.split(": ")[1] for bar in chart.bars] == [
        "10 ratings", "0 ratings", "0 ratings", "30 ratings",
    ]  # fmt: skip
    assert [row[0].text for row in chart.rows] == [
        "2 Mar 2026", "1 Mar 2026", "28 Feb 2026", "27 Feb 2026",
    ]  # fmt: skip
    assert chart.rows[0][1].url.endswith("?day=2026-03-02")
    assert chart.rows[1][1].url == ""


def test_a_long_campaign_is_drawn_by_the_week_and_loses_no_answer():
    days = [{"day": f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}", "ratings": 7, "people": 1}
            for n in range(200)]  # fmt: skip
    chart = days_chart(days, CAMPAIGN)
    assert chart.title == "Ratings a week"
    counted = [int(bar.hint.split(": ")[1].split()[0].replace(",", "")) for bar in chart.bars]
    assert sum(counted) == 1_400
    assert len(chart.rows) >= 200


def test_no_day_is_no_chart():
    assert days_chart([], CAMPAIGN) is None
    assert coverage_chart([]) is None


def test_coverage_counts_questions_without_an_answer_and_skips_no_number():
    chart = coverage_chart([[0, 5], [3, 15]])
    assert [row[1].text for row in chart.rows] == ["5", "0", "0", "15"]
    assert [bar.muted for bar in chart.bars] == [True, False, False, False]


# --- effort and savings --------------------------------------------------------------------
def test_savings_before_any_question_stopped_say_so():
    told = savings(thin_campaign())
    assert told["rows"] == []
    assert told["note"] == "no question has stopped yet"
    assert not told["has_audit"]


def test_savings_are_told_with_the_audit_beside(rng):
    told = savings(campaign_section(rng, 10))
    assert [row["percent"] for row in told["rows"]] == ["100 %", "62 %", "38 %"]
    assert told["has_audit"]
    assert told["audit"].text == "98.2 %"


def test_saving_less_than_nothing_draws_no_negative_bar(rng):
    section = {**campaign_section(rng, 3), "used_ratings": 200_000, "saved_ratings": -10_000,
               "saved_share": -0.05}  # fmt: skip
    assert [float(row["share"]) >= 0 for row in savings(section)["rows"]] == [True] * 3


def test_volunteers_cost_nothing_and_the_page_says_why(rng):
    assert {"label": "Cost", "value": "none: no rate of pay is set"} in effort(thin_campaign())
    assert {"label": "Cost", "value": "5,111.25 EUR"} in effort(campaign_section(rng, 3))


# --- quotas --------------------------------------------------------------------------------
def quota(**fields):
    return {
        "positives": 100, "positives_wanted": 500, "labels": 400, "labels_wanted": 1500,
        "days": 12.2, "days_low": 9.0, "days_high": 16.4, "questions_short": 0, "note": "",
        **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words", "kind"),
    [
        ({}, "in about 12 days (9 to 16)", ""),
        ({"days": 0.4, "days_low": 0.2, "days_high": 0.9}, "within a day", ""),
        ({"days": 1.0, "days_low": 1.0, "days_high": 1.2}, "in about 1 day", ""),
        ({"days": 12.0, "days_low": None, "days_high": None}, "in about 12 days", ""),
        ({"days": 700.0, "days_low": 400.0, "days_high": 9_000.0},
         "in about 700 days (400 or many more)", ""),
        ({"days": 4_000.0}, "in more than two years at this pace", ""),
        ({"days": None, "note": "nobody answers"}, "nobody answers", "warn"),
        ({"days": None}, "no pace to tell from", "warn"),
        ({"questions_short": 320}, "in about 12 days (9 to 16)", "warn"),
        ({"positives": 500, "labels": 1500, "days": 0.0}, "met", "good"),
    ],
)  # fmt: skip
def test_forecasts_are_told_in_words(fields, words, kind):
    told = forecast(quota(**fields))
    assert (told.words, told.kind) == (words, kind)


def test_a_shortage_of_questions_is_told_with_its_number():
    assert forecast(quota(questions_short=320)).shortage == "320 questions short"
    assert forecast(quota(questions_short=1)).shortage == "1 question short"
    assert forecast(quota(positives=500, labels=1500, questions_short=3)).shortage == ""


def test_bars_never_pass_what_is_wanted_and_nothing_wanted_is_reached():
    assert forecast(quota(positives=900)).positives_share == "100.00"
    assert forecast(quota(positives_wanted=0)).positives_share == "100"


# --- calibration ---------------------------------------------------------------------------
def test_without_gold_there_is_no_diagram():
    told = calibration(no_calibration())
    assert told["chart"] is None
    assert {row["after"] for row in told["errors"]} == {"–"}


def test_an_empty_bin_has_no_point_and_stays_in_the_table(rng):
    told = calibration(full_calibration(rng))
    chart = told["chart"]
    assert len(chart.points) == 18  # nine of ten bins, before and after
    assert len(chart.rows) == 20
    assert {point.series for point in chart.points} == {1, 2}
    empty = [[cell.text for cell in row] for row in chart.rows if row[-1].text == "0"]
    assert [row[2:5] for row in empty] == [["–", "–", "–"]] * 2
    for point in chart.points:
        assert float(point.high) <= float(point.y) <= float(point.low)


def test_a_section_with_one_side_only_is_drawn(rng):
    section = {**full_calibration(rng), "before": None, "temperature": None}
    chart = calibration(section)["chart"]
    assert len(chart.points) == 9
    assert [item["label"] for item in chart.legend] == ["perfect", "after calibration"]


# --- comparing -----------------------------------------------------------------------------
def test_a_matrix_marks_what_stayed_and_shades_what_moved():
    told = decision_matrix([[90, 5, 0], [1, 3, 1], [0, 0, 200]], 1, 2)
    levels = [[cell["level"] for cell in row["cells"]] for row in told["rows"]]
    assert levels[0] == [0, 5, 0]
    assert levels[1][0] == levels[1][2] == 1
    assert [row["cells"][place]["same"] for place, row in enumerate(told["rows"])] == [True] * 3
    assert "present in run 1, undecided in run 2: 5 labels" in told["rows"][0]["cells"][1]["hint"]


def test_a_matrix_of_nothing_is_drawn_without_dividing_by_nothing():
    told = decision_matrix([[0] * 3] * 3, 1, 2)
    assert told["rows"][0]["cells"][0]["text"] == "0"
