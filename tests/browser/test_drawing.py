"""The curator's page: lines that are moved, numbers that are live, excerpts that are heard."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from candidates.presenting.spread import Axis, Spread, bands, range_words, shown, veils
from candidates.sampling import Stratum, tails
from candidates.sampling.strata import apportioned
from tests.browser.conftest import PHONE, Site, Visitor

#: Runs spread.js on many histograms and designs.
SUMS = """async ([address, cases]) => {
  const spread = await import(address);
  return cases.map(({ one, strata, total, quantiles, logits, values }) => {
    const full = [...one.counts.keys()].filter((index) => one.counts[index]);
    const shown = { firstBin: Math.min(...full), afterBin: Math.max(...full) + 17 };
    const axis = new spread.Axis(one, shown);
    const found = spread.bands(one, axis, strata);
    return {
      logits: quantiles.map((quantile) => spread.logitAt(one, quantile)),
      quantiles: logits.map((logit) => spread.quantileAt(one, logit)),
      held: strata.map((stratum) => spread.held(stratum, one.n)),
      parts: spread.apportioned(total, strata.map((stratum) => stratum.share)),
      bands: found.map(({ x, width }) => [x, width]),
      veils: spread.veils(found),
      words: one.counts.map((_, index) => spread.binWords(one, index)),
      shown: values.map(spread.shown),
      axis: [spread.Axis.over(one).firstBin, spread.Axis.over(one).afterBin],
      ticks: spread.Axis.over(one).ticks.map(({ label }) => label),
    };
  });
}"""


def case(seed: int) -> dict[str, Any]:
    """Return a histogram with a design, some quantiles and some logits."""
    chance = random.Random(seed)
    counts = [chance.choice([0, 0, chance.randrange(1, 400)]) for _ in range(96)]
    if seed % 5 == 0:  # a class of a few scores
        counts = [0] * 96
    counts[chance.randrange(96)] = 7
    cuts = sorted({round(chance.random(), chance.choice([1, 2, 3])) for _ in range(6)} | {0.0, 1.0})
    strata = [
        {"name": f"s{place}", "low": low, "high": high, "share": chance.randrange(0, 5) / 7}
        for place, (low, high) in enumerate(pairwise(cuts))
    ]
    strata.append({"name": "any", "low": 0.0, "high": 1.0, "share": 0.3})
    return {
        "one": {"n": sum(counts), "first": -12.0, "step": 0.25, "counts": counts},
        "strata": strata[-6:],
        "total": chance.randrange(1, 500),
        "quantiles": [0, 0.1, 0.5, 0.9, 1, *(chance.random() for _ in range(5))],
        "logits": [-13, 13, *(chance.uniform(-12, 12) for _ in range(6))],
        "values": [0.5, 0.04, 1 - 1e-5, *(10 ** -chance.uniform(0.1, 5) for _ in range(4))],
    }


def in_python(told: dict[str, Any]) -> dict[str, Any]:
    one = told["one"]
    spread = Spread(one["n"], one["first"], one["step"], one["counts"])
    full = [index for index, count in enumerate(one["counts"]) if count]
    first, after = min(full), max(full) + 17
    axis = Axis(first, after, -12 + first / 4, -12 + after / 4)
    strata = [Stratum(**row) for row in told["strata"]]
    found = bands(spread, axis, strata)
    return {
        "logits": [spread.logit_at(quantile) for quantile in told["quantiles"]],
        "quantiles": [spread.quantile_at(logit) for logit in told["logits"]],
        "held": [after - first for first, after in (one.places(spread.n) for one in strata)],
        "parts": apportioned(told["total"], [one.share for one in strata]).tolist(),
        "bands": [[band.x, band.width] for band in found],
        "veils": [list(veil) for veil in veils(found)],
        "words": [range_words(*spread.bounds(index)) for index in range(96)],
        "shown": [shown(value) for value in told["values"]],
        "axis": [Axis.over([spread]).first_bin, Axis.over([spread]).after_bin],
        "ticks": [tick["label"] for tick in Axis.over([spread]).ticks],
    }


@pytest.fixture
def curator(visit: Callable[..., Visitor], site: Site) -> Page:
    page = visit("curator").page
    page.goto(site.url("candidates:draw"))
    expect(page.get_by_role("slider")).to_have_count(2)
    return page


def line(page: Page, name: str) -> Any:
    return page.get_by_role("slider", name=name)


def row(page: Page, number: int, field: str) -> Any:
    return page.locator(f"[name=stratum_{number}_{field}]")


def settled(page: Page) -> None:
    """Wait until the server's numbers are there."""
    page.wait_for_timeout(250)
    expect(page.locator("[data-told]")).to_have_attribute("aria-busy", "false")


def test_the_browser_s_sums_are_python_s(curator: Page, site: Site) -> None:
    cases = [case(seed) for seed in range(60)]
    address = f"{site.address}/static/js/candidates/spread.js"
    for told, found in zip(cases, curator.evaluate(SUMS, [address, cases]), strict=True):
        wanted = in_python(told)
        for name in ("held", "parts", "words", "shown", "axis", "ticks"):
            assert found[name] == wanted[name], name
        for name in ("logits", "quantiles"):
            assert found[name] == pytest.approx(wanted[name], abs=1e-9), name
        # Places in percent are rounded on the server.
        assert [x for band in found["bands"] for x in band] == pytest.approx(
            [x for band in wanted["bands"] for x in band], abs=0.002
        )
        wide = [veil for veil in found["veils"] if veil[1] > 0.01]
        assert len(wide) == len([veil for veil in wanted["veils"] if veil[1] > 0.01])


def test_what_the_page_counts_is_what_the_server_counts(curator: Page, site: Site) -> None:
    row(curator, 0, "high").fill("23.5")
    row(curator, 1, "low").fill("71")
    curator.get_by_label("Candidates a class").fill("37")
    settled(curator)
    query = {
        "score_set": curator.locator("[name=score_set]").first.input_value(),
        "per_class": "37", "max_per_track": "1", "licences": "open", "seed": "0",
        "stratum_0_name": "low", "stratum_0_low": "0", "stratum_0_high": "23.5",
        "stratum_0_share": "50", "stratum_1_name": "high", "stratum_1_low": "71",
        "stratum_1_high": "100", "stratum_1_share": "50",
    }  # fmt: skip
    answer = curator.request.get(f"{site.address}/rounds/draw/preview", params=query).json()
    banjo = answer["classes"][0]
    cells = curator.locator("[data-strata] tr")
    told = [
        [text.replace(",", "") for text in cells.nth(n).locator("td").all_inner_texts()[1:]]
        for n in range(2)
    ]
    assert told == [[str(one["excerpts"]), str(one["at_most"])] for one in banjo["strata"]]
    assert curator.locator("[data-total]").inner_text() == f"{answer['at_most']:,}"
    assert answer["sentences"][0] in curator.locator("[data-sentences]").inner_text()
    first = curator.locator("tr[data-class=banjo]")
    assert first.locator("[data-positives]").inner_text() == banjo["positives"]["text"]
    assert first.locator("[data-needed]").inner_text() == banjo["needed"]["text"]
    assert curator.locator("[data-needs]").inner_text() == banjo["needed"]["sentence"]


class TestLines:
    def test_keys_move_a_line_and_say_where_it_is(self, curator: Page) -> None:
        high = line(curator, "high: from percentile")
        high.focus()
        for key, wanted in (
            ("ArrowLeft", "89"), ("ArrowRight", "90"), ("PageDown", "85"), ("ArrowUp", "86"),
            ("Shift+ArrowLeft", "85.9"), ("Home", "0"), ("ArrowRight", "1"), ("End", "99.9"),
        ):  # fmt: skip
            high.press(key)
            assert high.get_attribute("aria-valuenow") == wanted
            assert row(curator, 1, "low").input_value() == wanted
        told = high.get_attribute("aria-valuetext")
        assert re.fullmatch(r"99\.9 %, likelihood 0\.\d+; 1 excerpt in high", told)

    def test_a_line_is_dragged_by_mouse(self, curator: Page) -> None:
        low = line(curator, "low: up to percentile")
        box = low.bounding_box()
        stage = curator.locator("[data-spread-handles]").bounding_box()
        curator.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
        curator.mouse.down()
        curator.mouse.move(stage["x"] + stage["width"] * 0.4, box["y"] + 60, steps=4)
        curator.mouse.up()
        moved = float(row(curator, 0, "high").input_value())
        assert moved > 10
        assert low.get_attribute("aria-valuenow") == row(curator, 0, "high").input_value()
        settled(curator)
        assert "Strata of your own" in curator.locator("[data-preset-text]").inner_text()
        # Let go, it stays when the pointer goes on.
        curator.mouse.move(stage["x"] + 5, box["y"] + 60)
        assert float(row(curator, 0, "high").input_value()) == moved

    def test_a_line_is_dragged_by_touch(self, visit: Callable[..., Visitor], site: Site) -> None:
        page = visit("curator", **PHONE).page
        page.goto(site.url("candidates:draw"))
        high = line(page, "high: from percentile")
        high.scroll_into_view_if_needed()
        box = high.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, *at: float) -> None:
            points = [{"x": at[0], "y": at[1]}] if at else []
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        before = page.evaluate("scrollY")
        touch("touchStart", x, y)
        for step in range(1, 6):
            touch("touchMove", x - 12 * step, y)
        touch("touchEnd")
        assert float(row(page, 1, "low").input_value()) < 90
        assert page.evaluate("scrollY") == before
        assert box["width"] >= 44

    def test_a_class_is_chosen_without_losing_what_was_chosen(self, curator: Page) -> None:
        row(curator, 0, "high").fill("20")
        curator.get_by_role("link", name="Cello", exact=True).click()
        assert "class=cello" in curator.url
        assert curator.locator(".spread figcaption").inner_text().startswith("Cello")
        assert row(curator, 0, "high").input_value() == "20"
        assert curator.locator("tr[aria-current]").get_attribute("data-class") == "cello"


class TestChoices:
    def test_a_preset_fills_the_rows_and_is_shown_as_chosen(self, curator: Page) -> None:
        button = curator.get_by_role("button", name="OpenMIC-2018’s own")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        names = ("name", "low", "high", "share")
        filled = [row(curator, 0, name).input_value() for name in names]
        assert filled == ["high", "90", "100", "100"]
        expect(curator.get_by_role("slider")).to_have_count(1)
        settled(curator)
        button = curator.get_by_role("button", name="Uniform", exact=True)
        button.click()
        expect(curator.get_by_role("slider")).to_have_count(0)

    def test_what_makes_no_recipe_is_told_at_once(
        self, visit: Callable[..., Visitor], site: Site
    ) -> None:
        page = visit("curator", expected=(400,)).page
        page.goto(site.url("candidates:draw"))
        row(page, 0, "share").fill("70")
        expect(page.locator("[data-sentences]")).to_contain_text("must add up to 1")

    def test_enter_in_a_field_counts_and_does_not_draw(self, curator: Page, site: Site) -> None:
        before = site.rows("SELECT count(*) FROM jobs_job WHERE kind = 'candidates.draw_round'")
        row(curator, 0, "high").press("Enter")
        settled(curator)
        assert curator.url.endswith("/rounds/draw/")
        assert (
            site.rows("SELECT count(*) FROM jobs_job WHERE kind = 'candidates.draw_round'")
            == before
        )

    def test_drawing_starts_a_job_with_the_moved_line(self, curator: Page, site: Site) -> None:
        line(curator, "low: up to percentile").press("ArrowRight")
        curator.get_by_role("button", name="Draw", exact=True).click()
        curator.wait_for_url("**/jobs/**")
        [(arguments,)] = site.rows(
            "SELECT arguments FROM jobs_job WHERE kind = 'candidates.draw_round' "
            "ORDER BY created_at DESC LIMIT 1"
        )
        assert '"low": 0.11' in arguments


class TestListening:
    def test_a_bar_is_chosen_and_some_of_it_heard(self, curator: Page) -> None:
        curator.locator(
            ".spread__bin", has=curator.locator("rect.spread__bar:not([height='0%'])")
        ).nth(3).click()
        heard = curator.locator("#heard")
        expect(heard.get_by_role("heading")).to_contain_text("Banjo")
        bins = curator.locator("[data-bins]")
        label = bins.evaluate("one => one.selectedOptions[0].text")
        assert heard.get_by_role("heading").inner_text().endswith(label.split(" (")[0])

    def test_without_script_it_is_a_page_of_its_own(
        self, visit: Callable[..., Visitor], site: Site
    ) -> None:
        page = visit("", java_script_enabled=False).page
        page.goto(site.url("account_login"))
        page.get_by_label("Username").fill("curator")
        page.get_by_label("Password").fill(site.places["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto(site.url("candidates:draw"))
        page.get_by_role("button", name="Hear some").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Listen"
        page.go_back()
        page.get_by_role("button", name="OpenMIC-2018’s own").click()
        assert page.locator("[name=stratum_0_low]").input_value() == "90"
        page.locator("[name=stratum_0_low]").fill("80")
        page.get_by_role("button", name="Count", exact=True).last.click()
        assert page.locator(".spread__line").count() == 1
        assert page.locator("[data-strata] tr").count() == 1


def test_the_map_is_walked_and_heard_by_keys(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("curator").page
    page.goto(site.url("candidates:map"))
    plot = page.locator("#atlas")
    plot.focus()
    hint = page.locator("#atlas-hint")
    expect(hint).to_contain_text("excerpt")
    first = hint.inner_text()
    plot.press("ArrowLeft")
    assert hint.inner_text() != first
    told = int(re.search(r": (\d+) ", hint.inner_text())[1])
    plot.press("Enter")
    expect(page.locator("#heard .heard__title")).to_contain_text("Square of the map")
    assert told >= 1


def test_the_usual_design_is_what_the_page_begins_with(curator: Page) -> None:
    low, high = tails()
    assert row(curator, 0, "high").input_value() == f"{100 * low.high:g}"
    assert row(curator, 1, "low").input_value() == f"{100 * high.low:g}"
